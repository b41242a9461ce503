"""A file is held against what its sentinel knew if that lived long enough to write it; death is no time to write."""

import pytest

from quorate.core.inputs import VoteRequested
from quorate.model.identity import Epoch, RunId
from quorate.sim.checkers.contract import Violation
from quorate.sim.checkers.restarts import LOOK, QUIET, Restarts
from quorate.sim.phases import advance
from quorate.sim.world import Options, World

OPTIONS = Options("restarts", 3, 1, 1, 2, 500, 2_000, 1, 0, 1, 0, 0.0)
SETTLED = 10_000
A_MOMENT = 50


def dies_after(quiet: int) -> World:
    """A sentinel that lives for that long after it was looked at, dies, and comes back on another file much later."""
    world = World(OPTIONS)
    checker = Restarts(world)
    world.observers.append(checker)
    advance(world, SETTLED)
    host, group = world.sentinels[0], world.groups[0]
    older = host.disk.data
    voted = VoteRequested(host.caller(None), group.servers[0].node.ip, 6379, Epoch(1), RunId("b" * 40))
    host.typed(voted)
    while checker._known.get(host, ({}, 0))[1] < SETTLED:
        advance(world, world.schedule.now + A_MOMENT)
    advance(world, world.schedule.now + quiet)
    assert host.leader_epoch(group.name) == 1
    assert host.disk.data != older
    host.stop(told=True)
    host.disk.data = older
    advance(world, world.schedule.now + 2 * QUIET)
    host.start()
    return world


def test_who_lived_long_enough_must_have_written_what_it_knew() -> None:
    with pytest.raises(Violation, match="s0 knew of"):
        dies_after(QUIET + LOOK)


def test_what_was_known_a_moment_before_death_may_not_be_in_the_file() -> None:
    assert dies_after(A_MOMENT).sentinels[0].up
