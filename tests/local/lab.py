"""Running `quorate up` as its own process for tests, and counting what it leaves behind."""

import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from quorate.client.aio import Access, Line, UnreadableError
from quorate.client.picture import Place
from quorate.local import ports

C_SENTINEL = ("--sentinel-server", "redis-server", "--down-after", "3000")
"""At 1000, its own ping period, a C sentinel now and then takes the new master for dead right after a failover."""


def free_base() -> int:
    """A port from which eight servers, and 20,000 above eight sentinels, have room below the outgoing connections'."""
    for _ in range(200):
        base = random.randrange(10_010, 12_740, 10)
        if all(ports.is_free(base + i) and ports.is_free(base + 20_000 + i) for i in range(8)):
            return base
    raise RuntimeError("no free ports")


def eventually(what: Callable[[], bool], seconds: float, message: str) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, message
        time.sleep(0.05)


def group_of(pid: int) -> list[int]:
    """The processes in the process group that holds `pid`."""
    group = os.getpgid(pid)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # Fields after the name, which may hold blanks: state, parent, group.
                state, _, theirs = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(theirs) == group and state != "Z":
                    found.append(int(entry.name))
    return found


def alive(pids: list[int]) -> list[int]:
    """Those that still run."""
    left = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                left.append(pid)
    return left


async def ask(port: int, *words: str, password: str = "") -> object:
    """One command to one port."""
    async with await Line.open(Place("127.0.0.1", port), Access(password=password)) as line:
        (reply,) = await line.ask(words)
        return reply


def holds(port: int, value: str, password: str = "") -> bool:
    """The server on `port` answers, and its `key` has this value."""
    with contextlib.suppress(UnreadableError):
        return asyncio.run(ask(port, "GET", "key", password=password)) == value
    return False


@dataclass
class Up:
    """A running `quorate up`. `output` is read from a file, so nothing blocks."""

    process: "subprocess.Popen[bytes]"
    output: Path
    base: int

    def text(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def wait_for(self, pattern: str, seconds: float = 15.0) -> re.Match[str]:
        """Until the output matches."""
        deadline = time.monotonic() + seconds
        while (match := re.search(pattern, self.text())) is None:
            assert time.monotonic() < deadline, f"no {pattern!r} in:\n{self.text()}"
            time.sleep(0.05)
        return match

    def ready(self) -> "Up":
        """Until the table was printed to its last line."""
        self.wait_for(rf"sentinel  127\.0\.0\.1:{self.base + 20_002} ")
        return self

    def pid_of(self, port: int) -> int:
        """The process on a port as first printed."""
        return int(self.wait_for(rf"127\.0\.0\.1:{port}\s.*?pid (\d+)").group(1))

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.process.wait(20)


@contextlib.contextmanager
def up(tmp_path: Path, *options: str, base: int | None = None) -> Iterator[Up]:
    """Run it on free ports; whatever happens, it is gone afterwards."""
    base = free_base() if base is None else base
    tmp_path.mkdir(exist_ok=True)
    output = tmp_path / f"up-{time.monotonic_ns()}.out"
    with output.open("wb") as file:
        command = [sys.executable, "-m", "quorate", "up", "--port", str(base), *options]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment(tmp_path)
        )
    try:
        yield Up(process, output, base)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def quorate(tmp_path: Path, *words: str, seconds: float = 30.0) -> "subprocess.CompletedProcess[str]":
    """Run another command to its end."""
    command = [sys.executable, "-m", "quorate", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, env=environment(tmp_path), check=False
    )


def environment(tmp_path: Path) -> dict[str, str]:
    """Where the register of running clusters and temporary directories are this test's own."""
    scratch = tmp_path / "tmp"
    scratch.mkdir(exist_ok=True)
    return {**os.environ, "QUORATE_RUN_DIR": str(tmp_path / "run"), "TMPDIR": str(scratch), "COLUMNS": "120"}
