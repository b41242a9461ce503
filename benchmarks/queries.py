"""A client that asks at a fixed pace whatever the answers do, so that a slow answer does not delay later questions."""

import select
import socket
import time
from collections import deque
from dataclasses import dataclass, field

from benchmarks.lab import HOST

_LINES_PER_REPLY = 5
"""`*2`, and two bulk strings of two lines each."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds from the moment at which a question was due until its whole answer was read."""

    p50: float
    p99: float
    worst: float


@dataclass
class _Connection:
    """One connection, and the moments at which its unanswered questions were due."""

    socket: socket.socket
    due: deque[float] = field(default_factory=deque)
    lines: int = 0


def _connect(port: int) -> _Connection:
    connected = socket.create_connection((HOST, port), 5)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Connection(connected)


def ask_at_pace(port: int, names: list[str], per_second: int, seconds: float, connections: int = 8) -> Latency:
    """Ask for the addresses of masters, `per_second` evenly spread questions in turn over several connections."""
    requests = [_request(name) for name in names]
    lines = [_connect(port) for _ in range(connections)]
    by_socket = {line.socket: line for line in lines}
    count = int(per_second * seconds)
    taken: list[float] = []
    sent = 0
    begun = time.perf_counter() + 0.05
    while len(taken) < count:
        now = time.perf_counter()
        while sent < count and begun + sent / per_second <= now:
            line = lines[sent % connections]
            line.due.append(begun + sent / per_second)
            line.socket.sendall(requests[sent % len(requests)])
            sent += 1
        pause = max(0.0, begun + sent / per_second - now) if sent < count else 1.0
        readable, _, _ = select.select(lines_of(by_socket), [], [], pause)
        for ready in readable:
            taken += _read(by_socket[ready])
        assert now < begun + seconds + 30, f"{count - len(taken)} of {count} questions got no answer"
    for line in lines:
        line.socket.close()
    taken.sort()
    return Latency(1000 * taken[count // 2], 1000 * taken[count * 99 // 100], 1000 * taken[-1])
