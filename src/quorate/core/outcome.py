"""What a sentinel wants done: effects for now, a save, and promises that wait for that save."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

from quorate.core.inputs import Caller
from quorate.core.requests import ConnId, Request
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.millis import Millis
from quorate.model.notice import Notice, Remark
from quorate.model.record import Record
from quorate.model.saved import SaveDelta

# --- results of requests --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """+OK."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An error reply, its text as on the wire without the leading dash-and-ERR unless it has a code of its own."""

    error: str


@dataclass(frozen=True, slots=True)
class Count:
    """An integer reply."""

    number: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """The reply to a peer: is the master down, whom did we vote for (None shows as `*`), and in which epoch."""

    down: bool
    leader: RunId | None
    leader_epoch: Epoch


Result: TypeAlias = Done | Refused | Count | Opinion

# --- effects --------------------------------------------------------------------------------------------------------


class LinkKind(Enum):
    """The two connections of a link."""

    COMMAND = "cmd"
    PUBSUB = "pubsub"


@dataclass(frozen=True, slots=True)
class Connect:
    """Open a connection to ip:port. Requests sent meanwhile wait for it. `renames` are the master's renamed commands.

    `label` names the far end in the log. Answered by LinkOpened or LinkClosed.
    """

    conn: ConnId
    kind: LinkKind
    ip: str
    port: int
    renames: tuple[tuple[str, str], ...]
    label: str


@dataclass(frozen=True, slots=True)
class UseRenames:
    """From now on commands on `conn` go out under these names."""

    conn: ConnId
    renames: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the connection; nothing is reported back."""

    conn: ConnId


class Send(NamedTuple):
    """Send a request. Requests of one outcome to one connection leave in one write, in order."""

    conn: ConnId
    request: Request


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a caller."""

    caller: Caller
    result: Result


@dataclass(frozen=True, slots=True)
class Tell:
    """A notice or remark for log, Pub/Sub and scripts."""

    what: Notice | Remark


@dataclass(frozen=True, slots=True)
class ReconfigScript:
    """Run the client-reconfig-script: argv is (path, master, leader|observer, start, from ip, port, to ip, port)."""

    master: MasterName
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """Remember a failover that has ended. Nothing depends on it, and nothing is reported back."""

    record: Record


@dataclass(frozen=True, slots=True)
class Resolve:
    """Look a host name up, off the loop. Answered by Resolved."""

    host: str


@dataclass(frozen=True, slots=True)
class Save:
    """Make this delta durable. Issued by the driver, one at a time; answered by Saved or SaveFailed."""

    delta: SaveDelta


@dataclass(frozen=True, slots=True)
class Exit:
    """End the process at once with this status (simulated crashes: 99)."""

    status: int


Effect: TypeAlias = (
    Connect | UseRenames | Disconnect | Send | Reply | Tell | ReconfigScript | Keep | Resolve | Save | Exit
)


@dataclass(frozen=True, slots=True)
class Promise:
    """An effect that may leave only when `revision` is durable.

    If the save fails, or `expires` passes first, what `otherwise` makes then leaves in its place (None: nothing does,
    and on failure the promise keeps waiting for a later save).
    """

    revision: int
    effect: Effect
    otherwise: Callable[[], Effect] | None = None
    expires: Millis | None = None


@dataclass(slots=True)
class Outcome:
    """The consequences of one input, in order."""

    effects: list[Effect] = field(default_factory=list)
    save: SaveDelta | None = None
    promises: list[Promise] = field(default_factory=list)
