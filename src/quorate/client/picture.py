"""What one sentinel shows of the world, as values. Ages and periods in milliseconds; None where it does not say."""

from dataclasses import dataclass, field
from enum import Enum

from quorate.model.address import join
from quorate.model.millis import Millis


@dataclass(frozen=True, slots=True)
class Place:
    """Where something listens, as it was written."""

    host: str
    port: int

    def __str__(self) -> str:
        return join(self.host, self.port)


class Trouble(Enum):
    """Why a sentinel or server could not be read."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNRESOLVED = "unresolved"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - the name of a trouble, not a secret
    NO_PASSWORD = "no-password"  # noqa: S105 - the name of a trouble, not a secret
    NOT_ALLOWED = "not-allowed"
    NOT_A_SENTINEL = "not-a-sentinel"
    TLS = "tls"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A place that did not tell us anything. `text` is one line for people."""

    place: Place
    trouble: Trouble
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the three kinds of instance share (the fields of SENTINEL MASTER, in their order)."""

    name: str
    place: Place
    run_id: str = ""
    flags: tuple[str, ...] = ()
    last_ping: Millis | None = None
    last_ok_ping: Millis | None = None
    down_for: Millis | None = None
    down_after: Millis | None = None
    trouble: str = ""

    @property
    def down(self) -> bool:
        """Down in the eyes of this sentinel, alone or with others."""
        return "s_down" in self.flags or "o_down" in self.flags

    @property
    def refuses(self) -> bool:
        """Down although it answers: its answers to PING are errors, as with a wrong password."""
        if self.down and self.trouble:
            return True
        if not self.down or self.last_ping is None or self.last_ok_ping is None or self.down_after is None:
            return False
        return self.last_ping < self.down_after < self.last_ok_ping

    @property
    def cut_off(self) -> bool:
        """This sentinel has no connection to it at the moment."""
        return "disconnected" in self.flags


@dataclass(frozen=True, slots=True)
class Quorum:
    """SENTINEL CKQUORUM: `text` as the sentinel put it; `usable` None where the text does not begin as usual."""

    ok: bool
    usable: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica, as this sentinel saw it in the replica's last INFO. `link_up` is its link to the master."""

    seen: Seen
    link_up: bool | None = None
    link_down_for: Millis | None = None
    master: Place | None = None
    priority: int | None = None
    offset: int | None = None
    announced: bool = True
    info_age: Millis | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Another sentinel, as this one knows it."""

    seen: Seen
    last_hello: Millis | None = None
    voted_leader: str = ""
    voted_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Lag:
    """A `slaveN` line of the master's INFO. `behind` in bytes at that moment; `acknowledged` seconds ago."""

    offset: int
    behind: int
    acknowledged: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Replication:
    """The replication section of the master's INFO that the sentinel keeps; `age` says how old that is."""

    age: Millis
    offset: int | None
    lags: dict[Place, Lag] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Master:
    """One monitored master with all that belongs to it. `current` is where clients are sent."""

    seen: Seen
    current: Place | None = None
    quorum: int | None = None
    config_epoch: int | None = None
    failover_timeout: Millis | None = None
    failover_state: str = ""
    role_reported: str = ""
    role_reported_for: Millis | None = None
    info_age: Millis | None = None
    replicas: tuple[Replica, ...] = ()
    peers: tuple[Peer, ...] = ()
    check: Quorum | None = None
    replication: Replication | None = None

    @property
    def name(self) -> str:
        return self.seen.name


@dataclass(frozen=True, slots=True)
class Own:
    """What a Quorate sentinel adds to INFO (`quorate_` fields, without that prefix). Empty for others."""

    fields: dict[str, str] = field(default_factory=dict)

    @property
    def save_error(self) -> str:
        """Why the sentinel cannot save its configuration; "" while it can."""
        return self.fields.get("save_error", "")

    @property
    def refused_epochs(self) -> int:
        """How many absurdly high epochs it has refused."""
        text = self.fields.get("refused_epochs", "")
        return int(text) if text.isdecimal() else 0

    @property
    def current_epoch(self) -> int | None:
        """Its current epoch, which the classic protocol does not show."""
        text = self.fields.get("current_epoch", "")
        return int(text) if text.isdecimal() else None

    @property
    def beyond_epoch(self) -> str:
        """Peers that took an epoch which this sentinel refuses, so that the quorum cannot agree."""
        return self.fields.get("peers_beyond_epoch", "")


@dataclass(frozen=True, slots=True)
class SentinelPicture:
    """Everything that one sentinel says."""

    place: Place
    myid: str = ""
    version: str = ""
    uptime: Millis | None = None
    tilt: bool = False
    own: Own = Own()
    masters: tuple[Master, ...] = ()

    def master(self, name: str) -> Master | None:
        """The master monitored under `name`."""
        return next((m for m in self.masters if m.name == name), None)


class Verdict(Enum):
    """What would become of a replica in a failover now. The words are those of SENTINEL CANDIDATES."""

    CHOSEN = "chosen"
    FIT = "fit"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Contender:
    """One replica in the eyes of a sentinel. `behind` in bytes, None where it cannot be told; `reason` "" if chosen."""

    place: Place
    verdict: Verdict
    reason: str = ""
    offset: int | None = None
    behind: int | None = None
    priority: int | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Would a failover succeed now, and to whom: the chosen one first. `guessed`: not told by the sentinel itself.

    `wait`: this sentinel starts none for so many ms; others may. `max_lag` in bytes, 0 for no limit.
    """

    usable: int | None
    voters: int
    quorum: int | None
    contenders: tuple[Contender, ...] = ()
    running: bool = False
    wait: Millis = 0
    max_lag: int = 0
    directives: tuple[str, ...] = ()
    """What is in force of those that only we know, as an operator would write it."""
    refused: str = ""
    """In which words the master does not let that sentinel in, which starts none for that reason."""
    guessed: bool = False

    @property
    def chosen(self) -> Place | None:
        """Who would be promoted; None if nobody suits."""
        return next((one.place for one in self.contenders if one.verdict is Verdict.CHOSEN), None)

    @property
    def majority(self) -> int:
        """The votes that elect a leader."""
        return self.voters // 2 + 1

    @property
    def agreed(self) -> bool:
        """Enough sentinels can be reached to call the master down."""
        return self.usable is not None and self.quorum is not None and self.usable >= self.quorum

    @property
    def elected(self) -> bool:
        """Enough sentinels can be reached to elect a leader."""
        return self.usable is not None and self.usable >= self.majority

    @property
    def succeeds(self) -> bool:
        """A failover that began now would promote somebody."""
        return self.agreed and self.elected and self.chosen is not None and not self.running and not self.refused


@dataclass(frozen=True, slots=True)
class Survey:
    """What several sentinels say. `asked` is the one whose view is shown, None when none could be read.

    `others` are its peers and the rest of the sentinels asked for; `failed` those asked for that could not be read.
    `outlooks` by sentinel and master; empty unless somebody wants to know.
    """

    asked: SentinelPicture | None
    others: tuple[SentinelPicture, ...] = ()
    failed: tuple[Unreadable, ...] = ()
    unread_peers: tuple[Unreadable, ...] = ()
    outlooks: dict[Place, dict[str, Outlook]] = field(default_factory=dict)
