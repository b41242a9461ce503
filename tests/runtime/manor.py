"""A world to try clients on: real sockets and commands, and a driver whose decisions the test writes itself."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from quorate.commands.acl import Book
from quorate.commands.contract import ScriptView
from quorate.conf.options import ClientOptions, ProcessOptions
from quorate.core.driver import Driver
from quorate.core.inputs import Input, Woke
from quorate.core.outcome import Effect
from quorate.core.sentinel import Sentinel
from quorate.core.view import SentinelView
from quorate.model.identity import MasterName, RunId
from quorate.model.millis import Millis
from quorate.model.record import Entry, Record
from quorate.model.saved import SaveDelta, SavedMaster, SavedPeer, SavedState
from quorate.model.settings import GlobalSettings, MasterSettings, Mode
from quorate.runtime.listener import open_doors, serve
from quorate.runtime.loop import Identity, World
from quorate.runtime.ports import Outward, Ports
from tests.runtime.stage import PATIENCE, Notebook

MYID = RunId("c" * 40)
PEER_HOST = "127.0.0.9"


class ScriptedDriver:
    """A driver that answers each input with what the test's `react` returns; its view is that of one master."""

    def __init__(self) -> None:
        self.inputs: list[tuple[Millis, Input]] = []
        self.react: Callable[[Input], Sequence[Effect]] = lambda _: ()
        self.wake: Millis | None = None
        peers = (SavedPeer(PEER_HOST, 26379, RunId("d" * 40)),)
        master = SavedMaster(MasterName("mymaster"), "127.0.0.1", 1, MasterSettings(2), peers=peers)
        self._real = Driver(Sentinel(SavedState(GlobalSettings(MYID), masters=(master,)), 1, 1, {}))
        self._real.submit(1, Woke())

    def take(self, now: Millis, event: Input) -> bool:
        del now, event  # Every input is written down.
        return False

    def take_some(self, now: Millis, events: Sequence[Input]) -> int:
        del now, events
        return 0

    def submit(self, now: Millis, event: Input) -> Sequence[Effect]:
        self.inputs.append((now, event))
        return self.react(event)

    def wake_at(self) -> Millis | None:
        return self.wake

    def view(self, now: Millis) -> SentinelView:
        return self._real.view(now)

    def seen(self, kind: type) -> list[Input]:
        """The inputs of one kind."""
        return [event for _, event in self.inputs if isinstance(event, kind)]


@dataclass
class Staff:
    """The other parts of a world, as lists of what they were asked for."""

    saves: list[tuple[SaveDelta, Sequence[str] | None, Callable[[int, str | None], None]]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    scripts: list[tuple[str, ...]] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    limits_changes: int = 0

    def start(self, delta: SaveDelta, users: Sequence[str] | None, done: Callable[[int, str | None], None]) -> None:
        self.saves.append((delta, users, done))

    def resolve(self, host: str) -> None:
        self.names.append(host)

    def add(self, argv: Sequence[str]) -> None:
        self.scripts.append(tuple(argv))

    def pending(self) -> Sequence[ScriptView]:
        return ()

    def limits_changed(self) -> None:
        self.limits_changes += 1


@dataclass
class Shelf:
    """Records of failovers, kept by the list."""

    kept: list[Record] = field(default_factory=list)

    def add(self, record: Record) -> None:
        self.kept.append(record)

    def of(self, name: MasterName) -> Sequence[Entry]:
        return [Entry(0, record) for record in reversed(self.kept) if record.master == name]


@dataclass
class Guest:
    """A client by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self, count: int) -> bytes:
        """Exactly so many bytes."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readexactly(count)

    async def hears(self, wanted: bytes) -> None:
        """The next bytes are these."""
        assert await self.hear(len(wanted)) == wanted

    async def is_shown_out(self, last: bytes = b"") -> None:
        """The connection ends after these bytes."""
        async with asyncio.timeout(PATIENCE):
            try:
                assert await self.reader.read() == last
            except ConnectionResetError:
                assert last == b""


@dataclass
class Manor:
    """The world and what surrounds it."""

    world: World
    driver: ScriptedDriver
    staff: Staff
    log: Notebook
    port: int
    guests: list[Guest] = field(default_factory=list)

    async def visit(self, source: str = "127.0.0.1") -> Guest:
        """Connect from one of our own addresses."""
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        guest = Guest(reader, writer)
        self.guests.append(guest)
        return guest

    async def visit_unix(self, path: Path) -> Guest:
        reader, writer = await asyncio.open_unix_connection(str(path))
        guest = Guest(reader, writer)
        self.guests.append(guest)
        return guest


@asynccontextmanager
async def open_house(
    port: int, clients: ClientOptions | None = None, process: ProcessOptions | None = None, acl: Book | None = None
) -> AsyncIterator[Manor]:
    """A world that serves on `port`; its guests leave with it."""
    loop = asyncio.get_running_loop()
    driver, staff, log = ScriptedDriver(), Staff(), Notebook()
    options = process or ProcessOptions(port=port, bind=("127.0.0.1",), clients=clients or ClientOptions())
    doors = open_doors(options, Mode.REDIS_7_2, log.write)
    ports = Ports(
        driver=driver,
        saver=staff,
        names=staff,
        scripts=staff,
        history=Shelf(),
        log=log,
        users=lambda: ["default on"],
        terminate=staff.exits.append,
        shutdown=lambda: staff.exits.append(0),
    )
    identity = Identity(
        run_id="e" * 40,
        myid=MYID,
        config_file="/etc/sentinel.conf",
        executable=f"/proc/{os.getpid()}/exe",
        supervised="no",
        maxclients=options.clients.maxclients,
        listeners=doors.texts,
        process=options,
    )
    world = World(loop=loop, ports=ports, acl=acl or Book(Mode.REDIS_7_2), identity=identity, outward=Outward())
    serving = await serve(loop, doors, world.clients.protocol, None)
    manor = Manor(world, driver, staff, log, port)
    try:
        yield manor
    finally:
        serving.close()
        world.stop()
        for guest in manor.guests:
            guest.writer.close()
        await asyncio.sleep(0.01)
