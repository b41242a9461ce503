"""Clients that ask sentinels where the master is, write, and keep a ledger of what was acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass, field

from quorate.client.resolver import (
    Action,
    AskAddress,
    AskRole,
    Connected,
    Dial,
    Exhausted,
    Failed,
    Lost,
    News,
    Place,
    Resolver,
    RoleTold,
    Told,
    Use,
    Wanted,
    Woke,
)
from quorate.core.requests import AskInfo, Authenticate
from quorate.model.identity import MasterName
from quorate.model.info import InfoReport, Role
from quorate.model.millis import Millis
from quorate.sim.host import PORT as SENTINEL_PORT
from quorate.sim.messages import WhereIs, Write
from quorate.sim.network import End, Network, Node
from quorate.sim.randomness import Dice

PATIENCE: Millis = 1_500
"""How long a client waits for the answer to a write before it asks the sentinels again."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A write that a server said yes to."""

    id: int
    ip: str
    at: Millis


@dataclass(slots=True)
class Ledger:
    """What was promised to clients, per master."""

    acknowledged: dict[int, Acknowledged] = field(default_factory=dict)
    last: Millis = 0
    longest_gap: Millis = 0
    serial: int = 0

    def note(self, entry: Acknowledged) -> None:
        """An acknowledgement arrived."""
        self.acknowledged[entry.id] = entry
        self.longest_gap = max(self.longest_gap, entry.at - self.last)
        self.last = entry.at


class Client:
    """A closed-loop writer: at most one write under way, `period` ms between two. The resolver finds its master."""

    def __init__(
        self, *, node: Node, network: Network, dice: Dice, master: MasterName, sentinels: list[str], ledger: Ledger
    ) -> None:
        self.node = node
        self.network = network
        self.dice = dice
        self.master = master
        self.sentinels = sentinels
        self.ledger = ledger
        self.period: Millis = 100
        self.active = True
        self.password = ""
        order = dice.sample(sentinels, len(sentinels))
        self._resolver = Resolver(Place(ip, SENTINEL_PORT) for ip in order)
        self._end: End | None = None
        self._to_sentinel = False
        self._server = ""
        self._serial = 0
        self._write = 0

    def start(self) -> None:
        """Begin to look for the master."""
        self._tell(Wanted())

    # --- finding the master -----------------------------------------------------------------------------------------

    def _tell(self, news: News) -> None:
        """Tell the resolver what happened, and do what it says."""
        self._server = ""
        for action in self._resolver.handle(self.network.schedule.now, news):
            self._do(action)
        moment = self._resolver.wake_at()
        if moment is not None:
            self._later(moment - self.network.schedule.now, lambda: self._tell(Woke()))

    def _do(self, action: Action) -> None:
        match action:
            case Dial(place, is_sentinel):
                self._hang_up()
                if self.active:
                    self._to_sentinel = is_sentinel
                    self._end = self.network.connect(self.node, self, place.host, place.port)
            case AskAddress() if self._end is not None:
                self._end.send(WhereIs(self.master))
            case AskRole() if self._end is not None:
                # INFO says it as well, and simulated servers know no ROLE.
                self._end.send(AskInfo())
            case Use(place):
                self._server = place.host
                self._send()
            case Exhausted():
                self._hang_up()
            case _:
                # Simulated sentinels stay where they are: nobody asks for their peers.
                pass

    def _hang_up(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end.close()

    # --- connections ------------------------------------------------------------------------------------------------

    def opened(self, end: End) -> None:
        """Connected to a sentinel or server."""
        if end is self._end:
            if self.password and not self._to_sentinel:
                end.send(Authenticate("", self.password))
            self._tell(Connected())

    def ended(self, end: End, reason: str) -> None:
        """Disconnected: ask the sentinels again."""
        if end is self._end:
            self._end = None
            self._tell(Lost(reason) if self._server else Failed(reason))

    def received(self, end: End, message: object) -> None:
        """An address, a role, or the answer to a write."""
        if end is not self._end:
            return
        if self._server:
            self._answered(message)
        elif self._to_sentinel:
            self._tell(Told(Place(*message) if isinstance(message, tuple) else None))
        elif isinstance(message, InfoReport):
            self._tell(RoleTold(message.role is Role.MASTER))
        elif message is not True:
            self._tell(Failed("refused"))

    # --- writing ----------------------------------------------------------------------------------------------------

    def _answered(self, message: object) -> None:
        if message is True:
            self.ledger.note(Acknowledged(self._write, self._server, self.network.schedule.now))
            self._later(self.period, self._send)
        else:
            # READONLY above all; but whoever refuses writes for another reason may have been replaced as well.
            self._tell(Lost("refused"))

    def _send(self) -> None:
        if self._end is None or not self.active:
            return
        self.ledger.serial += 1
        self._write = self.ledger.serial
        self._end.send(Write(self._write))
        self._later(PATIENCE, lambda: self._tell(Lost("no answer")))

    def _later(self, delay: Millis, action: Callable[[], None]) -> None:
        """Do this next, unless something else comes first."""
        self._serial += 1
        serial = self._serial

        def go_on() -> None:
            if serial == self._serial:
                action()

        self.network.schedule.after(delay, go_on)
