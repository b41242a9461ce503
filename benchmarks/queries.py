"""A client that asks at a fixed pace whatever the answers do, so that a slow answer does not delay later questions."""

import select
import socket
import time
from collections import deque
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


def ask_at_pace(port: int, names: list[str], per_second: int, seconds: float, connections: int = 8) -> Latency:
    """Ask for the addresses of masters, evenly spread in time, by several connections in turn."""
    requests = [_request(name) for name in names]
    far_ends = {one.socket: one for one in (_Connection(port) for _ in range(connections))}
    in_turn = list(far_ends.values())
    count = int(per_second * seconds)
    taken: list[float] = []
    sent = 0
    begun = due = time.perf_counter() + 0.05
    while len(taken) < count:
        now = time.perf_counter()
        assert now < begun + seconds + _PATIENCE, f"{count - len(taken)} of {count} questions got no answer"
        while sent < count and due <= now:
            in_turn[sent % connections].ask(requests[sent % len(requests)], due)
            sent += 1
            due = begun + sent / per_second
        pause = max(0.0, due - time.perf_counter()) if sent < count else 1.0
        readable, _, _ = select.select(list(far_ends), [], [], pause)
        for ready in readable:
            taken += far_ends[ready].read()
    for one in in_turn:
        one.socket.close()
    return Latency.of(taken)


def _request(name: str) -> bytes:
    words = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name)
    return b"*3\r\n" + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
