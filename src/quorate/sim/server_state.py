"""What a simulated Redis server is, and what it says of itself."""

from dataclasses import dataclass, field

from quorate.core.inputs import Pong
from quorate.model.identity import RunId
from quorate.model.info import InfoReport, Role, SlaveSection
from quorate.model.millis import Millis
from quorate.sim.follower import Follower
from quorate.sim.history import History
from quorate.sim.network import End, Network, Node
from quorate.sim.randomness import Dice

PORT = 6379


@dataclass(eq=False)
class ServerState:
    """The state of one server process, from its node to its data."""

    node: Node
    network: Network
    dice: Dice
    password: str = ""
    masterauth: str = ""
    min_replicas: int = 0
    load_time: Millis = 0
    run_id: RunId = RunId("")
    up: bool = False
    master_ip: str | None = None
    priority: int = 100
    log: list[int] = field(default_factory=list)
    replid: str = ""
    replid2: str = ""
    offset2: int = -1
    loading_until: Millis = 0
    busy: bool = False
    misconf: bool = False
    link_up: bool = False
    link_down_since: Millis = 0
    life: int = 0
    conf_master: str | None = None
    saved_log: list[int] = field(default_factory=list)
    foreign: bool = False
    history: History = field(default_factory=History)
    followers: dict[End, Follower] = field(default_factory=dict)
    subscribers: dict[End, None] = field(default_factory=dict)
    clients: dict[End, None] = field(default_factory=dict)
    trusted: dict[End, None] = field(default_factory=dict)
    upstream: End | None = None
    heard_master: Millis = 0
    _info: InfoReport | None = None

    @property
    def now(self) -> Millis:
        """Virtual time."""
        return self.network.schedule.now

    @property
    def is_master(self) -> bool:
        """Whether it takes writes by its role."""
        return self.master_ip is None

    def _pong(self) -> tuple[Pong, str]:
        if self.now < self.loading_until:
            return Pong.LOADING, "LOADING"
        if self.busy:
            return Pong.BUSY, "BUSY"
        if self.misconf:
            return Pong.OTHER, "MISCONF"
        return Pong.PONG, "PONG"

    def _changed(self) -> None:
        self._info = None

    def info(self) -> InfoReport:
        """What INFO says; the same object until something in it changes."""
        down_for = 0 if self.is_master or self.link_up else (self.now - self.link_down_since) // 1000 * 1000
        last_io = (self.now - self.heard_master) // 1000 if self.link_up and not self.is_master else -1
        told = self._info
        changes = (down_for, len(self.log), None if self.is_master else last_io)
        if told is None or (told.link_down_for, told.slave.offset, told.slave.last_io) != changes:
            ids = tuple(replid for replid in (self.replid, self.replid2) if replid)
            if self.is_master:
                replicas = tuple((f.ip, PORT) for f in self.followers.values() if f.online)
                section = SlaveSection(offset=len(self.log))
                self._info = InfoReport(b"", self.run_id, Role.MASTER, replicas, 0, section, len(self.log), ids)
            else:
                section = SlaveSection(self.master_ip, PORT, self.link_up, self.priority, len(self.log), True, last_io)
                self._info = InfoReport(b"", self.run_id, Role.SLAVE, (), down_for, section, 0, ids)
        assert self._info is not None
        return self._info

    def offset_told(self, wanted: Role | None) -> int | None:
        """How far the data go, as INFO tells it; None if the role is not the one that is wanted."""
        role = Role.MASTER if self.is_master else Role.SLAVE
        return len(self.log) if wanted in (None, role) else None
