"""Re-pointing: how many at a time, who is waited for, who is given up; and when a server that differs is corrected."""

import pytest

from quorate.core.reconfiguration import (
    Contact,
    Follower,
    MasterSigns,
    Plan,
    Progress,
    is_settled,
    looks_sane,
    majority_agrees,
    plan,
)
from quorate.model.identity import Epoch

WAITING = Follower(Progress.WAITING, False, False)
CUT_OFF = Follower(Progress.WAITING, False, True)
FROZEN = Follower(Progress.WAITING, True, False)
DEAD = Follower(Progress.WAITING, True, True)
SENT = Follower(Progress.UNDER_WAY, False, False, sent_for=10_000)
STUCK = Follower(Progress.UNDER_WAY, False, False, sent_for=10_001)
SYNCING = Follower(Progress.UNDER_WAY, False, False, sent_for=0)
DIED = Follower(Progress.UNDER_WAY, True, True, sent_for=5)
DONE = Follower(Progress.DONE, False, False)

PLANS: list[tuple[list[Follower], int, Plan, str]] = [
    ([], 1, Plan((), (), True), "nobody is left to re-point"),
    ([WAITING, WAITING], 1, Plan((), (0,), False), "parallel-syncs 1: one after another"),
    ([WAITING, WAITING, WAITING], 2, Plan((), (0, 1), False), "parallel-syncs 2"),
    ([SENT, WAITING], 1, Plan((), (), False), "the first is still under way"),
    ([SYNCING, WAITING], 1, Plan((), (), False), "so is one that copies the data"),
    ([SENT, WAITING], 2, Plan((), (1,), False), "a free place is taken at once"),
    ([DONE, WAITING], 1, Plan((), (1,), False), "who is done frees its place"),
    ([DONE, DONE], 1, Plan((), (), True), "everybody is done"),
    ([STUCK, WAITING], 1, Plan((0,), (1,), False), "who shows no sign of obeying is given up and frees its place"),
    ([STUCK], 1, Plan((0,), (), True), "given up counts as done"),
    ([SYNCING], 1, Plan((), (), False), "copying may take as long as it takes"),
    ([CUT_OFF, WAITING], 1, Plan((), (1,), False), "who cannot be told is passed over"),
    ([CUT_OFF], 1, Plan((), (), False), "and waited for, while it is not down"),
    ([DEAD], 1, Plan((), (), True), "the dead are not waited for"),
    ([DIED, WAITING], 1, Plan((), (), False), "who died under way holds its place until it is given up"),
    ([DIED], 1, Plan((), (), True), "but does not hold up the end"),
    ([FROZEN], 1, Plan((), (0,), False), "a frozen one finds the order when it wakes; the end comes a step later"),
    ([WAITING], 0, Plan((), (), False), "no place at all"),
]


@pytest.mark.parametrize(("followers", "parallel", "expected", "reason"), PLANS, ids=[row[3] for row in PLANS])
def test_plan(followers: list[Follower], parallel: int, expected: Plan, reason: str) -> None:
    assert plan(followers, parallel, give_up_after=10_000) == expected, reason


SANE = [
    (MasterSigns(True, False, 19_999), True, "it says that it is master, is up, and said so lately"),
    (MasterSigns(True, False, 20_000), False, "two INFO periods are too long ago"),
    (MasterSigns(True, False, None), False, "it never said anything"),
    (MasterSigns(False, False, 10), False, "it calls itself replica"),
    (MasterSigns(True, True, 10), False, "it is down"),
]


@pytest.mark.parametrize(("signs", "sane", "reason"), SANE, ids=[row[2] for row in SANE])
def test_looks_sane(signs: MasterSigns, sane: bool, reason: str) -> None:
    assert looks_sane(signs, info_period=10_000) is sane, reason


SETTLED = [
    (1000, 0, 9000, False, "exactly the wait"),
    (1000, 0, 9001, True, "longer than the wait"),
    (1000, 2000, 10_000, False, "it went down in between: it may have missed orders"),
    (1000, 2000, 10_001, True, "and was up long enough since"),
]


@pytest.mark.parametrize(("since", "last_down", "now", "settled", "reason"), SETTLED, ids=[row[4] for row in SETTLED])
def test_is_settled(since: int, last_down: int, now: int, settled: bool, reason: str) -> None:
    assert is_settled(now, since, last_down, wait=8000) is settled, reason


def contact(heard: int, epoch: int = 3) -> Contact:
    return Contact(heard, Epoch(epoch))


AGREED: list[tuple[list[Contact], int, bool, str]] = [
    ([contact(100), contact(0)], 3, True, "two of three, in the very millisecond of the claim"),
    ([contact(99), contact(99)], 3, False, "what was heard before the claim says nothing"),
    ([contact(200), contact(0), contact(0)], 4, False, "two of four are no majority"),
    ([contact(200), contact(200, 4)], 3, False, "one of them tells of a newer configuration"),
    ([contact(200), contact(0, 4)], 3, False, "even if it was the other one, long ago"),
    ([contact(200, 2), contact(200, 0)], 3, True, "older ones will learn from us"),
    ([], 1, True, "alone in the world"),
]


@pytest.mark.parametrize(("contacts", "voters", "expected", "reason"), AGREED, ids=[row[3] for row in AGREED])
def test_majority_agrees(contacts: list[Contact], voters: int, expected: bool, reason: str) -> None:
    assert majority_agrees(contacts, 100, Epoch(3), voters) is expected, reason
