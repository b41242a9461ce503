"""Subscriptions in calm times: nobody is woken by their bytes; they are read once a second, all in one go.

Every server repeats to us every two seconds what each sentinel said on its hello channel, and nearly all of it is what
was said before. Being woken for each of these packets is most of the reading that a sentinel does. What is urgent does
not come this way: peers tell each other news on direct links as well, and whoever sees something happen reads all
subscriptions as their bytes come, for a while.
"""

import math
from collections.abc import Callable
from typing import Protocol

LOOK_SECONDS = 1.0
"""How late a message may be read. Half of the publish-period, so that no subscription seems to have fallen silent."""

CALM_SECONDS = 10.0
"""For so long nothing must have happened before subscriptions are left alone."""

_AT_ONCE = 256
"""Subscriptions read in one go: some milliseconds of work, after which others get their turn."""


class Dozer(Protocol):
    """A subscription that can be left alone."""

    @property
    def over(self) -> bool:
        """The connection has ended."""
        ...

    def doze(self) -> None:
        """Stop being woken by bytes, if this connection is ready for that and not dozing already."""
        ...

    def look(self) -> None:
        """Read what has come in the meantime, if dozing."""
        ...

    def wake(self) -> None:
        """Be woken by bytes again."""
        ...


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class Doze:
    """All subscriptions of a process. `allowed` is False while hellos come too often for it."""

    def __init__(self, loop: Clock) -> None:
        self.allowed = True
        self._loop = loop
        self._lines: list[Dozer] = []
        self._next = 0
        self._stirred = loop.time()
        self._dozing = False
        self._timer: Timer | None = None

    def add(self, line: Dozer) -> None:
        """Look after a subscription from now on, until it is over."""
        self._lines.append(line)
        if self._timer is None:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._tick)

    def stir(self) -> None:
        """Something happened: have everything read as it comes."""
        self._stirred = self._loop.time()
        if self._dozing:
            self._dozing = False
            for line in self._lines:
                line.wake()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        if self._next >= len(self._lines):
            self._next = 0
            self._lines = [line for line in self._lines if not line.over]
        portion = self._lines[self._next : self._next + _AT_ONCE]
        self._next += _AT_ONCE
        portions = max(1, math.ceil(len(self._lines) / _AT_ONCE))
        self._timer = self._loop.call_later(LOOK_SECONDS / portions, self._tick) if self._lines else None
        if not self.allowed:
            self.stir()
        if self._loop.time() - self._stirred < CALM_SECONDS:
            return
        self._dozing = True
        for line in portion:
            line.look()
            line.doze()
