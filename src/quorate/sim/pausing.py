"""What a server of the simulator does in planned moves: CLIENT PAUSE ... WRITE, and how it answers the other requests.

While writes are held PUBLISH waits as well, and with it all that comes behind it on its connection.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from quorate.core.requests import AskOffset, PauseWrites, PublishHello, Rehearse, RehearseHandOver, ResumeWrites
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.sim.messages import Offset, Write
from quorate.sim.network import End
from quorate.sim.schedule import Schedule


@dataclass(eq=False, slots=True)
class Pause:
    """The pause of one server. `resume` is called with what waited, in the order of each connection."""

    schedule: Schedule
    resume: Callable[[End, object], None]
    until: Millis = 0
    waiting: dict[End, deque[object]] = field(default_factory=dict)

    def begin(self, millis: Millis) -> None:
        """Hold writes; a pause is made longer by another one, never shorter."""
        self.until = max(self.until, self.schedule.now + millis)
        self.schedule.after(millis, self._over)

    def end(self) -> None:
        """CLIENT UNPAUSE."""
        self.until = 0
        self._release()

    def obey(
        self,
        order: Rehearse | RehearseHandOver | AskOffset | PauseWrites | ResumeWrites,
        told: Callable[[Role | None], int | None],
    ) -> object:
        """The answer to an order of a planned move: an offset, None for none, or True."""
        match order:
            case PauseWrites():
                self.begin(order.millis)
                return Offset(told(Role.MASTER))
            case ResumeWrites():
                self.end()
                return True
            case AskOffset():
                return Offset(told(None))
            case Rehearse() | RehearseHandOver():
                return Offset(None)
            case _:
                assert_never(order)

    def forget(self) -> None:
        """The server died, and everything with it."""
        self.until = 0
        self.waiting.clear()

    def holds(self, end: End, message: object) -> bool:
        """Whether a message waits now; then it is kept."""
        if end not in self.waiting:
            if self.schedule.now >= self.until or not isinstance(message, (Write, PublishHello)):
                return False
            self.waiting[end] = deque()
        self.waiting[end].append(message)
        return True

    def _over(self) -> None:
        if self.schedule.now >= self.until:
            self._release()

    def _release(self) -> None:
        waiting, self.waiting = self.waiting, {}
        for end, messages in waiting.items():
            for message in messages:
                self.resume(end, message)
