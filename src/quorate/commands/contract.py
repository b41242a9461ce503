"""What commands and the world around them agree on: sessions, answers, and what a handler may ask of its host."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from quorate.commands.acl import Book
from quorate.commands.acl_user import User
from quorate.core.inputs import Caller, Input
from quorate.core.outcome import Result
from quorate.core.view import SentinelView
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.record import Entry
from quorate.wire.values import Reply


@dataclass(slots=True)
class Buffers:
    """Sizes in bytes that the world knows of a connection (CLIENT LIST's qbuf, qbuf-free, obl, oll, omem, tot-mem)."""

    query: int = 0
    query_free: int = 0
    output: int = 0
    output_list: int = 0
    output_memory: int = 0
    total_in: int = 0
    total_out: int = 0


@dataclass(frozen=True, slots=True)
class Tracking:
    """What CLIENT TRACKING ON asked for. A sentinel has no keys, so it is only ever read back. `redirect` 0: none."""

    redirect: int = 0
    bcast: bool = False
    optin: bool = False
    optout: bool = False
    noloop: bool = False
    prefixes: tuple[bytes, ...] = ()
    caching: bool = False
    """CLIENT CACHING was said."""


@dataclass(slots=True, eq=False)
class Session:
    """One client connection as commands see it. `address` is ip:port as Redis prints it; times are points in ms.

    The world creates it, keeps `buffers`, `last_active` up to date, and drops it when the connection ends.
    """

    id: int
    address: str
    local_address: str
    fd: int
    opened: Millis
    user: User
    authenticated: bool
    last_active: Millis = 0
    protocol: int = 2
    name: str = ""
    library: str = ""
    library_version: str = ""
    channels: dict[bytes, None] = field(default_factory=dict)
    patterns: dict[bytes, None] = field(default_factory=dict)
    last_command: str = "NULL"
    commands: int = 0
    held: bool = False
    """CLIENT PAUSE holds its command back."""
    no_evict: bool = False
    tracking: Tracking | None = None
    muted: bool = False
    """CLIENT REPLY OFF: no replies until ON."""
    mute_next: bool = False
    """CLIENT REPLY SKIP was said: the next command is not answered."""
    mute_this: bool = False
    """The command that is being executed is not answered."""
    buffers: Buffers = field(default_factory=Buffers)

    @property
    def subscribed(self) -> bool:
        """True with at least one channel or pattern."""
        return bool(self.channels or self.patterns)


@dataclass(frozen=True, slots=True)
class Now:
    """Replies to write at once; then close the connection if `close`. `inputs` go to the core after that.

    Without replies and without `close` the client is told nothing (CLIENT REPLY OFF).
    """

    replies: tuple[Reply, ...]
    close: bool = False
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """Hand `ask(caller)` to the core; when its Result comes, `render` makes the reply.

    Replies keep the order of their connection: later requests of the same connection are not executed before.
    """

    ask: Callable[[Caller], Input]
    render: Callable[[Result], Reply]
    silent: bool = False
    """Write nothing when the Result comes (CLIENT REPLY OFF)."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """CLIENT PAUSE holds this command back: dispatch it again at `until`, or when the pause is lifted."""

    until: Millis


Answer: TypeAlias = Now | Later | Postponed


@dataclass(frozen=True, slots=True)
class ScriptView:
    """An entry of PENDING-SCRIPTS. Waiting: `pid` 0, `delay` ms until due (never negative); running: `runtime` ms."""

    argv: tuple[str, ...]
    running: bool
    pid: int
    runtime: Millis
    delay: Millis
    retries: int


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What INFO tells of the process. `listeners` are the texts after `listenerN:`; `supervised` is no, systemd, ..."""

    run_id: str
    pid: int
    tcp_port: int
    config_file: str
    executable: str
    supervised: str
    uptime: Millis
    wall_clock_us: int
    hz: int
    multiplexing: str
    listeners: tuple[str, ...]
    maxclients: int
    connections_received: int
    commands_processed: int
    bytes_in: int
    bytes_out: int
    connections_rejected: int
    cpu: tuple[float, float, float, float]
    """User, system, children's user, children's system seconds."""
    protocol_errors: int
    dropped_inputs: int
    """Malformed hellos, INFO texts and vote replies that were ignored."""
    os: str = ""
    """The kernel's name, release and machine."""
    extended_redis_compatibility: bool = False
    """Valkey's directive of that name: call yourself Redis."""
    availability_zone: str = ""
    """Valkey's directive of that name."""


class Host(Protocol):
    """What a handler may ask of the world it runs in."""

    renames: Mapping[bytes, bytes]
    """Top-level rename-command: what may be typed (lower-case) and the command meant; b"" for no command any more."""

    acl: Book
    """Users, their rights, the ACL log."""

    def now(self) -> Millis: ...
    def view(self) -> SentinelView: ...
    def facts(self) -> ProcessFacts: ...
    def sessions(self) -> Iterable[Session]: ...
    def close(self, session: Session) -> None:
        """Close a connection; if it is the caller's own, after its reply."""
        ...

    def failovers(self, name: MasterName) -> Sequence[Entry]:
        """What is remembered of the failovers of a master, newest first."""
        ...

    def scripts(self) -> Sequence[ScriptView]: ...
    def is_executable(self, path: str) -> bool: ...
    def pause(self, until: Millis, *, writes_only: bool = False) -> None:
        """Hold every client's commands until then, or only those that write (CLIENT PAUSE); 0 lifts it."""
        ...

    def paused_until(self) -> Millis: ...
    def paused_writes_only(self) -> bool:
        """The pause holds only what writes."""
        ...

    def shutdown(self) -> None: ...
    def random_bytes(self, count: int) -> bytes: ...
    def acl_file(self) -> str:
        """Path of the ACL file, "" when none is configured."""
        ...

    def read_acl_file(self) -> bytes: ...
    def write_acl_file(self, text: bytes) -> None:
        """Replace the ACL file atomically; OSError on failure."""
        ...


Handler: TypeAlias = Callable[[Host, Session, list[bytes]], Answer]
"""What carries out a command. `args` holds the whole request, the words of command and subcommand included."""
