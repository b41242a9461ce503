"""Objectively down: whose opinion counts, for how long, and that ours must be among them."""

import pytest

from quorate.core.odown import PeerOpinion, is_stale, votes_for_down

NOW = 100_000
FRESH, OLDEST, STALE = NOW - 10, NOW - 5000, NOW - 5001
PERIOD = 1000

ROWS = [
    (False, [(True, FRESH), (True, FRESH)], 0, "unless we see it down ourselves, the others do not matter"),
    (True, [], 1, "alone we are one"),
    (True, [(False, FRESH), (False, FRESH)], 1, "those who see it up do not count"),
    (True, [(True, FRESH), (False, FRESH)], 2, "each who sees it down counts once"),
    (True, [(True, FRESH), (True, FRESH), (True, FRESH)], 4, "there is no upper limit"),
    (True, [(True, OLDEST)], 2, "an answer five ask-periods old still counts"),
    (True, [(True, STALE)], 1, "an older one does not: that sentinel may have changed its mind or died"),
    (True, [(True, 0)], 1, "who never answered has no opinion"),
]


@pytest.mark.parametrize(("we", "opinions", "votes", "reason"), ROWS, ids=[row[3] for row in ROWS])
def test_votes(we: bool, opinions: list[tuple[bool, int]], votes: int, reason: str) -> None:
    assert votes_for_down(NOW, we, [PeerOpinion(*each) for each in opinions], PERIOD) == votes, reason


@pytest.mark.parametrize(("age", "period", "stale"), [(5000, 1000, False), (5001, 1000, True), (501, 100, True)])
def test_staleness_follows_the_ask_period(age: int, period: int, stale: bool) -> None:
    assert is_stale(NOW, NOW - age, period) is stale
