"""Doing a fault to a cluster of the drill's own, and undoing it."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from quorate.client.aio import Access, Line, UnreadableError
from quorate.drill import ground, switch
from quorate.drill.cluster import Cluster
from quorate.drill.faults import KINDS, Fault, Need, Step
from quorate.drill.nodes import MASTER, Node

_DELAY_SHARE = 0.15
"""Delay per direction, as a share of down-after: two of them and the jitter stay well below it."""

_LOSS = 0.05
_HALF_GONE = 0.3
"""Seconds between a fault of a sentinel and the death of the master, so that the master dies while it is gone."""


@dataclass(slots=True)
class Strike:
    """What was done: who was killed or kept apart when, which client hosts were on the lost side, how to undo it."""

    words: str
    crashed: dict[str, float] = field(default_factory=dict)
    separated: dict[str, float] = field(default_factory=dict)
    cut_clients: tuple[Node, ...] = ()
    slack: float = 0.0
    undo: list[Callable[[], object]] = field(default_factory=list)

    def hit(self) -> set[str]:
        """The names of the nodes that were struck."""
        return {*self.crashed, *self.separated}


class Injector(Protocol):
    """What an episode needs of whoever does the faults."""

    def refuses(self, fault: Fault) -> str:
        """Why this fault cannot be done here, "" if it can."""

    async def strike(self, step: Step, master: Node) -> Strike: ...

    async def heal(self, strike: Strike) -> None: ...


@dataclass(slots=True)
class OwnInjector:
    """Faults of processes, networks and disks that the drill started itself."""

    cluster: Cluster
    tell: Callable[[str], None]

    def refuses(self, fault: Fault) -> str:
        return refusal(fault, self.cluster.ground.missing, self.cluster.setup.replicas)

    async def strike(self, step: Step, master: Node) -> Strike:
        """Do it. Those that restart nodes return when everything is started again."""
        match step.fault:
            case Fault.KILL_MASTER | Fault.KILL_REPLICA | Fault.KILL_SENTINEL:
                return await self._kill(step, master)
            case Fault.STOP_MASTER | Fault.STOP_SENTINEL:
                return await self._pause(step, master)
            case Fault.PARTITION_MASTER | Fault.PARTITION_ONE_WAY | Fault.PARTITION_SENTINEL:
                return await self._partition(step, master)
            case Fault.REJECT_MASTER:
                return self._reject(master)
            case Fault.DELAY | Fault.LOSS:
                return self._worsen(step)
            case Fault.DISK_FULL_MASTER | Fault.DISK_FULL_SENTINEL:
                return await self._fill(step, master)
            case Fault.RESTART_ALL:
                return await self._restart_all(master)
            case Fault.ROLLING_RESTART:
                return await self._roll(master)
            case Fault.FAILOVER:
                return await plan_failover(self._pick(step, self.cluster.roster.sentinels), MASTER)
            case _:
                assert_never(step.fault)

    async def heal(self, strike: Strike) -> None:
        for undo in strike.undo:
            undo()

    # --- the faults ---------------------------------------------------------------------------------------------------

    async def _kill(self, step: Step, master: Node) -> Strike:
        if step.fault is Fault.KILL_REPLICA:
            strike = Strike("")
            self._end(self._replica(step, master), strike)
        else:
            strike = Strike("")
            if step.fault is Fault.KILL_SENTINEL:
                self._end(self._pick(step, self.cluster.roster.sentinels), strike)
                await asyncio.sleep(_HALF_GONE)
            self._end(master, strike)
        strike.words = f"kill -9 of {' and '.join(strike.crashed)}"
        return strike

    async def _pause(self, step: Step, master: Node) -> Strike:
        paused = master if step.fault is Fault.STOP_MASTER else self._pick(step, self.cluster.roster.sentinels)
        strike = Strike(f"SIGSTOP of {paused.name}", separated={paused.name: time.monotonic()})
        self.cluster.signal(paused, signal.SIGSTOP)
        strike.undo.append(lambda: self.cluster.signal(paused, signal.SIGCONT))
        if paused is not master:
            await self._then_kill(master, strike)
        return strike

    async def _partition(self, step: Step, master: Node) -> Strike:
        roster = self.cluster.roster
        sentinel = self._pick(step, roster.sentinels)
        if step.fault is Fault.PARTITION_SENTINEL:
            strike = Strike(f"{sentinel.name} cut off")
            self._cut([sentinel], strike)
            await self._then_kill(master, strike)
            return strike
        clients = roster.clients[-1:] if len(roster.clients) > 1 else ()
        # With one sentinel of three the master's side cannot elect anybody; with one of one or two it might.
        guests = [sentinel] if len(roster.sentinels) > 2 and step.fault is Fault.PARTITION_MASTER else []
        group = [master, *guests, *clients]
        strike = Strike("", cut_clients=clients)
        if step.fault is Fault.PARTITION_MASTER:
            self._cut(group, strike)
            strike.words = f"{', '.join(node.name for node in group)} cut off"
        else:
            self._cut(group, strike, outward=step.coin, inward=not step.coin)
            way = "nothing gets out of" if step.coin else "nothing gets in to"
            strike.words = f"{way} {', '.join(node.name for node in group)}"
        return strike

    def _cut(self, group: Sequence[Node], strike: Strike, *, outward: bool = True, inward: bool = True) -> None:
        plugs = [node.port for node in group]
        rest = [node.port for node in self.cluster.roster.all() if node not in group]
        self.cluster.ground.rules(switch.cut(plugs, rest, outward=outward, inward=inward))
        strike.separated.update((node.name, time.monotonic()) for node in group)
        strike.undo.append(lambda: self.cluster.ground.rules([]))

    def _reject(self, master: Node) -> Strike:
        others = [node for node in self.cluster.roster.all() if node is not master]
        self.cluster.ground.reject(master, others)
        strike = Strike(f"every connection to {master.name} reset", separated={master.name: time.monotonic()})
        strike.undo.append(lambda: self.cluster.ground.accept(master))
        return strike

    def _worsen(self, step: Step) -> Strike:
        plugs = [node.port for node in self.cluster.roster.all()]
        if step.fault is Fault.DELAY:
            delay = self.cluster.setup.down_after / 1000 * _DELAY_SHARE
            self.cluster.ground.rules(switch.among(plugs, delay=delay, jitter=delay / 2))
            strike = Strike(f"{delay * 1000:.0f} ± {delay * 500:.0f} ms on every link, each way", slack=4 * delay)
        else:
            self.cluster.ground.rules(switch.among(plugs, loss=_LOSS))
            strike = Strike(f"{_LOSS:.0%} of all frames lost", slack=step.hold)
        strike.undo.append(lambda: self.cluster.ground.rules([]))
        return strike

    async def _fill(self, step: Step, master: Node) -> Strike:
        full = master if step.fault is Fault.DISK_FULL_MASTER else self._pick(step, self.cluster.roster.sentinels)
        home = self.cluster.home(full)
        ground.fill(home)
        strike = Strike(f"the disk of {full.name} full")
        strike.undo.append(lambda: ground.empty(home))
        if full is not master:
            await self._then_kill(master, strike)
        return strike

    async def _restart_all(self, master: Node) -> Strike:
        strike = Strike("kill -9 of everything, all started at once")
        nodes = (*self.cluster.roster.servers, *self.cluster.roster.sentinels)
        for node in nodes:
            self.cluster.signal(node, signal.SIGKILL)
        strike.crashed.update((node.name, time.monotonic()) for node in nodes)
        for node in nodes:
            self.cluster.kill(node)
        for node in nodes:
            self.cluster.launch(node)
        for node in nodes:
            await self.cluster.answering(node)
        assert master.name in strike.crashed, "everything includes the master"
        return strike

    async def _roll(self, master: Node) -> Strike:
        strike = Strike("SIGTERM and start, one by one")
        servers = self.cluster.roster.servers
        for node in (*self.cluster.roster.sentinels, *(s for s in servers if s is not master), master):
            self.tell(f"restarting {node.name}")
            if node is master:
                strike.crashed[node.name] = time.monotonic()
            await self.cluster.stop(node)
            self.cluster.launch(node)
            await self.cluster.answering(node)
            # As an operator would: the next one when this one works again.
            await asyncio.sleep(1.0)
        return strike

    async def _then_kill(self, master: Node, strike: Strike) -> None:
        await asyncio.sleep(_HALF_GONE)
        self._end(master, strike)
        strike.words += f", then kill -9 of {master.name}"

    def _end(self, node: Node, strike: Strike) -> None:
        strike.crashed[node.name] = time.monotonic()
        self.cluster.kill(node)
        strike.undo.append(lambda: self.cluster.launch(node))

    def _replica(self, step: Step, master: Node) -> Node:
        return self._pick(step, [node for node in self.cluster.roster.servers if node is not master])

    def _pick(self, step: Step, nodes: Sequence[Node]) -> Node:
        return nodes[int(step.pick * len(nodes))]


def refusal(fault: Fault, missing: Mapping[Need, str], replicas: int) -> str:
    """Why a fault is left out, "" if it is not."""
    if replicas == 0 and fault is Fault.KILL_REPLICA:
        return "there is no replica"
    return missing.get(KINDS[fault].need, "")


async def plan_failover(sentinel: Node, name: str) -> Strike:
    """Ask for a planned failover. Whoever refuses it is asked again: right after another failover it may have to."""
    deadline = time.monotonic() + 30.0
    reply: object = None
    while time.monotonic() < deadline:
        with contextlib.suppress(UnreadableError):
            async with await Line.open(sentinel.place, Access()) as line:
                (reply,) = await line.ask(("SENTINEL", "FAILOVER", name))
                if reply == "OK":
                    return Strike(f"SENTINEL FAILOVER at {sentinel.name}")
        await asyncio.sleep(0.5)
    return Strike(f"SENTINEL FAILOVER at {sentinel.name} was refused: {reply}")
