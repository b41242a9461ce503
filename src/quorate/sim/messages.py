"""What simulated servers, replicas and clients say to each other beside the requests of sentinels."""

from dataclasses import dataclass

from quorate.model.hello import Hello
from quorate.model.identity import MasterName


@dataclass(frozen=True, slots=True)
class Write:
    """A client's write; answered by True, or by the text of an error."""

    id: int


@dataclass(frozen=True, slots=True)
class Psync:
    """A replica introduces itself: whom it followed last, and how far it got."""

    port_ip: str
    replid: str
    offset: int
    password: str
    failover: bool = False
    """Whoever is asked is to be a master: that is PSYNC ... FAILOVER."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Partial resynchronisation: the stream goes on."""

    replid: str
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Full:
    """Full resynchronisation: the replica's data is replaced. `unsynced` were lost by its sender's disk, or before."""

    replid: str
    data: tuple[int, ...]
    unsynced: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Streamed:
    """A write, or a message of Pub/Sub, on the replication stream; neither is the master's PING."""

    write: int | None = None
    hello: Hello | None = None


@dataclass(frozen=True, slots=True)
class Offset:
    """The answer to a request of a planned move: how far the data of a server go."""

    value: int | None


@dataclass(frozen=True, slots=True)
class Ack:
    """How far a replica is."""

    offset: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """An error reply."""

    text: str


@dataclass(frozen=True, slots=True)
class WhereIs:
    """A client's question for a master's address; answered by (ip, port) or None."""

    master: MasterName
