"""Replica selection: who is refused and why, and who comes first among the rest."""

from dataclasses import replace

import pytest

from quorate.core.selection import Candidate, Edge, Limits, Reason, limits, outage, preference, refusal, select
from quorate.model.candidates import Tag

LIMITS = Limits(ping_age=5000, info_age=5000, link_down_for=15_000)
GOOD = Candidate("good", "b" * 40, 100, 50, False, False, 10, 20, 0)

REFUSALS = [
    (GOOD, None, "nothing speaks against it"),
    (replace(GOOD, is_down=True), Reason.DOWN, "who is down cannot be promoted"),
    (replace(GOOD, is_disconnected=True), Reason.DISCONNECTED, "it could not be told"),
    (replace(GOOD, ping_age=5000), None, "five ping periods are the limit"),
    (replace(GOOD, ping_age=5001), Reason.SILENT, "it may be about to go down"),
    (replace(GOOD, priority=0), Reason.NEVER_PROMOTE, "priority 0 means never"),
    (replace(GOOD, info_age=None), Reason.STALE_INFO, "nothing is known of its data"),
    (replace(GOOD, info_age=5000), None, "the limit itself is fresh enough"),
    (replace(GOOD, info_age=5001), Reason.STALE_INFO, "its offset may be long past"),
    (replace(GOOD, link_down_for=15_000), None, "ten times down-after beyond the master's own outage"),
    (replace(GOOD, link_down_for=15_001), Reason.CUT_OFF_TOO_LONG, "its data are older than the outage"),
    (replace(GOOD, tag=Tag.NOFAILOVER), Reason.NO_FAILOVER, "the operator said so"),
    (replace(GOOD, tag=Tag.PREFER), None, "preferred is not refused"),
    (replace(GOOD, tag=Tag.PREFER, priority=0), Reason.NEVER_PROMOTE, "the server itself says never"),
    (replace(GOOD, is_down=True, priority=0), Reason.DOWN, "of several reasons the first is told"),
]


@pytest.mark.parametrize(("candidate", "expected", "reason"), REFUSALS, ids=[row[2] for row in REFUSALS])
def test_refusal(candidate: Candidate, expected: Reason | None, reason: str) -> None:
    assert refusal(candidate, LIMITS) is expected, reason


PREFERENCES = [
    (replace(GOOD, priority=10), replace(GOOD, priority=100, offset=10**9), "priority comes before data"),
    (replace(GOOD, offset=51), replace(GOOD, offset=50), "more data"),
    (replace(GOOD, offset=51, run_id="f" * 40), replace(GOOD, run_id="a" * 40), "data come before the run id"),
    (replace(GOOD, run_id="a" * 40), GOOD, "the smaller run id, so that everybody chooses alike"),
    (replace(GOOD, run_id="A" * 40), GOOD, "regardless of case"),
    (GOOD, replace(GOOD, run_id=""), "who has not said its run id comes last"),
    (replace(GOOD, run_id="", offset=51), GOOD, "but only among equals"),
    (replace(GOOD, tag=Tag.PREFER, priority=200, offset=1), GOOD, "prefer comes before priority and data"),
    (replace(GOOD, tag=Tag.PREFER, offset=51), replace(GOOD, tag=Tag.PREFER), "among the preferred: as ever"),
]


@pytest.mark.parametrize(("better", "worse", "reason"), PREFERENCES, ids=[row[2] for row in PREFERENCES])
def test_preference(better: Candidate, worse: Candidate, reason: str) -> None:
    assert preference(better) < preference(worse), reason
    for order in ([better, worse], [worse, better]):
        renamed = [replace(each, name="better" if each is better else "worse") for each in order]
        assert select(renamed, LIMITS).chosen == "better"


def test_all_refused_are_named_with_their_reasons() -> None:
    choice = select([replace(GOOD, name="x", priority=0), GOOD, replace(GOOD, name="y", is_down=True)], LIMITS)
    assert choice.chosen == "good"
    assert choice.refused == (("x", Reason.NEVER_PROMOTE), ("y", Reason.DOWN))


def test_nobody_suits() -> None:
    assert select([], LIMITS).chosen is None
    assert select([replace(GOOD, priority=0)], LIMITS).chosen is None


AGES = [
    (None, Limits(5000, 30_000, 10_000), "a healthy master: replicas are asked for INFO only each info-period"),
    (0, Limits(5000, 5000, 10_000), "a master that has just gone down: they are asked each second"),
    (7000, Limits(5000, 5000, 17_000), "the time that the master has been down is not held against replicas"),
]


@pytest.mark.parametrize(("down_for", "expected", "reason"), AGES, ids=[row[2] for row in AGES])
def test_limits(down_for: int | None, expected: Limits, reason: str) -> None:
    assert limits(down_for, down_after=1000, ping_period=1000, info_period=10_000) == expected, reason


OUTAGES: list[tuple[int, bool, list[int | None], int, str]] = [
    (7_000, True, [600_000, 600_000], 7_000, "who has heard the master knows when it went"),
    (
        1_000,
        False,
        [600_000, 601_000],
        600_000,
        "who came too late believes its replicas, if all of them tell the same",
    ),
    (1_000, False, [600_000, 610_000], 600_000, "about the same: ten times down-after apart at most"),
    (1_000, False, [600_000, 610_001], 1_000, "one of them has lost it for reasons of its own"),
    (1_000, False, [600_000, None], 1_000, "one that cannot be asked may have followed it until now"),
    (1_000, False, [600_000, 0], 1_000, "one that follows it still: it is not dead"),
    (1_000, False, [600_000, -1_000], 1_000, "one that has never followed it knows nothing"),
    (1_000, False, [600_000], 1_000, "a single one may have lost it by itself"),
    (1_000, False, [], 1_000, "nobody to ask"),
    (9_000, False, [2_000, 3_000], 9_000, "what we saw ourselves is never less"),
]


@pytest.mark.parametrize(("seen", "heard", "cut_off", "expected", "reason"), OUTAGES, ids=[row[4] for row in OUTAGES])
def test_outage(seen: int, heard: bool, cut_off: list[int | None], expected: int, reason: str) -> None:
    assert outage(seen, heard, cut_off, down_after=1000) == expected, reason


OURS, OLD = "1" * 40, "2" * 40
IN_LINE = replace(GOOD, name="in line", histories=frozenset({OURS, OLD}))
STRANGER = replace(GOOD, name="stranger", histories=frozenset({OLD}), offset=10**9)


def test_an_old_master_that_came_back_has_more_data_but_not_the_masters() -> None:
    choice = select([STRANGER, IN_LINE], replace(LIMITS, history=OURS))
    assert choice.chosen == "in line"
    assert choice.refused == (("stranger", Reason.OTHER_HISTORY),)


def test_data_of_another_history_are_better_than_none_only_while_the_master_is_down() -> None:
    wanted = replace(LIMITS, history=OURS, is_up=True)
    assert select([STRANGER], wanted).refused == (("stranger", Reason.DATA_GIVEN_UP),)
    assert select([STRANGER], replace(wanted, is_up=False)).chosen == "stranger"
    assert select([STRANGER], replace(wanted, history="")).chosen == "stranger", "nothing is known of the master's data"
    assert select([IN_LINE], wanted).chosen == "in line"


HISTORIES = [
    ([STRANGER, replace(IN_LINE, priority=0)], OURS, "there is nobody else: some data are better than none"),
    ([STRANGER, IN_LINE], "", "the master's history is not known"),
    ([STRANGER, IN_LINE], "3" * 40, "the master changed its history unseen by us"),
    ([replace(STRANGER, histories=frozenset()), IN_LINE], OURS, "a server that tells no history is not refused"),
    ([replace(STRANGER, histories=frozenset({"4" * 40, OURS})), IN_LINE], OURS, "it was promoted from our history"),
]


@pytest.mark.parametrize(("candidates", "history", "reason"), HISTORIES, ids=[row[2] for row in HISTORIES])
def test_whose_history_is_no_reason_to_refuse(candidates: list[Candidate], history: str, reason: str) -> None:
    assert select(candidates, replace(LIMITS, history=history)).chosen == "stranger", reason


AHEAD = replace(IN_LINE, name="ahead", run_id="a" * 40, offset=1000)
BEHIND = replace(IN_LINE, name="behind", run_id="b" * 40, offset=900)
LAGS: list[tuple[list[Candidate], Limits, list[str], str]] = [
    ([AHEAD, BEHIND], replace(LIMITS, max_lag=0), ["ahead", "behind"], "0 is no limit"),
    ([AHEAD, BEHIND], replace(LIMITS, max_lag=100), ["ahead", "behind"], "as much as is allowed"),
    ([AHEAD, BEHIND], replace(LIMITS, max_lag=99), ["ahead"], "a byte more"),
    ([replace(AHEAD, is_down=True), BEHIND], replace(LIMITS, max_lag=99), [], "who is down has had the data"),
    ([AHEAD, BEHIND], replace(LIMITS, max_lag=150, history=OURS, offset=1100), ["ahead"], "the master had more"),
    ([AHEAD, BEHIND], replace(LIMITS, max_lag=150, offset=1100), ["ahead"], "a master that tells no history, too"),
    ([AHEAD, BEHIND, STRANGER], replace(LIMITS, max_lag=100, history=OURS), ["ahead", "behind"], "another stream"),
    ([STRANGER], replace(LIMITS, max_lag=1, history=OURS, offset=2 * 10**9), ["stranger"], "no measure for strangers"),
    (
        [replace(BEHIND, offset=0, is_master=True)],
        replace(LIMITS, max_lag=1, offset=9),
        ["behind"],
        "who is a master itself lags behind nobody",
    ),
    (
        [replace(AHEAD, priority=100), replace(BEHIND, tag=Tag.PREFER)],
        replace(LIMITS, max_lag=99),
        ["ahead"],
        "no preference excuses a lag",
    ),
]


@pytest.mark.parametrize(("candidates", "limit", "suitable", "reason"), LAGS, ids=[row[3] for row in LAGS])
def test_who_is_too_far_behind(candidates: list[Candidate], limit: Limits, suitable: list[str], reason: str) -> None:
    choice = select(candidates, limit)
    assert [candidate.name for candidate in choice.suitable] == suitable, reason
    assert choice.chosen == (suitable[0] if suitable else None)
    late = [name for name, why in choice.refused if why is Reason.TOO_FAR_BEHIND]
    expected = [c.name for c in candidates if c.name not in suitable and not c.is_down and c is not STRANGER]
    assert late == expected, reason


EDGES = [
    (replace(AHEAD, tag=Tag.PREFER, priority=200), BEHIND, Edge.PREFERRED),
    (replace(AHEAD, priority=1, offset=1), BEHIND, Edge.PRIORITY),
    (AHEAD, BEHIND, Edge.DATA),
    (AHEAD, replace(BEHIND, offset=1000), Edge.RUN_ID),
    (AHEAD, replace(AHEAD, name="unknown", run_id=""), Edge.RUN_ID),
]


@pytest.mark.parametrize(("best", "other", "edge"), EDGES, ids=[row[2].name for row in EDGES])
def test_why_another_one_is_chosen(best: Candidate, other: Candidate, edge: Edge) -> None:
    choice = select([other, best], LIMITS)
    assert choice.chosen == best.name
    assert choice.edge(other) is edge


AWAY = replace(IN_LINE, is_disconnected=True, ping_age=4_811)
UNREACHED: list[tuple[list[Candidate], str | None, int, str]] = [
    ([STRANGER, AWAY], None, 190, "until its last answer is older than five seconds"),
    ([STRANGER, AWAY, replace(AWAY, name="later", ping_age=1000)], None, 4_001, "until that of the last of them is"),
    ([STRANGER, AWAY, replace(IN_LINE, name="near", offset=1)], "near", 0, "another one has the data, too"),
    ([STRANGER, replace(AWAY, ping_age=5_001)], "stranger", 0, "nobody knows any more whether it comes back"),
    ([STRANGER, replace(AWAY, is_down=True)], "stranger", 0, "it is down"),
    ([STRANGER, replace(AWAY, priority=0)], "stranger", 0, "it would not be promoted if it were here"),
    ([STRANGER, replace(AWAY, tag=Tag.NOFAILOVER)], "stranger", 0, "nor would this one"),
    ([replace(STRANGER, priority=0), AWAY], None, 0, "nobody is there who could be chosen in its stead"),
    ([replace(STRANGER, histories=frozenset()), AWAY], "stranger", 0, "a server that tells no history is no stranger"),
]


@pytest.mark.parametrize(("candidates", "chosen", "awaited", "reason"), UNREACHED, ids=[row[3] for row in UNREACHED])
def test_a_stranger_waits_for_whoever_has_the_data(
    candidates: list[Candidate], chosen: str | None, awaited: int, reason: str
) -> None:
    choice = select(candidates, replace(LIMITS, history=OURS))
    assert (choice.chosen, choice.awaited) == (chosen, awaited), reason


def test_what_a_stranger_has_is_no_measure_while_another_one_is_awaited() -> None:
    choice = select([STRANGER, AWAY], replace(LIMITS, history=OURS))
    assert (choice.highest, choice.strangers) == (AWAY.offset, frozenset({"stranger"}))
