"""Snapshots of the state for queries, metrics and probes. Taking one changes nothing."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from quorate.model.identity import Epoch, MasterName
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.settings import GlobalSettings, MasterSettings, Tuning


@dataclass(frozen=True, slots=True)
class LinkView:
    """The link of an instance. Ages in milliseconds."""

    pending: int
    refcount: int
    last_ping_sent: Millis
    last_ok_ping_reply: Millis
    last_ping_reply: Millis


@dataclass(frozen=True, slots=True)
class InstanceView:
    """What the three kinds of instance share. `flags` are the words of the wire in its order.

    `host`/`ip`: `ip` is what replies show (the announce form). `sdown_for`/`odown_for` None when up.
    `trouble` names in words what is wrong when the far end answers but refuses us, else "".
    """

    name: str
    ip: str
    port: int
    run_id: str
    flags: tuple[str, ...]
    link: LinkView
    sdown_for: Millis | None
    odown_for: Millis | None
    down_after: Millis
    trouble: str


@dataclass(frozen=True, slots=True)
class RoleView:
    """What a data server reported: age of its last INFO (0: never), its role and since when (ms ago).

    `histories` are the replication ids of its data, the present one first; `offset` is a master's, else 0.
    """

    info_age: Millis
    reported: Role
    reported_for: Millis
    histories: tuple[str, ...] = ()
    offset: int = 0


@dataclass(frozen=True, slots=True)
class MasterView:
    """One monitored master. `failover_state` is the state's word while a failover runs, else None."""

    instance: InstanceView
    role: RoleView
    settings: MasterSettings
    config_epoch: Epoch
    leader_epoch: Epoch
    replicas: int
    peers: int
    failover_state: str | None
    gone_at: tuple[str, int] | None = None
    """The number and port at which we have seen that its process is gone."""
    denies_us: bool = False
    """It answers that we are not let in, so it is not counted as down by us."""
    crashed: bool = False
    """Enough sentinels and its replicas have seen that its process is gone."""


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """One replica. `master_host` "?" while unknown."""

    instance: InstanceView
    role: RoleView
    master_link_down_for: Millis
    master_link_up: bool
    master_host: str
    master_port: int
    priority: int
    offset: int
    announced: bool


@dataclass(frozen=True, slots=True)
class PeerView:
    """Another sentinel under one master. `voted_leader` "?" when none.

    `config_sure`: so long ago we asked it for its configuration, and it has answered; None if it never did.
    """

    instance: InstanceView
    last_hello: Millis
    voted_leader: str
    voted_epoch: Epoch
    config_sure: Millis | None = None


@dataclass(frozen=True, slots=True)
class QuorumCheck:
    """SENTINEL CKQUORUM as numbers: usable sentinels (ourselves included, unless our saves fail) and all voters."""

    usable: int
    voters: int
    quorum: int

    @property
    def majority(self) -> int:
        """More than half of all voters."""
        return self.voters // 2 + 1

    @property
    def agrees(self) -> bool:
        """Enough usable sentinels to declare the master objectively down."""
        return self.usable >= self.quorum

    @property
    def authorizes(self) -> bool:
        """Enough usable sentinels to elect a leader."""
        return self.usable >= self.majority


class Verdict(Enum):
    """What would become of a replica in a failover now."""

    CHOSEN = "chosen"
    FIT = "fit"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One replica in the eyes of a leader. `behind` in bytes, None where its data cannot be compared.

    `tag` "" for none; `reason` says why it is refused or comes after the chosen one, "" for that one.
    """

    name: str
    ip: str
    port: int
    priority: int
    offset: int
    behind: int | None
    tag: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class OutlookView:
    """Whether a failover would succeed now, and to whom: the chosen candidate comes first, the refused last.

    `running`: one is under way. `wait`: we start none for so many ms (others may). `max_lag` in bytes, 0 for no limit.
    `settings` has the directives of evidence. `trouble` says why the master does not let us in: we begin none then.
    """

    check: QuorumCheck
    candidates: tuple[CandidateView, ...]
    running: bool
    wait: Millis
    max_lag: int
    settings: MasterSettings
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class CachedInfo:
    """An INFO-CACHE entry: age in ms (0 if never), and the text or None."""

    age: Millis
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Health:
    """What is wrong with this sentinel itself. `save_error` is "" when saves work.

    `refused_epochs` counts absurd epochs; `peers_beyond_epoch` are the run ids of peers that hold one.
    """

    save_error: str
    refused_epochs: int
    last_refused_epoch: str
    peers_beyond_epoch: tuple[str, ...]


class SentinelView(Protocol):
    """A lazy, read-only look at one sentinel at one moment."""

    @property
    def settings(self) -> GlobalSettings: ...
    @property
    def tuning(self) -> Tuning: ...
    @property
    def current_epoch(self) -> Epoch: ...
    @property
    def tilt_for(self) -> Millis | None: ...
    @property
    def simulated(self) -> tuple[bool, bool]: ...
    @property
    def health(self) -> Health: ...
    def names(self) -> tuple[MasterName, ...]:
        """All masters, in the order in which they were added."""
        ...

    def master(self, name: MasterName) -> MasterView | None: ...
    def replicas(self, name: MasterName) -> tuple[ReplicaView, ...]: ...
    def peers(self, name: MasterName) -> tuple[PeerView, ...]: ...
    def current_address(self, name: MasterName) -> tuple[str, int] | None:
        """Where clients should go: (host in announce form, port); it flips when the replica is promoted."""
        ...

    def quorum_check(self, name: MasterName) -> QuorumCheck | None: ...
    def outlook(self, name: MasterName) -> OutlookView | None: ...
    def info_cache(self, name: MasterName) -> tuple[CachedInfo, ...]:
        """The master's entry, then each replica's; empty for an unknown name."""
        ...

    def master_settings(self, name: MasterName) -> MasterSettings | None: ...
    def known_peer_addresses(self) -> frozenset[str]:
        """Numeric hosts of all known peers: the listener keeps places for them."""
        ...
