"""All that a sentinel knows: masters with their replicas and peers, and what is going on with each.

Master, Replica and Peer are three classes over one base. Nothing here decides; the rules do, in files of their own.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from quorate.core.calendar import Calendar
from quorate.core.chance import Chance
from quorate.core.confirming import Heard
from quorate.core.diary import Diary
from quorate.core.inputs import MonitorRequested
from quorate.core.link import Link
from quorate.core.move import Move, Rehearsal
from quorate.core.requests import ConnId, InstanceId
from quorate.model.address import Address, numeric
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import InfoReport, Role
from quorate.model.millis import Millis
from quorate.model.settings import GlobalSettings, MasterSettings, Tuning

DEFAULT_PRIORITY = 100


class FailoverState(Enum):
    """Where a failover stands; the words are those of `failover-state` on the wire."""

    WAIT_START = "wait_start"
    SELECT_SLAVE = "select_slave"
    SEND_SLAVEOF_NOONE = "send_slaveof_noone"
    WAIT_PROMOTION = "wait_promotion"
    RECONF_SLAVES = "reconf_slaves"
    UPDATE_CONFIG = "update_config"


class Reconf(Enum):
    """How far the re-pointing of a replica has come; the words are its flags on the wire."""

    NONE = ""
    SENT = "reconf_sent"
    INPROG = "reconf_inprog"
    DONE = "reconf_done"


@dataclass(slots=True, eq=False)
class Watched:
    """What a master, a replica and a peer share. `since` fields are points in time, 0 for never."""

    kind: ClassVar[str] = ""

    id: InstanceId
    name: str
    address: Address
    link: Link
    run_id: RunId | None = None
    sdown: bool = False
    sdown_since: Millis = 0
    """Beginning of the last SDOWN; kept when it ends, because some rules ask for a quiet time since."""
    hello_slot: int = -1


@dataclass(slots=True, eq=False)
class DataServer(Watched):
    """A master or a replica: a server that we ask for INFO and may re-point."""

    info: InfoReport | None = None
    info_at: Millis = 0
    info_slot: int = -1
    role: Role = Role.MASTER
    role_since: Millis = 0
    ours: RunId | None = None
    """The process there that was last known to belong to the master, or to be it; None where none was yet."""
    stranger: RunId | None = None
    """The process there that is known to belong to another cluster (see `foreign`)."""
    script_kill_sent: bool = False


@dataclass(slots=True, eq=False)
class Replica(DataServer):
    """A replica as the master's INFO and its own describe it."""

    kind: ClassVar[str] = "slave"

    link_down_for: Millis = 0
    link_up: bool = False
    master_host: str = ""
    master_port: int = 0
    conf_changed: Millis = 0
    """When it last began to follow somebody else, or to be a replica."""
    priority: int = DEFAULT_PRIORITY
    offset: int = 0
    announced: bool = True
    reconf: Reconf = Reconf.NONE
    reconf_sent: Millis = 0
    met: Millis = 0
    """When it first answered INFO, or first after a restart."""
    returned: bool = False
    """It had been down, or was restarted, when it did so."""
    heard: Heard | None = None
    """What it said last of its master."""
    alive: Millis = 0
    """The last moment at which its master certainly lived, by what it said; 0 for never."""
    mended: Millis = 0
    """When it was last told to follow its master, outside a failover."""

    @property
    def foreign(self) -> bool:
        """Whether the process that is there now is known to belong to another cluster."""
        return self.stranger is not None and self.run_id == self.stranger

    @property
    def cut_off(self) -> bool:
        """Whether it has no link to its master, as far as it says. The seconds that it tells are 0 in the first one."""
        return self.link_down_for != 0 or (self.info is not None and self.info.slave.link_up is False)


@dataclass(slots=True, eq=False)
class Peer(Watched):
    """Another sentinel, as one master's watch knows it."""

    kind: ClassVar[str] = "sentinel"

    says_down: bool = False
    answered: Millis = 0
    """When it was asked for what it replied last about the master."""
    asked: Millis = 0
    """The question under way was sent then; 0 when none is."""
    ask_again: Millis = 0
    leader: RunId | None = None
    leader_epoch: Epoch = Epoch(0)
    refused: Epoch = Epoch(0)
    """The last epoch in which it has shown that it votes for nobody; C Sentinels alone show that."""
    last_hello: Millis = 0
    config_epoch: Epoch = Epoch(0)
    """The config epoch that it told last, even if we could not take over what it told."""
    config_asked: Millis = 0
    """The question for its configuration that is under way was sent then; 0 when none is."""
    config_sure: Millis = 0
    """Its configuration was no newer than `config_epoch` at some moment since this one."""
    told_epoch: Epoch = Epoch(0)
    """The current epoch that it told when asked for its configuration."""
    told_vote: Epoch | None = None
    """The epoch of its last vote that it told then; None from a C Sentinel."""
    vote_since: Millis = 0
    """Since when it tells that one: it was cast before."""
    hello: Hello | None = None
    """The last hello that was taken in whole; an equal one brings nothing new."""
    gone: bool = False
    """It said that the master's process is gone for it, too."""
    gone_told: Millis = 0
    """When it was asked for what it said last of that."""
    gone_asked: Millis = 0
    """The question under way was sent then; 0 when none is."""
    gone_again: Millis = 0
    stood: Millis = 0
    """When it last asked us for our vote for itself."""
    asked_elsewhere: bool = False
    """The question under way names the master by the address that this peer told, which is not ours."""


@dataclass(slots=True, eq=False)
class Failover:
    """A failover that we conduct or stand for."""

    epoch: Epoch
    started: Millis
    entered: Millis
    forced: bool
    settles: bool = False
    """It is no failover: it decides between two configurations of one epoch."""
    state: FailoverState = FailoverState.WAIT_START
    promoted: Replica | None = None
    process: RunId | None = None
    """The run id under which that replica was chosen; None while nobody is, or it told none."""
    owed: Millis = 0
    """Until then the master was to be left to the winner of an earlier election; an operator need not wait for that."""
    needs: int = 0
    """Revision of our vote and epoch: nobody is promoted before it is durable."""
    replaced_epoch: Epoch = Epoch(0)
    """The config epoch before the promotion: it is told until the new one is durable."""
    alone: bool = False
    """An operator's failover that went on without a majority."""
    seek_votes_until: Millis = 0
    """A forced failover asks for votes until then, and goes on without them."""
    again_at: Millis = 0
    """Its votes were split: it asks for those of another epoch then; 0 when they were not."""
    sent: ConnId | None = None
    """The connection on which REPLICAOF NO ONE went out."""
    proof: int = 0
    """From so many answers to INFO on the promoted replica's link on, they speak of the time after that order."""
    told: bool = False
    """The promotion is durable, and everybody has been told."""
    move: Move | None = None
    """What a planned failover does with the old master before anybody is promoted."""
    only: "Replica | None" = None
    """The one replica that may be promoted: an operator named it, or a leader that died had promoted it."""
    adopts: bool = False
    """That replica was master already when we chose it."""
    restored: Millis = 0
    """Nobody was fit, and the old master was told then to be one again; 0 when it was not."""
    crash: bool = False
    """It began because the master's process is gone, before down-after had passed."""
    crashed_run: RunId | None = None
    """The run id of that process."""
    diary: Diary = field(default_factory=Diary)
    """For the record that is kept of it."""


@dataclass(slots=True, eq=False)
class Master(DataServer):
    """A monitored master and everything that belongs to it."""

    kind: ClassVar[str] = "master"

    settings: MasterSettings = field(default_factory=lambda: MasterSettings(quorum=1))
    replicas: list[Replica] = field(default_factory=list)
    peers: dict[RunId, Peer] = field(default_factory=dict)
    odown: bool = False
    odown_since: Millis = 0
    config_epoch: Epoch = Epoch(0)
    leader: RunId | None = None
    leader_epoch: Epoch = Epoch(0)
    voted_at: Millis = 0
    """When that vote was cast; after a restart, no later than this."""
    watched_from: Epoch = Epoch(0)
    """The current epoch when an operator had us watch it: earlier votes for a master of this name may be forgotten."""
    durable_vote: tuple[RunId | None, Epoch] = (None, Epoch(0))
    """The vote that a crash would not take back."""
    failover: Failover | None = None
    no_start_before: Millis = 0
    delay_told: bool = False
    lost_elections: int = 0
    stand_at: Millis = 0
    """Our turn to stand as a candidate, drawn when the master became objectively down; 0 when not drawn."""
    rehearsal: Rehearsal | None = None
    """A planned move that was asked for and is not begun: servers are asked whether they would obey."""
    watched_until: Millis = 0
    """Somebody moves this master, though it is up: until then we look often whether that was brought to its end."""
    finish_after: Millis = 0
    """An election to end somebody's move is under way, or just over: none of ours for that before then."""
    settle_at: Millis = 0
    """Our turn to settle two configurations of one epoch; 0 while there is but one."""
    conflict_at: Millis = 0
    """When we last began to see two; 0 for never."""
    conflicts: int = 0
    """How often that has come again in a short time, up to a limit."""
    rebooted: Millis = 0
    """The restart that `master-reboot-down-after-period` counts from; 0 when none."""
    ask_fast_until: Millis = 0
    crashed: Millis = 0
    """Its process has been known to be gone since then (see `crash`); 0 while that is not known."""
    confirm_asked: Millis = 0
    """Replicas were asked then what they hear of it, in the middle of its silence."""
    confirm_told: Millis = 0
    """The log was told then that a failover waits for what replicas hear; 0 since it was told the end of that."""
    alone: bool = False
    """Its present address comes from our failover without a majority, so nobody need be heard to stand by it."""

    @property
    def promoted(self) -> Replica | None:
        """The replica chosen by the failover under way."""
        return self.failover.promoted if self.failover else None

    @property
    def current(self) -> Watched:
        """Where clients should go: the promoted replica from its promotion on, else the master (spec 6.9)."""
        failover = self.failover
        if failover and failover.promoted and failover.state in AFTER_PROMOTION:
            return failover.promoted
        return self

    @property
    def paused(self) -> bool:
        """Whether its writes are held, as far as we know: then PUBLISH would block, and every PING behind it."""
        return self.failover is not None and self.failover.move is not None and self.failover.move.paused

    def instances(self) -> list[Watched]:
        """The master, its replicas and its peers."""
        return [self, *self.replicas, *self.peers.values()]

    def voters(self) -> int:
        """Everybody who has a vote: all known peers, dead ones too, and ourselves."""
        return len(self.peers) + 1


AFTER_PROMOTION = frozenset({FailoverState.RECONF_SLAVES, FailoverState.UPDATE_CONFIG})


@dataclass(slots=True, eq=False)
class State:
    """One sentinel."""

    settings: GlobalSettings
    tuning: Tuning
    calendar: Calendar
    chance: Chance
    current_epoch: Epoch = Epoch(0)
    masters: dict[MasterName, Master] = field(default_factory=dict)
    instances: dict[InstanceId, tuple[Master, Watched]] = field(default_factory=dict)
    links: dict[ConnId, Link] = field(default_factory=dict)
    peer_links: dict[RunId, Link] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Host names (lower-case) and the numbers that they last stood for."""
    found: dict[Address, "Master"] = field(default_factory=dict)
    """Masters by the addresses at which others asked for them (see `roster.master_at`)."""
    awaited_names: set[str] = field(default_factory=set)
    waiting_monitors: list[MonitorRequested] = field(default_factory=list)
    serial: int = 0
    revision: int = 0
    durable: int = 0
    save_error: str = ""
    opening_until: Millis = 0
    """When all links that were given a moment for their first attempt will have been opened."""
    fallen: deque[Millis] = field(default_factory=deque)
    """When masters went down for us of late (see `fallen`)."""
    votes_under_way: list[tuple[int, "Master", RunId, Epoch]] = field(default_factory=list)
    """Votes that wait for a revision to become durable."""
    tilt_since: Millis = 0
    """Beginning of TILT; 0 when not in it."""
    tilt_unheard: set[Link] = field(default_factory=set)
    """Links that have not answered since TILT began; when all have, it ends early."""
    expected: Millis = 0
    late_at: Millis = 0
    """When we were last late: what we heard before may be old."""
    raised_at: Millis = 0
    """When the current epoch was last raised, or we started."""
    crash_after_election: bool = False
    crash_after_promotion: bool = False
    refused_epochs: int = 0
    last_refused: str = ""
    refusal_told: Millis = 0
    beyond: dict[RunId, Epoch] = field(default_factory=dict)
    """Peers that hold an epoch which we refuse."""
    stopping: bool = False
    crashed: bool = False
    """A simulated crash waits only for its save to end; nothing is decided any more."""

    def placed(self, host: str, port: int) -> Address:
        """What a host text stands for as far as we know; nobody is asked, so `ip` may be ""."""
        return Address(host, numeric(host) or self.names.get(host.lower(), ""), port)

    def is_durable(self, revision: int) -> bool:
        """Whether a revision is on disk."""
        return self.durable >= revision

    def next_id(self) -> int:
        """A number never given before: for instances and connections."""
        self.serial += 1
        return self.serial
