"""Silence begins at the first of two: the link's reset, or the sending of the first PING that stays unanswered. SDOWN
comes down-after later: never earlier than down-after after the fault, and later by no more than the time between PINGs.

Faults come at any moment between two PINGs, hundreds of times.
"""

from random import Random

import pytest

from quorate.core import requests
from quorate.core.connecting import ping_period
from quorate.core.turn import Turn
from tests.core.scenes import AHEAD, MASTER, kill, master_of, scene, state_of
from tests.core.world import START, World

HOW = ("kill", "freeze", "freeze and reset")


class Heard(World):
    """Notes when PINGs leave for the master."""

    def _send(self, conn: requests.ConnId, port: int, request: requests.Request) -> None:
        if port == MASTER and isinstance(request, requests.Ping):
            pings.append(self.now)
        super()._send(conn, port, request)


pings: list[int] = []


def happens(world: World, how: str) -> None:
    """The master is gone, in one of three ways."""
    if how == "kill":
        kill(world, MASTER)
        return
    world.servers[MASTER].frozen = True
    if how != "freeze":
        # A kernel still accepts for a process that stands still.
        world.break_links(MASTER)


def sdown_after(world: World, most: int) -> int:
    """Let time pass until +sdown of the master; when that was."""
    end = world.now + most
    while world.now < end:
        world.run(1)
        for line in world.out:
            if line[9:].startswith("+sdown master"):
                return START + int(line[:7])
        world.out.clear()
    raise AssertionError(f"no +sdown within {most} ms")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("down_after", [200, 500, 1_000, 1_234, 5_000, 30_000])
def test_sdown_counts_from_the_fault_whatever_the_phase(how: str, down_after: int) -> None:
    dice = Random(f"{how} {down_after}")
    for _ in range(40 if down_after < 30_000 else 10):
        world = scene(down_after=down_after)
        world.__class__ = Heard
        period = ping_period(Turn(state_of(world), world.now), master_of(world), master_of(world))
        world.run(dice.randrange(2 * period))
        world.out.clear()
        pings.clear()
        fault = world.now
        happens(world, how)
        down = sdown_after(world, down_after + 2 * period)
        if how == "freeze":
            begun = next(sent for sent in pings if sent >= fault)
        else:
            begun = fault
        assert down == begun + down_after + 1
        assert fault + down_after < down <= fault + down_after + period + 1


@pytest.mark.parametrize("down_after", [1_000, 5_000])
def test_one_that_answers_again_in_time_is_never_down(down_after: int) -> None:
    dice = Random(down_after)
    for _ in range(30):
        world = scene(down_after=down_after)
        world.run(dice.randrange(1_000))
        world.out.clear()
        for _ in range(5):
            world.servers[MASTER].frozen = True
            # It answers what was asked meanwhile, and the next PING soon after.
            world.run(dice.randrange(down_after * 8 // 10))
            world.servers[MASTER].frozen = False
            world.break_links(MASTER)
            world.run(down_after * 2)
        assert not [line for line in world.out if "+sdown master" in line]


def test_a_reset_alone_is_no_silence_where_the_next_connection_answers() -> None:
    world = scene(down_after=1_000)
    for _ in range(20):
        world.break_links(MASTER)
        world.run(700)
    assert not [line for line in world.out if "+sdown" in line]
    world.break_links(AHEAD)
    world.run(700)
    assert not master_of(world).link.silent_since
