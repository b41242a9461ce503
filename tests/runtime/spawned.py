"""A sentinel as a process of its own, in a folder of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

QUORATE = [sys.executable, "-m", "quorate", "sentinel"]


class Process:
    """A sentinel in a folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.conf = folder / "sentinel.conf"
        self._running: list[subprocess.Popen[bytes]] = []

    def write(self, *lines: str) -> None:
        self.conf.write_text("".join(f"{line}\n" for line in (f"port {self.port}", "bind 127.0.0.1", *lines)))

    def start(
        self,
        *words: str,
        through: Sequence[str] = (),
        env: dict[str, str] | None = None,
        stdin: int | None = None,
    ) -> "subprocess.Popen[bytes]":
        out, err = (self.folder / "out").open("ab"), (self.folder / "err").open("ab")
        with out, err:
            process = subprocess.Popen(
                [*through, *QUORATE, *(words or ("sentinel.conf",))],
                cwd=self.folder,
                stdout=out,
                stderr=err,
                env=env,
                stdin=stdin,
            )
        self._running.append(process)
        return process

    def refused(self, *words: str) -> int:
        return self.start(*words).wait(20)

    def said(self) -> str:
        return (self.folder / "out").read_text(errors="surrogateescape")

    def complained(self) -> str:
        return (self.folder / "err").read_text(errors="surrogateescape")

    def ask(self, request: str = "PING") -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), 5) as client:
            client.sendall(f"{request}\r\n".encode())
            return client.recv(4096)

    def await_answer(self) -> None:
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return self.ask().startswith(b"+PONG")
        except OSError:
            return False

    def clean_up(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
