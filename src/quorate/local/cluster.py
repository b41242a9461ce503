"""The cluster on this machine: starts its members, keeps them alive, ends them. One asyncio loop, one thread."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from quorate.client.aio import Access, Line, UnreadableError
from quorate.client.picture import SentinelPicture
from quorate.local import files, revival
from quorate.local.binaries import sentinel_command
from quorate.local.folder import Folder
from quorate.local.introduction import introduce
from quorate.local.observer import PERIOD, News, Observer, ServerSight
from quorate.local.plan import Kind, Member, Plan
from quorate.local.processes import Child, Pack, last_lines, stop
from quorate.local.snapshot import Process, Snapshot, take
from quorate.local.trouble import LocalError

_TICK = 0.1
_START_LIMIT = 20.0
_READY_LIMIT = 10.0
_GRACE = 5.0
_YOUNG = 5.0
"""Seconds after its start in which a silent member counts as starting."""


@dataclass(frozen=True, slots=True)
class Programs:
    """What to run: the server's path, and the C binary for the sentinels (None: our own)."""

    server: Path
    sentinel: str | None = None


@dataclass(slots=True, eq=False)
class _Life:
    """A member's process over time. `was_master` at its last death."""

    child: Child | None = None
    death: revival.Death | None = None
    deaths: int = 0
    was_master: bool = False
    successor_since: float | None = None
    note: str = ""


@dataclass(slots=True)
class Cluster:
    """`start`, then `keep` until cancelled, then `close`. `tell` gets every event and everything done here."""

    folder: Folder
    plan: Plan
    programs: Programs
    tell: Callable[[News], None]
    pack: Pack = field(default_factory=Pack)
    lives: dict[Member, _Life] = field(default_factory=dict)
    observer: Observer = field(init=False)
    _last_master: int | None = None

    def __post_init__(self) -> None:
        self.observer = Observer(self.plan, self.tell)
        self.lives = {member: _Life() for member in self.plan.members()}

    async def start(self, master: int, progress: Callable[[str], None]) -> None:
        """Start everything; `master` first, since a replica that finds none tries again only a second later.

        Raises LocalError with the end of the log if a member does not start.
        """
        self._last_master = master
        members = self.plan.members()
        first = next(m for m in members if m.kind is Kind.SERVER and m.port == master)
        progress(f"starting the master, server {master}")
        self._spawn(first, None)
        await self._answering(first, progress)
        replicas = [m for m in members if m.kind is Kind.SERVER and m is not first]
        sentinels = [m for m in members if m.kind is Kind.SENTINEL]
        progress(f"starting {len(replicas)} replicas and {len(sentinels)} sentinels")
        for member in replicas:
            self._spawn(member, master)
        if self.programs.sentinel is not None:
            # A C sentinel is up in milliseconds, and whatever does not answer its first attempt counts as down for a
            # while. Ours takes longer to start than a server does.
            for member in replicas:
                await self._answering(member, progress)
        for member in sentinels:
            self._spawn(member, master)
        for member in (*replicas, *sentinels):
            await self._answering(member, progress)
        await introduce(self.plan, master)
        self.observer.start()
        progress("waiting until the replicas follow and the sentinels know each other")
        await self._ready()
        self.observer.period = PERIOD

    async def keep(self) -> None:
        """Watch the children and start dead ones again; for ever."""
        while True:
            self.pack.check()
            self._follow_master()
            for member, life in self.lives.items():
                self._tend(member, life)
            await asyncio.sleep(_TICK)

    async def close(self) -> None:
        """End everything: the sentinels first, so that they do not take the end of a server for its death."""
        await self.observer.close()
        for kind in (Kind.SENTINEL, Kind.SERVER):
            stop([life.child for m, life in self.lives.items() if m.kind is kind and life.child is not None], _GRACE)
        self.pack.close()

    def snapshot(self) -> Snapshot:
        return take(self.observer, {member: self._process(life) for member, life in self.lives.items()})

    # --- starting ---------------------------------------------------------------------------------------------------

    def _spawn(self, member: Member, master: int | None) -> None:
        conf = self.folder.conf(member)
        if member.kind is Kind.SERVER:
            files.prepare_server(self.folder, self.plan, member, None if master == member.port else master)
            argv = [str(self.programs.server), str(conf)]
        else:
            argv = sentinel_command(self.programs.sentinel, conf)
        life = self.lives[member]
        life.child = self.pack.spawn(argv, conf.parent)
        life.note = ""

    async def _answering(self, member: Member, progress: Callable[[str], None]) -> None:
        """Wait for PONG; while a server loads its data, for as long as that takes."""
        deadline = time.monotonic() + _START_LIMIT
        secret = self.plan.password if member.kind is Kind.SERVER else ""
        while (answer := await _ping(member, secret)) != "PONG":
            child = self.lives[member].child
            assert child is not None, "only a member that was spawned is waited for"
            ended = child.ended()
            if ended is not None:
                raise LocalError(
                    f"The {member.label} did not start ({ended}). Its last words:", "", last_lines(child.log)
                )
            if answer.startswith("LOADING"):
                progress(f"{member.label} is loading its data")
                deadline = time.monotonic() + _START_LIMIT
            if time.monotonic() > deadline:
                text = f"The {member.label} does not answer after {_START_LIMIT:.0f} s. Its last words:"
                raise LocalError(text, "", last_lines(child.log))
            await asyncio.sleep(0.01)

    async def _ready(self) -> None:
        """Until replicas are linked and every sentinel could fail over. A cluster that is late is shown as it is."""
        deadline = time.monotonic() + _READY_LIMIT
        while time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            if self._complete():
                return

    def _complete(self) -> bool:
        for member in self.plan.members():
            if member.kind is Kind.SERVER:
                server = self.observer.servers.get(member.port)
                if not isinstance(server, ServerSight) or (server.role == "replica" and not server.link_up):
                    return False
            else:
                sentinel = self.observer.sentinels.get(member.port)
                master = sentinel.master(self.plan.name) if isinstance(sentinel, SentinelPicture) else None
                if master is None or master.check is None or not master.check.ok:
                    return False
        return True

    # --- keeping alive ----------------------------------------------------------------------------------------------

    def _follow_master(self) -> None:
        """Notice when the sentinels name another master."""
        named = self.observer.master_port()
        if named is None or named == self._last_master:
            return
        for member, life in self.lives.items():
            if member.port == self._last_master and life.child is None:
                life.successor_since = time.monotonic()
        self._last_master = named

    def _tend(self, member: Member, life: _Life) -> None:
        now = time.monotonic()
        if life.child is not None:
            ended = life.child.ended()
            if ended is not None:
                self._bury(member, life, ended, now)
            return
        if life.death is None:
            return
        verdict = self._verdict(member, life, life.death, now)
        if verdict.wait is None:
            self._revive(member, life)
            return
        life.note = _note(verdict, now)

    def _bury(self, member: Member, life: _Life, ended: str, now: float) -> None:
        assert life.child is not None, "only a child can end"
        quick = now - life.child.started < revival.STABLE_AFTER
        life.deaths = life.deaths + 1 if quick and life.death is not None else 1
        life.death = revival.Death(now, life.deaths)
        life.was_master = member.kind is Kind.SERVER and member.port == self._last_master
        life.successor_since = None
        self._say("-died", f"{self._called(member)} died: {ended} (pid {life.child.pid})")
        if life.deaths > 1 and ended.startswith("exit"):
            for line in last_lines(life.child.log, 2):
                self._say("-log", f"{member.label}: {line}")
        life.child = None

    def _verdict(self, member: Member, life: _Life, death: revival.Death, now: float) -> revival.Verdict:
        if not life.was_master:
            return revival.of_other(death, now)
        alive = [m for m, other in self.lives.items() if other.child is not None]
        sentinels = sum(m.kind is Kind.SENTINEL for m in alive)
        heirs = [m for m in alive if m.kind is Kind.SERVER]
        scene = revival.Scene(
            down_after=self.plan.down_after / 1000,
            successor_since=life.successor_since,
            can_move=bool(heirs) and sentinels >= max(self.plan.quorum, len(self.plan.sentinels) // 2 + 1),
            failing_over=self.observer.failing_over(),
            would_wipe=life.successor_since is None and files.would_wipe(self.folder, member, self.plan),
        )
        return revival.of_master(death, scene, now)

    def _revive(self, member: Member, life: _Life) -> None:
        master = self._last_master
        try:
            self._spawn(member, master)
        except (LocalError, OSError) as error:
            self._say("-died", f"{member.label} cannot be started: {error}")
            life.deaths += 1
            life.death = revival.Death(time.monotonic(), life.deaths)
            return
        follows = "" if member.kind is Kind.SENTINEL or member.port == master else f" as replica of {master}"
        assert life.child is not None, "it was just spawned"
        self._say("+started", f"{member.label} restarted{follows} (pid {life.child.pid})")

    def _called(self, member: Member) -> str:
        if member.kind is Kind.SENTINEL:
            return member.label
        return f"{'master' if member.port == self._last_master else 'replica'} {member.port}"

    def _say(self, channel: str, text: str) -> None:
        self.tell(News(time.time(), "up", channel, text))

    def _process(self, life: _Life) -> Process:
        if life.child is None:
            return Process(None, life.note)
        return Process(life.child.pid, "", time.monotonic() - life.child.started < _YOUNG)


async def _ping(member: Member, password: str) -> str:
    """PONG, an error's text, or "" while nothing answers."""
    with contextlib.suppress(UnreadableError):
        async with await Line.open(member.place, Access(password=password, timeout=0.5)) as line:
            (reply,) = await line.ask(("PING",))
            return str(reply)
    return ""


def _note(verdict: revival.Verdict, now: float) -> str:
    seconds = max(1, round(verdict.at - now))
    match verdict.wait:
        case revival.Wait.FAILOVER:
            return "waits for the failover"
        case revival.Wait.EMPTY:
            return "its data is gone: waits for the failover"
        case _:
            return f"restart in {seconds} s"
