"""Everything that can happen to a sentinel. Each input is stamped by the world when it was read, not when handled."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, NewType, TypeAlias

from quorate.core.requests import ConnId, InstanceId, MoveId
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import InfoReport
from quorate.model.millis import Millis
from quorate.model.settings import GlobalSettings, MasterSettings, Tuning

Caller = NewType("Caller", int)
"""Who asked: the world's token for the reply to one request."""


class Pong(Enum):
    """What a reply to PING says. Only the first three are signs of health (sentinel documentation, SDOWN)."""

    PONG = "PONG"
    LOADING = "LOADING"
    MASTERDOWN = "MASTERDOWN"
    BUSY = "BUSY"
    OTHER = "other"


# --- time and disk --------------------------------------------------------------------------------------------------


class Woke(NamedTuple):
    """The deadline given by `wake_at` has come."""


class Saved(NamedTuple):
    """The save of `revision` is durable."""

    revision: int


class SaveFailed(NamedTuple):
    """The save of `revision` did not become durable; `reason` is for people."""

    revision: int
    reason: str


class Resolved(NamedTuple):
    """An answer to `Resolve`: the number for `host`, or None."""

    host: str
    ip: str | None


# --- links ----------------------------------------------------------------------------------------------------------


class LinkOpened(NamedTuple):
    """The connection stands (TLS included); `local_ip` is our own end of it."""

    conn: ConnId
    local_ip: str


class LinkClosed(NamedTuple):
    """The connection failed, was refused, or ended; never sent for our own `Disconnect`.

    `immediate` is True when connecting failed before any packet left (no route, bad address), `refused` when the far
    end's machine said that nobody listens there.
    """

    conn: ConnId
    reason: str
    immediate: bool = False
    refused: bool = False


class Pinged(NamedTuple):
    """A reply to PING; `text` is the reply's first line. None of `Pong`'s words: OTHER (also for non-text replies)."""

    conn: ConnId
    pong: Pong
    text: str


class InfoArrived(NamedTuple):
    """A reply to INFO that was text."""

    conn: ConnId
    report: InfoReport


class HelloSeen(NamedTuple):
    """A hello: on our subscription `conn`, or published to our own port (`conn` None)."""

    conn: ConnId | None
    hello: Hello


class PubSubSpoke(NamedTuple):
    """Any other message on a Pub/Sub link."""

    conn: ConnId


class Published(NamedTuple):
    """The reply to `PublishHello`; `ok` False for an error reply."""

    conn: ConnId
    about: InstanceId
    ok: bool


class PeerAnswered(NamedTuple):
    """A well-formed reply to `AskDown`: [int, bulk, int]. `leader` None for `*`.

    `asked` is the epoch in which the question asked for a vote; 0 if it asked for an opinion only.
    """

    conn: ConnId
    about: InstanceId
    down: bool
    leader: RunId | None
    leader_epoch: Epoch
    asked: Epoch = Epoch(0)


class KindAnswered(NamedTuple):
    """The reply to `AskKind`: an array from one of ours, an error from a C Sentinel."""

    conn: ConnId
    ours: bool


class ConfigTold(NamedTuple):
    """The reply to `AskConfig`: a peer's configuration, the newest epoch it knows, and that of its last vote about this
    master. All None for an error; all but the first None from a C Sentinel, which does not tell.
    """

    conn: ConnId
    about: InstanceId
    config_epoch: Epoch | None
    current_epoch: Epoch | None
    leader_epoch: Epoch | None


class GoneTold(NamedTuple):
    """The reply to `AskGone`; `gone` False for an error, too."""

    conn: ConnId
    about: InstanceId
    gone: bool


class Reconfigured(NamedTuple):
    """EXEC of a `Reconfigure` was answered; `error` "" when the server took it."""

    conn: ConnId
    about: InstanceId
    error: str


class Step(Enum):
    """Which request of a planned move an answer belongs to."""

    REHEARSED = "rehearsed"
    PAUSED = "paused"
    OFFSET = "offset"
    STEPPED_ASIDE = "stepped aside"
    HANDED_OVER = "handed over"


class MoveAnswered(NamedTuple):
    """A server's answer to a request of a planned move; `error` "" when it did what it was asked.

    `offset` is how far its data go (None: not told). For `Step.OFFSET` it is what a replica has taken in itself.
    """

    conn: ConnId
    move: MoveId
    step: Step
    offset: int | None
    error: str


class LinkRefused(NamedTuple):
    """A setup command (AUTH, CLIENT SETNAME) or INFO or PUBLISH was answered by an error; `text` is that error."""

    conn: ConnId
    text: str


# --- what others ask of us ------------------------------------------------------------------------------------------


class VoteRequested(NamedTuple):
    """SENTINEL is-master-down-by-addr from a peer. `candidate` None for `*`. Answered by `Opinion`."""

    caller: Caller
    ip: str
    port: int
    epoch: Epoch
    candidate: RunId | None


class FailoverRequested(NamedTuple):
    """SENTINEL FAILOVER. Answered by `Done` or `Refused`."""

    caller: Caller
    master: MasterName


class MoveRequested(NamedTuple):
    """SENTINEL FAILOVER name COORDINATED. Answered by `Done` when the move begins, or by `Refused`.

    `to` names the replica (None: the best one). `timeout` bounds the pause of writes (None: as long as is usual).
    `via_server`: the old master is told to change places by its own FAILOVER.
    """

    caller: Caller
    master: MasterName
    to: tuple[str, int] | None
    timeout: Millis | None
    via_server: bool = False


class MonitorRequested(NamedTuple):
    """SENTINEL MONITOR, its numbers already parsed. Answered by `Done` or `Refused`."""

    caller: Caller
    name: MasterName
    host: str
    port: int
    quorum: int


class RemoveRequested(NamedTuple):
    """SENTINEL REMOVE. Answered by `Done` or `Refused`."""

    caller: Caller
    name: MasterName


class ResetRequested(NamedTuple):
    """SENTINEL RESET; `names` are the masters that the pattern matched. Answered by `Count`."""

    caller: Caller
    names: tuple[MasterName, ...]


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """SENTINEL SET: the settings after the last good option, the `+set` texts, and the error that stopped it, if any.

    `events` are the parts after the instance identifier, such as `quorum 3`. `reconnect` when credentials changed.
    Answered by `Done` or `Refused` (with `error`, or the save error).
    """

    caller: Caller
    name: MasterName
    settings: MasterSettings
    events: tuple[str, ...]
    reconnect: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class GlobalsChanged:
    """SENTINEL CONFIG SET, validated. `reconnect_peers` when the credentials for peers changed.

    Answered by `Done` or `Refused`.
    """

    caller: Caller
    settings: GlobalSettings
    reconnect_peers: bool


class FlushRequested(NamedTuple):
    """SENTINEL FLUSHCONFIG. Answered by `Done` or `Refused`."""

    caller: Caller


@dataclass(frozen=True, slots=True)
class TuningChanged:
    """SENTINEL DEBUG: the knobs after the last good pair. Answered by `Done`, or `Refused` with `error`."""

    caller: Caller
    tuning: Tuning
    error: str | None


class FailureSimulated(NamedTuple):
    """SENTINEL SIMULATE-FAILURE. Answered by `Done`, or `Refused` with `error` (flags before the bad word stay)."""

    caller: Caller
    after_election: bool
    after_promotion: bool
    error: str | None


class Stopping(NamedTuple):
    """The process was told to end (SIGTERM, SHUTDOWN)."""


Input: TypeAlias = (
    Woke
    | Saved
    | SaveFailed
    | Resolved
    | LinkOpened
    | LinkClosed
    | Pinged
    | InfoArrived
    | HelloSeen
    | PubSubSpoke
    | Published
    | PeerAnswered
    | KindAnswered
    | ConfigTold
    | GoneTold
    | Reconfigured
    | MoveAnswered
    | LinkRefused
    | VoteRequested
    | FailoverRequested
    | MoveRequested
    | MonitorRequested
    | RemoveRequested
    | ResetRequested
    | SettingsChanged
    | GlobalsChanged
    | FlushRequested
    | TuningChanged
    | FailureSimulated
    | Stopping
)
