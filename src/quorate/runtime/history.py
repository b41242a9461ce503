"""What is remembered of failovers: kept in memory, and beside the configuration in FILE.quorate.

Nothing waits for it. A file that cannot be read or written costs records, never a failover.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Level
from quorate.model.record import CHANGED, Entry, Record
from quorate.wire import history

MOST_PER_MASTER = 32
MOST_BYTES = 1 << 20
"""Bytes of all records together, in the file and nearly so in memory."""

HEAD = b'{"quorate-history":1}\n'
"""The first line. A file that does not begin so is somebody else's, or of a later version, and is left alone."""

_PAUSE = 0.25
"""Seconds between two writes: each writes all again, and a hundred failovers in a row would wait for a hundred."""


class Side(Protocol):
    """A small file that is read and replaced as a whole. Both methods block."""

    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None:
        """OSError or ValueError if it cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    """An entry with its line in the file, made once."""

    entry: Entry
    line: bytes


class History:
    """The records of all masters, newest last. Called on the loop; the file is written by a thread of its own.

    `wall_clock` gives ms since 1970, `log` may be called from any thread.
    """

    def __init__(
        self,
        side: Side,
        wall_clock: Callable[[], Millis],
        log: Callable[[Level, str], None],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._side = side
        self._wall_clock = wall_clock
        self._log = log
        self._most = most_bytes
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._numbers: dict[MasterName, deque[int]] = {}
        self._latest = 0
        self._bytes = len(HEAD)
        self._writer = _Writer(self._write)
        self._failed = False
        self._foreign = False

    def read(self) -> None:
        """Take up what the file holds. Blocks: before the loop runs."""
        data = self._side.read()
        if not data:
            return
        if not data.startswith(HEAD):
            self._foreign = True
            self._log(Level.WARNING, "The file beside the configuration holds no history of ours, and is left alone")
            return
        unread = 0
        for line in data[len(HEAD) :].splitlines(keepends=True):
            entry = history.of_line(line)
            if entry is None:
                unread += 1
            else:
                self._append(_Kept(entry, line if line.endswith(b"\n") else line + b"\n"))
        if unread:
            self._log(Level.WARNING, f"{unread} lines of the history of failovers could not be understood")

    def add(self, record: Record) -> None:
        """Remember a failover that has ended just now."""
        began = self._wall_clock() - record.lasted
        entry = Entry(began, record, first=began)
        numbers = self._numbers.get(record.master)
        if numbers:
            before = self._kept[numbers[-1]].entry
            if _alike(before.record, record):
                # Attempts go on for as long as a master is down; one entry for all leaves the others their place.
                entry = replace(entry, attempts=before.attempts + 1, first=before.first)
                self._forget(numbers.pop())
        self._append(_Kept(entry, history.line_of(entry)))
        if not self._foreign:
            self._writer.want([HEAD, *(kept.line for kept in self._kept.values())])

    def of(self, name: MasterName) -> Sequence[Entry]:
        """What is remembered of a master, newest first."""
        return [self._kept[number].entry for number in reversed(self._numbers.get(name, ()))]

    def close(self, timeout: float) -> None:
        """Give what has not been written yet so many seconds."""
        self._writer.close(timeout)

    def _append(self, kept: _Kept) -> None:
        self._latest += 1
        self._kept[self._latest] = kept
        self._bytes += len(kept.line)
        numbers = self._numbers.setdefault(kept.entry.record.master, deque())
        numbers.append(self._latest)
        if len(numbers) > MOST_PER_MASTER:
            self._forget(numbers.popleft())
        while self._bytes > self._most and self._kept:
            # The oldest of all is the oldest of its master.
            oldest = next(iter(self._kept))
            name = self._kept[oldest].entry.record.master
            self._numbers[name].popleft()
            if not self._numbers[name]:
                del self._numbers[name]
            self._forget(oldest)

    def _forget(self, number: int) -> None:
        self._bytes -= len(self._kept.pop(number).line)

    def _write(self, lines: Sequence[bytes]) -> None:
        """On the writer's thread."""
        try:
            self._side.write(b"".join(lines))
        except (OSError, ValueError) as error:
            if not self._failed:
                self._failed = True
                self._log(Level.WARNING, f"The history of failovers cannot be written: {error}. It stays in memory")
        else:
            if self._failed:
                self._log(Level.NOTICE, "The history of failovers is written again")
            self._failed = False


def _alike(before: Record, after: Record) -> bool:
    """Whether two failures in a row say the same."""
    return after.ending not in CHANGED and (before.ending, before.cause, before.old) == (
        after.ending,
        after.cause,
        after.old,
    )


class _Writer:
    """Calls `write` on a thread of its own with what is wanted; of what came while it was busy only with the last."""

    def __init__(self, write: Callable[[Sequence[bytes]], None]) -> None:
        self._write = write
        self._turn = threading.Condition()
        self._wanted: Sequence[bytes] | None = None
        self._busy = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def want(self, lines: Sequence[bytes]) -> None:
        with self._turn:
            self._wanted = lines
            self._turn.notify_all()
        if self._thread is None:
            # A daemon thread: a disk that hangs must not keep a process from ending.
            self._thread = threading.Thread(target=self._run, name="history", daemon=True)
            self._thread.start()

    def close(self, timeout: float) -> None:
        self._closing.set()
        with self._turn:
            self._turn.wait_for(lambda: self._wanted is None and not self._busy, timeout)

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._wanted is not None)
                lines, self._wanted = self._wanted, None
                self._busy = True
            self._write(lines or ())
            with self._turn:
                self._busy = False
                self._turn.notify_all()
            self._closing.wait(_PAUSE)
