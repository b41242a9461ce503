"""What the drill sees by asking: every server its role, every sentinel its master, many times a second, and all events.

The observer's own network is never cut, so what it sees of a server is what that server would do for a client on its
own side.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from quorate.client.aio import Access, Line, UnreadableError, picture
from quorate.client.parse import fields_of, number, place_of
from quorate.client.picture import Master, Place, SentinelPicture
from quorate.drill.nodes import Node, Roster
from quorate.drill.track import SentinelSight, ServerSight, Track

SERVER_PERIOD = 0.05
SENTINEL_PERIOD = 0.1
_PATIENCE = 0.3
_RETRY = 0.1
_SLOW_PATIENCE = 2.0


class Event(NamedTuple):
    """What a sentinel announced, and when it got here."""

    at: float
    sentinel: str
    channel: str
    payload: str


@dataclass(slots=True)
class Observer:
    """`start`, look at the tracks, `close`."""

    roster: Roster
    master: str
    access: Access = field(default_factory=Access)
    servers: dict[str, Track[ServerSight]] = field(init=False)
    sentinels: dict[str, Track[SentinelSight]] = field(init=False)
    offsets: dict[str, Track[int]] = field(init=False)
    events: list[Event] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.servers = {node.name: Track() for node in self.roster.servers}
        self.offsets = {node.name: Track() for node in self.roster.servers}
        self.sentinels = {node.name: Track() for node in self.roster.sentinels}

    def start(self) -> None:
        for node in self.roster.servers:
            self._tasks.append(asyncio.create_task(self._watch_server(node)))
        for node in self.roster.sentinels:
            self._tasks.append(asyncio.create_task(self._watch_sentinel(node)))
            self._tasks.append(asyncio.create_task(self._listen(node)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raise what ended a task that must not end."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    def now(self, name: str) -> ServerSight:
        """The latest word of a server."""
        values = self.servers[name].values
        return values[-1] if values else ServerSight("")

    def current_master(self) -> Node | None:
        """The server that all answering sentinels name and that says so itself; None while there is none."""
        named = {t.values[-1].master for t in self.sentinels.values() if t.values and t.values[-1].answers}
        if len(named) != 1:
            return None
        node = self.roster.server_at(named.pop())
        return node if node is not None and self.now(node.name).role == "master" else None

    async def unsettled(self) -> str:
        """Why the cluster is not yet whole, in a few words; "" when it is.

        Whole: one master that all sentinels name, all servers follow it, and every sentinel has everybody in its books
        as up.
        """
        self.check()
        silent = [name for name, track in self.servers.items() if not track.values or not track.values[-1].role]
        if silent:
            return f"{silent[0]} does not answer"
        masters = [name for name in self.servers if self.now(name).role == "master"]
        if len(masters) != 1:
            return f"{len(masters)} servers are masters"
        master = self.current_master()
        if master is None:
            return "the sentinels do not agree on the master"
        for node in self.roster.servers:
            sight = self.now(node.name)
            if node is not master and not (sight.linked and sight.following == master.place):
                return f"{node.name} does not follow {master.name}"
        views = await asyncio.gather(*(self._view(node) for node in self.roster.sentinels))
        return next(
            (why for node, view in zip(self.roster.sentinels, views, strict=True) if (why := self._lacks(node, view))),
            "",
        )

    async def _view(self, node: Node) -> SentinelPicture | None:
        with contextlib.suppress(UnreadableError):
            access = Access(self.access.username, self.access.password, self.access.tls, _SLOW_PATIENCE)
            async with await Line.open(node.place, access) as line:
                return await picture(line)
        return None

    def _lacks(self, node: Node, view: SentinelPicture | None) -> str:
        master = None if view is None else view.master(self.master)
        if master is None:
            return f"{node.name} does not answer"
        gap = _gap(master, len(self.roster.servers) - 1, len(self.roster.sentinels) - 1)
        return f"{node.name} {gap}" if gap else ""

    # --- the watching -------------------------------------------------------------------------------------------------

    async def _watch_server(self, node: Node) -> None:
        track, offsets = self.servers[node.name], self.offsets[node.name]
        line: Line | None = None
        while True:
            asked = time.monotonic()
            try:
                if line is None:
                    line = await Line.open(node.place, self._access())
                (reply,) = await line.ask(("ROLE",))
            except UnreadableError:
                await _drop(line)
                line = None
                # It fell silent when the question was sent, not when the wait for an answer was over.
                track.see(asked, ServerSight(""))
                await asyncio.sleep(_RETRY)
                continue
            sight, offset = sight_of(reply)
            track.see(time.monotonic(), sight)
            if offset is not None:
                offsets.see(time.monotonic(), offset)
            await asyncio.sleep(max(0.0, asked + SERVER_PERIOD - time.monotonic()))

    async def _watch_sentinel(self, node: Node) -> None:
        track = self.sentinels[node.name]
        line: Line | None = None
        while True:
            asked = time.monotonic()
            try:
                if line is None:
                    line = await Line.open(node.place, self._access())
                named, master = await line.ask(
                    ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.master), ("SENTINEL", "MASTER", self.master)
                )
            except UnreadableError:
                await _drop(line)
                line = None
                track.see(asked, SentinelSight(False))
                await asyncio.sleep(_RETRY)
                continue
            epoch = number(fields_of(master).get("config-epoch"))
            track.see(time.monotonic(), SentinelSight(True, place_of(named), -1 if epoch is None else epoch))
            await asyncio.sleep(max(0.0, asked + SENTINEL_PERIOD - time.monotonic()))

    async def _listen(self, node: Node) -> None:
        while True:
            try:
                async with await Line.open(node.place, self._access()) as line:
                    await line.subscribe()
                    while True:
                        event = await line.event(30.0)
                        if event is not None:
                            self.events.append(Event(time.monotonic(), node.name, *event))
            except UnreadableError:
                await asyncio.sleep(_RETRY)

    def _access(self) -> Access:
        return Access(self.access.username, self.access.password, self.access.tls, _PATIENCE)


def sight_of(reply: object) -> tuple[ServerSight, int | None]:
    """The answer to ROLE, and the replication offset in it."""
    match reply:
        case ["master", int(offset), _]:
            return ServerSight("master"), offset
        case ["slave", str(host), int(port), str(state), int(offset)]:
            return ServerSight("replica", Place(host, port), state == "connected"), offset
        case _:
            return ServerSight(""), None


def _gap(master: Master, replicas: int, peers: int) -> str:
    """What a sentinel's books lack of a whole cluster."""
    if master.seen.down or master.seen.cut_off:
        return "sees the master down"
    if master.failover_state not in {"", "none", "no-failover"}:
        return "is in a failover"
    if master.role_reported not in {"", "master"}:
        return "has not heard the master's new role"
    up = [r for r in master.replicas if not r.seen.down and not r.seen.cut_off and r.link_up]
    if len(up) < replicas or len(master.replicas) != replicas:
        return f"has {len(up)} of {replicas} replicas in order"
    alive = [p for p in master.peers if not p.seen.down and not p.seen.cut_off]
    if len(alive) < peers or len(master.peers) != peers:
        return f"sees {len(alive)} of {peers} peers"
    return ""


async def _drop(line: Line | None) -> None:
    if line is not None:
        await line.close()
