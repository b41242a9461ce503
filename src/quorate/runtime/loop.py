"""The world around the core: feeds it what happens, does what it wants done, and is the host of all commands."""

import asyncio
import contextlib
import os
import resource
import select
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quorate.commands.acl import Book
from quorate.commands.contract import Answer, ProcessFacts, ScriptView, Session
from quorate.commands.dispatch import dispatch, renamed
from quorate.conf.options import ProcessOptions
from quorate.core.inputs import GlobalsChanged, HelloSeen, Input, Published, PubSubSpoke, TuningChanged, Woke
from quorate.core.outcome import Effect
from quorate.core.requests import ConnId
from quorate.core.view import SentinelView
from quorate.model.identity import MasterName, RunId, bytes_of
from quorate.model.millis import Millis
from quorate.model.notice import Level, Notice, Remark
from quorate.model.record import Entry
from quorate.runtime import clock
from quorate.runtime.clients import Clients, Neighbours
from quorate.runtime.company import LONGEST, Company
from quorate.runtime.doze import LOOK_SECONDS, TURN_SECONDS
from quorate.runtime.effects import Effects
from quorate.runtime.ports import Flushable, Outward, Owing, Ports
from quorate.runtime.store import Store, StoreError
from quorate.runtime.tally import Tally

BROKEN = 70
"""Exit status after an exception inside the core (sysexits.h, EX_SOFTWARE)."""

WRITTEN_AT_ONCE = 8
"""Connections written to in one turn of the loop. Handing bytes over costs little, but then the loop makes its calls to
the system for all in one go, and each wakes a server that may run in our place, while whoever asks us waits."""

WRITTEN_ALONE = 256
"""The same when nobody asks: some milliseconds of calls."""

_WOKE = Woke()

_CHATTER = frozenset({HelloSeen, PubSubSpoke, Published})
"""What mostly says nothing but that all is as it was."""

_KERNEL = "{0.sysname} {0.release} {0.machine}".format(os.uname())


@dataclass(frozen=True, slots=True)
class Identity:
    """What INFO tells and what never changes while the process lives.

    `run_id` is drawn anew by every process, `myid` names this sentinel. `maxclients` is what the file limit allows.
    `listeners` are the texts of `Doors`.
    """

    run_id: str
    myid: RunId
    config_file: str
    executable: str
    supervised: str
    maxclients: int
    listeners: tuple[str, ...]
    process: ProcessOptions


class World:
    """Everything on one event loop. It implements `commands.contract.Host` and the links' `Station`.

    `feed` is the one way into the core. Inputs carry the time at which they were read; the effects of one input are
    carried out in order before the next input; bytes of one turn of the loop leave in one write per connection.
    """

    def __init__(
        self, *, loop: asyncio.AbstractEventLoop, ports: Ports, acl: Book, identity: Identity, outward: Outward
    ) -> None:
        self.acl = acl
        self.renames = renamed(identity.process.renames)
        self._loop = loop
        self._ports = ports
        self._driver = ports.driver
        self._identity = identity
        self._started = clock.now()
        self._latest: Millis = 0
        self._inside = False
        self._due: Millis | None = None
        self._armed: Millis = 0
        self._looked: Millis | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._touched: list[Flushable] = []
        self._tally = Tally(ports.log)
        self._company = Company()
        around = Neighbours(
            feed=self._asked,
            feed_all=self.feed_all,
            dispatch=self._dispatch,
            touch=self.touch,
            asked=self._company.asked,
            peers=lambda: self.view().known_peer_addresses(),
            log=ports.log,
        )
        self.clients = Clients(
            loop=loop,
            around=around,
            acl=acl,
            options=identity.process.clients,
            maxclients=identity.maxclients,
            protected_mode=identity.process.protected_mode,
        )
        self._effects = Effects(
            loop=loop,
            ports=ports,
            outward=outward,
            station=self,
            myid=identity.myid,
            publish=self.clients.publish,
            resolve=self.clients.resolve,
        )

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin: the core hears for the first time what time it is. Errors of callbacks go to the log from now on."""
        self._loop.set_exception_handler(self._complain)
        self.feed(_WOKE)

    def stop(self) -> None:
        """Hang up on everybody. What was said before still leaves, as far as the far ends take it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._touched:
            self._flush()
        self._effects.close()
        self.clients.close_all()

    # --- the core ---------------------------------------------------------------------------------------------------

    def feed(self, event: Input, stamp: Millis | None = None) -> None:
        """Hand an input to the core and do what it wants done. `stamp` is when the input was read (None: now)."""
        if self._inside:
            # A part answered from within the effect that asked it; its answer is the next input.
            self._loop.call_soon(self.feed, event, stamp)
            return
        now = clock.now() if stamp is None else stamp
        due = self._due
        if due is not None and now >= due and type(event) in _CHATTER and self._driver.take(due - 1, event):
            # Nothing follows from it, so it need not wait, nor have anybody else hurry.
            return
        # Time never runs backwards for the core, even if inputs of one turn were read in another order.
        self._latest = now = max(now, self._latest)
        if due is not None and now >= due and due != self._looked:
            # Answers of connections that doze came before this moment, at which something may be decided.
            self._looked = due
            self._effects.doze.look(due - 1)
        if self._driver.take(now, event):
            return
        self._inside = True
        try:
            effects = self._submit(now, event)
            if effects:
                self._effects.perform(effects)
        finally:
            self._inside = False
        due = self._driver.wake_at()
        if due != self._due:
            # Should the core, just woken, name a moment that has passed, the sockets must still get their turn.
            self._wake_by(due, 1 if event is _WOKE else 0)

    def feed_all(self, events: Sequence[Input], stamp: Millis) -> None:
        """The same with inputs that came together. Mostly nothing follows from any of them, and they cost little."""
        now, due = max(stamp, self._latest), self._due
        taken = 0
        if not self._inside and (due is None or now < due):
            taken = self._driver.take_some(now, events)
            if taken:
                self._latest = now
        for event in events[taken:]:
            self.feed(event, stamp)

    def feed_soon(self, event: Input) -> None:
        """The same in the next turn of the loop."""
        self._loop.call_soon(self.feed, event)

    def tell(self, what: Notice | Remark) -> None:
        """Say something that is not the core's: a script's event, a remark of the process."""
        self._effects.tell(what)

    def _submit(self, now: Millis, event: Input) -> Sequence[Effect]:
        try:
            return self._driver.submit(now, event)
        except Exception as error:
            # Half of a decision may have been taken. What is durable is whole, so ending here is the safe way on.
            self._log_exception("The sentinel's own rules are broken and it must stop", error)
            self._ports.terminate(BROKEN)
            raise

    def _asked(self, event: Input, stamp: Millis | None) -> None:
        """What a client's command feeds. Some of it moves knobs of the world itself."""
        self.feed(event, stamp)
        if isinstance(event, TuningChanged):
            self._ports.scripts.limits_changed()
            self._effects.doze.allowed = self.view().tuning.publish_period >= 1000 * LOOK_SECONDS
        elif isinstance(event, GlobalsChanged):
            self._ports.log.level = Level[self.view().settings.loglevel.upper()]

    # --- time -------------------------------------------------------------------------------------------------------

    def _wake_by(self, due: Millis | None, soonest: Millis) -> None:
        """One timer for all deadlines. It is set anew only to ring earlier; one that rings too early looks again."""
        self._due = due
        if due is None:
            return
        if self._timer is not None:
            if due >= self._armed:
                return
            self._timer.cancel()
        self._armed = due
        self._timer = self._loop.call_later(max(soonest, due - clock.now()) / 1000, self._ring)

    def _ring(self) -> None:
        self._timer = None
        due, now = self._due, clock.now()
        if due is None:
            return
        if now < due:
            self._wake_by(due, 0)
        elif due != self._looked and self._effects.doze.look_on(
            due - 1, TURN_SECONDS if self._company.expected(now) else LONGEST / 1000
        ):
            # There is more to be read, after everybody else had a turn.
            self._timer = self._loop.call_later(0, self._ring)
        else:
            self._looked = due
            # Whatever the core names next is new, even the same moment.
            self._due = None
            self.feed(_WOKE, now)
            self._go_on(due, now)

    def _go_on(self, due: Millis, begun: Millis) -> None:
        """With nobody there who would have to wait, do what is left of the same moment's work in the same turn."""
        if not self._company.expected(begun):
            while self._due == due and clock.now() < begun + LONGEST:
                self.feed(_WOKE)

    # --- writing ----------------------------------------------------------------------------------------------------

    def touch(self, connection: Flushable) -> None:
        """Have a connection's bytes leave at the end of this turn."""
        if not self._touched:
            self._loop.call_soon(self._flush)
        self._touched.append(connection)

    def _flush(self) -> None:
        # Who is touched meanwhile comes last in the same list, so there is one such call at a time.
        expected = self._company.expected(self._latest)
        written = self._touched[: WRITTEN_AT_ONCE if expected else WRITTEN_ALONE]
        for connection in written:
            connection.flush()
        del self._touched[: len(written)]
        if self._touched:
            self._loop.call_soon(self._flush)

    # --- links ------------------------------------------------------------------------------------------------------

    def owes(self, connection: Owing) -> None:
        """Have answers read before the core is woken."""
        self._effects.doze.owes(connection)

    def forget(self, conn: ConnId) -> None:
        """A link is gone."""
        self._effects.lines.pop(conn, None)

    def drop(self, what: str, label: str) -> None:
        """Something malformed was ignored."""
        self._tally.drop(what, label, clock.now())

    # --- the host of commands ---------------------------------------------------------------------------------------

    def _dispatch(self, session: Session, request: list[bytes]) -> Answer:
        return dispatch(self, session, request)

    def now(self) -> Millis:
        return clock.now()

    def view(self) -> SentinelView:
        return self._driver.view(clock.now())

    def sessions(self) -> Iterable[Session]:
        return self.clients.sessions()

    def close(self, session: Session) -> None:
        self.clients.close(session)

    def failovers(self, name: MasterName) -> Sequence[Entry]:
        return self._ports.history.of(name)

    def scripts(self) -> Sequence[ScriptView]:
        return self._ports.scripts.pending()

    def is_executable(self, path: str) -> bool:
        return os.access(bytes_of(path), os.X_OK)

    def pause(self, until: Millis, *, writes_only: bool = False) -> None:
        self.clients.pause(until, writes_only=writes_only)

    def paused_until(self) -> Millis:
        return self.clients.paused_until

    def paused_writes_only(self) -> bool:
        return self.clients.paused_writes_only

    def shutdown(self) -> None:
        self._ports.shutdown()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def acl_file(self) -> str:
        return self._identity.process.acl.file

    def read_acl_file(self) -> bytes:
        return Path(self.acl_file()).read_bytes()

    def write_acl_file(self, text: bytes) -> None:
        try:
            Store(self.acl_file()).write(text)
        except StoreError as error:
            raise OSError(str(error)) from error

    def facts(self) -> ProcessFacts:
        identity, clients = self._identity, self.clients
        ours = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ProcessFacts(
            run_id=identity.run_id,
            pid=os.getpid(),
            tcp_port=identity.process.port or identity.process.tls.port,
            config_file=identity.config_file,
            executable=identity.executable,
            supervised=identity.supervised,
            uptime=clock.now() - self._started,
            wall_clock_us=clock.wall_us(),
            hz=identity.process.hz,
            multiplexing="epoll" if hasattr(select, "epoll") else "kqueue",
            listeners=identity.listeners,
            maxclients=identity.maxclients,
            connections_received=clients.connections_received,
            commands_processed=clients.commands_processed,
            bytes_in=clients.bytes_in,
            bytes_out=clients.bytes_out,
            connections_rejected=clients.connections_rejected,
            cpu=(ours.ru_utime, ours.ru_stime, children.ru_utime, children.ru_stime),
            protocol_errors=clients.protocol_errors,
            dropped_inputs=self._tally.total,
            os=_KERNEL,
            extended_redis_compatibility=identity.process.extended_redis_compatibility,
            availability_zone=identity.process.availability_zone,
        )

    # --- errors -----------------------------------------------------------------------------------------------------

    def _complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """What went wrong in a callback. Connections that break are everyday life; nothing reaches standard error."""
        del loop
        message, error = str(context.get("message") or "Error in a callback"), context.get("exception")
        if isinstance(error, OSError):
            self._ports.log.write(Level.DEBUG, f"{message}: {error}")
        elif isinstance(error, BaseException):
            self._log_exception(message, error)
        else:
            self._ports.log.write(Level.WARNING, message)

    def _log_exception(self, message: str, error: BaseException) -> None:
        with contextlib.suppress(Exception):
            lines = "".join(traceback.format_exception(error)).splitlines()
            for line in (message, *lines):
                self._ports.log.write(Level.WARNING, line)
