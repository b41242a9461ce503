"""All that a C sentinel knows. One struct for masters, replicas and sentinels, told apart by flags, as in C."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from quorate.core.outcome import Disconnect, Effect, Send, Tell
from quorate.core.requests import ConnId, InstanceId, Request
from quorate.model.address import Address, numeric
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.model.settings import GlobalSettings, MasterSettings
from quorate.sim.randomness import Dice

PING_PERIOD: Millis = 1_000
INFO_PERIOD: Millis = 10_000
FAST_INFO_PERIOD: Millis = 1_000
ASK_PERIOD: Millis = 1_000
PUBLISH_PERIOD: Millis = 2_000
TILT_TRIGGER: Millis = 2_000
TILT_PERIOD: Millis = 30_000
RECONF_TIMEOUT: Millis = 10_000
MIN_LINK_AGE: Millis = 15_000
ELECTION_TIMEOUT: Millis = 10_000
MAX_DESYNC: Millis = 1_000


class Kind(Enum):
    """What an instance is; the words are those of events."""

    MASTER = "master"
    SLAVE = "slave"
    SENTINEL = "sentinel"


class Step(IntEnum):
    """States of a failover; their order counts."""

    NONE = 0
    WAIT_START = 1
    SELECT_SLAVE = 2
    SEND_SLAVEOF_NOONE = 3
    WAIT_PROMOTION = 4
    RECONF_SLAVES = 5
    UPDATE_CONFIG = 6


@dataclass(slots=True, eq=False)
class Link:
    """A pair of connections; sentinels of one run id share it."""

    created: Millis
    owners: int = 1
    disconnected: bool = True
    cc: ConnId | None = None
    pc: ConnId | None = None
    cc_time: Millis = 0
    pc_time: Millis = 0
    pc_activity: Millis = 0
    last_reconnect: Millis = 0
    act_ping: Millis = 0
    last_ping: Millis = 0
    last_avail: Millis = 0
    last_pong: Millis = 0
    pending: int = 0

    def begin(self, now: Millis) -> None:
        """Ping times of a new or reset link."""
        self.act_ping = self.last_avail = self.last_pong = now
        self.last_ping = 0


@dataclass(slots=True, eq=False)
class Instance:
    """A master, replica or sentinel. `master` is whom it belongs to: for a master itself."""

    kind: Kind
    id: InstanceId
    name: str
    address: Address
    link: Link
    settings: MasterSettings
    run_id: str = ""
    flags: set[str] = field(default_factory=set)
    s_down_since: Millis = 0
    o_down_since: Millis = 0
    last_pub: Millis = 0
    last_hello: Millis = 0
    last_down_reply: Millis = 0
    info_refresh: Millis = 0
    role: Role = Role.MASTER
    role_time: Millis = 0
    # Of replicas.
    conf_change: Millis = 0
    reconf_sent: Millis = 0
    link_down_time: Millis = 0
    master_host: str = ""
    master_port: int = 0
    master_link_up: bool = False
    priority: int = 100
    offset: int = 0
    announced: bool = True
    # Of masters: the vote given. Of sentinels: the vote they told.
    leader: RunId | None = None
    leader_epoch: Epoch = Epoch(0)
    # Of masters.
    slaves: "dict[str, Instance]" = field(default_factory=dict)
    sentinels: "dict[str, Instance]" = field(default_factory=dict)
    config_epoch: Epoch = Epoch(0)
    step: Step = Step.NONE
    step_time: Millis = 0
    failover_epoch: Epoch = Epoch(0)
    failover_start: Millis = 0
    promoted: "Instance | None" = None
    reboot_since: Millis = 0

    def is_down(self) -> bool:
        """Subjectively or objectively down."""
        return "s_down" in self.flags or "o_down" in self.flags

    def quiet_for(self, now: Millis, span: Millis) -> bool:
        """No SDOWN or ODOWN has begun within that time."""
        last = max(self.s_down_since, self.o_down_since)
        return last == 0 or now - last > span

    def current(self) -> Address:
        """Where clients should go (spec 6.9)."""
        if self.promoted is not None and self.step >= Step.RECONF_SLAVES:
            return self.promoted.address
        return self.address


@dataclass(slots=True, eq=False)
class Books:
    """One C sentinel: what it knows, what it wants done in this turn of its event loop, and its surroundings.

    `lookup` stands for a blocking getaddrinfo: a number or None.
    """

    settings: GlobalSettings
    own_ip: str
    dice: Dice
    lookup: Callable[[str], str | None]
    now: Millis = 0
    current_epoch: Epoch = Epoch(0)
    masters: dict[MasterName, Instance] = field(default_factory=dict)
    removed: list[MasterName] = field(default_factory=list)
    """Masters whose lines the next save takes out of the file."""
    instances: dict[InstanceId, tuple[Instance, Instance]] = field(default_factory=dict)
    """Every instance with the master that it belongs to."""
    links: dict[ConnId, Link] = field(default_factory=dict)
    tilt_since: Millis = 0
    previous_tick: Millis = 0
    serial: int = 0
    out: list[Effect] = field(default_factory=list)
    unsaved: bool = False
    """The configuration was flushed in this turn: what follows waits for the disk, as a blocking fsync makes it."""
    crash_after_election: bool = False
    crash_after_promotion: bool = False
    crashed: bool = False

    def next_id(self) -> int:
        """A number never given before."""
        self.serial += 1
        return self.serial

    def desync(self) -> Millis:
        """The random part of failover_start_time."""
        return self.dice.between(0, MAX_DESYNC - 1)

    def address(self, host: str, port: int) -> Address | None:
        """A text as an address; None if it is a name and names are not resolved."""
        number = numeric(host)
        if number is not None:
            return Address(host, number, port)
        if not self.settings.resolve_hostnames:
            return None
        return Address(host, self.lookup(host) or "", port)

    def shown(self, address: Address) -> str:
        """The announce form of a host."""
        return address.shown(self.settings.announce_hostnames)

    def denotes(self, address: Address, host: str) -> bool:
        """Whether a host text means this address: resolve and compare, else compare the texts (spec 8)."""
        number = numeric(host) or (self.lookup(host) if self.settings.resolve_hostnames else None)
        if number:
            return number == address.ip
        return host.lower() == (address.host if self.settings.resolve_hostnames else address.ip).lower()

    # --- what it does -----------------------------------------------------------------------------------------------

    def send(self, instance: Instance, request: Request) -> None:
        """Put a command on the command link, if there is one."""
        if instance.link.cc is not None:
            instance.link.pending += 1
            self.out.append(Send(instance.link.cc, request))

    def tell(self, event: Event, text: str, master: Instance | None) -> None:
        """Publish an event."""
        self.out.append(Tell(Notice(event, text, MasterName(master.name) if master is not None else None)))

    def about(self, event: Event, master: Instance, instance: Instance, more: str = "") -> None:
        """Publish an event that begins with an instance's identifier."""
        text = f"{instance.kind.value} {instance.name} {self.shown(instance.address)} {instance.address.port}"
        if instance is not master:
            text += f" @ {master.name} {self.shown(master.address)} {master.address.port}"
        self.tell(event, text + more, master)

    def flush(self) -> None:
        """Write the configuration now; whether that works changes nothing (spec 6.5, 10.12)."""
        self.unsaved = True

    def new_epoch(self, epoch: Epoch, master: Instance) -> None:
        """Adopt a higher epoch, which is global."""
        self.current_epoch = epoch
        self.tell(Event.NEW_EPOCH, str(epoch), master)

    # --- links ------------------------------------------------------------------------------------------------------

    def new_link(self) -> Link:
        """A link that is not connected yet."""
        link = Link(self.now)
        link.begin(self.now)
        return link

    def close_cc(self, link: Link) -> None:
        """Hang up the command connection."""
        if link.cc is not None:
            self.out.append(Disconnect(link.cc))
            self.links.pop(link.cc, None)
            link.cc = None
        link.disconnected = True

    def close_pc(self, link: Link) -> None:
        """Hang up the Pub/Sub connection."""
        if link.pc is not None:
            self.out.append(Disconnect(link.pc))
            self.links.pop(link.pc, None)
            link.pc = None
        link.disconnected = True

    def forget(self, instance: Instance) -> None:
        """Free an instance that was taken out of its table."""
        self.instances.pop(instance.id, None)
        instance.link.owners -= 1
        if instance.link.owners == 0:
            self.close_cc(instance.link)
            self.close_pc(instance.link)

    # --- instances --------------------------------------------------------------------------------------------------

    def new_instance(self, kind: Kind, name: str, address: Address, settings: MasterSettings) -> Instance:
        """An instance that nobody has heard of yet."""
        instance = Instance(kind, InstanceId(self.next_id()), name, address, self.new_link(), settings)
        instance.last_pub = instance.last_down_reply = instance.role_time = instance.last_hello = self.now
        instance.role = Role.MASTER if kind is Kind.MASTER else Role.SLAVE
        return instance

    def add_slave(self, master: Instance, address: Address) -> Instance | None:
        """A replica under its address; None if there is one already."""
        name = address.joined(self.settings.announce_hostnames)
        if any(slave.address.same_as(address) for slave in master.slaves.values()):
            return None
        slave = self.new_instance(Kind.SLAVE, name, address, master.settings)
        slave.conf_change = self.now
        master.slaves[name] = slave
        self.instances[slave.id] = (master, slave)
        return slave

    def add_sentinel(self, master: Instance, run_id: RunId, address: Address) -> Instance:
        """Another sentinel; it shares the link of its entry under another master (spec 5.5)."""
        entry = self.new_instance(Kind.SENTINEL, run_id, address, master.settings)
        entry.run_id = run_id
        master.sentinels[run_id] = entry
        self.instances[entry.id] = (master, entry)
        for other in self.masters.values():
            twin = other.sentinels.get(run_id)
            if other is not master and twin is not None:
                entry.link = twin.link
                entry.link.owners += 1
                break
        return entry
