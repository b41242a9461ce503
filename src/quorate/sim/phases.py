"""The three phases of a run: anything may happen; everything heals; all comes right."""

from quorate.model.millis import Millis
from quorate.sim.checkers.liveness import bound, unsettled
from quorate.sim.faults_inflict import Inflictor
from quorate.sim.world import World

STEP: Millis = 100
"""Observers look at the world this often."""

LOOK: Millis = 500
QUIET: Millis = 4_000
"""All must be right for this long before it counts."""


def play(world: World, inflictor: Inflictor, safety: Millis) -> None:
    """Play all three phases. Whoever observes may raise."""
    advance(world, safety)
    inflictor.heal()
    _await_rest(world)
    for observer in world.observers:
        observer.finished()


def advance(world: World, until: Millis) -> None:
    """Let time pass up to a moment, with a look at the world at every step."""
    schedule = world.schedule
    while schedule.now < until:
        schedule.run_until(min(until, schedule.now + STEP))
        for observer in world.listening("stepped"):
            observer.stepped()


def _await_rest(world: World) -> None:
    deadline = world.schedule.now + bound(world.options)
    quiet = 0
    while world.schedule.now < deadline and quiet < QUIET:
        advance(world, world.schedule.now + LOOK)
        quiet = 0 if unsettled(world) else quiet + LOOK
