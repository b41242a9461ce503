"""Closed-loop writers on unique keys that count what was acknowledged and lost, in a process of their own.

Each writer has one write under way at most, and at most `rate` a second. A connection that breaks, or a server that
says READONLY, has all of them ask the sentinels for the master again, every 2 ms, until they tell another address; the
same one is tried again after 100 ms. A write gap is the time from the last
acknowledgement of the old master to the first of the new one; the longest silence is that between any two.

Orders come as lines: `check PORT` reads back everything acknowledged so far on that server. Answers are JSON lines.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
NAME = "mymaster"
ASK_AGAIN = 0.002
TRY_AGAIN = 0.1
PATIENCE = 1.0
BATCH = 500
ATTEMPTS = 50


@dataclass(frozen=True)
class Loss:
    """A write that is gone: which server acknowledged it, and when on the monotonic clock of this machine."""

    port: int
    at: float


@dataclass(frozen=True)
class Count:
    """Since the last check: writes acknowledged, those that are gone, and the gaps and the longest silence in ms."""

    acknowledged: int
    losses: tuple[Loss, ...]
    gaps: tuple[float, ...]
    silence: float

    @property
    def lost(self) -> int:
        """How many are gone."""
        return len(self.losses)


class Writers:
    """The writers as a context: they write from entering to leaving."""

    def __init__(self, sentinels: Sequence[int], writers: int = 50, rate: float = 100.0) -> None:
        words = [str(writers), str(rate), *(str(port) for port in sentinels)]
        command = [sys.executable, "-m", "benchmarks.writers", *words]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._child.kill()
        self._child.communicate()

    def check(self, port: int) -> Count:
        """Read back on a server what was acknowledged since the last check."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"check {port}\n")
        self._child.stdin.flush()
        told = json.loads(self._child.stdout.readline())
        losses = tuple(Loss(**loss) for loss in told["losses"])
        return Count(told["acknowledged"], losses, tuple(told["gaps"]), told["silence"])


@dataclass
class _Book:
    """What was acknowledged since the last check."""

    writes: list[tuple[str, int, float]] = field(default_factory=list)
    """Key, port and moment of each."""
    gaps: list[float] = field(default_factory=list)
    silence: float = 0.0
    last: float = 0.0
    port: int = 0
    before: int = 0
    at: float = 0.0

    def acknowledge(self, key: str, port: int) -> None:
        now = time.monotonic()
        self.writes.append((key, port, now))
        self.silence, self.last = max(self.silence, 1000 * (now - (self.last or now))), now
        if port != self.port:
            if port == self.before:
                # An old master that still takes writes: what it acknowledges is counted, and ends no gap.
                return
            if self.port:
                self.gaps.append(1000 * (now - self.at))
            self.before, self.port = self.port, port
        self.at = now


def _command(*words: str) -> bytes:
    return b"".join((b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words)))


class _Finder:
    """Where the master is: one question at a time, whoever wants to know."""

    def __init__(self, sentinels: list[int]) -> None:
        self._sentinels = sentinels
        self._lines: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        self._under_way: asyncio.Task[int] | None = None

    async def master(self, refused: int) -> int:
        """Where to write, other than to the port that does not take writes any more unless that goes on being told."""
        end = time.monotonic() + TRY_AGAIN
        while (port := await self._told()) == refused and time.monotonic() < end:
            pass
        return port

    async def _told(self) -> int:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._ask())
        return await asyncio.shield(self._under_way)

    async def _ask(self) -> int:
        await asyncio.sleep(ASK_AGAIN)
        for port in list(self._sentinels):
            with suppress(OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
                async with asyncio.timeout(PATIENCE):
                    if port not in self._lines:
                        self._lines[port] = await asyncio.open_connection(HOST, port)
                    reader, writer = self._lines[port]
                    writer.write(_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME))
                    lines = [(await reader.readuntil(b"\r\n")).rstrip() for _ in range(5)]
                    return int(lines[4])
            self._lines.pop(port, None)
            self._sentinels.append(self._sentinels.pop(0))
        return 0


async def _write(number: int, rate: float, finder: _Finder, book: _Book) -> None:
    sequence = 0
    line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    port = 0
    due = time.monotonic() + number / 50 / rate
    while True:
        now = time.monotonic()
        if now < due:
            await asyncio.sleep(due - now)
        due = max(due, now - 1 / rate) + 1 / rate
        sequence += 1
        key = f"w{number}:{sequence}"
        try:
            async with asyncio.timeout(PATIENCE):
                if line is None:
                    port = await finder.master(port)
                    line = await asyncio.open_connection(HOST, port)
                reader, writer = line
                writer.write(_command("SET", key, str(sequence)))
                reply = await reader.readuntil(b"\r\n")
            if reply == b"+OK\r\n":
                book.acknowledge(key, port)
                continue
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        if line is not None:
            line[1].close()
        line, due = None, 0.0


class _Reading:
    """A connection for reading back, made anew when it breaks: a server that is given a role cuts its clients."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: object, tb: object) -> None:
        if self._line is not None:
            self._line[1].close()

    async def number(self, *words: str) -> int:
        """The integer that a command answers."""
        for _ in range(ATTEMPTS):
            with suppress(OSError, asyncio.IncompleteReadError):
                if self._line is None:
                    self._line = await asyncio.open_connection(HOST, self._port)
                self._line[1].write(_command(*words))
                return int((await self._line[0].readuntil(b"\r\n"))[1:])
            self._line = None
            await asyncio.sleep(0.1)
        raise ConnectionError(f"{self._port} does not answer")


async def _check(port: int, book: _Book) -> Count:
    writes, book.writes = book.writes, []
    gaps, book.gaps = book.gaps, []
    silence, book.silence, book.last = book.silence, 0.0, time.monotonic()
    book.before = 0
    losses: list[Loss] = []
    async with _Reading(port) as reading:
        for begin in range(0, len(writes), BATCH):
            batch = writes[begin : begin + BATCH]
            keys = [key for key, _, _ in batch]
            if await reading.number("EXISTS", *keys) < len(batch):
                losses += [Loss(where, at) for key, where, at in batch if not await reading.number("EXISTS", key)]
            # What was read back is removed, or the servers would grow by some thousand keys a second.
            await reading.number("UNLINK", *keys)
    return Count(len(writes), tuple(losses), tuple(gaps), silence)


async def _serve(writers: int, rate: float, sentinels: list[int]) -> None:
    book, finder = _Book(), _Finder(sentinels)
    tasks = [asyncio.create_task(_write(number, rate, finder, book)) for number in range(writers)]
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while order := await orders.readline():
        for task in tasks:
            if task.done():
                task.result()
        count = await _check(int(order.split()[1]), book)
        print(json.dumps(asdict(count)), flush=True)


def main() -> None:
    """Write until the orders end."""
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not everywhere

        uvloop.install()
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), [int(word) for word in sys.argv[3:]]))


if __name__ == "__main__":
    main()
