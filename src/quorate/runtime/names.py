"""Host names become numbers off the loop: a name server that does not answer costs nobody a failover.

Look-ups run in a few daemon threads, so that none of them can hold up the end of the process.
"""

import queue
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeAlias

from quorate.core.inputs import Resolved
from quorate.model.identity import bytes_of

WORKERS = 4
PATIENCE = 5.0
"""Seconds after which an answer that has not come counts as none."""

MAX_WAITING = 256
"""Different names in flight at once. Names come from hellos, so anybody may send a thousand; those get None."""

MAX_REMEMBERED = 1024


class Handle(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """The part of an event loop that this needs."""

    def call_later(self, delay: float, callback: Callable[[str], object], host: str) -> Handle: ...
    def call_soon_threadsafe(self, callback: Callable[[str, "Found"], object], host: str, found: "Found") -> object: ...


class Found(NamedTuple):
    """The end of a look-up: the number, or None; `definite` when the name server said that there is no such name."""

    ip: str | None
    definite: bool = False


Lookup: TypeAlias = Callable[[str], Found]


def look_up(host: str) -> Found:
    """Ask the system; blocks. The first address of any family, as C Sentinel takes it."""
    try:
        # Bytes, because Python would translate a text to IDNA first, which the system's own tools do not do.
        answers = socket.getaddrinfo(bytes_of(host), None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return Found(None, definite=error.errno == socket.EAI_NONAME)
    except (OSError, ValueError, UnicodeError):
        return Found(None)
    return Found(str(answers[0][4][0])) if answers else Found(None)


class Pool:
    """A few threads that look names up, started when first needed. `report` is called from those threads."""

    def __init__(self, report: Callable[[str, Found], None], lookup: Lookup = look_up, workers: int = WORKERS) -> None:
        self._report = report
        self._lookup = lookup
        self._workers = workers
        self._started = 0
        self._hosts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(self, host: str) -> None:
        """Queue one look-up."""
        self._hosts.put(host)
        if self._started < self._workers:
            self._started += 1
            threading.Thread(target=self._run, name="quorate-names", daemon=True).start()

    def _run(self) -> None:
        while True:
            host = self._hosts.get()
            self._report(host, self._lookup(host))


class Names:
    """Answers `Resolve` by `Resolved`, once per question; equal questions in flight share one look-up.

    After a look-up that failed or took longer than `patience` the last good number is given, unless the name server
    said plainly that the name does not exist.
    """

    def __init__(
        self,
        loop: Timers,
        answer: Callable[[Resolved], None],
        *,
        lookup: Lookup = look_up,
        patience: float = PATIENCE,
    ) -> None:
        self._loop = loop
        self._answer = answer
        self._patience = patience
        self._pool = Pool(lambda host, found: _hand_over(loop, self._arrived, host, found), lookup)
        self._asked: dict[str, int] = {}
        """Unanswered questions per name. A name stays here while its thread works, also after the time-out."""
        self._timers: dict[str, Handle] = {}
        self._good: OrderedDict[str, str] = OrderedDict()

    def know(self, numbers: Iterable[tuple[str, str]]) -> None:
        """Remember numbers found elsewhere (host, ip), as good answers to fall back on."""
        for host, ip in numbers:
            self._remember(host, ip)

    def resolve(self, host: str) -> None:
        """Answer later, from the loop, never from within this call."""
        if host not in self._asked:
            if len(self._asked) >= MAX_WAITING:
                self._loop.call_later(0, lambda name: self._answer(Resolved(name, self._good.get(name))), host)
                return
            self._asked[host] = 0
            self._pool.ask(host)
        self._asked[host] += 1
        if host not in self._timers:
            self._timers[host] = self._loop.call_later(self._patience, self._gave_up, host)

    def _gave_up(self, host: str) -> None:
        self._timers.pop(host, None)
        count, self._asked[host] = self._asked[host], 0
        for _ in range(count):
            self._answer(Resolved(host, self._good.get(host)))

    def _arrived(self, host: str, found: Found) -> None:
        timer = self._timers.pop(host, None)
        if timer is not None:
            timer.cancel()
        if found.ip is not None:
            self._remember(host, found.ip)
        elif found.definite:
            self._good.pop(host, None)
        for _ in range(self._asked.pop(host, 0)):
            self._answer(Resolved(host, self._good.get(host)))

    def _remember(self, host: str, ip: str) -> None:
        self._good[host] = ip
        self._good.move_to_end(host)
        if len(self._good) > MAX_REMEMBERED:
            self._good.popitem(last=False)


def resolve_all(hosts: Iterable[str], patience: float = PATIENCE, lookup: Lookup = look_up) -> dict[str, str]:
    """Look names up before there is a loop: host → ip of those that answered within `patience` seconds in total.

    The waiting thread stays open to signals, which a thread inside getaddrinfo is not.
    """
    wanted = set(hosts)
    if not wanted:
        return {}
    numbers: dict[str, str] = {}
    left = threading.Semaphore(0)

    def arrived(host: str, found: Found) -> None:
        if found.ip is not None:
            numbers[host] = found.ip
        left.release()

    pool = Pool(arrived, lookup, workers=min(len(wanted), 4 * WORKERS))
    for host in wanted:
        pool.ask(host)
    deadline = time.monotonic() + patience
    for _ in wanted:
        if not left.acquire(timeout=max(0.0, deadline - time.monotonic())):
            break
    return dict(numbers)


def _hand_over(loop: Timers, callback: Callable[[str, Found], object], host: str, found: Found) -> None:
    try:
        loop.call_soon_threadsafe(callback, host, found)
    except RuntimeError:
        # The loop has ended; so has the wish to know.
        return
