"""Virtual time: what happens next, in one thread, in an order that depends on nothing but the seed."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeAlias

from quorate.model.millis import Millis

Action: TypeAlias = Callable[[], None]


class Timer:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("action",)

    def __init__(self, action: Action | None) -> None:
        self.action = action

    def cancel(self) -> None:
        """Let it not happen."""
        self.action = None

    def fire(self) -> None:
        """Its time has come."""
        if self.action is not None:
            self.action()


class Schedule:
    """A queue of actions by time, first come first served at equal times. `now` is in ms since the world began."""

    __slots__ = ("_heap", "_serial", "events", "now")

    def __init__(self) -> None:
        self.now: Millis = 0
        self.events = 0
        self._heap: list[tuple[Millis, int, Callable[..., None], tuple[object, ...]]] = []
        self._serial = 0

    def after(self, delay: Millis, action: Action) -> Timer:
        """Do something `delay` ms from now."""
        timer = Timer(action)
        self._serial += 1
        heappush(self._heap, (self.now + delay, self._serial, timer.fire, ()))
        return timer

    def post(self, moment: Millis, action: Callable[..., None], *what: object) -> None:
        """Do something at a moment, for good: cheaper than a timer, and most of what happens is of this kind."""
        self._serial += 1
        heappush(self._heap, (moment, self._serial, action, what))

    def run_until(self, moment: Millis, stop: Callable[[], bool] | None = None) -> None:
        """Let everything happen up to a moment, or until `stop` says so between two events."""
        heap = self._heap
        while heap and heap[0][0] <= moment:
            self.now, _, action, what = heappop(heap)
            self.events += 1
            action(*what)
            if stop is not None and stop():
                return
        self.now = max(self.now, moment)
