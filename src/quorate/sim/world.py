"""A whole world from a seed: its size and manners, its servers, sentinels, clients and network."""

from dataclasses import dataclass, field, replace

from quorate.core.inputs import Input
from quorate.core.outcome import Result
from quorate.core.requests import AskDown, HandOver, PublishHello, Reconfigure, Request, StepAside, StopHandOver
from quorate.model.candidates import Tag
from quorate.model.evidence import Detection
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Notice, Remark
from quorate.model.saved import SavedState
from quorate.sim.classic import ClassicSentinel
from quorate.sim.disk import Disk
from quorate.sim.faults import Planned
from quorate.sim.host import PORT as SENTINEL_PORT
from quorate.sim.host import SentinelHost
from quorate.sim.network import Network, Node, Weather
from quorate.sim.randomness import Dice
from quorate.sim.schedule import Schedule
from quorate.sim.server import RedisServer
from quorate.sim.server_state import PORT as SERVER_PORT
from quorate.sim.troubles import Troubles
from quorate.sim.workload import Client, Ledger


@dataclass(frozen=True, slots=True)
class Options:
    """What a seed draws before anything happens. Times in ms."""

    seed: str
    sentinels: int
    masters: int
    replicas: int
    quorum: int
    down_after: Millis
    failover_timeout: Millis
    parallel_syncs: int
    min_replicas: int
    latency: Millis
    jitter: Millis
    loss: float
    classic: int = 0
    """How many of the sentinels follow the rules of C Sentinel."""
    hostnames: bool = False
    """Whether sentinels know the masters by name in the beginning."""
    password: str = ""
    """The password of all servers, which sentinels and clients know."""
    max_lag: int = 0
    """candidate-max-lag of all masters, in writes; 0 is no limit."""
    nofailover: int | None = None
    prefer: int | None = None
    """Which server of each group has that tag: 0 is the first master."""
    crash_detection: Detection = Detection.NO
    confirm_by_replicas: bool = False
    confirm_timeout: Millis = 0


_TOLD = frozenset({Reconfigure, StepAside, HandOver, StopHandOver, AskDown, PublishHello})
"""The requests that observers are told of; the periodic chatter is nobody's business."""

CROWD = "100-masters"
"""The seed of the one world with a hundred masters."""


def draw(seed: str) -> Options:
    """The options of a seed."""
    if seed == CROWD:
        return Options(seed, 3, 100, 1, 2, 2_000, 10_000, 1, 0, 1, 0, 0.0)
    dice = Dice(seed).split("options")
    # Small worlds are common: more of them fit into an hour, and most interleavings need no more.
    sentinels = dice.choice((3, 3, 3, 3, 4, 5, 5, 6, 7))
    options = Options(
        seed=seed,
        sentinels=sentinels,
        masters=dice.choice((1, 1, 1, 2, 3) if sentinels < 5 else (1, 1, 1, 2)),
        replicas=dice.choice((1, 2, 2, 2, 3, 4)),
        quorum=dice.choice((sentinels // 2 + 1, sentinels // 2 + 1, 2, max(2, sentinels - 1))),
        down_after=dice.choice((200, 500, 1_000, 2_000, 5_000)),
        failover_timeout=dice.choice((1_000, 3_000, 5_000, 10_000, 20_000)),
        parallel_syncs=dice.between(1, 3),
        min_replicas=dice.choice((0, 0, 1)),
        latency=dice.choice((1, 1, 2, 10)),
        jitter=dice.choice((0, 5, 50)),
        loss=dice.choice((0.0, 0.0, 0.0, 0.5)),
        hostnames=dice.chance(30),
        password=dice.choice(("", "", "secret")),
        # Drawn last, so that a seed draws everything else as it would without it.
        classic=dice.between(1, sentinels - 1) if dice.chance(34) else 0,
    )
    return _with_evidence(_with_wishes(options))


def _with_wishes(options: Options) -> Options:
    """What operators say of who may be promoted: drawn from a stream of its own, so that all else stays as it was."""
    dice = Dice(options.seed).split("wishes")
    return replace(
        options,
        max_lag=dice.choice((1, 5, 30)) if dice.chance(12) else 0,
        nofailover=dice.between(0, options.replicas) if dice.chance(12) else None,
        prefer=dice.between(0, options.replicas) if dice.chance(12) else None,
    )


def _with_evidence(options: Options) -> Options:
    """What counts as evidence, in a part of the worlds; from a stream of its own, too."""
    dice = Dice(options.seed).split("evidence")
    crash, confirm = dice.chance(35), dice.chance(30)
    return replace(
        options,
        crash_detection=dice.choice((Detection.YES, Detection.YES, Detection.ALWAYS)) if crash else Detection.NO,
        confirm_by_replicas=confirm,
        confirm_timeout=dice.choice((0, 0, 300, 8_000)) if confirm else 0,
    )


@dataclass(eq=False)
class Group:
    """A master with its replicas, as it was in the beginning, and what its clients were promised."""

    name: MasterName
    servers: list[RedisServer]
    ledger: Ledger = field(default_factory=Ledger)
    client: Client | None = None


class Observer:
    """Somebody who watches a world: every checker is one, and so is the tally. Each method is told after the fact."""

    def told(self, host: SentinelHost, notice: Notice) -> None:
        """A sentinel published an event."""

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        """A sentinel came up on this durable state."""

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        """A sentinel sent a request to a server or peer."""

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        """A sentinel answered a peer's question, or an operator (no question)."""

    def struck(self, planned: Planned, what: str) -> None:
        """A fault has begun; `what` it came to in this world."""

    def mended(self, planned: Planned) -> None:
        """A fault is over."""

    def stepped(self) -> None:
        """Some time has passed (about ten times a virtual second)."""

    def finished(self) -> None:
        """The liveness phase is over."""


class World:
    """Everything that a seed brings to life, and who watches it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.dice = Dice(options.seed)
        self.schedule = Schedule()
        self.network = Network(self.schedule, self.dice.split("network"))
        self.network.weather = Weather(options.latency, options.jitter, options.loss)
        self.troubles = Troubles(self.network, self.network.weather)
        self.foreign: list[RedisServer] = []
        """Servers that belong to other clusters, which came by an address of ours."""
        self.amnesia = 0
        """Up to this epoch a vote may have been forgotten together with the disk that held it."""
        self.replaced_disks: list[tuple[SentinelHost, Millis]] = []
        """Whose disk that was, and when."""
        self.groups: list[Group] = []
        self.sentinels: list[SentinelHost] = []
        self.observers: list[Observer] = []
        self._listening: dict[str, list[Observer]] = {}
        self._counted = 0
        self._address = 0
        for number in range(options.masters):
            self.groups.append(self._group(number))
        places = [(server.node, group) for group in self.groups for server in group.servers]
        self._group_by_place = {place: group for node, group in places for place in (node.ip, node.name)}
        for number in range(options.sentinels):
            self.sentinels.append(self._sentinel(number))
        for group in self.groups:
            self._client(group)

    def node(self, name: str) -> Node:
        """A new machine at a new address."""
        self._address += 1
        node = self.network.add(Node(name, f"10.0.{self._address // 250}.{self._address % 250 + 1}"))
        self.network.names[name] = node.ip
        return node

    def _group(self, number: int) -> Group:
        servers: list[RedisServer] = []
        for index in range(self.options.replicas + 1):
            node = self.node(f"m{number}r{index}")
            server = RedisServer(node, self.network, self.dice.split(node.name))
            server.min_replicas = self.options.min_replicas
            server.password = server.masterauth = self.options.password
            if servers:
                server.conf_master = servers[0].node.ip
            servers.append(server)
        for server in servers:
            server.start()
        return Group(MasterName(f"master{number}"), servers)

    def _sentinel(self, number: int) -> SentinelHost:
        node = self.node(f"s{number}")
        lines = [f"port {SENTINEL_PORT}"]
        if self.options.hostnames:
            lines.append("sentinel resolve-hostnames yes")
        for group in self.groups:
            name, first = group.name, group.servers[0].node
            where = first.name if self.options.hostnames else first.ip
            lines += [
                f"sentinel monitor {name} {where} {SERVER_PORT} {self.options.quorum}",
                f"sentinel down-after-milliseconds {name} {self.options.down_after}",
                f"sentinel failover-timeout {name} {self.options.failover_timeout}",
                f"sentinel parallel-syncs {name} {self.options.parallel_syncs}",
            ]
            lines += self._wishes(group)
            if self.options.password:
                lines.append(f"sentinel auth-pass {name} {self.options.password}")
        dice = self.dice.split(node.name)
        disk = Disk(self.schedule, dice.split("disk"), "\n".join([*lines, ""]).encode())
        kind = ClassicSentinel if number >= self.options.sentinels - self.options.classic else SentinelHost
        host = kind(node, self.network, disk, dice, self)
        host.dns = {group.servers[0].node.name: group.servers[0].node.ip for group in self.groups}
        self.schedule.after(dice.between(0, 500), host.start)
        return host

    def _wishes(self, group: Group) -> list[str]:
        """Our own directives; to C sentinels they are comments."""
        options, head = self.options, "#quorate sentinel"
        lines = [f"{head} candidate-max-lag {group.name} {options.max_lag}"] if options.max_lag else []
        if options.crash_detection is not Detection.NO:
            lines.append(f"{head} crash-detection {group.name} {options.crash_detection.value}")
        if options.confirm_by_replicas:
            lines.append(f"{head} confirm-by-replicas {group.name} yes")
            lines.append(f"{head} confirm-timeout {group.name} {options.confirm_timeout}")
        tags = {options.prefer: Tag.PREFER, options.nofailover: Tag.NOFAILOVER}
        for index, tag in tags.items():
            if index is not None:
                where = group.servers[index].node.ip
                lines.append(f"{head} replica-tag {group.name} {where} {SERVER_PORT} {tag.value}")
        return lines

    def _client(self, group: Group) -> None:
        node = self.node(f"client-{group.name}")
        addresses = [host.node.ip for host in self.sentinels]
        group.client = Client(
            node=node,
            network=self.network,
            dice=self.dice.split(node.name),
            master=group.name,
            sentinels=addresses,
            ledger=group.ledger,
        )
        group.client.password = self.options.password
        self.schedule.after(1_000, group.client.start)

    def listening(self, method: str) -> list[Observer]:
        """The observers that do something when they are told by that method: few of them want to know everything."""
        found = self._listening.get(method)
        if found is None or len(self.observers) != self._counted:
            if len(self.observers) != self._counted:
                self._listening.clear()
                self._counted = len(self.observers)
            idle = getattr(Observer, method)
            found = [observer for observer in self.observers if getattr(type(observer), method) is not idle]
            self._listening[method] = found
        return found

    # --- what hosts tell ---------------------------------------------------------------------------------------------

    def heard(self, host: SentinelHost, what: Notice | Remark) -> None:
        if isinstance(what, Notice):
            for observer in self.listening("told"):
                observer.told(host, what)

    def restarted(self, host: SentinelHost, saved: SavedState) -> None:
        """A sentinel came up."""
        for observer in self.observers:
            observer.started(host, saved)

    def sending(self, host: SentinelHost, ip: str, request: Request) -> None:
        """A sentinel sends."""
        if type(request) in _TOLD:
            for observer in self.listening("sent"):
                observer.sent(host, ip, request)

    def answering(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        """A sentinel answers."""
        for observer in self.listening("replied"):
            observer.replied(host, question, result)

    def note_amnesia(self, host: SentinelHost) -> None:
        """A disk is about to be replaced: in the epochs begun until now its sentinel may vote a second time."""
        self.replaced_disks.append((host, self.schedule.now))
        known = (host.driver.view(host.clock()).current_epoch for host in self.sentinels if host.driver is not None)
        self.amnesia = max([self.amnesia, *known])

    def knows_all(self, host: SentinelHost, name: MasterName) -> bool:
        """Whether a sentinel knows that many peers: whoever has just begun, or was reset, finds majorities soon."""
        master = host.master(name)
        return master is not None and master.peers + 1 >= len(self.sentinels)

    def group_at(self, place: str) -> Group | None:
        """The group to which the server at an address, or of a host name, belonged in the beginning."""
        return self._group_by_place.get(place)
