"""TILT: what counts as lateness, when it is over, and what a sentinel does and leaves undone meanwhile."""

import pytest

from quorate.core import inputs
from quorate.core.inputs import Caller, Pong
from quorate.core.outcome import LinkKind
from quorate.core.requests import ConnId
from quorate.core.tilt import is_late, is_over
from quorate.model.identity import Epoch
from tests.core.scenes import scene, tail
from tests.core.world import HOST, NAME, World, run_id

LATE = [
    (0, 10**9, False, "no deadline was set"),
    (5000, 7000, False, "exactly the trigger"),
    (5000, 7001, True, "later than the trigger"),
    (5000, 4000, False, "early is never late"),
]


@pytest.mark.parametrize(("expected", "now", "late", "reason"), LATE, ids=[row[3] for row in LATE])
def test_is_late(expected: int, now: int, late: bool, reason: str) -> None:
    assert is_late(now, expected, trigger=2000) is late, reason


OVER = [
    (5001, 2, False, "somebody has not been heard yet"),
    (5001, 0, True, "everybody was heard anew"),
    (35_000, 2, False, "exactly the period"),
    (35_001, 2, True, "the period is over"),
]


@pytest.mark.parametrize(("now", "unheard", "over", "reason"), OVER, ids=[row[3] for row in OVER])
def test_is_over(now: int, unheard: int, over: bool, reason: str) -> None:
    assert is_over(now, 5000, 30_000, unheard) is over, reason


def test_in_tilt_nobody_is_declared_down_and_nothing_starts() -> None:
    world = scene()
    world.servers[6379].frozen = True
    for puppet in world.puppets.values():
        puppet.says_down = True
    world.now += 5000
    world.run(20_000)
    assert tail(world) == ["+tilt #tilt mode entered"]


def test_in_tilt_we_answer_not_down_and_still_vote() -> None:
    world = scene()
    world.servers[6379].frozen = True
    world.run(2000)
    assert tail(world) == [f"+sdown master {NAME} 127.0.0.1 6379"]
    world.servers[6380].frozen = True
    world.now += 5000
    world.submit(inputs.VoteRequested(Caller(1), HOST, 6379, Epoch(0), None))
    world.submit(inputs.VoteRequested(Caller(2), HOST, 6379, Epoch(7), run_id("b")))
    world.run(10)
    told = tail(world)
    assert "reply to 1: Opinion(down=False, leader=None, leader_epoch=0)" in told
    assert f"reply to 2: Opinion(down=False, leader='{run_id('b')}', leader_epoch=7)" in told


def test_tilt_ends_after_its_period_and_then_silence_counts() -> None:
    world = scene()
    world.servers[6379].frozen = True
    world.now += 5000
    world.run(31_500)
    assert tail(world) == [
        "+tilt #tilt mode entered",
        "-tilt #tilt mode exited",
        f"+sdown master {NAME} 127.0.0.1 6379",
    ]


def test_a_connection_that_ended_is_not_waited_for() -> None:
    world = scene()
    world.servers[6379].up = False
    world.break_links(6379)
    world.now += 5000
    world.run(900)
    assert tail(world) == ["+tilt #tilt mode entered", "-tilt #tilt mode exited"]
    world.run(200)
    assert tail(world) == [f"+sdown master {NAME} 127.0.0.1 6379"], "a down-after of our own watching later"


def test_silence_while_we_slept_is_nobodys_fault() -> None:
    world = scene()
    server = world.servers[6379]
    server.up = False
    world.break_links(6379)
    world.run(300)
    server.up = True
    world.now += 10_000
    world.run(3000)
    assert tail(world) == ["+tilt #tilt mode entered", "-tilt #tilt mode exited"]


def test_connections_are_not_torn_down_for_silence_of_our_own() -> None:
    world = scene()
    world.run(20_000)
    before = _commands(world)
    world.now += 10_000
    for conn in before:
        world.soon(inputs.Pinged(conn, Pong.PONG, "PONG"))
    world.submit(inputs.Woke())
    world.run(3000)
    assert _commands(world) == before


def _commands(world: World) -> set[ConnId]:
    return {conn for conn, order in world.conns.items() if order.kind is LinkKind.COMMAND}
