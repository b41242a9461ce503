"""Clients of sentinels in a process of their own: many that only stay, and some that ask at a fixed pace.

`python -m benchmarks.crowd IDLE PER_SECOND PORT…` says `ready` when all are connected and the asking has begun, goes on
until its standard input ends, and then prints what became of it as JSON: every client that stayed is asked for a PONG.
"""

import json
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from benchmarks.lab import HOST, NAME
from benchmarks.queries import Questions

ASKING = 60
"""Connections over which the questions go."""

_PING = b"*1\r\n$4\r\nPING\r\n"
_PATIENCE = 30.0
_SPARE_FILES = 200


@dataclass(frozen=True)
class Told:
    """What came of a crowd: answers per second, milliseconds for 99 of 100 of them, idle clients without an answer."""

    per_second: float
    p99: float
    lost: int


def raise_file_limit(files: int) -> None:
    """Let this process, and those that it starts, have so many files; OSError or ValueError where that is forbidden."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(hard, files)))


class Running:
    """A crowd that is there, and what it told at its end."""

    told: Told | None = None


@contextmanager
def crowd(ports: Sequence[int], idle: int, per_second: int) -> Iterator[Running]:
    """The clients are there within the block."""
    command = [sys.executable, "-m", "benchmarks.crowd", *map(str, (idle, per_second, *ports))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        running = Running()
        try:
            first = child.stdout.readline()
            assert first == "ready\n", f"the crowd said {first!r}"
            yield running
            text, _ = child.communicate(timeout=3 * _PATIENCE)
            running.told = Told(**json.loads(text))
        except BaseException:
            child.kill()
            raise


def main() -> None:
    """Stay and ask until standard input ends."""
    idle, per_second, *ports = map(int, sys.argv[1:])
    raise_file_limit(idle + _SPARE_FILES)
    questions = Questions(ports, [NAME], per_second, ASKING)
    staying = [_connected(ports[number % len(ports)]) for number in range(idle)]
    lost = _without_pong(staying)
    questions.begin()
    begun = time.monotonic()
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        questions.step()
    asked, seconds = len(questions.taken), time.monotonic() - begun
    latency = questions.finish()
    print(json.dumps(asdict(Told(asked / seconds, latency.p99, lost + _without_pong(staying)))))


def _connected(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), _PATIENCE)


def _without_pong(clients: list[socket.socket]) -> int:
    """How many are not answered."""
    lost = 0
    for one in clients:
        try:
            one.sendall(_PING)
            lost += one.recv(64) != b"+PONG\r\n"
        except OSError:
            lost += 1
    return lost


if __name__ == "__main__":
    main()
