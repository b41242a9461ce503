"""One fault from calm to calm: done, undone, waited for, and judged."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from quorate.client.aio import Access, Line, UnreadableError
from quorate.drill import track
from quorate.drill.explain import Circumstances, Loss, explain
from quorate.drill.faults import Step
from quorate.drill.inject import Injector, Strike
from quorate.drill.ledger import Ack, Ledger, key_of, missing
from quorate.drill.nodes import Node
from quorate.drill.observer import Observer
from quorate.drill.report import Moments, Outcome
from quorate.drill.team import Team
from quorate.drill.trouble import DrillError

_LOOK_EVERY = 0.2
_ECHO = 0.4
"""Seconds after which everything that writers and the observer saw has been reported to the drill."""

_BATCH = 500
_READ_PATIENCE = 10.0


@dataclass(slots=True)
class Scene:
    """Who takes part in all episodes of a run."""

    run: str
    observer: Observer
    team: Team
    injector: Injector
    tell: Callable[[str], None]
    patience: float = 90.0
    lost: set[Ack] = field(default_factory=set)

    @property
    def ledger(self) -> Ledger:
        return self.team.ledger


async def settle(scene: Scene, since: float, patience: float) -> str:
    """Wait until the cluster is whole and every writer writes again; what is missing when the patience is over."""
    deadline = time.monotonic() + patience
    while True:
        scene.team.check()
        why = await scene.observer.unsettled()
        if not why:
            stuck = [w for w in scene.team.writers() if scene.ledger.last.get(w, 0.0) < since]
            why = f"writer {stuck[0]} has no success yet" if stuck else ""
        if not why or time.monotonic() > deadline:
            return why
        scene.tell(f"waiting: {why}")
        await asyncio.sleep(_LOOK_EVERY)


async def play(scene: Scene, step: Step) -> Outcome:
    """Do one step of the schedule. Raises DrillError when there is no master to begin with."""
    scene.tell("calm")
    await asyncio.sleep(step.calm)
    master = scene.observer.current_master()
    if master is None:
        raise DrillError("The cluster has no master although it was whole a moment ago.")
    scene.tell("fault")
    begun = time.monotonic()
    strike = await scene.injector.strike(step, master)
    scene.tell(strike.words)
    await asyncio.sleep(max(0.0, begun + step.hold - time.monotonic()))
    await scene.injector.heal(strike)
    ended = time.monotonic()
    why = await settle(scene, ended, scene.patience)
    settled = None if why else time.monotonic()
    await asyncio.sleep(_ECHO)
    moments = Moments(begun, ended, settled, time.monotonic())
    complaints = [] if not why else [f"not whole again after {scene.patience:.0f} s: {why}"]
    gone, unread = await read_back(scene)
    if unread:
        complaints.append(unread)
    return _judge(scene, step, strike, master, (moments, gone, complaints))


async def read_back(scene: Scene) -> tuple[list[Ack], str]:
    """The acknowledged writes that the master does not have and that were not missed before; and what went wrong."""
    # Whatever is acknowledged while the reading goes on will be looked at the next time.
    expected = [ack for ack in scene.ledger.acks if ack not in scene.lost]
    master = scene.observer.current_master()
    if master is None:
        return [], "no master to read the writes back from"
    access = scene.observer.access
    try:
        async with await Line.open(
            master.place, Access(access.username, access.password, access.tls, _READ_PATIENCE)
        ) as line:
            gone: list[Ack] = []
            for start in range(0, len(expected), _BATCH):
                part = expected[start : start + _BATCH]
                (found,) = await line.ask(("MGET", *(key_of(scene.run, a.writer, a.sequence) for a in part)))
                if not isinstance(found, list):
                    return [], f"{master.name} could not be read: {found}"
                gone += missing(part, found)
    except UnreadableError as error:
        return [], f"the writes could not be read back: {error.what.text}"
    scene.lost.update(gone)
    scene.ledger.lost.update(gone)
    return gone, ""


def _judge(
    scene: Scene, step: Step, strike: Strike, master: Node, facts: tuple[Moments, Sequence[Ack], list[str]]
) -> Outcome:
    moments, gone, complaints = facts
    observer, begun, over = scene.observer, moments.begun, moments.over
    promoted = track.promotions(observer.servers, begun, over, master.name)
    losses = _explained(scene, strike, moments, gone, promoted)
    cut = {writer for client in strike.cut_clients for writer in scene.team.hosts.get(client.name, [])}
    survivors = [name for name in observer.servers if name not in strike.hit()]
    first = track.following_since(observer.servers, survivors, begun, over)
    every = track.following_since(observer.servers, list(observer.servers), moments.ended, over)
    complaints += track.conflicts(observer.sentinels, begun, over)
    return Outcome(
        step=step,
        words=strike.words,
        moments=moments,
        gaps=tuple(
            scene.ledger.longest_gap(writer, begun, over) for writer in scene.team.writers() if writer not in cut
        ),
        losses=tuple(losses),
        split=track.two_masters(observer.servers, begun, over),
        split_after=track.two_masters(observer.servers, moments.ended, over),
        survivors_follow=None if first is None else first - begun,
        all_follow=None if every is None else every - moments.ended,
        differing=_differing(observer, strike, moments),
        remaining=len({t.values[-1].master for t in observer.sentinels.values() if t.values[-1].answers}) > 1,
        promoted=tuple(promoted),
        complaints=tuple(complaints),
    )


def _differing(observer: Observer, strike: Strike, moments: Moments) -> float:
    """Seconds of disagreement. Who was cut off or paused cannot know better until that ends."""
    reachable = {name: t for name, t in observer.sentinels.items() if name not in strike.separated}
    return track.disagreement(reachable, moments.begun, moments.ended) + track.disagreement(
        observer.sentinels, moments.ended, moments.over
    )


def _explained(
    scene: Scene, strike: Strike, moments: Moments, gone: Sequence[Ack], promoted: list[tuple[float, str]]
) -> list[Loss]:
    if not gone:
        return []
    observer = scene.observer
    names = {str(node.place): node.name for node in observer.roster.servers}
    offsets: dict[str, int] = {}
    if promoted:
        for name, offset in observer.offsets.items():
            # Only replicas that the sentinels could have chosen: alive and within reach when one was.
            known = offset.at(promoted[0][0] - 0.05)
            sight = observer.servers[name].at(promoted[0][0] - 0.05)
            if known is not None and sight is not None and sight.role == "replica" and name not in strike.hit():
                offsets[name] = known
    facts = Circumstances(strike.crashed, strike.separated, moments.ended, promoted, offsets, strike.slack)
    return [explain(ack, names.get(ack.server, ack.server), facts) for ack in gone]
