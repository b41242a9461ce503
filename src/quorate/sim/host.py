"""A process that runs the real core, driver, rewriter and loader, among a simulated network and disk."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from quorate.conf.load import load
from quorate.conf.options import Source
from quorate.conf.rewrite import Document
from quorate.core import inputs, outcome, requests
from quorate.core.driver import Driver
from quorate.core.inputs import Caller, Input
from quorate.core.requests import ConnId
from quorate.core.sentinel import Sentinel
from quorate.core.view import SentinelView
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import InfoReport
from quorate.model.millis import Millis
from quorate.model.notice import Notice, Remark
from quorate.model.saved import SavedState
from quorate.sim.desk import Desk
from quorate.sim.disk import Disk
from quorate.sim.glimpse import Glimpse
from quorate.sim.messages import Wrong
from quorate.sim.moves import ANSWERED, move_answer
from quorate.sim.network import REFUSED, End, Network, Node
from quorate.sim.randomness import Dice

PORT = 26379

OPINION_LASTS: Millis = 5_000
"""Five ask-periods: so long an opinion counts after it was given, by the clock of who heard it."""

_WOKE = inputs.Woke()


@dataclass(slots=True, eq=False)
class Line:
    """A connection that the core asked for, and what it has asked on it, oldest first."""

    end: End
    ip: str
    kind: outcome.LinkKind
    asked: deque[requests.Request] = field(default_factory=deque)


class Rules(Protocol):
    """Whoever decides in a host: our core behind its driver, or the rules of C Sentinel."""

    def take(self, now: Millis, event: Input) -> bool: ...
    def submit(self, now: Millis, event: Input) -> Sequence[outcome.Effect]: ...
    def wake_at(self) -> Millis | None: ...
    def view(self, now: Millis) -> SentinelView: ...


class Audience(Protocol):
    """Who is told what a sentinel does."""

    def heard(self, host: "SentinelHost", what: Notice | Remark) -> None: ...
    def restarted(self, host: "SentinelHost", saved: SavedState) -> None: ...
    def sending(self, host: "SentinelHost", ip: str, request: requests.Request) -> None: ...
    def answering(self, host: "SentinelHost", question: Input | None, result: outcome.Result) -> None: ...


class SentinelHost(Glimpse):
    """One sentinel of ours on a node of its own; an `Owner` of connections."""

    is_ours = True

    def __init__(self, node: Node, network: Network, disk: Disk, dice: Dice, audience: Audience) -> None:
        self.node = node
        self.network = network
        self.disk = disk
        self.dice = dice
        self.up = False
        self.life = 0
        self.exits = 0
        self.myid = RunId("")
        self.driver: Rules | None = None
        self.sentinel: Sentinel | None = None
        """The core, where it is ours that decides."""
        self.clock_offset: Millis = 0
        self._slept: tuple[Millis, Millis] = (0, 0)
        """When its machine was last woken, by the world's time, and for how long its clock had stood still."""
        self.dns: dict[str, str] = {}
        self.results: dict[int, outcome.Result] = {}
        self._audience = audience
        self._document: Document | None = None
        self._lines: dict[ConnId, Line] = {}
        self._callers: dict[int, End | None] = {}
        self.told_gone: dict[tuple[MasterName, str], Millis] = {}
        """When it last told a peer that the process of a master at an address is gone."""
        self.questions: dict[int, tuple[Input, Millis]] = {}
        """What peers asked and when, until it is answered."""
        self._caller = 0
        self._desk = Desk(self)
        self._alarm = 0
        self._alarm_at: Millis | None = None
        """When the alarm of that number rings, by our clock; None if none is set."""

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start on what the disk holds: through the loader, as a real process does."""
        self.up = True
        self.life += 1
        self._lines.clear()
        self._callers.clear()
        self._desk.clear()
        self.questions.clear()
        config = load(Source("sentinel.conf", self.disk.data), RunId(self.dice.hexadecimal(40)))
        self.myid = config.saved.settings.myid
        self._document = Document(self.disk.data, config)
        self.driver = self._rules(config.saved)
        self.node.listening[PORT] = self._accept
        self._audience.restarted(self, config.saved)
        self.submit(_WOKE)
        if not config.has_myid:
            self.submit(inputs.FlushRequested(self.caller(None)))

    def stop(self, *, told: bool) -> None:
        """Die: what was not durable is lost, and nobody is told anything more."""
        self.up = False
        self.life += 1
        self.disk.crash()
        self.driver = self.sentinel = None
        self.node.listening.pop(PORT, None)
        self._alarm += 1
        self._alarm_at = None
        self.network.hang_up(self.node, told=told)

    def _rules(self, saved: SavedState) -> Rules:
        self.sentinel = Sentinel(saved, self.clock(), self.dice.seed(), {})
        return Driver(self.sentinel)

    def clock(self) -> Millis:
        """The monotonic clock of this machine: it never steps, and its zero is its own."""
        return self.network.schedule.now + 100_000 + self.clock_offset

    def caller(self, end: End | None) -> Caller:
        """A token for the reply to a request."""
        self._caller += 1
        self._callers[self._caller] = end
        return Caller(self._caller)

    # --- the core ---------------------------------------------------------------------------------------------------

    def submit(self, event: Input) -> None:
        """Give the core an input and do what follows."""
        driver = self.driver
        # Most inputs change nothing: no effect, and no other moment to wake at.
        if driver is None or driver.take(now := self.clock(), event):
            return
        for effect in driver.submit(now, event):
            self._perform(effect)
            if self.driver is None:
                return
        wake = driver.wake_at()
        if wake != self._alarm_at:
            self._set_alarm(wake)
        # Not before all effects are done: as in a real process no input reaches the core from within.
        self._desk.go_on()

    def _set_alarm(self, wake: Millis | None) -> None:
        self._alarm += 1
        self._alarm_at = wake
        if wake is not None:
            schedule = self.network.schedule
            schedule.post(schedule.now + max(0, wake - self.clock()), self._ring, self._alarm)

    def _ring(self, alarm: int) -> None:
        if alarm != self._alarm:
            return
        self._alarm_at = None
        if self.node.paused:
            self.node.held.append(partial(self._wake, self.life))
        else:
            self.submit(_WOKE)

    def _wake(self, life: int) -> None:
        if life == self.life:
            self.submit(_WOKE)

    def _perform(self, effect: outcome.Effect) -> None:
        match effect:
            case outcome.Send(conn, request):
                line = self._lines.get(conn)
                if line is not None:
                    line.asked.append(request)
                    self._audience.sending(self, line.ip, request)
                    line.end.send(request)
            case outcome.Tell(what):
                self._audience.heard(self, what)
            case outcome.Connect():
                end = self.network.connect(self.node, self, effect.ip, effect.port, effect.conn)
                self._lines[effect.conn] = Line(end, effect.ip, effect.kind)
            case outcome.Disconnect(conn):
                line = self._lines.pop(conn, None)
                if line is not None:
                    line.end.close()
            case outcome.Reply(caller, result):
                self._reply(caller, result)
            case outcome.Save(delta):
                self._save(delta.revision, effect)
            case outcome.Resolve(host):
                self._resolve(host)
            case outcome.Exit():
                self.exits += 1
                self.stop(told=True)
            case outcome.UseRenames() | outcome.ReconfigScript() | outcome.Keep():
                pass

    def _reply(self, caller: Caller, result: outcome.Result) -> None:
        question, _ = self.questions.pop(caller, (None, 0))
        self._audience.answering(self, question, result)
        end = self._callers.pop(caller, None)
        if end is None:
            self.results[caller] = result
            return
        self._desk.answered(end, caller, result)

    def _save(self, revision: int, save: outcome.Save) -> None:
        assert self._document is not None
        self._document.apply(save.delta)
        life = self.life

        def done(problem: str) -> None:
            if life != self.life:
                return
            event: Input = inputs.SaveFailed(revision, problem) if problem else inputs.Saved(revision)
            self._when_running(lambda: self.submit(event))

        self.disk.save(self._document.render(), done)

    def _resolve(self, host: str) -> None:
        life = self.life

        def answer() -> None:
            if life == self.life:
                self._when_running(lambda: self.submit(inputs.Resolved(host, self.dns.get(host.lower()))))

        self.network.schedule.after(self.dice.skewed(1, 500), answer)

    def _when_running(self, action: Callable[[], None]) -> None:
        if self.node.paused:
            self.node.held.append(action)
        else:
            action()

    # --- connections ------------------------------------------------------------------------------------------------

    def _accept(self, end: End) -> "SentinelHost | None":  # noqa: ARG002 - the far end is known by what it sends
        return self if self.up else None

    def opened(self, end: End) -> None:
        """A connection of ours stands."""
        self.submit(inputs.LinkOpened(ConnId(end.tag), self.node.ip))

    def ended(self, end: End, reason: str) -> None:
        """A connection is gone; those that others made to us are nobody's business."""
        if self._lines.pop(ConnId(end.tag), None) is not None:
            self.submit(inputs.LinkClosed(ConnId(end.tag), reason, refused=not end.open and reason == REFUSED))
        self._desk.left(end)

    def received(self, end: End, message: object) -> None:
        """A reply on a line of ours, or a request on somebody else's."""
        line = self._lines.get(ConnId(end.tag)) if end.tag else None
        if line is None:
            self._desk.asked(end, message)
        elif isinstance(message, Hello):
            self._heard(ConnId(end.tag), message)
        elif line.asked:
            self._answered(line, ConnId(end.tag), line.asked.popleft(), message)

    def _heard(self, conn: ConnId, hello: Hello) -> None:
        if hello.sender_id == self.myid:
            self.submit(inputs.PubSubSpoke(conn))
        else:
            self.submit(inputs.HelloSeen(conn, hello))

    def _answered(self, line: Line, conn: ConnId, request: requests.Request, message: object) -> None:
        match request:
            case requests.Ping() if isinstance(message, tuple):
                self.submit(inputs.Pinged(conn, *message))
            case requests.AskInfo() if isinstance(message, InfoReport):
                self.submit(inputs.InfoArrived(conn, message))
            case requests.PublishHello():
                self.submit(inputs.Published(conn, request.about, message is True))
            case requests.AskDown() if isinstance(message, outcome.Opinion):
                self._opinion(conn, request, message)
            case requests.AskKind():
                self.submit(inputs.KindAnswered(conn, message is True))
            case requests.AskConfig():
                told = message if isinstance(message, tuple) else (None, None, None)
                self.submit(inputs.ConfigTold(conn, request.about, *told))
            case requests.AskGone():
                self.submit(inputs.GoneTold(conn, request.about, message is True))
            case requests.Reconfigure() if isinstance(message, str):
                self.submit(inputs.Reconfigured(conn, request.about, message))
            case _ if isinstance(request, ANSWERED):
                self.submit(move_answer(conn, request, message))
            case requests.SubscribeHello() if isinstance(message, Wrong):
                del self._lines[conn]
                line.end.close()
                self.submit(inputs.LinkClosed(conn, message.text))
            case _ if isinstance(message, Wrong):
                self.submit(inputs.LinkRefused(conn, message.text))
            case _:
                pass

    def _opinion(self, conn: ConnId, request: requests.AskDown, said: outcome.Opinion) -> None:
        asked = request.epoch if request.candidate is not None else Epoch(0)
        self.submit(inputs.PeerAnswered(conn, request.about, said.down, said.leader, said.leader_epoch, asked))

    def typed(self, event: Input) -> None:
        """What an operator types; a process that stands still reads it later."""
        life = self.life
        self._when_running(lambda: self.submit(event) if life == self.life else None)

    def _view(self) -> SentinelView | None:
        return self.driver.view(self.clock()) if self.driver is not None else None

    def slowness(self) -> Millis:
        """How much later than in time it may have heard an answer; a clock that stood still knows of no time."""
        weather = self.network.weather
        late = 500 + 20 * (weather.latency + weather.jitter) + (20_000 if self.network.cuts else 0)
        woken, slept = self._slept
        return late + (slept if self.network.schedule.now - woken <= late + OPINION_LASTS else 0)

    def wake(self, slept: Millis) -> None:
        """The machine goes on, after its clock stood still for so long."""
        self._slept = (self.network.schedule.now, slept)
        self.clock_offset -= slept
        self.node.resume()

    def held(self) -> int:
        """How many things its core holds."""
        view = self._view()
        if view is None:
            return 0
        return sum(1 + m.replicas + m.peers for name in view.names() if (m := view.master(name)) is not None)

    def promoted_ip(self, name: MasterName) -> str:
        """The address of the replica that it has selected, "" if none."""
        chosen = [r for r in self.replicas(name) if "promoted" in r.instance.flags]
        return chosen[0].instance.ip if chosen else ""
