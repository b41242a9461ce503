"""Chance comes from the seed alone: the same everywhere, within its limits, and spread evenly enough."""

from collections import Counter
from itertools import pairwise

import pytest

from quorate.core.chance import Chance, mixed


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, second = Chance(7), Chance(7)
    assert [first.below(1000) for _ in range(50)] == [second.below(1000) for _ in range(50)]


def test_the_published_numbers_of_the_generator() -> None:
    # Reference output of splitmix64 for seed 1234567.
    chance = Chance(1234567)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [chance.below(1 << 64) for _ in range(3)] == expected


def test_another_seed_gives_others() -> None:
    firsts = {Chance(seed).below(1 << 32) for seed in range(1000)}
    assert len(firsts) == 1000


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100, 1000])
def test_numbers_stay_below_the_limit_and_reach_every_value(limit: int) -> None:
    chance = Chance(limit)
    drawn = Counter(chance.below(limit) for _ in range(40 * limit))
    assert set(drawn) == set(range(limit))
    assert max(drawn.values()) < 40 * 4


@pytest.mark.parametrize("seed", [0, -1, 1 << 64, (1 << 70) + 5])
def test_any_integer_is_a_seed(seed: int) -> None:
    assert 0 <= Chance(seed).below(10) < 10


def test_mixing_tells_neighbours_apart() -> None:
    values = [mixed(i) for i in range(1, 2000)]
    assert len(set(values)) == len(values)
    assert all(0 <= value < 1 << 64 for value in values)
    flipped = [(a ^ b).bit_count() for a, b in pairwise(values)]
    assert sum(flipped) / len(flipped) == pytest.approx(32, abs=1)
