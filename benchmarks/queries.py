"""A client that asks at a fixed pace whatever the answers do, so that a slow answer does not delay later questions."""

import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.lab import HOST

_LINES_PER_REPLY = 5
"""`*2`, and two bulk strings of two lines each."""

_PATIENCE = 30.0


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the moment at which a question was due until its whole answer was read."""

    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, seconds: list[float]) -> Self:
        """The figures of many answers."""
        ordered = sorted(seconds)
        count = len(ordered)
        return cls(1000 * ordered[count // 2], 1000 * ordered[count * 99 // 100], 1000 * ordered[-1])


class _Connection:
    """One connection, and the moments at which its unanswered questions were due."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._due: deque[float] = deque()
        self._lines = 0

    def ask(self, request: bytes, due: float) -> None:
        self._due.append(due)
        self.socket.sendall(request)

    def read(self) -> list[float]:
        """Seconds that the answers which are now complete have taken."""
        data = self.socket.recv(65536)
        assert data, "the sentinel hung up"
        assert b"-" not in data, data
        now = time.perf_counter()
        self._lines += data.count(b"\n")
        answers, self._lines = divmod(self._lines, _LINES_PER_REPLY)
        return [now - self._due.popleft() for _ in range(answers)]


class Questions:
    """Questions for the addresses of masters, evenly spread in time, by several connections in turn.

    `taken` holds the seconds until each answer so far. A process that opens more than a thousand files must ask first:
    select, unlike poll, knows fractions of a millisecond, but no descriptor above 1,023.
    """

    def __init__(self, ports: Sequence[int], names: list[str], per_second: int, connections: int = 8) -> None:
        self._in_turn = [_Connection(ports[number % len(ports)]) for number in range(connections)]
        self._far_ends = {one.socket: one for one in self._in_turn}
        self._requests = [_request(name) for name in names]
        self._per_second = per_second
        self._begun = time.perf_counter()
        self.sent = 0
        self.taken: list[float] = []

    def begin(self) -> None:
        """The first question is due soon."""
        self._begun = time.perf_counter() + 0.05

    def step(self, limit: int | None = None) -> None:
        """Ask what is due, at most `limit` in all, and read what has come until the next is due."""
        due = self._due()
        now = time.perf_counter()
        while self.sent != limit and due <= now:
            one = self._in_turn[self.sent % len(self._in_turn)]
            one.ask(self._requests[self.sent % len(self._requests)], due)
            self.sent += 1
            due = self._due()
        pause = 0.1 if self.sent == limit else max(0.0, due - time.perf_counter())
        readable, _, _ = select.select(list(self._far_ends), [], [], pause)
        for ready in readable:
            self.taken += self._far_ends[ready].read()

    def _due(self) -> float:
        return self._begun + self.sent / self._per_second

    def finish(self) -> Latency:
        """Wait for the answers that are still due, hang up, and tell."""
        end = time.perf_counter() + _PATIENCE
        while len(self.taken) < self.sent:
            assert time.perf_counter() < end, f"{self.sent - len(self.taken)} of {self.sent} questions got no answer"
            self.step(limit=self.sent)
        for one in self._in_turn:
            one.socket.close()
        return Latency.of(self.taken)


def ask_at_pace(port: int, names: list[str], per_second: int, seconds: float) -> Latency:
    """Ask one sentinel for so long."""
    questions = Questions([port], names, per_second)
    questions.begin()
    count = int(per_second * seconds)
    while questions.sent < count:
        questions.step(limit=count)
    return questions.finish()


def _request(name: str) -> bytes:
    words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
