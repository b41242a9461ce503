"""A C sentinel and a C server read the same bytes as our codecs do: requests, their errors, glob patterns."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path

import pytest

from quorate.wire.encode import encode_command
from quorate.wire.replies import ReplyReader
from quorate.wire.requests import MAX_LINE, RequestParser
from quorate.wire.values import Error, Reply
from tests.wire.test_glob import TABLE, TABLE_NOCASE
from tests.wire.test_requests import BAD, GOOD, PING

pytestmark = pytest.mark.real

# Redis 7.0.15 stops at a zero byte where a length should be and waits for ever; we complain, as Valkey does.
ZERO_BYTE = b"*1\x00\r\n"

# Whether Redis minds a line just beyond the limit depends on how much of it one read returned; ours always does.
LONG_LINE = b"PING " + b"a" * 65536 + b"\r\n"

# Valkey 9 checks every line end, and takes quotes inside words.
VALKEY_DIFFERS = {
    b"*1\rX$4\rYPINGZW" + PING,
    b'PING "a"b\r\n',
    b"PING 'a'b\r\n",
    b'PING "abc\\"\r\n',
    b"PING 'abc\\'\r\n",
}


@contextmanager
def running(command: list[str | Path], port: int, folder: Path) -> Iterator[int]:
    """A C process on the port, ended afterwards."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module", params=["redis_server", "valkey_server"])
def server(request: pytest.FixtureRequest) -> Path:
    binary = request.getfixturevalue(request.param)
    assert isinstance(binary, Path)
    return binary


def answers(port: int, data: bytes) -> list[Reply]:
    """Every reply to the data; a PING behind it shows when that is, unless it would become part of a long line."""
    reader = ReplyReader()
    replies: list[Reply] = []
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.settimeout(0.5)
        with suppress(OSError):
            connection.sendall(data if len(data) > MAX_LINE else data + encode_command("PING", "the end"))
            while chunk := connection.recv(65536):
                replies += reader.feed(chunk)
                if replies and replies[-1] == b"the end":
                    return replies[:-1]
    return replies


def ours(data: bytes, theirs: list[Reply]) -> list[Reply]:
    """The replies that a sentinel gives if it reads the data as we do; what only its commands decide is taken over."""
    parser = RequestParser()
    requests = parser.feed(data)
    expected: list[Reply] = []
    for request, reply in zip_longest(requests, theirs[: len(requests)]):
        known = request is not None and request[0] == b"PING" and len(request) == 2
        expected.append(request[1] if known else reply)
    if parser.error is not None:
        expected.append(Error(parser.error))
    return expected


def test_c_reads_requests_as_we_do(server: Path, tmp_path: Path, free_ports: Callable[[int], list[int]]) -> None:
    port = free_ports(1)[0]
    file = tmp_path / "s.conf"
    file.write_text(f"port {port}\nbind 127.0.0.1\n")
    excepted = {ZERO_BYTE, LONG_LINE} | (VALKEY_DIFFERS if "valkey" in server.name else set())
    different = []
    with running([server, file, "--sentinel"], port, tmp_path):
        for data in (data for data, _ in GOOD + BAD if data not in excepted):
            theirs = answers(port, data)
            if theirs != ours(data, theirs):
                different.append((data[:60], theirs, ours(data, theirs)))
    assert different == []


def test_c_decides_patterns_as_the_tables_say(
    server: Path, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    port = free_ports(1)[0]
    command: list[str | Path] = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with running(command, port, tmp_path):
        for pattern, text, expected in TABLE:
            # KEYS answers "*" without looking, and a subscriber to "*" hears nothing from the empty channel.
            if (pattern, text) == (b"*", b""):
                continue
            keys = answers(port, b"FLUSHALL\r\n" + encode_command("SET", text, 1) + encode_command("KEYS", pattern))
            assert keys[2] == ([text] if expected else []), (pattern, text)
        for pattern, text, expected in TABLE_NOCASE:
            # Every row is about this name; a pattern may fit others as well.
            found = answers(port, encode_command("CONFIG", "GET", pattern))[0]
            assert isinstance(found, list)
            assert (text in found) is expected, pattern
