"""Connections in calm times: nobody is woken by their bytes; they are read when there is something else to do anyway.

With hundreds of masters a sentinel is woken some hundred times a second to read that all is as it was. While nothing
happens, replies are read just before the core is woken for its next periodic work, mostly within a tenth of a second,
and subscriptions once a second. Nothing urgent comes late: the end of a connection still wakes us at once, peers tell
each other news on links of their own, and as soon as the core has something to tell, everything is read as it comes.
"""

import select
import time
from collections.abc import Callable
from typing import Protocol

from quorate.model.millis import Millis
from quorate.runtime.ports import Owing

LOOK_SECONDS = 2.0
"""How late a message may be read: a publish-period, of which three must pass before a subscription counts as silent."""

CALM_SECONDS = 10.0
"""For so long nothing must have happened before connections are left alone."""

MANY = 32
"""With fewer connections there is nothing to be saved."""

TURN_SECONDS = 0.001
"""Answers are read for so long before others get their turn, if they may be waiting; some hold a few bytes, others an
INFO."""

AT_ONCE = 64
"""Connections looked after in one go: a millisecond or two of work, after which others get their turn."""


class Dozer(Protocol):
    """A connection that can be left alone."""

    @property
    def over(self) -> bool:
        """The connection has ended."""
        ...

    def rest(self) -> int | None:
        """Called once a second in calm times. The descriptor if from now on nobody is woken by its bytes."""
        ...

    def look(self, stamp: Millis) -> None:
        """Read what has come in the meantime, until `stamp`, if nobody was woken by it."""
        ...

    def wake(self) -> None:
        """Be woken by bytes again."""
        ...


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None: ...


class Loop(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...
    def add_reader(self, fd: int, callback: Callable[[], None], /) -> None: ...
    def remove_reader(self, fd: int, /) -> bool: ...


class Doze:
    """All connections of a process. `allowed` is False while hellos come too often for it.

    `clock` gives seconds, and tells how long something takes.
    """

    def __init__(self, loop: Loop, clock: Callable[[], float] = time.perf_counter) -> None:
        self.allowed = True
        self._clock = clock
        self._loop = loop
        self._lines: list[Dozer] = []
        self._owed: list[Owing] = []
        self._looking: list[Owing] = []
        self._next = 0
        self._stirred = self._begun = loop.time()
        self._dozing = False
        self._timer: Timer | None = None
        self._ends = _Ends(loop) if hasattr(select, "epoll") else None

    def add(self, line: Dozer) -> None:
        """Look after a connection from now on, until it is over."""
        self._lines.append(line)
        if self._timer is None and self._ends is not None:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._tick)

    def owes(self, line: Owing) -> None:
        """A dozing connection was asked something: have it read at the next `look`."""
        self._owed.append(line)

    def look(self, stamp: Millis) -> None:
        """Read the answers that have come. Before any decision, so that nobody is held for silent who is not."""
        owed, self._owed, self._looking = [*self._looking, *self._owed], [], []
        for line in owed:
            line.look(stamp)

    def look_on(self, stamp: Millis, seconds: float = TURN_SECONDS) -> bool:
        """Read answers for so long; True if it was not all of those that were owed at the first such call."""
        if not self._looking:
            self._looking, self._owed = self._owed, []
        looking, done, begun = self._looking, 0, self._clock()
        while done < len(looking):
            looking[done].look(stamp)
            done += 1
            if self._clock() - begun >= seconds:
                break
        self._looking = looking[done:]
        return bool(self._looking)

    def stir(self) -> None:
        """Something happened: have everything read as it comes."""
        self._stirred = self._loop.time()
        if self._dozing:
            self._dozing = False
            for line in self._lines:
                line.wake()

    def watch(self, descriptor: int, line: Dozer) -> None:
        """Wake `line`, which dozes, as soon as the far end of its connection is gone."""
        if self._ends is not None:
            self._ends.watch(descriptor, line)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._ends is not None:
            self._ends.close()

    def _tick(self) -> None:
        """Look after the next portion of all connections: once in LOOK_SECONDS all have had their turn."""
        if self._next >= len(self._lines):
            self._next, self._begun = 0, self._loop.time()
            self._lines = [line for line in self._lines if not line.over]
        portion = self._lines[self._next : self._next + AT_ONCE]
        self._next += AT_ONCE
        # Portion after portion, with everybody else between two, and then a long rest: being woken is what costs.
        rested = self._next >= len(self._lines)
        pause = max(0.0, self._begun + LOOK_SECONDS - self._loop.time()) if rested else 0.0
        self._timer = self._loop.call_later(pause, self._tick) if self._lines else None
        if not self.allowed or len(self._lines) < MANY:
            self.stir()
        if self._loop.time() - self._stirred < CALM_SECONDS:
            return
        self._dozing = True
        for line in portion:
            descriptor = line.rest()
            if descriptor is not None:
                self.watch(descriptor, line)


class _Ends:
    """Wakes those connections whose far end closes. Bytes alone wake nobody here."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._lines: dict[int, Dozer] = {}
        loop.add_reader(self._epoll.fileno(), self._ended)

    def watch(self, descriptor: int, line: Dozer) -> None:
        """Wake `line` when its connection ends."""
        self._lines[descriptor] = line
        # A socket that is closed leaves by itself, so whoever is there already is this one.
        try:
            self._epoll.register(descriptor, select.EPOLLRDHUP)
        except FileExistsError:
            self._epoll.modify(descriptor, select.EPOLLRDHUP)

    def close(self) -> None:
        """Watch no more."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _ended(self) -> None:
        for descriptor, _ in self._epoll.poll(0):
            # It would be reported again and again until its owner has closed it.
            self._epoll.unregister(descriptor)
            self._lines.pop(descriptor).wake()
