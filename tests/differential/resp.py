"""A reader of replies that keeps the type byte of every value, which client libraries throw away."""

import socket
import time
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = "tuple[str, bytes | int | tuple[Value, ...] | None]"
"""Type byte and content: texts as bytes, numbers as int, aggregates as a tuple (maps flat), null as None."""

_AGGREGATES = {"*": 1, "~": 1, ">": 1, "%": 2}


class Incomplete(Exception):  # noqa: N818
    """More bytes are needed."""


def read(data: bytes, at: int = 0) -> tuple[Value, int]:
    """The value that begins at `at`, and where the next one begins."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise Incomplete
    kind, line, after = chr(data[at]), data[at + 1 : end], end + 2
    if kind in "+-,#(":
        return (kind, line), after
    if kind == "_":
        return (kind, None), after
    number = int(line)
    if kind == ":":
        return (kind, number), after
    if number < 0:
        return (kind, None), after
    if kind in "$=":
        if len(data) < after + number + 2:
            raise Incomplete
        return (kind, data[after : after + number]), after + number + 2
    items: list[Value] = []
    for _ in range(number * _AGGREGATES[kind]):
        item, after = read(data, after)
        items.append(item)
    return (kind, tuple(items)), after


_FIRST_WORD_SECONDS = 2
_QUIET_SECONDS = 0.15
_PAUSE_SECONDS = 0.03
_LONGEST_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in answer to something: the values, what could not be read, and whether the connection was closed."""

    values: tuple[Value, ...]
    rest: bytes = b""
    closed: bool = False


class Line:
    """A connection to a sentinel on 127.0.0.1."""

    def __init__(self, port: int, protocol: int) -> None:
        self.port = port
        self.protocol = protocol
        self._count = 0
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), 10)
        self._data = b""
        if self.protocol == 3:
            self.ask([b"HELLO", b"3"])

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def again(self) -> None:
        """A new connection in place of this one."""
        self.close()
        self._connect()

    def ask(self, words: list[bytes]) -> Heard:
        """Send a request and a PING behind it, and collect what comes before the PING's reply."""
        self._count += 1
        token = b"token-%d" % self._count
        self._socket.settimeout(10)
        try:
            self._socket.sendall(_packed(words) + _packed([b"PING", token]))
        except OSError:
            return self._lost(())
        values: list[Value] = []
        while True:
            value = self._next()
            if value is None:
                return self._lost(tuple(values))
            if value in {("$", token), ("*", (("$", b"pong"), ("$", token)))}:
                return Heard(tuple(values))
            values.append(value)

    def say(self, pieces: list[bytes]) -> Heard:
        """Send bytes as they are on a fresh connection, and collect what comes until it has been quiet for a while.

        A piece is sent when something has come to the one before, or soon if that one ends in the middle of a line.
        """
        with socket.create_connection(("127.0.0.1", self.port), 10) as fresh:
            if self.protocol == 3:
                # All of the greeting, whose end nobody marks: it is a map that closes with an empty list.
                fresh.sendall(b"HELLO 3\r\n")
                fresh.settimeout(10)
                greeting = b""
                while not greeting.endswith(b"modules\r\n*0\r\n") and not greeting.startswith(b"-"):
                    greeting += fresh.recv(1 << 16)
            heard, closed = b"", False
            for piece in pieces:
                fresh.sendall(piece)
                whole = piece.endswith(b"\n")
                quiet = _QUIET_SECONDS if piece is pieces[-1] else _PAUSE_SECONDS
                more, closed = _listen(fresh, _FIRST_WORD_SECONDS if whole else quiet, quiet)
                heard += more
                if closed:
                    break
        return _heard(heard, closed=closed)

    def _lost(self, values: tuple[Value, ...]) -> Heard:
        self.again()
        return Heard(values, closed=True)

    def _next(self) -> "Value | None":
        while True:
            try:
                value, after = read(self._data)
            except Incomplete:
                try:
                    more = self._socket.recv(1 << 16)
                except ConnectionResetError:
                    more = b""
                if not more:
                    return None
                self._data += more
            else:
                self._data = self._data[after:]
                return value


def _listen(connection: socket.socket, patience: float, quiet: float) -> tuple[bytes, bool]:
    """What comes until it is quiet for so many seconds, and whether the connection was closed.

    The first word may be long in coming on a busy machine, for which there is `patience`; silence then ends it.
    """
    connection.settimeout(patience)
    heard = b""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        try:
            more = connection.recv(1 << 16)
        except TimeoutError:
            break
        except ConnectionResetError:
            more = b""
        if not more:
            return heard, True
        heard += more
        connection.settimeout(quiet)
    return heard, False


def _heard(data: bytes, *, closed: bool) -> Heard:
    values: list[Value] = []
    at = 0
    while at < len(data):
        try:
            value, at = read(data, at)
        except Incomplete:
            break
        values.append(value)
    return Heard(tuple(values), data[at:], closed)


def _packed(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
