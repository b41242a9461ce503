"""A small world around one sentinel: servers and peers that behave as told, in virtual time, printing what happens.

It is not a simulator: nothing here is random, and peers are puppets. It exists so that a scenario can be read.
"""

import heapq
from dataclasses import dataclass, field
from typing import assert_never

from quorate.core import inputs, invariants, outcome, requests
from quorate.core.driver import Driver
from quorate.core.inputs import Caller, Input, Pong
from quorate.core.requests import ConnId
from quorate.core.sentinel import Sentinel
from quorate.model.evidence import Detection
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import InfoReport, Role, SlaveSection
from quorate.model.notice import Level, Notice
from quorate.model.record import Record
from quorate.model.saved import SavedMaster, SavedPeer, SavedState
from quorate.model.settings import GlobalSettings, MasterSettings

HOST = "127.0.0.1"
ME = RunId("a" * 40)
NAME = MasterName("mymaster")
START = 100_000

MOVING = (
    requests.Rehearse,
    requests.RehearseHandOver,
    requests.AskOffset,
    requests.PauseWrites,
    requests.StepAside,
    requests.HandOver,
    requests.ResumeWrites,
    requests.StopHandOver,
)


def run_id(letter: str) -> RunId:
    """Forty times one hexadecimal digit."""
    return RunId(letter * 40)


@dataclass
class Server:
    """A Redis server. `follows` is the port of its master, None for a master itself."""

    port: int
    follows: int | None
    offset: int = 0
    priority: int = 100
    run_id: str = ""
    histories: tuple[str, ...] = ("f" * 40,)
    told: tuple[str, ...] = ("f" * 40,)
    """The replication ids that it tells as a replica."""
    greeted: int = 0
    """How many hellos were published to it."""
    up: bool = True
    frozen: bool = False
    link_up: bool = True
    cut_off: int = 1000
    """For how long a replica whose link is not up says that it has been so, in milliseconds."""
    syncing: bool = False
    last_io: int | None = None
    """Seconds since the last byte from its master, as a replica tells it."""
    pong: Pong = Pong.PONG
    words: str = ""
    """What it answers to PING where that is none of the known words."""
    rejecting: bool = False
    """It lives, but for us somebody in between answers that nobody listens."""
    version: tuple[int, ...] = (7, 0, 15)
    refuses: str = ""
    """The name of the request of a move that it answers by an error."""
    delay: int = 1
    """Milliseconds between an INFO and its answer, which says what was so when it was asked."""

    def info(self, servers: "dict[int, Server]") -> InfoReport:
        """What it answers to INFO now."""
        run_id, version = RunId(self.run_id), self.version
        if self.follows is None:
            mine = tuple((HOST, s.port) for s in servers.values() if s.follows == self.port and s.up)
            return InfoReport(
                b"", run_id, Role.MASTER, mine, offset=self.offset, histories=self.histories, version=version
            )
        section = SlaveSection(
            HOST, self.follows, self.link_up, self.priority, self.offset, True, self.last_io, self.syncing
        )
        down_for = 0 if self.link_up else self.cut_off
        return InfoReport(b"", run_id, Role.SLAVE, (), down_for, section, histories=self.told, version=version)


@dataclass
class Puppet:
    """Another sentinel: answers as told. `vote` is "grant", "refuse" (votes for itself) or "silent"."""

    letter: str
    port: int
    up: bool = True
    says_down: bool = False
    vote: str = "grant"
    ours: bool = True
    gone: bool = False
    """Whether the master's process is gone for it."""
    voted: dict[int, RunId] = field(default_factory=dict)
    asked_about: list[int] = field(default_factory=list)
    """Ports of the masters for which it was asked to vote."""
    believes: tuple[int, int, int] = (0, 0, 0)
    """Current epoch, port of the master and its config epoch, as it tells them in its own hellos."""


@dataclass
class World:
    """Time, servers, puppets and one sentinel under test; `out` is what a reader of the transcript sees."""

    quorum: int = 2
    down_after: int = 1000
    failover_timeout: int = 10_000
    parallel_syncs: int = 1
    voted: int = 0
    """The epoch of the last vote, as its file has it."""
    crash: int = 0
    """crash-detection: no, yes, always."""
    confirm: int = 0
    """confirm-by-replicas: no, yes."""
    now: int = START
    disk: str = "ok"
    servers: dict[int, Server] = field(default_factory=dict)
    puppets: dict[int, Puppet] = field(default_factory=dict)
    out: list[str] = field(default_factory=list)
    quiet: frozenset[str] = frozenset({"PING", "INFO", "hello", "ask"})
    conns: dict[ConnId, outcome.Connect] = field(default_factory=dict)
    deltas: list[outcome.Save] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    exited: bool = False
    _queue: list[tuple[int, int, Input]] = field(default_factory=list)
    _serial: int = 0
    _next_gossip: int = 0
    driver: Driver | None = None

    def start(self) -> None:
        """Bring the sentinel up with everything that it knew when it last ran."""
        master = next(s for s in self.servers.values() if s.follows is None)
        settings = MasterSettings(
            self.quorum,
            self.down_after,
            failover_timeout=self.failover_timeout,
            parallel_syncs=self.parallel_syncs,
            crash_detection=list(Detection)[self.crash],
            confirm_by_replicas=self.confirm > 0,
        )
        record = SavedMaster(
            NAME,
            HOST,
            master.port,
            settings,
            replicas=tuple((HOST, s.port) for s in self.servers.values() if s is not master),
            peers=tuple(SavedPeer(HOST, p.port, run_id(p.letter)) for p in self.puppets.values()),
            leader_epoch=Epoch(self.voted),
        )
        state = SavedState(GlobalSettings(ME), Epoch(self.voted), (record,))
        self.driver = Driver(Sentinel(state, self.now, 1, {}))
        for puppet in self.puppets.values():
            puppet.believes = (0, master.port, 0)
        self.submit(inputs.Woke())
        self._gossip()

    def _gossip(self) -> None:
        """Puppets that live say every two seconds what they believe: what we told them last."""
        for puppet in self.puppets.values():
            if puppet.up:
                epoch, port, config_epoch = puppet.believes
                self.soon(inputs.HelloSeen(None, self.greeting(puppet, epoch, port, config_epoch)))
        self._next_gossip = self.now + 2_000

    def submit(self, event: Input) -> None:
        """Give the sentinel an input now."""
        assert self.driver is not None
        effects = self.driver.submit(self.now, event)
        invariants.check(self.driver._sentinel._state)
        for effect in effects:
            self._perform(effect)

    def run(self, millis: int) -> None:
        """Let time pass."""
        assert self.driver is not None
        until = self.now + millis
        while not self.exited:
            if self.now >= self._next_gossip:
                self._gossip()
            wake = self.driver.wake_at()
            due = self._queue[0][0] if self._queue else until + 1
            moment = min(due, until + 1 if wake is None else wake)
            if moment > until:
                break
            self.now = max(self.now, moment)
            if due <= moment:
                self.submit(heapq.heappop(self._queue)[2])
            else:
                self.submit(inputs.Woke())
        self.now = until

    def soon(self, event: Input, delay: int = 1) -> None:
        """Queue an input."""
        self._serial += 1
        heapq.heappush(self._queue, (self.now + delay, self._serial, event))

    def break_links(self, port: int, reason: str = "closed") -> None:
        """Every connection to a port ends."""
        for conn, order in list(self.conns.items()):
            if order.port == port:
                del self.conns[conn]
                self.soon(inputs.LinkClosed(conn, reason), 0)

    def hello(self, letter: str, epoch: int, port: int, config_epoch: int) -> None:
        """A puppet says hello to us."""
        puppet = next(p for p in self.puppets.values() if p.letter == letter)
        self.submit(inputs.HelloSeen(None, self.greeting(puppet, epoch, port, config_epoch)))

    def greeting(self, puppet: Puppet, epoch: int, port: int, config_epoch: int) -> Hello:
        """A hello of a puppet."""
        return Hello(HOST, puppet.port, run_id(puppet.letter), Epoch(epoch), NAME, HOST, port, Epoch(config_epoch))

    def say(self, text: str) -> None:
        """A line of the transcript, with the time since the start."""
        self.out.append(f"{self.now - START:>7}  {text}")

    # --- effects ----------------------------------------------------------------------------------------------------

    def _perform(self, effect: outcome.Effect) -> None:
        match effect:
            case outcome.Connect():
                self._connect(effect)
            case outcome.Disconnect(conn):
                self.conns.pop(conn, None)
            case outcome.Send(conn, request):
                if conn in self.conns:
                    self._send(conn, self.conns[conn].port, request)
            case outcome.Tell(what):
                if isinstance(what, Notice):
                    self.say(f"{what.event.channel} {what.text}")
                elif what.level >= Level.NOTICE:
                    self.say(f"# {what.text}")
            case outcome.Save():
                self.deltas.append(effect)
                self._save(effect)
            case outcome.Reply(caller, result):
                self.say(f"reply to {caller}: {result}")
            case outcome.Exit(status):
                self.say(f"exit {status}")
                self.exited = True
            case outcome.ReconfigScript(_, argv):
                self.say("script " + " ".join(argv))
            case outcome.Resolve(host):
                self.say(f"resolve {host}")
            case outcome.Keep(record):
                self.records.append(record)
            case outcome.UseRenames():
                pass

    def _connect(self, order: outcome.Connect) -> None:
        server = self.servers.get(order.port)
        puppet = self.puppets.get(order.port)
        if (server and server.up and not server.rejecting) or (puppet and puppet.up):
            self.conns[order.conn] = order
            self.soon(inputs.LinkOpened(order.conn, HOST))
        else:
            self.soon(inputs.LinkClosed(order.conn, "refused", refused=True))

    def _save(self, effect: outcome.Save) -> None:
        if self.disk == "ok":
            self.soon(inputs.Saved(effect.delta.revision), 2)
        elif self.disk == "full":
            self.soon(inputs.SaveFailed(effect.delta.revision, "No space left on device"), 2)

    def _send(self, conn: ConnId, port: int, request: requests.Request) -> None:
        puppet = self.puppets.get(port)
        if puppet is not None:
            self._to_puppet(conn, puppet, request)
        elif port in self.servers:
            self._to_server(conn, self.servers[port], request)

    def _to_server(self, conn: ConnId, server: Server, request: requests.Request) -> None:
        if isinstance(request, requests.Reconfigure):
            target = "NO ONE" if request.target is None else f"{request.target[0]} {request.target[1]}"
            self.say(f"-> {server.port} SLAVEOF {target}")
            if server.up:
                server.follows = None if request.target is None else request.target[1]
        if server.frozen or not server.up:
            return
        if isinstance(request, MOVING):
            self._to_moved(conn, server, request)
        match request:
            case requests.Ping():
                self.soon(inputs.Pinged(conn, server.pong, server.words or server.pong.value))
            case requests.AskInfo():
                self.soon(inputs.InfoArrived(conn, server.info(self.servers)), server.delay)
            case requests.PublishHello():
                server.greeted += 1
                self.soon(inputs.Published(conn, request.about, True))
            case requests.Reconfigure():
                self.soon(inputs.Reconfigured(conn, request.about, ""))
            case _:
                pass

    def _to_moved(self, conn: ConnId, server: Server, request: requests.MoveRequest) -> None:
        """A request of a planned move; `server.refuses` names the one that it answers by an error."""
        kind = type(request).__name__
        error = "NOPERM no permissions" if server.refuses == kind else ""
        is_master = server.follows is None
        offset: int | None = None
        match request:
            case requests.ResumeWrites():
                self.say(f"-> {server.port} resume writes")
                return
            case requests.StopHandOver():
                self.say(f"-> {server.port} stop handing over")
                server.follows = None
                return
            case requests.HandOver():
                # When it has changed places is for the transcript to say.
                self.say(f"-> {server.port} hand over to {request.target[0]} {request.target[1]} in {request.millis}")
                step = inputs.Step.HANDED_OVER
            case requests.Rehearse() | requests.RehearseHandOver():
                step = inputs.Step.REHEARSED
            case requests.AskOffset():
                step, offset = inputs.Step.OFFSET, server.offset
            case requests.PauseWrites():
                self.say(f"-> {server.port} pause writes for {request.millis}")
                step, offset = inputs.Step.PAUSED, server.offset if is_master else None
            case requests.StepAside():
                self.say(f"-> {server.port} step aside for {request.target[0]} {request.target[1]}")
                step, offset = inputs.Step.STEPPED_ASIDE, server.offset if is_master else None
                if not error:
                    server.follows = request.target[1]
            case _:
                assert_never(request)
        self.soon(inputs.MoveAnswered(conn, request.move, step, offset, error))

    def _to_puppet(self, conn: ConnId, puppet: Puppet, request: requests.Request) -> None:
        match request:
            case requests.Ping():
                self.soon(inputs.Pinged(conn, Pong.PONG, "PONG"))
            case requests.AskKind():
                self.soon(inputs.KindAnswered(conn, puppet.ours))
            case requests.AskConfig():
                current, _, config = puppet.believes
                if "config" not in self.quiet:
                    self.say(f"-> {puppet.letter} asked for its configuration of {request.master}")
                own = (Epoch(current), Epoch(max(puppet.voted, default=0))) if request.ours else (None, None)
                if puppet.up:
                    self.soon(inputs.ConfigTold(conn, request.about, Epoch(config), *own))
            case requests.AskGone():
                if "ask" not in self.quiet:
                    self.say(f"-> {puppet.letter} is {request.port} gone")
                self.soon(inputs.GoneTold(conn, request.about, puppet.gone))
            case requests.PublishHello():
                told = request.hello
                if told.config_epoch > puppet.believes[2]:
                    puppet.believes = (told.current_epoch, told.master_port, told.config_epoch)
                if "hello" not in self.quiet:
                    said = request.hello
                    self.say(f"-> {puppet.letter} hello {said.current_epoch} {said.master_port} {said.config_epoch}")
                self.soon(inputs.Published(conn, request.about, True))
            case requests.AskDown():
                self._asked(conn, puppet, request)
            case _:
                pass

    def _asked(self, conn: ConnId, puppet: Puppet, request: requests.AskDown) -> None:
        leader: RunId | None = None
        about, asked = request.about, Epoch(0)
        if request.candidate is not None:
            asked = request.epoch
            puppet.asked_about.append(request.port)
            self.say(f"-> {puppet.letter} vote for me in {request.epoch}")
            if not puppet.ours and request.epoch < puppet.believes[0]:
                last = max(puppet.voted, default=0)
                said = (puppet.says_down, puppet.voted.get(last), Epoch(last), asked)
                self.soon(inputs.PeerAnswered(conn, about, *said))
                return
            mine = request.candidate if puppet.vote == "grant" else run_id(puppet.letter)
            leader = puppet.voted.setdefault(request.epoch, mine)
            if puppet.vote == "silent":
                return
        epoch = request.epoch if leader else Epoch(0)
        self.soon(inputs.PeerAnswered(conn, about, puppet.says_down, leader, epoch, asked))

    # --- requests of others -----------------------------------------------------------------------------------------

    def ask_vote(self, caller: int, letter: str, epoch: int, port: int) -> None:
        """A puppet asks for our vote."""
        self.submit(inputs.VoteRequested(Caller(caller), HOST, port, Epoch(epoch), run_id(letter)))
