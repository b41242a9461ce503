"""Clients that ask sentinels where the master is, write, and keep a ledger of what was acknowledged."""

from dataclasses import dataclass, field

from quorate.core.requests import Authenticate
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.sim.host import PORT as SENTINEL_PORT
from quorate.sim.host import WhereIs
from quorate.sim.messages import Write
from quorate.sim.network import End, Network, Node
from quorate.sim.randomness import Dice
from quorate.sim.schedule import Action
from quorate.sim.server import PORT as SERVER_PORT

PATIENCE: Millis = 1_500
"""How long a client waits for anything before it asks the next sentinel."""


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
    """One closed-loop writer: at most one write under way, `period` ms between two."""

    def __init__(
        self, node: Node, network: Network, dice: Dice, master: MasterName, sentinels: list[str], ledger: Ledger
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
        self._end: End | None = None
        self._server = ""
        self._serial = 0
        self._write = 0

    def start(self) -> None:
        """Begin to look for the master."""
        self._locate()

    def _locate(self) -> None:
        self._hang_up()
        if not self.active:
            return
        self._server = ""
        self._end = self.network.connect(self.node, self, self.dice.choice(self.sentinels), SENTINEL_PORT)
        self._watch()

    def _hang_up(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end.close()

    def _watch(self) -> None:
        self._serial += 1
        serial = self._serial

        def give_up() -> None:
            if serial == self._serial:
                self._locate()

        self.network.schedule.after(PATIENCE, give_up)

    def opened(self, end: End) -> None:
        """Connected: ask, or write."""
        if end is self._end:
            if self._server and self.password:
                end.send(Authenticate("", self.password))
            elif self._server:
                self._send()
            else:
                end.send(WhereIs(self.master))

    def ended(self, end: End, reason: str) -> None:  # noqa: ARG002 - an Owner's signature
        """Disconnected: ask again, a little later."""
        if end is self._end:
            self._end = None
            self._pause(self._locate)

    def received(self, end: End, message: object) -> None:
        """An address, or the answer to a write."""
        if end is not self._end:
            return
        if not self._server:
            self._located(message)
        elif message is True and not self._write:
            self._send()
        elif message is True:
            self.ledger.note(Acknowledged(self._write, self._server, self.network.schedule.now))
            self._pause(self._send)
        else:
            self._pause(self._locate)

    def _located(self, message: object) -> None:
        self._hang_up()
        if not isinstance(message, tuple):
            self._pause(self._locate)
            return
        self._server = message[0]
        self._write = 0
        self._end = self.network.connect(self.node, self, self._server, SERVER_PORT)
        self._watch()

    def _pause(self, action: Action) -> None:
        self._serial += 1
        serial = self._serial

        def go_on() -> None:
            if serial == self._serial:
                action()

        self.network.schedule.after(self.period, go_on)

    def _send(self) -> None:
        if self._end is None or not self.active:
            return
        self.ledger.serial += 1
        self._write = self.ledger.serial
        self._end.send(Write(self._write))
        self._watch()
