"""Looks at every member of a running cluster, and listens to the sentinels' events. One task each, all on one loop."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from quorate.client import parse
from quorate.client.aio import Access, Line, UnreadableError, picture
from quorate.client.picture import Place, Replication, SentinelPicture, Trouble, Unreadable
from quorate.local.plan import Kind, Member, Plan

PERIOD = 0.5
"""Seconds between two looks."""

EAGER = 0.05
"""The same while the cluster starts."""

_TIMEOUT = 1.0
_HEARD_FOR = 3.0
"""Seconds within which the same event from another sentinel is the same news."""


@dataclass(frozen=True, slots=True)
class ServerSight:
    """A data server at one moment. `master` is whom it follows; offsets in bytes."""

    role: str
    offset: int | None
    link_up: bool
    syncing: bool
    loading: bool
    master: Place | None
    replication: Replication


@dataclass(frozen=True, slots=True)
class News:
    """One event: when (seconds since 1970), who said it (a member's label, or "up"), its channel and payload."""

    at: float
    source: str
    channel: str
    payload: str


class Observer:
    """The latest sight of every member, and the events as they come in."""

    def __init__(self, plan: Plan, tell: Callable[[News], None]) -> None:
        self.plan = plan
        self.servers: dict[int, ServerSight | Unreadable] = {}
        self.sentinels: dict[int, SentinelPicture | Unreadable] = {}
        self._tell = tell
        self.period = EAGER
        self._heard: deque[tuple[float, str, str]] = deque(maxlen=64)
        self._server_access = Access(password=plan.password, timeout=_TIMEOUT)
        self._sentinel_access = Access(timeout=_TIMEOUT)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for member in self.plan.members():
            if member.kind is Kind.SERVER:
                self._tasks.append(asyncio.create_task(self._watch_server(member)))
            else:
                self._tasks.append(asyncio.create_task(self._watch_sentinel(member)))
                self._tasks.append(asyncio.create_task(self._listen(member)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pictures(self) -> list[SentinelPicture]:
        """Of the sentinels that answered last time."""
        return [sight for sight in self.sentinels.values() if isinstance(sight, SentinelPicture)]

    def master_port(self) -> int | None:
        """Where most sentinels send clients; of equally many, the one that follows the higher configuration epoch."""
        votes: dict[int, tuple[int, int]] = {}
        for seen in self.pictures():
            master = seen.master(self.plan.name)
            if master is not None and master.current is not None:
                count, epoch = votes.get(master.current.port, (0, 0))
                votes[master.current.port] = (count + 1, max(epoch, master.config_epoch or 0))
        return max(votes, key=lambda port: votes[port], default=None)

    def failing_over(self) -> bool:
        """Some sentinel leads a failover now."""
        masters = (seen.master(self.plan.name) for seen in self.pictures())
        return any(master is not None and "failover_in_progress" in master.seen.flags for master in masters)

    async def look(self, member: Member) -> ServerSight | Unreadable:
        """Ask a server once."""
        try:
            async with await Line.open(member.place, self._server_access) as line:
                return await _server(line)
        except UnreadableError as error:
            return error.what

    async def _watch_server(self, member: Member) -> None:
        while True:
            try:
                async with await Line.open(member.place, self._server_access) as line:
                    await self._look_on(line)
            except UnreadableError as error:
                self.servers[member.port] = error.what
            await asyncio.sleep(self.period / 2)

    async def _look_on(self, line: Line) -> None:
        """Look until the connection breaks. That alone says nothing: a server closes it when its role changes."""
        self.servers[line.place.port] = await _server(line)
        with contextlib.suppress(UnreadableError):
            while True:
                await asyncio.sleep(self.period)
                self.servers[line.place.port] = await _server(line)

    async def _watch_sentinel(self, member: Member) -> None:
        while True:
            try:
                async with await Line.open(member.place, self._sentinel_access) as line:
                    while True:
                        self.sentinels[member.port] = await picture(line)
                        await asyncio.sleep(self.period)
            except UnreadableError as error:
                self.sentinels[member.port] = error.what
            await asyncio.sleep(self.period / 2)

    async def _listen(self, member: Member) -> None:
        while True:
            try:
                async with await Line.open(member.place, self._sentinel_access) as line:
                    await line.subscribe()
                    while True:
                        event = await line.event()
                        if event is not None:
                            self._hear(member, *event)
            except UnreadableError:
                await asyncio.sleep(self.period / 2)

    def _hear(self, member: Member, channel: str, payload: str) -> None:
        now = time.time()
        # The sentinels count votes at different moments; the count makes no news of its own.
        news = (channel, payload.partition(" #quorum ")[0])
        fresh = (entry for entry in self._heard if now - entry[0] < _HEARD_FOR)
        if any(entry[1:] == news for entry in fresh):
            return
        self._heard.append((now, *news))
        self._tell(News(now, member.label, channel, payload))


async def _server(line: Line) -> ServerSight:
    replies = await line.ask(("INFO", "replication"), ("INFO", "persistence"))
    for reply in replies:
        if isinstance(reply, Exception):
            raise UnreadableError(Unreadable(line.place, Trouble.BROKEN, f"{line.place}: {reply}"))
    info = {**parse.info_of(replies[0]), **parse.info_of(replies[1])}
    replica = info.get("role") == "slave"
    port = parse.number(info.get("master_port"))
    return ServerSight(
        role="replica" if replica else "master",
        offset=parse.number(info.get("slave_repl_offset" if replica else "master_repl_offset")),
        link_up=info.get("master_link_status") == "up",
        syncing=info.get("master_sync_in_progress") == "1",
        loading=info.get("loading", "0") != "0",
        master=Place(info.get("master_host", ""), port) if replica and port else None,
        replication=parse.replication_of(info),
    )
