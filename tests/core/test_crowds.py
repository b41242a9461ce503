"""Many masters down at once: candidates take turns further apart, so that elections seldom have several."""

import pytest

from quorate.core import candidacy, fallen
from quorate.model.millis import Millis
from tests.core.scenes import dying, master_of, scene, state_of, until
from tests.core.world import World

STEP, MORE, WIDEST = candidacy.STAGGER, candidacy.STAGGER_OF_MANY, candidacy.WIDEST_STAGGER


def waits(others: int, ago: Millis = 0) -> Millis:
    """How long the first candidate behind another one waits, if so many other masters went down so long ago."""
    world = behind_one()
    state = state_of(world)
    state.fallen.extend([world.now - ago] * others)
    until(world, "+odown")
    return master_of(world).stand_at - world.now


def behind_one() -> World:
    """The master dies, and ours is the second turn in its next election."""
    for letters in ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"), ("b", "e"), ("c", "f"):
        world = dying(scene(letters))
        until(world, "+odown")
        if master_of(world).stand_at - world.now == STEP:
            return dying(scene(letters))
    raise AssertionError("no such order among these")


@pytest.mark.parametrize(
    ("others", "expected"),
    [(0, STEP), (1, STEP + MORE), (99, STEP + 99 * MORE), (10_000, WIDEST)],
    ids=["alone", "two", "a rack", "everything"],
)
def test_turns_are_further_apart_the_more_masters_are_lost_at_once(others: int, expected: Millis) -> None:
    assert waits(others) == expected


def test_those_that_went_down_long_ago_are_in_nobodys_way() -> None:
    assert waits(99, fallen.LATELY) == STEP


def test_what_is_long_ago_is_forgotten() -> None:
    world = scene()
    state_of(world).fallen.extend([world.now - fallen.LATELY] * 5)
    until(dying(world), "+sdown")
    assert len(state_of(world).fallen) == 1
