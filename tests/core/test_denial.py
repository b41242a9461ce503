"""A master that answers that we are not let in: what says so, for how long it counts, and what an operator may do."""

import pytest

from quorate.core import inputs
from quorate.core.denial import holds, is_denial
from quorate.core.inputs import Caller, Pong
from quorate.core.outcome import Refused
from tests.core.scenes import MASTER, NAME, agree, kill, names, scene
from tests.core.world import World

TEXTS = [
    ("NOAUTH Authentication required.", True),
    ("WRONGPASS invalid username-password pair or user is disabled.", True),
    ("ERR invalid password", True),
    ("NOPERM this user has no permissions to run the 'ping' command", False),
    ("LOADING Redis is loading the dataset in memory", False),
    ("BUSY", False),
    ("", False),
]

HOLDS = [
    (0, False, "it has never said so"),
    (5000, True, "it said so just now"),
    (4000, True, "down-after ago, to the millisecond"),
    (3999, False, "since then it says nothing at all"),
]


@pytest.mark.parametrize(("text", "denial"), TEXTS)
def test_what_is_about_who_we_are(text: str, denial: bool) -> None:
    assert is_denial(text) is denial


@pytest.mark.parametrize(("denied", "expected", "reason"), HOLDS, ids=[row[2] for row in HOLDS])
def test_how_long_it_counts(denied: int, expected: bool, reason: str) -> None:
    assert holds(5000, denied, 1000) is expected, reason


def denied() -> World:
    """The master's password has changed, and peers see it down."""
    world = scene()
    agree(world)
    world.servers[MASTER].pong, world.servers[MASTER].words = Pong.OTHER, "NOAUTH Authentication required."
    world.run(3000)
    assert names(world) == ["+sdown"]
    return world


def test_an_operator_is_not_held_up_by_it() -> None:
    world = denied()
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(2000)
    told = names(world)
    assert "+promoted-slave" in told
    assert "+switch-master" in told


def test_a_coordinated_move_is_refused_for_its_own_reason() -> None:
    world = denied()
    world.submit(inputs.MoveRequested(Caller(1), NAME, None, None))
    world.run(1000)
    assert any("reply to 1" in line and Refused.__name__ in line for line in world.out)


def test_with_the_right_password_it_is_up_again() -> None:
    world = denied()
    world.servers[MASTER].pong = Pong.PONG
    world.run(1000)
    assert names(world) == ["-sdown"]


def test_it_may_die_nevertheless() -> None:
    world = denied()
    kill(world, MASTER)
    world.run(1200)
    told = names(world)
    assert told[:1] == ["+odown"]
    assert "+try-failover" in told


def test_who_may_not_ping_is_down_as_in_c() -> None:
    world = scene()
    agree(world)
    world.servers[MASTER].pong, world.servers[MASTER].words = Pong.OTHER, "NOPERM no permissions"
    world.run(3000)
    assert "+try-failover" in names(world)
