"""A cluster that exists already: found through its sentinels, broken only in the ways that somebody allowed.

The drill starts nothing here. Whatever it kills must be started again by whoever runs that cluster.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from ipaddress import ip_address
from pathlib import Path

from quorate.client import parse
from quorate.client.aio import Access, Line, UnreadableError, survey
from quorate.client.picture import Place
from quorate.drill.faults import Fault, Step
from quorate.drill.inject import Strike, plan_failover
from quorate.drill.nodes import Node, Role, Roster
from quorate.drill.trouble import DrillError


class Allowed(Enum):
    """What --allow takes."""

    KILL = "kill"
    STOP = "stop"
    FAILOVER = "failover"


_NEEDS = {
    Fault.KILL_MASTER: Allowed.KILL,
    Fault.KILL_REPLICA: Allowed.KILL,
    Fault.STOP_MASTER: Allowed.STOP,
    Fault.FAILOVER: Allowed.FAILOVER,
}
"""Sentinels of an existing cluster are left alone: whoever watches them would be alarmed for nothing learnt."""


@dataclass(frozen=True, slots=True)
class Found:
    """An existing cluster: its members, the name of its master, how to get in."""

    roster: Roster
    master: str
    access: Access


async def find(sentinels: Sequence[Place], name: str | None, access: Access) -> Found:
    """Ask the sentinels for everybody. Raises DrillError if there is nothing to drill."""
    seen = await survey(sentinels, replace(access, username="", password=""))
    if seen.asked is None:
        lines = tuple(trouble.text for trouble in seen.failed)
        raise DrillError("No sentinel of the cluster answers.", "Give --cluster HOST:PORT of its sentinels.", lines)
    masters = [m for m in seen.asked.masters if name is None or m.name == name]
    if len(masters) != 1:
        names = ", ".join(m.name for m in seen.asked.masters) or "none"
        raise DrillError("It is not clear which master is meant.", f"The sentinel knows: {names}. Give --name.")
    master = masters[0]
    servers = [master.current or master.seen.place, *(r.seen.place for r in master.replicas)]
    watchers = [seen.asked.place, *(p.seen.place for p in master.peers)]
    roster = Roster(_nodes(Role.SERVER, servers), _nodes(Role.SENTINEL, watchers), _nodes(Role.CLIENT, [Place("", 0)]))
    return Found(roster, master.name, access)


@dataclass(slots=True)
class ExistingInjector:
    """Faults of a cluster of somebody else's."""

    found: Found
    allowed: frozenset[Allowed]
    tell: Callable[[str], None]
    _paused: list[int] = field(default_factory=list)

    def refuses(self, fault: Fault) -> str:
        needed = _NEEDS.get(fault)
        if needed is None:
            return "not done to a cluster that the drill did not start"
        if needed not in self.allowed:
            return f"not allowed (--allow {needed.value})"
        return ""

    async def strike(self, step: Step, master: Node) -> Strike:
        if step.fault is Fault.FAILOVER:
            sentinels = self.found.roster.sentinels
            return await plan_failover(sentinels[int(step.pick * len(sentinels))], self.found.master)
        victim = master
        if step.fault is Fault.KILL_REPLICA:
            replicas = [node for node in self.found.roster.servers if node is not master]
            if not replicas:
                return Strike("there is no replica")
            victim = replicas[int(step.pick * len(replicas))]
        pid = await self._process(victim)
        if step.fault is Fault.STOP_MASTER:
            strike = Strike(f"SIGSTOP of {victim.place}", separated={victim.name: time.monotonic()})
            os.kill(pid, signal.SIGSTOP)
            self._paused.append(pid)
            return strike
        strike = Strike(f"kill -9 of {victim.place}", crashed={victim.name: time.monotonic()})
        os.kill(pid, signal.SIGKILL)
        return strike

    async def heal(self, strike: Strike) -> None:
        del strike
        self.wake()
        await asyncio.sleep(0)

    def wake(self) -> None:
        """Let go of whatever is paused, also when the drill ends early."""
        while self._paused:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._paused.pop(), signal.SIGCONT)

    async def _process(self, node: Node) -> int:
        """The process id that a server tells, checked to be a server of this machine."""
        hint = "Only servers that run on this machine can be killed or stopped."
        with contextlib.suppress(UnreadableError, ValueError, OSError):
            if ip_address(node.place.host).is_loopback:
                async with await Line.open(node.place, self.found.access) as line:
                    (reply,) = await line.ask(("INFO", "server"))
                pid = parse.number(parse.info_of(reply).get("process_id"))
                # A number alone proves little, least of all through a forwarded port: the process must be a server.
                if pid is not None and pid > 1 and _is_server(pid):
                    return pid
        raise DrillError(f"The process behind {node.place} is not known.", hint)


def _is_server(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        # No /proc on this system: the server's own word must do.
        return not Path("/proc/self").exists()
    program = Path(os.fsdecode(command.split(b"\0", 1)[0])).name
    return "redis" in program or "valkey" in program or "keydb" in program


def _nodes(role: Role, places: Sequence[Place]) -> tuple[Node, ...]:
    return tuple(Node(role, i + 1, 0, place) for i, place in enumerate(places))
