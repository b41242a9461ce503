"""A RESP2 connection for end-to-end tests, without retries or cleverness."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

HOST = "127.0.0.1"

Word: TypeAlias = str | int | bytes | Path


@dataclass(frozen=True)
class Failure:
    """An error reply."""

    text: str


class Wire:
    """A RESP2 connection without retries or cleverness. `where` is a TCP port, or the path of a Unix socket."""

    def __init__(
        self, where: int | str, *, host: str = HOST, context: ssl.SSLContext | None = None, timeout: float = 3.0
    ) -> None:
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(where)
        else:
            self.socket = socket.create_connection((host, where), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            # A handshake that fails closes the socket.
            self.socket = context.wrap_socket(self.socket)
        self._file = self.socket.makefile("rb")

    def ask(self, *words: Word) -> object:
        """Send a command and return its reply: str, int, None, list or Failure."""
        self.send(*words)
        return self.reply()

    def send(self, *words: Word) -> None:
        """Send a command."""
        self.socket.sendall(request(*words))

    def reply(self) -> object:
        """Read one reply."""
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b":":
            return int(rest)
        if kind == b"-":
            return Failure(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2].decode("utf-8", "surrogateescape")
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        return rest.decode()

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def request(*words: Word) -> bytes:
    """A command as it goes over the wire."""
    parts = [word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogateescape") for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
