"""What was seen over time: spans, two masters at once, disagreements, when all follow, who was promoted."""

import pytest

from quorate.client.picture import Place
from quorate.drill import track
from quorate.drill.observer import sight_of
from quorate.drill.track import SentinelSight, ServerSight, Track

A, B = Place("10.0.0.1", 1), Place("10.0.0.2", 1)
MASTER = ServerSight("master")
SILENT = ServerSight("")
OF_A, OF_B = ServerSight("replica", A, True), ServerSight("replica", B, True)
LOOSE = ServerSight("replica", B, False)


def seen(*changes: tuple[float, ServerSight]) -> Track[ServerSight]:
    made: Track[ServerSight] = Track()
    for at, sight in changes:
        made.see(at, sight)
    return made


def named(*changes: tuple[float, SentinelSight]) -> Track[SentinelSight]:
    made: Track[SentinelSight] = Track()
    for at, sight in changes:
        made.see(at, sight)
    return made


def test_equal_values_make_one_span_and_times_never_go_back() -> None:
    one = seen((1.0, MASTER), (2.0, MASTER), (3.0, SILENT), (2.5, OF_B))
    assert one.times == [1.0, 3.0, 3.0]
    assert [(s.begin, s.end, s.value) for s in one.spans(0.0, 5.0)] == [(1.0, 3.0, MASTER), (3.0, 5.0, OF_B)]


def test_spans_are_cut_to_what_was_asked_for() -> None:
    one = seen((1.0, MASTER), (3.0, SILENT))
    assert [(s.begin, s.end) for s in one.spans(2.0, 2.5)] == [(2.0, 2.5)]
    assert one.at(0.5) is None
    assert one.at(3.0) == SILENT


def test_two_masters_count_while_both_answer() -> None:
    servers = {
        "a": seen((0.0, MASTER), (2.0, SILENT), (5.0, MASTER), (8.0, OF_B)),
        "b": seen((0.0, OF_A), (3.0, MASTER)),
    }
    assert track.two_masters(servers, 0.0, 10.0) == pytest.approx(3.0)


def test_sentinels_disagree_only_while_they_answer() -> None:
    sentinels = {
        "x": named((0.0, SentinelSight(True, A, 1)), (4.0, SentinelSight(True, B, 2))),
        "y": named((0.0, SentinelSight(True, A, 1)), (3.0, SentinelSight(True, B, 2))),
        "z": named((0.0, SentinelSight(False)), (6.0, SentinelSight(True, B, 2))),
    }
    assert track.disagreement(sentinels, 0.0, 10.0) == pytest.approx(1.0)
    assert not track.conflicts(sentinels, 0.0, 10.0)


def test_one_epoch_for_two_masters_is_a_conflict_however_brief() -> None:
    sentinels = {
        "x": named((0.0, SentinelSight(True, A, 2))),
        "y": named((5.0, SentinelSight(True, B, 2))),
    }
    assert track.conflicts(sentinels, 0.0, 10.0) == ["config-epoch 2 stands for 10.0.0.1:1 and 10.0.0.2:1"]


def test_following_counts_from_when_it_lasts() -> None:
    servers = {
        "a": seen((0.0, SILENT), (6.0, OF_B)),
        "b": seen((0.0, OF_A), (1.0, MASTER)),
        "c": seen((0.0, OF_A), (1.5, LOOSE), (2.0, OF_B), (3.0, LOOSE), (4.0, OF_B)),
    }
    assert track.following_since(servers, ["b", "c"], 0.5, 10.0) == pytest.approx(4.0)
    assert track.following_since(servers, ["a", "b", "c"], 0.5, 10.0) == pytest.approx(6.0)
    assert track.following_since(servers, ["a"], 0.5, 5.0) is None


def test_a_promotion_is_a_server_that_was_no_master_before() -> None:
    servers = {
        "a": seen((0.0, MASTER), (2.0, SILENT), (5.0, MASTER)),
        "b": seen((0.0, OF_A), (3.0, MASTER)),
        "c": seen((0.0, OF_A)),
    }
    assert track.promotions(servers, 1.0, 10.0, "a") == [(3.0, "b")]


def test_the_answers_to_role() -> None:
    assert sight_of(["master", 12, []]) == (MASTER, 12)
    assert sight_of(["slave", "10.0.0.2", 1, "connected", 7]) == (OF_B, 7)
    assert sight_of(["slave", "10.0.0.2", 1, "sync", -1]) == (LOOSE, -1)
    assert sight_of(RuntimeError("LOADING")) == (SILENT, None)
