"""Subjectively down: which signs speak against an instance, how long they are borne, and when exactly that ends."""

import pytest

from quorate.core.sdown import Patience, Signs, deadline, is_down

PATIENT = Patience(silence=1000, wrong_role=21_000, reboot=300)

ROWS = [
    (Signs(0), 10**9, False, "whoever owes no answer is up, however long ago we asked"),
    (Signs(5000), 5000, False, "silence has only just begun"),
    (Signs(5000), 6000, False, "silent for exactly down-after is not yet longer than down-after"),
    (Signs(5000), 6001, True, "silent for longer than down-after"),
    (Signs(5000), 9000, True, "and it stays so"),
    (Signs(0, wrong_role_since=5000), 6001, False, "the wrong role is borne for longer than silence"),
    (Signs(0, wrong_role_since=5000), 26_000, False, "down-after and two INFO periods, to the millisecond"),
    (Signs(0, wrong_role_since=5000), 26_001, True, "a master that calls itself replica for too long"),
    (Signs(0, rebooted=5000), 5300, False, "a restarted master has this long to answer"),
    (Signs(0, rebooted=5000), 5301, True, "a restarted master that does not answer in time"),
    (Signs(5000, rebooted=5600), 5901, True, "the earliest of several signs decides: here the restart"),
    (Signs(5000, wrong_role_since=5000), 6001, True, "the earliest of several signs decides: here silence"),
]


@pytest.mark.parametrize(("signs", "now", "down", "reason"), ROWS, ids=[row[3] for row in ROWS])
def test_is_down(signs: Signs, now: int, down: bool, reason: str) -> None:
    assert is_down(now, signs, PATIENT) is down, reason


@pytest.mark.parametrize(("signs", "now", "down", "reason"), ROWS, ids=[row[3] for row in ROWS])
def test_the_deadline_is_the_first_moment_of_being_down(signs: Signs, now: int, down: bool, reason: str) -> None:
    moment = deadline(signs, PATIENT)
    if moment is None:
        assert signs == Signs(0)
        return
    assert not is_down(moment - 1, signs, PATIENT)
    assert is_down(moment, signs, PATIENT)
    assert (now >= moment) is down
