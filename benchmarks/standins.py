"""Stand-ins for thousands of Redis servers in one process, for what a sentinel does with them, ours or C's.

Masters listen on 127.1.x.y, their replicas on 127.2.x.y, all on one port; each has a listening socket of its own, so
that one that was killed refuses connections as a dead server does. They speak the real protocol as far as sentinels use
it: PING, INFO (the text of a real server, with the facts of the stand-in), hellos published to the real subscribers,
transactions, REPLICAOF with a link that comes up at once, ROLE.

`python -m benchmarks.standins FIRST END REPLICAS PORT CONTROL` is one process of them: it stands in for the masters
from FIRST to before END, those below REPLICAS with a replica. It says `ready`, and `KILL FIRST END` on
127.0.0.1:CONTROL kills masters at once, `PROMOTED FIRST END` tells how many of their replicas are masters. It ends with
its standard input.
"""

import asyncio
import itertools
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.lab import HOST, Process, Wire, free_port, most_files
from quorate.model.hello import HELLO_CHANNEL
from quorate.wire.requests import RequestParser

_CHANNEL = HELLO_CHANNEL.encode()
_KNOWN = 16
"""Packets that a connection remembers: a sentinel says the same again and again."""

_SPARE_FILES = 500
_PATIENCE = 30.0


def master_host(number: int) -> str:
    """Where the stand-in for a master listens."""
    return f"127.1.{number >> 8}.{number & 255}"


def replica_host(number: int) -> str:
    """Where the replica of that master listens."""
    return f"127.2.{number >> 8}.{number & 255}"


class Server:
    """One stand-in. `leader` is the address that it follows, None for a master."""

    def __init__(self, host: str, port: int, leader: tuple[str, int] | None) -> None:
        self.host = host
        self.port = port
        self.leader = leader
        self.run_id = b"%040x" % (hash((host, port)) & (1 << 64) - 1)
        self.followers: list[tuple[str, int]] = []
        self.clients: set[Session] = set()
        self.subscribers: set[Session] = set()
        self.alive = True
        self._door: asyncio.Server | None = None

    async def open(self, house: "House") -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        self._door = await loop.create_server(lambda: Session(self, house), self.host, self.port)

    def kill(self) -> None:
        """Be gone at once, as with SIGKILL."""
        self.alive = False
        if self._door is not None:
            self._door.close()
        for client in list(self.clients):
            client.abort()

    def follow(self, leader: tuple[str, int] | None, house: "House") -> None:
        """REPLICAOF."""
        if self.leader is not None:
            house.at(*self.leader).followers.remove((self.host, self.port))
        self.leader = leader
        if leader is not None:
            house.at(*leader).followers.append((self.host, self.port))

    def replication(self, house: "House") -> bytes:
        """The section of INFO that says whom it follows, and who follows it."""
        offset = house.offset()
        tail = (
            f"master_failover_state:no-failover\r\nmaster_replid:{'0123456789abcdef' * 2}01234567\r\n"
            f"master_replid2:{'0' * 40}\r\nmaster_repl_offset:{offset}\r\nsecond_repl_offset:-1\r\n"
            f"repl_backlog_active:1\r\nrepl_backlog_size:16384\r\n"
        )
        if self.leader is None:
            lines = f"role:master\r\nconnected_slaves:{len(self.followers)}\r\n"
            for number, (host, port) in enumerate(self.followers):
                lines += f"slave{number}:ip={host},port={port},state=online,offset={offset},lag=1\r\n"
        else:
            host, port = self.leader
            status = "up" if house.at(host, port).alive else "down"
            lines = (
                f"role:slave\r\nmaster_host:{host}\r\nmaster_port:{port}\r\nmaster_link_status:{status}\r\n"
                f"master_last_io_seconds_ago:1\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:{offset}\r\n"
                f"slave_repl_offset:{offset}\r\nslave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\n"
                "connected_slaves:0\r\n"
            )
        return b"# Replication\r\n" + (lines + tail).encode()


class House:
    """The stand-ins of one process: masters by number, and replicas by the numbers of their masters."""

    def __init__(self, numbers: range, replicas: int, port: int, info: bytes) -> None:
        head, _, rest = info.partition(b"# Replication\r\n")
        self._head, _, after = head.partition(b"run_id:")
        self._middle, self._tail = after[40:], rest[rest.index(b"\r\n\r\n") + 2 :]
        self._begun = asyncio.get_event_loop().time()
        self.masters = {number: Server(master_host(number), port, None) for number in numbers}
        self.replicas = {number: Server(replica_host(number), port, None) for number in numbers if number < replicas}
        self._at = {(one.host, one.port): one for one in self.everybody()}
        for number, replica in self.replicas.items():
            replica.follow((self.masters[number].host, port), self)

    def everybody(self) -> Iterator[Server]:
        """All of them."""
        return itertools.chain(self.masters.values(), self.replicas.values())

    def at(self, host: str, port: int) -> Server:
        """The stand-in at an address; KeyError."""
        return self._at[host, port]

    def offset(self) -> int:
        """How far every stream has come: there is a PING in it now and then."""
        return 1000 + 14 * int((asyncio.get_running_loop().time() - self._begun) / 10)

    def info(self, server: Server) -> bytes:
        """INFO of one of them."""
        parts = (self._head, b"run_id:", server.run_id, self._middle, server.replication(self), self._tail)
        return b"".join(parts)


class Session(asyncio.Protocol):
    """One connection to a stand-in."""

    def __init__(self, server: Server, house: House) -> None:
        self._server = server
        self._house = house
        self._parser = RequestParser()
        self._known: dict[bytes, list[list[bytes]]] = {}
        self._queued: list[list[bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's are asyncio's in all but ancestry
        self._server.clients.add(self)
        if not self._server.alive:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._server.clients.discard(self)
        self._server.subscribers.discard(self)
        self._transport = None

    def abort(self) -> None:
        """Break the connection off."""
        if self._transport is not None:
            self._transport.abort()

    def push(self, data: bytes) -> None:
        """Send a message to a subscriber."""
        if self._transport is not None:
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        requests = self._known.get(data)
        if requests is None or self._parser.buffered:
            whole = not self._parser.buffered
            requests = self._parser.feed(data)
            if whole and not self._parser.buffered and len(self._known) < _KNOWN:
                self._known[data] = requests
        said = b"".join([self._answer(request) for request in requests])
        if said and self._transport is not None:
            self._transport.write(said)

    def _answer(self, request: list[bytes]) -> bytes:
        name = request[0].upper()
        if name == b"EXEC":
            queued, self._queued = self._queued or [], None
            return b"*%d\r\n" % len(queued) + b"".join(self._answer(one) for one in queued)
        if self._queued is not None:
            self._queued.append(request)
            return b"+QUEUED\r\n"
        doing = _COMMANDS.get(name)
        return doing(self, request[1:]) if doing is not None else b"-ERR unknown command\r\n"

    def ping(self, _words: list[bytes]) -> bytes:
        """PING."""
        return b"+PONG\r\n"

    def ok(self, _words: list[bytes]) -> bytes:
        """What is taken, and changes nothing here: AUTH, CLIENT, CONFIG REWRITE, SCRIPT KILL."""
        return b"+OK\r\n"

    def multi(self, _words: list[bytes]) -> bytes:
        """MULTI."""
        self._queued = []
        return b"+OK\r\n"

    def info(self, _words: list[bytes]) -> bytes:
        """INFO."""
        text = self._house.info(self._server)
        return b"$%d\r\n%b\r\n" % (len(text), text)

    def subscribe(self, words: list[bytes]) -> bytes:
        """SUBSCRIBE to the hello channel."""
        self._server.subscribers.add(self)
        channel = words[0]
        return b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%b\r\n:1\r\n" % (len(channel), channel)

    def publish(self, words: list[bytes]) -> bytes:
        """PUBLISH of a hello."""
        channel, text = words
        message = b"*3\r\n$7\r\nmessage\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(channel), channel, len(text), text)
        for one in self._server.subscribers:
            one.push(message)
        return b":%d\r\n" % len(self._server.subscribers)

    def replicaof(self, words: list[bytes]) -> bytes:
        """REPLICAOF and SLAVEOF."""
        host, port = words[0].decode(), words[1].decode()
        self._server.follow(None if host.upper() == "NO" else (host, int(port)), self._house)
        return b"+OK\r\n"

    def role(self, _words: list[bytes]) -> bytes:
        """ROLE, its first words."""
        return b"*1\r\n$6\r\nmaster\r\n" if self._server.leader is None else b"*1\r\n$5\r\nslave\r\n"

    def kill(self, words: list[bytes]) -> bytes:
        """Of the control port: kill masters."""
        for number in range(int(words[0]), int(words[1])):
            self._house.masters[number].kill()
        return b"+OK\r\n"

    def promoted(self, words: list[bytes]) -> bytes:
        """Of the control port: how many replicas are masters."""
        numbers = range(int(words[0]), int(words[1]))
        return b":%d\r\n" % sum(self._house.replicas[number].leader is None for number in numbers)


_Command = Callable[[Session, list[bytes]], bytes]

_COMMANDS: dict[bytes, _Command] = {
    b"PING": Session.ping,
    b"INFO": Session.info,
    b"AUTH": Session.ok,
    b"CLIENT": Session.ok,
    b"CONFIG": Session.ok,
    b"SCRIPT": Session.ok,
    b"MULTI": Session.multi,
    b"SUBSCRIBE": Session.subscribe,
    b"PUBLISH": Session.publish,
    b"REPLICAOF": Session.replicaof,
    b"SLAVEOF": Session.replicaof,
    b"ROLE": Session.role,
    b"KILL": Session.kill,
    b"PROMOTED": Session.promoted,
}


def _real_info() -> bytes:
    """INFO of a real server: what ours say beyond replication should cost a sentinel what it always does."""
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        port = free_port()
        server = Process(port, ["redis-server", "--port", str(port), "--bind", HOST, "--save", ""], Path(folder))
        try:
            return str(server.start().ask("INFO")).encode()
        finally:
            server.kill()


async def _serve(numbers: range, replicas: int, port: int, control: int) -> None:
    house = House(numbers, replicas, port, _real_info())
    for server in house.everybody():
        await server.open(house)
    await Server(HOST, control, None).open(house)
    print("ready", flush=True)
    # As long as whoever started us keeps the other end open.
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), gone.set)
    await gone.wait()


def main() -> None:
    """Stand in until standard input ends."""
    first, end, replicas, port, control = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files(), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    asyncio.set_event_loop(uvloop.new_event_loop())
    asyncio.get_event_loop().run_until_complete(_serve(range(first, end), replicas, port, control))


# --- for those who start them ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standins:
    """Stand-ins that run: so many masters, the first `followed` of them with a replica."""

    folder: Path
    count: int
    followed: int
    port: int
    _parts: Sequence[tuple[range, int]]
    """The masters of each process, and its control port."""

    def names(self) -> list[str]:
        """The names under which they are watched."""
        return [f"master{number}" for number in range(self.count)]

    def places(self) -> list[tuple[str, int]]:
        """The addresses of the masters."""
        return [(master_host(number), self.port) for number in range(self.count)]

    def kill(self, count: int) -> None:
        """Kill the first so many masters."""
        self._order("KILL", count)

    def promoted(self, count: int) -> int:
        """How many replicas of the first so many masters are masters."""
        return sum(int(str(told)) for told in self._order("PROMOTED", count))

    def _order(self, word: str, count: int) -> list[object]:
        told: list[object] = []
        for numbers, control in self._parts:
            if numbers.start < count:
                with Wire(control, timeout=_PATIENCE) as wire:
                    told.append(wire.ask(word, numbers.start, min(count, numbers.stop)))
        return told


@contextmanager
def standins(count: int, followed: int, sentinels: int) -> Iterator[Standins]:
    """Start them, in as many processes as the limit of open files and so many sentinels ask for."""
    # A master and its replica: two doors, and two connections of each sentinel to either.
    at_most = (most_files() - _SPARE_FILES) // (2 + 4 * sentinels)
    shares = -(-count // at_most)
    step = -(-count // shares)
    port = free_port()
    parts = [(range(start, min(start + step, count)), free_port()) for start in range(0, count, step)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quorate-bench-")))
        for numbers, control in parts:
            words = map(str, (numbers.start, numbers.stop, followed, port, control))
            stack.enter_context(_running([sys.executable, "-m", "benchmarks.standins", *words]))
        yield Standins(folder, count, followed, port, parts)


@contextmanager
def _running(command: Sequence[str]) -> Iterator[None]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            first = child.stdout.readline()
            assert first == "ready\n", f"the stand-ins said {first!r}"
            yield
        finally:
            # They hold nothing that is worth a farewell.
            child.kill()


if __name__ == "__main__":
    main()
