"""What a server says of itself in INFO, as far as a sentinel listens."""

from dataclasses import dataclass
from enum import Enum

from quorate.model.identity import RunId
from quorate.model.millis import Millis


class Role(Enum):
    """The role a server reports. The words are those of the wire."""

    MASTER = "master"
    SLAVE = "slave"


@dataclass(frozen=True, slots=True)
class SlaveSection:
    """The part of INFO that follows `role:slave`. A field that INFO does not carry is None."""

    master_host: str | None = None
    master_port: int | None = None
    link_up: bool | None = None
    priority: int | None = None
    offset: int | None = None
    announced: bool | None = None
    last_io: int | None = None
    """Seconds since the last byte from its master, -1 while it has no link to it."""
    syncing: bool = False
    """It copies all data from its master now; meanwhile its link does not count as up."""


@dataclass(frozen=True, slots=True)
class InfoReport:
    """One INFO reply. `replicas` are (host, port) of the slaveN lines, in order; `link_down_for` is 0 if absent.

    `offset` is a master's: how far its stream has come (0 for others). `histories` are the replication ids of the data,
    the present one and the one that it continued (empty where absent).
    """

    text: bytes
    run_id: RunId | None = None
    role: Role | None = None
    replicas: tuple[tuple[str, int], ...] = ()
    link_down_for: Millis = 0
    slave: SlaveSection = SlaveSection()
    offset: int = 0
    histories: tuple[str, ...] = ()
    version: tuple[int, ...] = ()
    """`redis_version`, which Valkey tells as well; empty where absent."""
