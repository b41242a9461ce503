"""What tests of links and sessions stand on: loops of each kind, a station that takes notes, a far end by hand."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import uvloop

from quorate.core.inputs import Input
from quorate.core.outcome import Connect, LinkKind
from quorate.core.requests import ConnId
from quorate.model.millis import Millis
from quorate.model.notice import Level
from quorate.runtime.ports import Flushable, Owing

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}

PATIENCE = 5.0
"""Seconds after which a test gives up waiting; it says nothing about how long anything takes."""


def play(kind: str, scene: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine on one kind of loop; an exception in a callback fails the test."""
    complaints: list[str] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(repr(context)))
        await scene

    with asyncio.Runner(loop_factory=LOOPS[kind]) as runner:
        runner.run(watched())
    assert complaints == []


async def eventually(question: Callable[[], bool]) -> None:
    """Wait until something becomes true."""
    async with asyncio.timeout(PATIENCE):
        while not question():
            await asyncio.sleep(0.002)


class Notebook:
    """A log that is only a list."""

    def __init__(self) -> None:
        self.level = Level.DEBUG
        self.lines: list[tuple[Level, str]] = []

    def write(self, level: Level, text: str) -> None:
        if level >= self.level:
            self.lines.append((level, text))


class Stage:
    """A station that writes down what links report."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.drops: list[tuple[str, str]] = []
        self.forgotten: list[ConnId] = []
        self.owing: list[Owing] = []
        self._touched: list[Flushable] = []

    def feed(self, event: Input, stamp: Millis | None = None) -> None:
        del stamp
        self.inputs.append(event)

    def feed_all(self, events: Sequence[Input], stamp: Millis) -> None:
        del stamp
        self.inputs.extend(events)

    def feed_soon(self, event: Input) -> None:
        self.inputs.append(event)

    def touch(self, connection: Flushable) -> None:
        if not self._touched:
            asyncio.get_running_loop().call_soon(self._flush)
        self._touched.append(connection)

    def owes(self, connection: Owing) -> None:
        self.owing.append(connection)

    def forget(self, conn: ConnId) -> None:
        self.forgotten.append(conn)

    def drop(self, what: str, label: str) -> None:
        self.drops.append((what, label))

    async def heard(self, count: int) -> list[Input]:
        """The inputs, once there are so many."""
        await eventually(lambda: len(self.inputs) >= count)
        return self.inputs

    def _flush(self) -> None:
        touched, self._touched = self._touched, []
        for connection in touched:
            connection.flush()


class FarEnd:
    """A listening socket; `accept` gives the two streams of the next connection."""

    def __init__(self) -> None:
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(8)
        self.sock.setblocking(False)
        self.port: int = self.sock.getsockname()[1]
        self._open: list[asyncio.StreamWriter] = []

    async def accept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(PATIENCE):
            accepted, _ = await asyncio.get_running_loop().sock_accept(self.sock)
            reader, writer = await asyncio.open_connection(sock=accepted)
        self._open.append(writer)
        return reader, writer

    def order(self, kind: LinkKind = LinkKind.COMMAND, renames: tuple[tuple[str, str], ...] = ()) -> Connect:
        return Connect(ConnId(7), kind, "127.0.0.1", self.port, renames, "master mymaster")

    async def close(self) -> None:
        self.sock.close()
        for writer in self._open:
            writer.close()
        await asyncio.sleep(0)
