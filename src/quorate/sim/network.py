"""A network between nodes: connections that keep order, latency, loss, cuts in either direction, refusals.

Messages are values. A connection behaves as TCP does for its users: nothing is lost or reordered on it, but a cut holds
messages back until it heals (and then some, for retransmission), and nobody is told of a peer that vanished.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from quorate.model.millis import Millis
from quorate.sim.randomness import Dice
from quorate.sim.schedule import Schedule

RETRANSMISSION: Millis = 200
"""What a lost packet costs; doubled for each further loss of the same one."""

SYN_RETRY: Millis = 1_000

REFUSED = "Connection refused"


class Owner(Protocol):
    """Whoever holds an end of a connection."""

    def opened(self, end: "End") -> None: ...
    def received(self, end: "End", message: object) -> None: ...
    def ended(self, end: "End", reason: str) -> None: ...


@dataclass(eq=False)
class Node:
    """A machine. `alive` False: nothing answers and nothing is refused. `paused` holds what arrives."""

    name: str
    ip: str
    alive: bool = True
    paused: bool = False
    held: "list[Callable[[], None]]" = field(default_factory=list)
    listening: "dict[int, Callable[[End], Owner | None]]" = field(default_factory=dict)

    def resume(self) -> None:
        """Handle what arrived while the process stood still."""
        self.paused = False
        held, self.held = self.held, []
        for action in held:
            if self.paused:
                self.held.append(action)
            else:
                action()


@dataclass(eq=False, slots=True)
class End:
    """One end of a connection. `tag` is for its owner."""

    network: "Network"
    node: Node
    owner: Owner | None
    tag: int = 0
    other: "End | None" = None
    open: bool = False
    closed: bool = False
    forgotten: bool = False
    last: Millis = 0
    waiting: list[object] = field(default_factory=list)

    def send(self, message: object) -> None:
        """Send in order; before the connection stands messages wait for it."""
        if self.closed:
            return
        if not self.open:
            self.waiting.append(message)
            return
        self.network.carry(self, message)

    def close(self) -> None:
        """Hang up; the other end learns of it after everything that was sent."""
        if not self.closed:
            self.closed = True
            if self.other is not None and not self.other.closed:
                self.network.carry(self, _FIN)


class _Fin:
    """The end of a stream."""


_FIN = _Fin()


@dataclass(slots=True)
class Weather:
    """How the network behaves between any two nodes now."""

    latency: Millis = 1
    jitter: Millis = 0
    loss: float = 0.0


class Network:
    """All nodes and what lies between them."""

    def __init__(self, schedule: Schedule, dice: Dice) -> None:
        self.schedule = schedule
        self._dice = dice
        self.nodes: dict[str, Node] = {}
        self.weather = Weather()
        self.cuts: set[tuple[str, str]] = set()
        self.rejecting: set[tuple[str, str]] = set()
        self._held: dict[tuple[str, str], list[Callable[[], None]]] = {}
        self._ends: dict[Node, dict[End, None]] = {}
        self.names: dict[str, str] = {}
        """What host names stand for, for those who do not look them up themselves."""

    def add(self, node: Node) -> Node:
        """A machine at its address; another one that had it is no longer reachable there."""
        self.nodes[node.ip] = node
        self._ends.setdefault(node, {})
        return node

    # --- connections ------------------------------------------------------------------------------------------------

    def connect(self, node: Node, owner: Owner, ip: str, port: int, tag: int = 0) -> End:
        """Begin to connect; `opened` or `ended` tells the owner what came of it."""
        end = End(self, node, owner, tag)
        self._ends[node][end] = None
        self._syn(end, self.names.get(ip, ip), port, SYN_RETRY)
        return end

    def _syn(self, end: End, ip: str, port: int, retry: Millis) -> None:
        """Try to reach the other side; a cut means trying again, later each time."""

        def again() -> None:
            self._syn(end, ip, port, min(retry * 2, 8_000))

        def arrive() -> None:
            if end.closed:
                return
            target = self.nodes.get(ip)
            if target is None or not target.alive or self._is_cut(end.node.ip, ip) or self._is_cut(ip, end.node.ip):
                self.schedule.after(retry, again)
                return
            if (end.node.ip, ip) in self.rejecting or port not in target.listening:
                self._at(end.node, lambda: self._end(end, REFUSED))
                return
            # The kernel accepts for a process that stands still.
            self._accept(end, target, port)

        if not end.closed:
            self.schedule.after(self._latency(), arrive)

    def _accept(self, end: End, target: Node, port: int) -> None:
        far = End(self, target, None)
        owner = target.listening[port](far)
        if owner is None:
            self._at(end.node, lambda: self._end(end, REFUSED))
            return
        far.owner = owner
        far.open = True
        far.other, end.other = end, far
        self._ends[target][far] = None

        def established() -> None:
            if end.closed or end.owner is None:
                far.close()
                return
            end.open = True
            # What was sent before comes before whatever the owner says now.
            waiting, end.waiting = end.waiting, []
            for message in waiting:
                self.carry(end, message)
            end.owner.opened(end)

        self.schedule.after(self._latency(), lambda: self._at(end.node, established))

    def carry(self, end: End, message: object) -> None:
        """Bring a message to the other end, after everything sent before it."""
        far = end.other
        if far is None:
            return
        schedule = self.schedule
        end.last = moment = max(end.last, schedule.now + self._latency())
        schedule.post(moment, self._arrive, end, far, message)

    def _arrive(self, end: End, far: End, message: object) -> None:
        if end.forgotten:
            return
        if (self.cuts or self.rejecting or self._held) and self._is_stopped(end, far, message):
            return
        if far.closed or far.node.paused or message is _FIN:
            self._deliver(far, message)
        elif far.node.alive and far.owner is not None:
            # Nearly always; the rest of this file is about the other times.
            far.owner.received(far, message)

    def _is_stopped(self, end: End, far: End, message: object) -> bool:
        """Whether something in between holds a message back, or answers it with a reset."""
        way = (end.node.ip, far.node.ip)
        if way in self.cuts or self._held.get(way):
            self._held.setdefault(way, []).append(lambda: self._deliver(far, message))
            return True
        if way in self.rejecting:
            self._reset(end, far)
            return True
        return False

    def _deliver(self, far: End, message: object) -> None:
        if far.closed or not far.node.alive:
            return
        if message is _FIN:
            self._at(far.node, lambda: self._end(far, "Connection closed"))
        else:
            self._at(far.node, lambda: self._receive(far, message))

    def _receive(self, far: End, message: object) -> None:
        if not far.closed and far.owner is not None:
            far.owner.received(far, message)

    def _end(self, end: End, reason: str) -> None:
        if not end.closed:
            end.closed = True
            self._ends[end.node].pop(end, None)
            if end.owner is not None:
                end.owner.ended(end, reason)

    def _reset(self, end: End, far: End) -> None:
        self._at(end.node, lambda: self._end(end, "Connection reset by peer"))
        self._at(far.node, lambda: self._end(far, "Connection reset by peer"))

    def _at(self, node: Node, action: Callable[[], None]) -> None:
        """Let something happen on a machine, when its process runs."""
        if not node.alive:
            return
        if node.paused:
            node.held.append(action)
        else:
            action()

    # --- faults -----------------------------------------------------------------------------------------------------

    def hang_up(self, node: Node, *, told: bool) -> None:
        """Every connection of a node ends: with word to the others if only its process died, else without."""
        ends, self._ends[node] = self._ends[node], {}
        node.held.clear()
        for end in ends:
            end.closed = True
            far = end.other
            if far is None or far.closed:
                continue
            if told:
                self.carry(end, _FIN)
            else:
                # Whoever sends to it later is told that nobody knows this connection, once the machine is back.
                self._watch_ghost(far, node)

    def _watch_ghost(self, far: End, node: Node) -> None:
        def look() -> None:
            if far.closed:
                return
            if node.alive and not self._is_cut(node.ip, far.node.ip):
                self._at(far.node, lambda: self._end(far, "Connection reset by peer"))
            else:
                self.schedule.after(SYN_RETRY, look)

        self.schedule.after(SYN_RETRY, look)

    def forget(self, node: Node) -> None:
        """Something in between has lost its memory: what is sent on a connection of this node now arrives nowhere."""
        for end in self._ends[node]:
            end.forgotten = True
            if end.other is not None:
                end.other.forgotten = True

    def cut(self, from_ip: str, to_ip: str) -> None:
        """Nothing passes from one to the other."""
        self.cuts.add((from_ip, to_ip))

    def heal(self) -> None:
        """Everything passes again; what was held back comes after a retransmission."""
        self.cuts.clear()
        self.rejecting.clear()
        for way in sorted(self._held):
            self._release(way)

    def mend(self, from_ip: str, to_ip: str) -> None:
        """One direction passes again."""
        self.cuts.discard((from_ip, to_ip))
        self._release((from_ip, to_ip))

    def _release(self, way: tuple[str, str]) -> None:
        if not self._held.get(way):
            return

        def flow() -> None:
            if way in self.cuts:
                return
            held = self._held.pop(way, [])
            for action in held:
                action()

        self.schedule.after(self._dice.between(1, SYN_RETRY), flow)

    def passes(self, from_ip: str, to_ip: str) -> bool:
        """Whether what one sends to the other now would arrive, and an answer come back."""
        ways = {(from_ip, to_ip), (to_ip, from_ip)}
        return not ways & self.cuts and not ways & self.rejecting

    def _is_cut(self, from_ip: str, to_ip: str) -> bool:
        return (from_ip, to_ip) in self.cuts

    def _latency(self) -> Millis:
        weather = self.weather
        latency = weather.latency
        if not weather.jitter and not weather.loss:
            return latency
        if weather.jitter:
            latency += self._dice.skewed(0, weather.jitter)
        lost = RETRANSMISSION
        while weather.loss and self._dice.chance(weather.loss):
            latency += lost
            lost = min(lost * 2, 2_000)
        return latency
