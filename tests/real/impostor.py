"""Servers that are none: they say what a test wants, to sentinels that believe they watch a Redis."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.real.wire import HOST

Behaviour = Callable[[socket.socket], None]
"""Serves one connection until it is done with it. OSErrors end it quietly."""


class Impostor:
    """Listens on a port of its own and gives every connection to a behaviour, in threads that end with it."""

    def __init__(self, behaviour: Behaviour, *, backlog: int = 64) -> None:
        self._behaviour = behaviour
        self._listener = socket.socket()
        self._listener.bind((HOST, 0))
        self._listener.listen(backlog)
        self.port = int(self._listener.getsockname()[1])
        self.accepted = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._over = False

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(0.2)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._open.add(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ConnectionError), connection:
            self._behaviour(connection)
        self._open.discard(connection)


class Answering:
    """Reads requests, and answers each by what a function makes of its words; None says nothing."""

    def __init__(self, answer: Callable[[list[bytes]], bytes | None]) -> None:
        self._answer = answer

    def __call__(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            while (head := file.readline()).startswith(b"*"):
                words = []
                for _ in range(int(head[1:])):
                    size = int(file.readline()[1:])
                    words.append(file.read(size + 2)[:-2])
                reply = self._answer(words)
                if reply is not None:
                    connection.sendall(reply)


def bulk(text: bytes) -> bytes:
    """A bulk string."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def healthy(info: bytes = b"role:master\r\nrun_id:" + b"a" * 40 + b"\r\n") -> Callable[[list[bytes]], bytes | None]:
    """The answers of a master that is well, to be bent by a test."""

    def answer(words: list[bytes]) -> bytes | None:
        match words[0].upper():
            case b"PING":
                return b"+PONG\r\n"
            case b"INFO":
                return bulk(info)
            case b"PUBLISH":
                return b":1\r\n"
            case b"SUBSCRIBE":
                return b"*3\r\n" + bulk(b"subscribe") + bulk(words[1]) + b":1\r\n"
            case _:
                return b"+OK\r\n"

    return answer
