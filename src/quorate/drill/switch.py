"""An Ethernet switch in user space between TAP devices, with cuts, delay, jitter and loss per ordered pair of ports.

It runs as a process of its own, so that a busy drill does not slow the network down. It reads rules as JSON lines from
its standard input, each line replacing all earlier rules, and answers `ok`. It ends when its input does.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from functools import partial
from itertools import permutations

_PREFIX = b"\x02\x00\x00\x00\x00"
_BURST = 64
_FRAME = 65536
_MOST_WAITING = 5000
"""Frames in flight per ordered pair under delay; a queue that is full drops, as real ones do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to frames from one port to another. `delay` and `jitter` in seconds, `loss` from 0 to 1."""

    source: int
    target: int
    cut: bool = False
    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0


def hardware(port: int) -> bytes:
    """The hardware address of the host behind a port (1 to 255)."""
    return _PREFIX + bytes([port])


def cut(group: Iterable[int], rest: Iterable[int], *, outward: bool = True, inward: bool = True) -> list[Rule]:
    """Rules that separate a group from the rest: what it sends (outward), what it is sent (inward), or both."""
    pairs = [(a, b) for a in group for b in rest]
    rules = [Rule(a, b, cut=True) for a, b in pairs if outward]
    return rules + [Rule(b, a, cut=True) for a, b in pairs if inward]


def among(ports: Iterable[int], *, delay: float = 0.0, jitter: float = 0.0, loss: float = 0.0) -> list[Rule]:
    """The same delay, jitter or loss between all of these ports, each way."""
    return [Rule(a, b, delay=delay, jitter=jitter, loss=loss) for a, b in permutations(ports, 2)]


class Control:
    """The drill's end: starts the switch and tells it the rules."""

    def __init__(self, devices: Mapping[int, int], seed: int) -> None:
        ports = ",".join(f"{port}:{device}" for port, device in devices.items())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quorate.drill.switch", ports, str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=list(devices.values()),
            # Ctrl-C belongs to the drill, which ends the switch last.
            start_new_session=True,
        )

    def rules(self, rules: Iterable[Rule]) -> None:
        """Replace all rules; returns when the switch follows them, well under a millisecond later."""
        assert self.process.stdin is not None and self.process.stdout is not None, "both are pipes"  # noqa: PT018
        self.process.stdin.write(json.dumps([astuple(rule) for rule in rules]).encode() + b"\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != b"ok\n":
            raise OSError("the switch of the drill has ended")

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Switch:
    """The switching itself, on a running loop."""

    def __init__(self, devices: Mapping[int, int], chance: random.Random) -> None:
        self._devices = devices
        self._chance = chance
        self._rules: dict[tuple[int, int], Rule] = {}
        self._waiting: dict[tuple[int, int], deque[tuple[float, bytes]]] = {}
        self._loop = asyncio.get_running_loop()
        for port, device in devices.items():
            self._loop.add_reader(device, self._receive, port, device)

    def follow(self, rules: Iterable[Rule]) -> None:
        self._rules = {(rule.source, rule.target): rule for rule in rules}

    def _receive(self, source: int, device: int) -> None:
        for _ in range(_BURST):
            try:
                frame = os.read(device, _FRAME)
            except OSError:
                return
            # Every host knows its neighbours for good, so nothing that is broadcast matters.
            if frame[:5] == _PREFIX and frame[5] in self._devices:
                self._forward(source, frame[5], frame)

    def _forward(self, source: int, target: int, frame: bytes) -> None:
        rule = self._rules.get((source, target))
        queue = self._waiting.get((source, target))
        if rule is None:
            if queue:
                self._queue(source, target, 0.0, frame)
            else:
                self._send(target, frame)
            return
        if rule.cut or (rule.loss and self._chance.random() < rule.loss):
            return
        wait = rule.delay + (self._chance.uniform(-rule.jitter, rule.jitter) if rule.jitter else 0.0)
        if wait > 0 or queue:
            self._queue(source, target, max(0.0, wait), frame)
        else:
            self._send(target, frame)

    def _queue(self, source: int, target: int, wait: float, frame: bytes) -> None:
        """Frames of a pair keep their order, as on a line; jitter only bunches them."""
        queue = self._waiting.setdefault((source, target), deque())
        if len(queue) >= _MOST_WAITING:
            return
        due = self._loop.time() + wait
        if queue:
            queue.append((max(due, queue[-1][0]), frame))
            return
        queue.append((due, frame))
        self._loop.call_at(due, self._release, target, queue)

    def _release(self, target: int, queue: deque[tuple[float, bytes]]) -> None:
        now = self._loop.time() + 0.0005
        while queue and queue[0][0] <= now:
            self._send(target, queue.popleft()[1])
        if queue:
            self._loop.call_at(queue[0][0], self._release, target, queue)

    def _send(self, target: int, frame: bytes) -> None:
        try:
            os.write(self._devices[target], frame)
        except OSError:
            # A host that does not take its frames loses them.
            return


async def _serve(devices: Mapping[int, int], seed: int) -> None:
    switch = Switch(devices, random.Random(seed))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, partial(_command, switch, ended))
    await ended.wait()


_input = bytearray()


def _command(switch: Switch, ended: asyncio.Event) -> None:
    chunk = os.read(0, _FRAME)
    if not chunk:
        ended.set()
        return
    _input.extend(chunk)
    while (end := _input.find(b"\n")) >= 0:
        line = bytes(_input[:end])
        del _input[: end + 1]
        switch.follow([Rule(*values) for values in json.loads(line)])
        os.write(1, b"ok\n")


def main() -> None:
    """`python -m quorate.drill.switch PORT:DESCRIPTOR,... SEED`."""
    pairs = (pair.split(":") for pair in sys.argv[1].split(","))
    asyncio.run(_serve({int(port): int(device) for port, device in pairs}, int(sys.argv[2])))


if __name__ == "__main__":
    main()
