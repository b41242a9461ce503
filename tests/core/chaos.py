"""A world without manners around one sentinel: links, clocks, disks, peers and operators do whatever numbers say.

It keeps the books that the core cannot keep for itself: what is on the disk, and what was told to whom. Whatever leaves
the sentinel is held against them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from quorate.core import inputs, invariants, outcome, requests
from quorate.core.driver import Driver
from quorate.core.inputs import Caller, Input, Pong
from quorate.core.requests import ConnId, InstanceId
from quorate.core.sentinel import Sentinel
from quorate.core.state import State
from quorate.model.evidence import Detection
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import InfoReport, Role, SlaveSection
from quorate.model.notice import Event, Notice, Remark
from quorate.model.record import Ending
from quorate.model.saved import SaveDelta, SavedMaster, SavedPeer, SavedState
from quorate.model.settings import GlobalSettings, MasterSettings, Tuning

ME = RunId("a" * 40)
NAMES = (MasterName("one"), MasterName("two"))
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.2", "redis-b", "redis-c", "")
PORTS = (6379, 6380, 6381, 6382)
SENTINELS = (26380, 26381, 26382, 0)
LETTERS = "abcd"
JUMPS = (0, 0, 0, 1, 1, 2, -1, -7, 1 << 32, (1 << 32) + 1, (1 << 62))
MOST_PROMISES = 400
PATIENCE = 150
"""So many times in a row the sentinel may ask to be woken within one second, with nothing else going on."""


T = TypeVar("T")


def pick(options: tuple[T, ...], number: int) -> T:
    return options[number % len(options)]


def is_a_beginning(told: Notice | Remark) -> bool:
    """Whether this says that we stand for a failover, or to settle two configurations."""
    if isinstance(told, Notice):
        return told.event is Event.TRY_FAILOVER
    return told.text.startswith("Standing for election to settle")


@dataclass
class Chaos:
    """One sentinel and its surroundings. `step` takes three small numbers and turns them into one event."""

    now: int = 100_000
    conns: dict[ConnId, outcome.Connect] = field(default_factory=dict)
    opened: set[ConnId] = field(default_factory=set)
    about: list[tuple[ConnId, InstanceId]] = field(default_factory=list)
    asked: dict[int, object] = field(default_factory=dict)
    votes: dict[tuple[object, int], RunId] = field(default_factory=dict)
    flying: SaveDelta | None = None
    disk_epoch: int = 0
    disk: dict[MasterName, SavedMaster] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    exited: bool = False
    begun: int = 0
    recorded: int = 0
    """Failovers that we stood for, and those of them whose record was handed out."""
    caller: int = 0

    def __post_init__(self) -> None:
        peers = (SavedPeer("127.0.0.1", 26380, RunId("b" * 40)), SavedPeer("127.0.0.1", 26381, RunId("c" * 40)))
        settings = MasterSettings(2, 400, failover_timeout=3_000, crash_detection=Detection.ALWAYS)
        masters = tuple(
            SavedMaster(name, "127.0.0.1", 6379 + i, settings, Epoch(0), Epoch(0), (("127.0.0.1", 6381),), peers)
            for i, name in enumerate(NAMES)
        )
        saved = SavedState(GlobalSettings(ME, resolve_hostnames=True), Epoch(0), masters)
        self.disk = {master.name: master for master in masters}
        self.driver = Driver(Sentinel(saved, self.now, 7, {"redis-b": "127.0.0.2"}))
        self.submit(inputs.Woke())

    @property
    def state(self) -> State:
        return self.driver._sentinel._state

    def submit(self, event: Input) -> None:
        """One input, and every check that there is."""
        if self.exited:
            return
        epoch, behind = self.state.current_epoch, self.state.calendar.behind
        effects = self.driver.submit(self.now, event)
        invariants.check(self.state)
        assert self.state.current_epoch >= epoch, "an epoch went back"
        wake = self.driver.wake_at()
        # With periodic jobs left it asks for another turn at once, and then for what came due in that turn.
        behind = behind or self.state.calendar.behind
        assert wake is None or wake > self.now or behind, f"wants to be woken at {wake}, and it is {self.now}"
        assert len(self.driver._promises) < MOST_PROMISES
        for effect in effects:
            self._perform(effect)
        running = sum(master.failover is not None for master in self.state.masters.values())
        assert self.begun == self.recorded + running, "a failover ended without its record, or with two"

    def sleep(self, millis: int) -> None:
        """Let time pass; every deadline is kept."""
        until = self.now + millis
        woken: list[int] = []
        while (wake := self.driver.wake_at()) is not None and wake <= until and not self.exited:
            self.now = wake
            woken = [moment for moment in woken if moment > wake - 1000] + [wake]
            assert len(woken) <= PATIENCE, f"woken {len(woken)} times in a second"
            self.submit(inputs.Woke())
        self.now = until

    def step(self, what: int, a: int, b: int) -> None:
        """Something happens."""
        _DEEDS[what % len(_DEEDS)](self, a, b)

    # --- what leaves --------------------------------------------------------------------------------------------------

    def _perform(self, effect: outcome.Effect) -> None:
        match effect:
            case outcome.Connect():
                assert effect.ip, "dials a name"
                assert effect.port, "dials port 0"
                self.conns[effect.conn] = effect
            case outcome.Disconnect(conn):
                self.conns.pop(conn)
                self.opened.discard(conn)
            case outcome.Send(conn, request):
                self._sent(conn, request)
            case outcome.Save(delta):
                assert self.flying is None, "two saves at a time"
                self.flying = delta
            case outcome.Reply(caller, outcome.Opinion(_, leader, epoch)) if leader is not None:
                voted = self.votes.setdefault((self.asked[caller], epoch), leader)
                assert voted == leader, f"two votes in epoch {epoch}"
                assert self.disk_epoch >= epoch, f"a vote in {epoch} was told that the disk does not hold"
            case outcome.Resolve(host):
                self.names.add(host)
            case outcome.Exit():
                self.exited = True
            case outcome.Keep(record):
                self.recorded += record.ending is not Ending.FOLLOWED
                assert list(record.steps) == sorted(record.steps, key=lambda step: step.at), "steps out of order"
            case outcome.Tell(what):
                self.begun += is_a_beginning(what)
            case _:
                pass

    def _sent(self, conn: ConnId, request: requests.Request) -> None:
        match request:
            case requests.PublishHello(about, hello):
                self.about.append((conn, about))
                assert hello.current_epoch <= self.disk_epoch, "a hello told an epoch that the disk does not hold"
                if about in self.state.instances:
                    record = self.disk[hello.master]
                    assert hello.config_epoch <= record.config_epoch, "a hello was ahead of the disk"
            case requests.AskDown(about, _, _, epoch, candidate):
                self.about.append((conn, about))
                # With a question for an opinion only nobody takes the epoch over.
                if candidate is not None:
                    assert epoch <= self.disk_epoch, "a request for a vote told an epoch that the disk does not hold"
            case requests.Reconfigure(about, None):
                entry = self.state.instances.get(about)
                failover = entry[0].failover if entry else None
                assert failover is None or failover.epoch <= self.disk_epoch, "promoted before the vote was durable"
            case _:
                pass
        self.about = self.about[-40:]

    # --- what happens -------------------------------------------------------------------------------------------------

    def pass_time(self, a: int, _b: int) -> None:
        self.sleep((1, 10, 50, 100, 300, 450, 1_000, 4_000)[a % 8])

    def stall(self, a: int, _b: int) -> None:
        self.now += 1_000 + 1_000 * (a % 6)
        self.submit(inputs.Woke())

    def end_save(self, a: int, _b: int) -> None:
        delta, self.flying = self.flying, None
        if delta is None:
            return
        if a % 3 == 0:
            self.submit(inputs.SaveFailed(delta.revision, "No space left on device"))
            return
        self.disk_epoch = delta.current_epoch
        for name, record in delta.masters.items():
            if record is None:
                self.disk.pop(name, None)
            else:
                self.disk[name] = record
        self.submit(inputs.Saved(delta.revision))

    def all_well(self, _a: int, _b: int) -> None:
        """Everybody answers and the disk works."""
        for _ in range(3):
            for conn in list(self.conns):
                if conn in self.conns and conn not in self.opened:
                    self._open(conn)
            for conn in list(self.opened):
                self.submit(inputs.Pinged(conn, Pong.PONG, "PONG"))
            self.end_save(1, 0)
            self.sleep(20)

    def _open(self, conn: ConnId) -> None:
        self.opened.add(conn)
        self.submit(inputs.LinkOpened(conn, "127.0.0.9"))

    def _conn(self, number: int) -> ConnId:
        known = list(self.conns)
        return known[number % len(known)] if known else ConnId(0)

    def open_link(self, a: int, _b: int) -> None:
        conn = self._conn(a)
        if conn not in self.opened:
            self._open(conn)

    def close_link(self, a: int, b: int) -> None:
        conn = self._conn(a)
        self.conns.pop(conn, None)
        self.opened.discard(conn)
        self.submit(inputs.LinkClosed(conn, "closed", immediate=b % 4 == 0, refused=b % 3 != 0))

    def pong(self, a: int, b: int) -> None:
        pong = list(Pong)[b % 5]
        self.submit(inputs.Pinged(self._conn(a), pong, pong.value))

    def info(self, a: int, b: int) -> None:
        conn = self._conn(a)
        run_id = RunId(str(b % 3) * 40)
        if b % 2:
            replicas = tuple((pick(HOSTS, b + i), pick(PORTS, a + i)) for i in range(b % 4))
            report = InfoReport(b"", run_id, Role.MASTER, replicas)
        else:
            section = SlaveSection(pick(HOSTS, b // 2), pick(PORTS, b // 3), b % 5 > 0, b % 3, b)
            report = InfoReport(b"", run_id, Role.SLAVE, (), 1000 * (b % 2), section)
        self.submit(inputs.InfoArrived(conn, report))

    def promoted(self, _a: int, _b: int) -> None:
        """Whoever was told to be master says so, and the others that they follow it."""
        for master in list(self.state.masters.values()):
            chosen = master.promoted
            for replica in list(master.replicas):
                conn = replica.link.command
                if conn is None or chosen is None:
                    continue
                section = SlaveSection(chosen.address.host, chosen.address.port, True, 100, 5)
                follows = InfoReport(b"", None, Role.SLAVE, (), 0, section)
                report = InfoReport(b"", None, Role.MASTER) if replica is chosen else follows
                self.submit(inputs.InfoArrived(conn, report))

    def hello(self, a: int, b: int) -> None:
        epoch = max(0, self.state.current_epoch + JUMPS[a % 11])
        said = Hello(
            pick(HOSTS, a // 2),
            pick(SENTINELS, b),
            RunId(LETTERS[(a // 3) % 4] * 40),
            Epoch(min(epoch, (1 << 63) - 1)),
            NAMES[b % 2],
            pick(HOSTS, b // 3),
            pick(PORTS, b // 2),
            Epoch(min(max(0, self.state.current_epoch + JUMPS[b % 11]), (1 << 63) - 1)),
        )
        self.submit(inputs.HelloSeen(self._conn(a) if b % 2 else None, said))

    def ask_vote(self, a: int, b: int) -> None:
        self.caller += 1
        master = list(self.state.masters.values())[a % len(self.state.masters)] if self.state.masters else None
        address = master.address if master else None
        ip, port = (address.ip or address.host, address.port) if address else ("127.0.0.9", 1)
        first = next((m for m in self.state.masters.values() if address and m.address.same_as(address)), None)
        self.asked[self.caller] = first
        candidate = RunId(LETTERS[b % 4] * 40) if b % 5 else None
        epoch = Epoch(self.state.current_epoch + JUMPS[b % 11])
        self.submit(inputs.VoteRequested(Caller(self.caller), ip, port, epoch, candidate))

    def peer_answers(self, a: int, b: int) -> None:
        """To a question or not, old or new; mostly it sees the master down and votes for us."""
        if not self.about:
            return
        conn, about = self.about[a % len(self.about)]
        leader = None if b % 7 == 0 else RunId(LETTERS[0 if b % 3 else b % 4] * 40)
        epoch = Epoch(max(0, self.state.current_epoch + JUMPS[b % 11 if b % 4 == 0 else 0]))
        self.submit(inputs.PeerAnswered(conn, about, b % 5 > 0, leader, epoch))

    def peers_agree(self, _a: int, _b: int) -> None:
        for master in list(self.state.masters.values()):
            for peer in list(master.peers.values()):
                conn = peer.link.command
                if conn is not None:
                    epoch = master.failover.epoch if master.failover else Epoch(0)
                    leader = ME if master.failover else None
                    self.submit(inputs.PeerAnswered(conn, peer.id, True, leader, epoch))

    def resolved(self, a: int, b: int) -> None:
        host = self.names.pop() if self.names and b % 2 else ("redis-b", "redis-c", "stranger")[a % 3]
        self.submit(inputs.Resolved(host, (None, "127.0.0.1", "127.0.0.2", "127.0.0.3")[b % 4]))

    def small_news(self, a: int, b: int) -> None:
        conn = self._conn(a)
        about = self.about[b % len(self.about)][1] if self.about else InstanceId(0)
        news: list[Input] = [
            inputs.KindAnswered(conn, b % 2 > 0),
            inputs.Published(conn, about, b % 3 > 0),
            inputs.PubSubSpoke(conn),
            inputs.Reconfigured(conn, about, ""),
            inputs.LinkRefused(conn, "NOAUTH Authentication required."),
            inputs.GoneTold(conn, about, gone=a % 2 == 0),
            inputs.ConfigTold(
                conn,
                about,
                *((None, None, None), (Epoch(a % 9), None, None), (Epoch(b % 9), Epoch(a % 9), Epoch(b % 7)))[a % 3],
            ),
        ]
        self.submit(news[b % len(news)])

    def operator(self, a: int, b: int) -> None:
        self.caller += 1
        caller, name = Caller(self.caller), NAMES[b % 2]
        current = self.state.masters.get(name)
        settings = current.settings if current else MasterSettings(1)
        changed = MasterSettings(
            1 + a % 3,
            (100, 400, 400, 30_000)[b % 4],
            failover_timeout=(10, 3_000)[a % 2],
            crash_detection=list(Detection)[(a + b) % 3],
            confirm_by_replicas=b % 2 == 0,
            confirm_timeout=(0, 500)[a % 2],
        )
        short = a % 3 == 1
        tuning = Tuning((10_000, 100)[a % 2], (1_000, 50)[b % 2], publish_period=100 if short else 2_000)
        orders: list[Input] = [
            inputs.FailoverRequested(caller, name),
            inputs.FailoverRequested(caller, name),
            inputs.FailoverRequested(caller, name),
            inputs.MonitorRequested(caller, name, pick(HOSTS, a), pick(PORTS, a), 1 + a % 2),
            inputs.MonitorRequested(caller, name, pick(HOSTS, a), pick(PORTS, a), 1 + a % 2),
            inputs.RemoveRequested(caller, name),
            inputs.ResetRequested(caller, NAMES[: 1 + a % 2]),
            inputs.SettingsChanged(caller, name, changed, ("quorum 1",), a % 2 > 0, None),
            inputs.SettingsChanged(caller, name, settings, (), False, "ERR no"),
            inputs.GlobalsChanged(caller, GlobalSettings(ME, resolve_hostnames=b % 4 > 0), a % 2 > 0),
            inputs.FlushRequested(caller),
            inputs.TuningChanged(caller, tuning, None),
            inputs.FailureSimulated(caller, a % 97 == 0, b % 97 == 0, None),
        ]
        self.submit(orders[(a + b) % len(orders)])


_DEEDS: tuple[Callable[[Chaos, int, int], None], ...] = (
    Chaos.pass_time,
    Chaos.pass_time,
    Chaos.pass_time,
    Chaos.stall,
    Chaos.end_save,
    Chaos.end_save,
    Chaos.all_well,
    Chaos.all_well,
    Chaos.open_link,
    Chaos.close_link,
    Chaos.pong,
    Chaos.info,
    Chaos.info,
    Chaos.promoted,
    Chaos.promoted,
    Chaos.hello,
    Chaos.hello,
    Chaos.ask_vote,
    Chaos.peer_answers,
    Chaos.peers_agree,
    Chaos.peers_agree,
    Chaos.resolved,
    Chaos.small_news,
    Chaos.operator,
)
