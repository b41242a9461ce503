"""What the loop asks of the parts around it, each as small as it can be, so that every part is tested apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Protocol

from quorate.commands.contract import ScriptView
from quorate.core.inputs import Input
from quorate.core.outcome import Effect
from quorate.core.requests import ConnId
from quorate.core.view import SentinelView
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Level
from quorate.model.record import Entry, Record
from quorate.model.saved import SaveDelta


class Decider(Protocol):
    """The driver around the core."""

    def take(self, now: Millis, event: Input) -> bool:
        """Take in an input from which nothing follows; False, with nothing done, if `submit` must."""
        ...

    def take_some(self, now: Millis, events: Sequence[Input]) -> int:
        """The same with inputs that came together: how many were taken before the first that `submit` must."""
        ...

    def submit(self, now: Millis, event: Input) -> Sequence[Effect]:
        """The effects that may start now, in order."""
        ...

    def wake_at(self) -> Millis | None:
        """The next deadline, None while there is none."""
        ...

    def view(self, now: Millis) -> SentinelView:
        """A look at the state at this moment."""
        ...


class Saver(Protocol):
    """Makes deltas durable, off the loop."""

    def start(self, delta: SaveDelta, users: Sequence[str] | None, done: Callable[[int, str | None], None]) -> None:
        """Write; then call `done(revision, reason)` on the loop, later, with `reason` None for success."""
        ...


class Resolver(Protocol):
    """Looks names up, off the loop, and feeds the `Resolved` by itself, never from within this call."""

    def resolve(self, host: str) -> None: ...


class Scripts(Protocol):
    """The queue of the operator's scripts."""

    def add(self, argv: Sequence[str]) -> None: ...
    def pending(self) -> Sequence[ScriptView]: ...
    def limits_changed(self) -> None:
        """The knobs that rule scripts may have moved."""
        ...


class History(Protocol):
    """What is remembered of failovers. Neither method waits for anything."""

    def add(self, record: Record) -> None: ...
    def of(self, name: MasterName) -> Sequence[Entry]:
        """Newest first."""
        ...


class Log(Protocol):
    """The log. Lines below `level` are not written."""

    level: Level

    def write(self, level: Level, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The parts that a world is connected to.

    `users` gives the `user` lines that belong into the configuration file, None when they live elsewhere.
    `terminate` ends the process at once with a status; `shutdown` ends it as SHUTDOWN does.
    """

    driver: Decider
    saver: Saver
    names: Resolver
    scripts: Scripts
    history: History
    log: Log
    users: Callable[[], Sequence[str] | None]
    terminate: Callable[[int], None]
    shutdown: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outward:
    """How links go out: `tls` gives the context for a new connection (None: plain), `bind_source` our own address."""

    tls: Callable[[], SSLContext | None] = lambda: None
    bind_source: str = ""


class Flushable(Protocol):
    """A connection with bytes that wait to be written."""

    def flush(self) -> None: ...


class Owing(Protocol):
    """A connection that dozes although it owes answers."""

    def look(self, stamp: Millis) -> None: ...


class Station(Protocol):
    """What a link may ask of the world that owns it."""

    def feed(self, event: Input, stamp: Millis | None = None) -> None:
        """Hand an input to the core, stamped (None: now), and carry out what follows."""
        ...

    def feed_all(self, events: Sequence[Input], stamp: Millis) -> None:
        """The same, in order, with what was said in one breath."""
        ...

    def feed_soon(self, event: Input) -> None:
        """The same in the next turn of the loop, for those who are being called from within an effect."""
        ...

    def touch(self, connection: Flushable) -> None:
        """Have `flush` called at the end of this turn of the loop. Once per flush, please."""
        ...

    def owes(self, connection: Owing) -> None:
        """Have `look` called before anything is decided."""
        ...

    def forget(self, conn: ConnId) -> None:
        """The link is gone."""
        ...

    def drop(self, what: str, label: str) -> None:
        """Count something malformed that was ignored; the log hears of it once a minute."""
        ...
