"""What peers and clients ask of a simulated sentinel: replies keep the order of their connection.

As in the real process, requests for votes are put to the core though earlier ones wait for the disk; others wait.
"""

from collections import deque
from typing import TYPE_CHECKING

from quorate.commands.debts import Debts
from quorate.core import inputs, requests
from quorate.core.outcome import Result
from quorate.core.view import SentinelView
from quorate.model.identity import Epoch
from quorate.sim.asking import config_told, gone_told
from quorate.sim.messages import WhereIs, Wrong
from quorate.sim.network import End

if TYPE_CHECKING:
    from quorate.sim.host import SentinelHost

_GO_ALONG = (requests.AskDown, requests.Ping, requests.PublishHello)


class Desk:
    """The questions of all connections that others have made to one sentinel."""

    def __init__(self, host: "SentinelHost") -> None:
        self._host = host
        self._owed: dict[End, Debts[object]] = {}
        self._behind: dict[End, deque[object]] = {}
        self._resumed: deque[End] = deque()
        """Connections whose questions have been answered, and what waits behind them not been read yet."""

    def clear(self) -> None:
        """A new life: nobody has asked anything."""
        self._owed.clear()
        self._behind.clear()
        self._resumed.clear()

    def left(self, end: End) -> None:
        """A connection is gone."""
        self._behind.pop(end, None)
        self._owed.pop(end, None)

    def asked(self, end: End, message: object) -> None:
        """A request has come."""
        behind = self._behind.get(end)
        if behind or (end in self._owed and not isinstance(message, _GO_ALONG)):
            self._behind.setdefault(end, deque()).append(message)
            return
        host = self._host
        match message:
            case requests.Ping():
                self._say(end, (inputs.Pong.PONG, "PONG"))
            case requests.AskKind():
                self._say(end, host.is_ours or Wrong("ERR unknown subcommand 'quorate'. Try SENTINEL HELP."))
            case requests.AskConfig():
                self._say(end, config_told(self._view(), message, ours=host.is_ours))
            case requests.AskGone():
                self._say(end, gone_told(self._view(), message, host.told_gone, host.network.schedule.now))
            case requests.NameClient() | requests.Authenticate():
                self._say(end, True)
            case requests.PublishHello():
                self._say(end, True)
                host.submit(inputs.HelloSeen(None, message.hello))
            case requests.AskDown():
                self._put(end, message)
            case WhereIs() if host.driver is not None:
                self._say(end, host.driver.view(host.clock()).current_address(message.master) or False)
            case _:
                pass

    def _put(self, end: End, message: requests.AskDown) -> None:
        host, caller = self._host, self._host.caller(end)
        self._owed.setdefault(end, Debts()).owe(caller)
        question = inputs.VoteRequested(caller, message.ip, message.port, Epoch(message.epoch), message.candidate)
        host.questions[caller] = question, host.network.schedule.now
        host.submit(question)

    def _say(self, end: End, answer: object) -> None:
        owed = self._owed.get(end)
        if owed:
            owed.add(answer)
        else:
            end.send(answer)

    def _view(self) -> SentinelView | None:
        driver = self._host.driver
        return driver.view(self._host.clock()) if driver is not None else None

    def answered(self, end: End, caller: inputs.Caller, result: Result) -> None:
        """The core has answered: that answer leaves, and what waited behind it."""
        owed = self._owed.get(end)
        if owed is None:
            end.send(result)
            return
        for answer in owed.pay(caller, result):
            end.send(answer)
        if not owed:
            del self._owed[end]
            self._resumed.append(end)

    def go_on(self) -> None:
        """The core is free: read what waited behind questions that have been answered."""
        while self._resumed:
            end = self._resumed.popleft()
            behind = self._behind.pop(end, deque())
            while behind and not self._behind.get(end):
                self.asked(end, behind.popleft())
            if behind:
                self._behind[end].extend(behind)
