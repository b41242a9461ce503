"""One seed from beginning to end."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from quorate.model.millis import Millis
from quorate.sim.checkers.contract import Violation
from quorate.sim.checkers.everything import watch
from quorate.sim.checkers.liveness import Liveness
from quorate.sim.faults import Plan
from quorate.sim.faults_inflict import Inflictor
from quorate.sim.faults_plan import draw_plan
from quorate.sim.phases import play
from quorate.sim.tally import Counting, Tally
from quorate.sim.transcript import Transcript
from quorate.sim.world import Options, World, draw

SAFETY: Millis = 120_000
"""How long anything may happen, at least."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A property that did not hold: which, what was seen, when, and after how many events of the world."""

    checker: str
    text: str
    at: Millis
    events: int


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: a seed, how long the safety phase lasts, and a plan where it is not the seed's own."""

    seed: str
    safety: Millis = SAFETY
    plan: Plan | None = None
    transcript: bool = False
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. `lines` is empty unless a transcript was asked for."""

    order: Order
    options: Options
    plan: Plan
    tally: Tally
    failed: Failed | None
    lines: Sequence[str] = ()


def run(order: Order) -> Result:
    """Run one seed; the same order gives the same result, to the byte."""
    options = draw(order.seed)
    plan = draw_plan(options, order.safety) if order.plan is None else order.plan
    world = World(options)
    counting, inflictor = Counting(), Inflictor(world, plan)
    transcript = Transcript(world, standing=order.standing) if order.transcript else None
    # The transcript comes first, so that it holds what a checker objects to; faults last, when all have seen the step.
    world.observers += [transcript] if transcript is not None else []
    world.observers.append(counting)
    checkers = watch(world)
    if not any(isinstance(checker, Liveness) for checker in checkers):
        world.observers.append(Liveness(world))
    world.observers.append(inflictor)
    failed = _watched(world, inflictor, order.safety)
    tally = _tally(world, counting, inflictor)
    return Result(order, options, plan, tally, failed, tuple(transcript.lines) if transcript is not None else ())


def _watched(world: World, inflictor: Inflictor, safety: Millis) -> Failed | None:
    try:
        play(world, inflictor, safety)
    except Violation as violation:
        return Failed(violation.checker, violation.text, world.schedule.now, world.schedule.events)
    except Exception as error:  # noqa: BLE001 - whatever the code under test raises is what we look for
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} in {where.name} of {where.filename.rpartition('/')[2]}: {error}"
        return Failed("no exception", text, world.schedule.now, world.schedule.events)
    return None


def _tally(world: World, counting: Counting, inflictor: Inflictor) -> Tally:
    counts = counting.counts
    counts["saves"] = sum(host.disk.writes for host in world.sentinels)
    counts["saves failed"] = sum(host.disk.failures for host in world.sentinels)
    counts["writes acknowledged"] = sum(len(group.ledger.acknowledged) for group in world.groups)
    counts["virtual seconds"] = world.schedule.now // 1000
    counts["events"] = world.schedule.events
    counts["writes lost"] = _lost(world)
    return Tally(counts, inflictor.cells)


def _lost(world: World) -> int:
    lost = 0
    for group in world.groups:
        masters = [server for server in group.servers if server.up and server.is_master]
        if len(masters) == 1:
            lost += len(group.ledger.acknowledged.keys() - set(masters[0].log))
    return lost
