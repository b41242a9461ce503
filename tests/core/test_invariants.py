"""Whatever happens in whatever order: no exception, nothing told that the disk does not hold, never two votes in one
epoch, no clock that stands still, no memory that grows.
"""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.chaos import Chaos

number = st.integers(0, 2**10)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(number, number, number), max_size=40))
def test_no_sequence_of_inputs_breaks_an_invariant(steps: list[tuple[int, int, int]]) -> None:
    chaos = Chaos()
    for step in steps:
        chaos.step(*step)


@pytest.mark.parametrize("seed", range(6))
def test_no_long_life_breaks_an_invariant(seed: int) -> None:
    chance = random.Random(seed)
    chaos = Chaos()
    for _ in range(400):
        chaos.step(chance.randrange(1000), chance.randrange(1000), chance.randrange(1000))
