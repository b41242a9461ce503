"""What the core asks of a server or a peer over one of its links. `runtime` turns these into commands.

The requests of planned moves (from `Rehearse` on) are answered by `MoveAnswered`, but for those that take back.
"""

from dataclasses import dataclass
from typing import NamedTuple, NewType, TypeAlias

from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.millis import Millis

ConnId = NewType("ConnId", int)
"""One attempt at one connection. Never used again, so news of a dead connection is recognised and dropped."""

InstanceId = NewType("InstanceId", int)
"""One monitored instance: a master, a replica, or a peer under one master. Never used again."""


MoveId = NewType("MoveId", int)
"""One planned move of a master. Never used again, so an answer that belongs to an earlier one is recognised."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTH; without a user in the one-argument form. The reply is ignored but for the log."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class NameClient:
    """CLIENT SETNAME; the reply is ignored."""

    name: str


@dataclass(frozen=True, slots=True)
class SubscribeHello:
    """SUBSCRIBE to the hello channel. An error reply closes the connection (5.1)."""


@dataclass(frozen=True, slots=True)
class Ping:
    """PING; answered by `Pinged`."""


@dataclass(frozen=True, slots=True)
class AskInfo:
    """INFO; answered by `InfoArrived`."""


class PublishHello(NamedTuple):
    """PUBLISH of a hello to the instance `about`; answered by `Published`."""

    about: InstanceId
    hello: Hello


@dataclass(frozen=True, slots=True)
class AskDown:
    """SENTINEL is-master-down-by-addr; `candidate` None sends `*`. Answered by `PeerAnswered`; `about` is the peer."""

    about: InstanceId
    ip: str
    port: int
    epoch: Epoch
    candidate: RunId | None


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """MULTI, SLAVEOF host port (`target` None: NO ONE), CONFIG REWRITE, CLIENT KILL TYPE normal, TYPE pubsub, EXEC.

    Answered by `Reconfigured` when EXEC's reply arrives.
    """

    about: InstanceId
    target: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class AskKind:
    """SENTINEL QUORATE, which only our own kind answers with an array; answered by `KindAnswered`."""


@dataclass(frozen=True, slots=True)
class AskConfig:
    """Which configuration of a master the peer `about` has: SENTINEL QUORATE name to `ours`, else SENTINEL MASTER name.

    Unlike a hello, which may have been long on its way, the answer is younger than the question. Answered by
    `ConfigTold`.
    """

    about: InstanceId
    master: MasterName
    ours: bool


@dataclass(frozen=True, slots=True)
class AskGone:
    """SENTINEL QUORATE name ip port: is the process of that master, at that address, gone for the peer `about`, too?

    Only one of ours is asked. Answered by `GoneTold`.
    """

    about: InstanceId
    master: MasterName
    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Every command of a planned move in one transaction, with arguments that do nothing: would it be let in?"""

    move: MoveId


@dataclass(frozen=True, slots=True)
class PauseWrites:
    """MULTI, CLIENT PAUSE millis WRITE, INFO replication, EXEC: from then on the stream of a master stands still."""

    move: MoveId
    millis: Millis


@dataclass(frozen=True, slots=True)
class AskOffset:
    """INFO replication: how far a server's data go."""

    move: MoveId


@dataclass(frozen=True, slots=True)
class StepAside:
    """As `Reconfigure`, with INFO replication at its head: how far a master had come when it became a replica.

    It must not leave later than `until`: if we stand still between the decision and the sending, the pause of writes is
    over by then. In place of that the connection is closed, and nothing else that was written behind it leaves either.
    """

    move: MoveId
    target: tuple[str, int]
    until: Millis


@dataclass(frozen=True, slots=True)
class ResumeWrites:
    """CLIENT UNPAUSE; the reply is ignored."""


@dataclass(frozen=True, slots=True)
class RehearseHandOver:
    """As `Rehearse`, for a move that the server makes itself."""

    move: MoveId


@dataclass(frozen=True, slots=True)
class HandOver:
    """FAILOVER TO host port TIMEOUT millis: a master changes places with that replica by itself. Answered at once."""

    move: MoveId
    target: tuple[str, int]
    millis: Millis


@dataclass(frozen=True, slots=True)
class StopHandOver:
    """FAILOVER ABORT; the reply is ignored."""


@dataclass(frozen=True, slots=True)
class KillScript:
    """SCRIPT KILL; the reply is ignored."""


MoveRequest: TypeAlias = (
    Rehearse | PauseWrites | AskOffset | StepAside | ResumeWrites | RehearseHandOver | HandOver | StopHandOver
)
"""What is asked of servers in a planned move."""

Request: TypeAlias = (
    Authenticate
    | NameClient
    | SubscribeHello
    | Ping
    | AskInfo
    | PublishHello
    | AskDown
    | Reconfigure
    | AskKind
    | AskConfig
    | AskGone
    | MoveRequest
    | KillScript
)
