"""The commands of a person against far ends that mean no good, full disks and closed ends: one line, no traceback."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket

import pytest

from tests.real.cluster import eventually
from tests.real.impostor import Answering, Behaviour, Impostor, bulk
from tests.real.wire import Wire

pytestmark = pytest.mark.real

DEGRADED, UNREACHABLE, USAGE, INPUT_OUTPUT = 1, 2, 64, 74
_MEMORY = 1_500_000
"""KiB of address space: what a flood must not fill."""


def _run(*words: str, stdout: str = "") -> tuple[int, str]:
    """The exit status, and what was printed, in one line."""
    limited = ["bash", "-c", f'ulimit -v {_MEMORY}; exec "$@"', "x", sys.executable, "-m", "quorate", *words]
    if stdout:
        with Path(stdout).open("w") as out:
            done = subprocess.run(limited, stdout=out, stderr=subprocess.PIPE, text=True, timeout=40, check=False)
    else:
        done = subprocess.run(limited, capture_output=True, text=True, errors="replace", timeout=40, check=False)
    text = (done.stdout or "") + done.stderr
    assert "Traceback" not in text, text
    assert not any(char < " " and char != "\n" for char in text), "nothing that a terminal would obey"
    return done.returncode, " ".join(text.split())


def _endless(first: bytes, block: bytes) -> Behaviour:
    def flood(connection: socket) -> None:
        connection.recv(4096)
        connection.sendall(first)
        while True:
            connection.sendall(block)

    return flood


def _says(words: bytes) -> Behaviour:
    def say(connection: socket) -> None:
        connection.recv(4096)
        connection.sendall(words)
        while connection.recv(4096):
            pass

    return say


def _sentinel(masters: bytes, rest: bytes = b"*0\r\n") -> Behaviour:
    """One that gives this as the list of its masters, and `rest` whatever else it is asked."""

    def answer(words: list[bytes]) -> bytes:
        match [word.upper() for word in words[:2]]:
            case [b"SENTINEL", b"MASTERS"]:
                return masters
            case [b"SENTINEL", b"MYID"]:
                return bulk(b"b" * 40)
            case [b"INFO"]:
                return bulk(b"redis_version:7.0.15\r\n")
            case [b"CLIENT", _]:
                return b"+OK\r\n"
            case _:
                return rest

    return Answering(answer)


def _master(**fields: bytes) -> bytes:
    known = {"name": b"mymaster", "ip": b"127.0.0.1", "port": b"6379", "flags": b"master", "quorum": b"2"} | fields
    flat = [part for name, value in known.items() for part in (name.replace("_", "-").encode(), value)]
    return b"*1\r\n*%d\r\n" % len(flat) + b"".join(map(bulk, flat))


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        pytest.param(_says(b""), "does not answer", id="silence"),
        pytest.param(_says(b"$100\r\nabc"), "does not answer", id="half a reply"),
        pytest.param(lambda _: None, "closed the connection", id="closes"),
        pytest.param(_says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "Protocol error", id="http"),
        pytest.param(_endless(b"$2000000000\r\n", b"x" * 65536), "does not answer", id="an endless string"),
        pytest.param(_endless(b"+", b"x" * 65536), "does not answer", id="an endless line"),
        pytest.param(_endless(b"", b"*1\r\n" * 10_000), "nesting", id="nested for ever"),
        pytest.param(_sentinel(b"*-1\r\n"), "is no sentinel", id="null"),
        pytest.param(_sentinel(b"+PONG\r\n"), "is no sentinel", id="pong"),
        pytest.param(_sentinel(b"-ERR \x1b[2Junknown command\r\n"), "is a server, not a sentinel", id="a server"),
        pytest.param(_sentinel(b"-ERR \x1b[31mno\r\n"), "no", id="an error"),
    ],
)
def test_no_sentinel_at_all(behaviour: Behaviour, said: str) -> None:
    for words in (["status"], ["status", "--json"], ["failover", "mymaster"]):
        with Impostor(behaviour) as impostor:
            code, text = _run(*words, "--port", str(impostor.port))
        assert (code, said in text) == (UNREACHABLE, True), text


@pytest.mark.parametrize(
    "masters",
    [
        pytest.param(_master(port=b"abc"), id="no port"),
        pytest.param(_master(port=b"9" * 5000), id="a long port"),
        pytest.param(_master(name=b"\x1b[31mred\x07\n[bold]x\xc2\x9b2J", flags=b"master,\x1b[2J"), id="colours"),
        pytest.param(_master(quorum=b"x", config_epoch=b"9" * 30, last_ping_sent=b"-1"), id="odd numbers"),
        pytest.param(_master(name=b"\xff\xfe\x00", ip=b"\xff"), id="bytes"),
        pytest.param(b"*2\r\n*1\r\n$4\r\nname\r\n:5\r\n", id="halves"),
    ],
)
@pytest.mark.parametrize("rest", [b"*0\r\n", b"-ERR \x1b[2J\r\n", b"*2\r\n*1\r\n+x\r\n*-1\r\n"], ids=repr)
def test_an_odd_sentinel(masters: bytes, rest: bytes) -> None:
    for words in (["status"], ["status", "--json"]):
        with Impostor(_sentinel(masters, rest)) as impostor:
            code, _ = _run(*words, "--port", str(impostor.port))
        assert code in {0, DEGRADED}


def test_a_failover_that_is_refused_in_colours() -> None:
    with Impostor(_sentinel(_master(), b"-ERR \x1b[31mno\r\n")) as impostor:
        code, text = _run("failover", "mymaster", "--port", str(impostor.port))
    assert code != 0
    assert "?[31mno" in text, text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["status", "--port", "1"], ["status", "--json", "--port", "1"], ["--help"]])
def test_an_output_that_is_full(words: list[str]) -> None:
    assert _run(*words, stdout="/dev/full") == (INPUT_OUTPUT, "quorate: No space left on device")


@contextmanager
def _small_disk(at: Path, size: str) -> Iterator[None]:
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount file systems")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def _fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_cluster_on_a_full_disk(tmp_path: Path, redis_server: Path) -> None:
    small = tmp_path / "small"
    with _small_disk(small, "64k"):
        (small / "filler").write_bytes(b"x" * 4096 * 13)
        code, text = _run("up", "--dir", str(small / "cluster"), "--server", str(redis_server), "--detach")
    assert (code, f"quorate: {small}/cluster" in text, "No space left" in text) == (INPUT_OUTPUT, True, True), text


def test_a_cluster_whose_disk_fills_up_stays_and_recovers(tmp_path: Path, redis_server: Path) -> None:
    """Its own log is on that disk, too."""
    small = tmp_path / "small"
    folder = small / "cluster"
    with _small_disk(small, "8m"):
        size = ("--replicas", "0", "--sentinels", "1")
        code, text = _run("up", "--dir", str(folder), "--server", str(redis_server), "--detach", *size)
        assert code == 0, text
        try:
            _fill(small / "filler")
            # Events, each a line for the log.
            port = json.loads(_run("status", "--dir", str(folder), "--json")[1])["sentinel"]["address"].split(":")[1]
            with Wire(int(port)) as sentinel:
                for number in range(3):
                    sentinel.ask("SENTINEL", "SET", "mymaster", "parallel-syncs", number + 2)
            eventually(lambda: "cannot save" in _run("status", "--dir", str(folder))[1], "the full disk is noticed")
            time.sleep(1)
            code, text = _run("status", "--dir", str(folder))
            assert code == DEGRADED, text
            (small / "filler").unlink()
            eventually(lambda: "cannot save" not in _run("status", "--dir", str(folder))[1], "it recovers")
        finally:
            code, text = _run("down", "--dir", str(folder))
        assert code == 0, text
