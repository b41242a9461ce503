"""Replica selection: who is refused and why, and who comes first among the rest."""

from dataclasses import replace

import pytest

from quorate.core.selection import Candidate, Limits, Reason, limits, outage, preference, refusal, select

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
