"""A whole drill: the cluster, the writers, the schedule, the report. One asyncio loop, one thread."""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from quorate.client.aio import Access, Line, UnreadableError
from quorate.drill import episode
from quorate.drill.cluster import Cluster
from quorate.drill.episode import Scene
from quorate.drill.existing import ExistingInjector
from quorate.drill.faults import Fault, Step, draw
from quorate.drill.ground import Ground
from quorate.drill.inject import Injector, OwnInjector
from quorate.drill.ledger import Ledger, key_of
from quorate.drill.nodes import MASTER, Roster, Setup
from quorate.drill.observer import Observer
from quorate.drill.report import Outcome, Run
from quorate.drill.team import Team
from quorate.drill.trouble import DrillError
from quorate.drill.writer import Orders

_START_PATIENCE = 60.0
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: faults in rounds, or for a time. `duration` in seconds; None: as many rounds as said."""

    seed: int
    faults: tuple[Fault, ...]
    rounds: int = 1
    duration: float | None = None
    writers: int = 4
    rate: float = 200.0
    path: str = "redis-py"

    def steps(self, faults: Sequence[Fault], down_after: int) -> tuple[list[Step], int]:
        """The steps to go through and how many are certain; with a duration more are drawn than will be done."""
        count = self.rounds * len(faults) if self.duration is None else 10_000
        drawn = draw(self.seed, faults, down_after / 1000)
        return list(takewhile(lambda step: step.number <= count, drawn)), count


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, for whoever watches. `total` 0: until the time is over."""

    label: str
    step: Step | None
    total: int
    phase: str
    acknowledged: int
    lost: int
    outcome: Outcome | None = None


Tell = Callable[[Progress], None]


@dataclass(slots=True)
class Stage:
    """The parts of a run that stay the same from step to step."""

    run: Run
    plan: Plan
    tell: Tell
    step: Step | None = None
    total: int = 0
    ledger: Ledger = field(default_factory=Ledger)

    def say(self, phase: str, outcome: Outcome | None = None) -> None:
        lost = len(self.ledger.lost)
        self.tell(Progress(self.run.label, self.step, self.total, phase, len(self.ledger.acks), lost, outcome))


async def drill_own(setup: Setup, ground: Ground, folder: Path, work: tuple[Plan, Tell]) -> Run:
    """Start a cluster, take it through the schedule, end it."""
    plan, tell = work
    cluster = Cluster(setup, ground, folder)
    stage = Stage(Run(setup.label, cluster.roster), plan, tell)
    try:
        stage.say("starting the cluster")
        await cluster.start()
        injector = OwnInjector(cluster, stage.say)
        await _play_all(stage, injector, MASTER, (Access(), ground, cluster.logs, setup.down_after))
    finally:
        cluster.close()
    return stage.run


async def drill_existing(injector: ExistingInjector, folder: Path, down_after: int, work: tuple[Plan, Tell]) -> Run:
    """Take somebody else's cluster through what was allowed, and remove the keys afterwards."""
    plan, tell = work
    found = injector.found
    stage = Stage(Run("existing cluster", found.roster), plan, tell)
    try:
        await _play_all(stage, injector, found.master, (found.access, None, folder, down_after))
    finally:
        injector.wake()
    return stage.run


async def _play_all(
    stage: Stage, injector: Injector, master: str, where: tuple[Access, Ground | None, Path, int]
) -> None:
    access, ground, logs, down_after = where
    run, plan = stage.run, stage.plan
    observer = Observer(run.roster, master, access)
    team = Team(stage.ledger)
    scene = Scene(secrets.token_hex(4), observer, team, injector, stage.say)
    observer.start()
    run.began = time.monotonic()
    try:
        stage.say("waiting until everybody knows everybody")
        await _must_settle(scene, 0.0)
        await team.start(_orders(scene.run, master, run.roster, plan, access), run.roster.clients, ground, logs)
        await _must_settle(scene, time.monotonic())
        run.began = time.monotonic()
        faults = [fault for fault in plan.faults if not injector.refuses(fault)]
        steps, total = plan.steps(faults, down_after)
        stage.total = 0 if plan.duration is not None else total
        await _go_through(stage, scene, steps)
    finally:
        stage.say("ending")
        await team.close()
        await _finish(stage, scene, remove=ground is None)
        await observer.close()


async def _go_through(stage: Stage, scene: Scene, steps: Sequence[Step]) -> None:
    run, plan = stage.run, stage.plan
    for step in steps:
        if plan.duration is not None and time.monotonic() - run.began > plan.duration:
            return
        stage.step = step
        outcome = await episode.play(scene, step)
        run.outcomes.append(outcome)
        stage.say("done", outcome)
        if outcome.moments.settled is None:
            run.complaints.append(f"given up after fault {step.number}: the cluster did not become whole again")
            return


async def _must_settle(scene: Scene, since: float) -> None:
    why = await episode.settle(scene, since, _START_PATIENCE)
    if why:
        raise DrillError(f"The cluster is not whole after {_START_PATIENCE:.0f} s: {why}.")


async def _finish(stage: Stage, scene: Scene, *, remove: bool) -> None:
    """Read everything back once more when the writers have ended, and close the books."""
    run, observer = stage.run, scene.observer
    run.ended = time.monotonic()
    gone, unread = await episode.read_back(scene)
    if unread:
        run.complaints.append(unread)
    if gone:
        # After every fault all keys were read; what is missed only now was lost in calm.
        run.complaints.append(f"{len(gone)} writes were there after the fault and are gone at the end")
    if remove:
        await _remove_keys(scene)
    run.acknowledged, run.failed, run.lost = len(stage.ledger.acks), len(stage.ledger.failures), len(scene.lost)
    run.servers, run.sentinels, run.events = observer.servers, observer.sentinels, observer.events
    run.acks = stage.ledger.acks


async def _remove_keys(scene: Scene) -> None:
    master = scene.observer.current_master()
    if master is None:
        return
    # An attempt that failed may have been done all the same.
    highest: dict[int, int] = {}
    for ack in scene.ledger.acks:
        highest[ack.writer] = max(highest.get(ack.writer, 0), ack.sequence)
    keys = [key_of(scene.run, writer, n + 1) for writer, top in highest.items() for n in range(top + _BATCH)]
    try:
        async with await Line.open(master.place, scene.observer.access) as line:
            for start in range(0, len(keys), _BATCH):
                await line.ask(("UNLINK", *keys[start : start + _BATCH]))
                await asyncio.sleep(0)
    except UnreadableError:
        return


def _orders(run: str, master: str, roster: Roster, plan: Plan, access: Access) -> Orders:
    return Orders(
        run=run,
        master=master,
        sentinels=tuple((node.place.host, node.place.port) for node in roster.sentinels),
        first=0,
        writers=plan.writers,
        rate=plan.rate / plan.writers,
        path=plan.path,
        password=access.password,
    )
