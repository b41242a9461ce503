"""Clients that mean no good: they cost bounded memory, get no say in the configuration, and failover goes on."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.real.cluster import C_SENTINEL, NAME, OURS, Lab, Process, eventually
from tests.real.wire import HOST, Failure, Wire, request

pytestmark = pytest.mark.real

_MEGABYTE = 1024 * 1024


@contextmanager
def _meanwhile(what: Callable[[threading.Event], None]) -> Iterator[None]:
    """Something goes on in a thread."""
    over = threading.Event()

    def run() -> None:
        with suppress(OSError, ConnectionError):
            what(over)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def _pair(lab: Lab) -> tuple[Process, Process, Process]:
    """A master, its replica, and one sentinel that decides alone."""
    master = lab.server()
    replica = lab.server(master=master)
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "all is well")
    return master, replica, sentinel


def _worst_ping(sentinel: Process, seconds: float) -> float:
    worst, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        assert sentinel.ask("PING") == "PONG"
        worst = max(worst, time.monotonic() - started)
        time.sleep(0.02)
    return worst


def test_a_client_that_never_stops_asking_does_not_starve_the_others(lab: Lab) -> None:
    master, replica, sentinel = _pair(lab)
    block = request("SENTINEL", "MASTERS") * 3000

    def flood(over: threading.Event) -> None:
        with sentinel.connect(timeout=10) as wire:
            reader = threading.Thread(target=_drain, args=(wire.socket, over), daemon=True)
            reader.start()
            while not over.is_set():
                wire.socket.sendall(block)
            wire.socket.shutdown(socket.SHUT_RDWR)
            reader.join(5)

    with _meanwhile(flood), _meanwhile(flood):
        time.sleep(0.3)
        assert _worst_ping(sentinel, 1.0) < 1.0
        master.kill()
        eventually(lambda: sentinel.master_port() == replica.port, "failover goes on")
    assert "+tilt" not in sentinel.log()


def _drain(connection: socket.socket, over: threading.Event) -> None:
    with suppress(OSError):
        while not over.is_set() and connection.recv(1 << 20):
            pass


def test_a_hello_channel_that_is_flooded_does_not_starve_the_others(lab: Lab) -> None:
    master, replica, sentinel = _pair(lab)
    block = request("PUBLISH", "__sentinel__:hello", "x" * 100) * 2000

    def flood(over: threading.Event) -> None:
        with master.connect(timeout=10) as wire:
            reader = threading.Thread(target=_drain, args=(wire.socket, over), daemon=True)
            reader.start()
            while not over.is_set():
                wire.socket.sendall(block)
            wire.socket.shutdown(socket.SHUT_RDWR)
            reader.join(5)

    before = sentinel.memory()
    with _meanwhile(flood):
        time.sleep(0.3)
        assert _worst_ping(sentinel, 1.0) < 1.0
        assert sentinel.flags() == {"master"}
        master.kill()
        eventually(lambda: sentinel.master_port() == replica.port, "failover goes on")
    assert sentinel.memory() - before < 30 * _MEGABYTE
    assert "+tilt" not in sentinel.log()


def test_clients_that_never_read_cost_bounded_memory(lab: Lab) -> None:
    master, replica, sentinel = _pair(lab)
    before = sentinel.memory()
    deaf = []
    for word in ("INFO", "SENTINEL MASTERS", "COMMAND DOCS"):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect((HOST, sentinel.port))
        one.settimeout(0.5)
        deaf.append(one)
        with suppress(TimeoutError):
            for _ in range(50):
                one.sendall(request(*word.split()) * 1000)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.connect((HOST, sentinel.port))
    listener.sendall(request("PSUBSCRIBE", "*"))
    deaf.append(listener)
    with sentinel.connect(timeout=30) as wire:
        for _ in range(100):
            # 500 events each.
            assert wire.ask("SENTINEL", "SET", NAME, *["parallel-syncs", "1"] * 500) == "OK"
    grown = (sentinel.memory() - before) / _MEGABYTE
    assert grown < 60, f"{grown:.0f} MB"
    assert sentinel.ask("PING") == "PONG"
    master.kill()
    eventually(lambda: sentinel.master_port() == replica.port, "failover goes on")
    for one in deaf:
        one.close()


def test_half_requests_cost_bounded_memory(lab: Lab) -> None:
    _, _, sentinel = _pair(lab)
    before = sentinel.memory()
    halves = [
        b"*3\r\n$8\r\nSENTINEL\r\n$500000000\r\n" + b"x" * 100_000,
        b"*1000000\r\n",
        b"*1000000\r\n" + b"$1\r\nx\r\n" * 10_000,
        b"x" * 60_000,
        b"*1\r\n$",
        b"*1\r\n$1",
        b"\r" * 1000,
        b"",
    ]
    slow = []
    for number in range(400):
        one = socket.create_connection((HOST, sentinel.port), 3)
        one.sendall(halves[number % len(halves)])
        slow.append(one)
    for _ in range(3):
        for one in slow[:50]:
            with suppress(OSError):
                one.sendall(b"x")
        assert _worst_ping(sentinel, 0.3) < 1.0
    grown = (sentinel.memory() - before) / _MEGABYTE
    assert grown < 100, f"{grown:.0f} MB"
    for one in slow:
        one.close()
    assert "Traceback" not in sentinel.log()


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"*abc\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*1\r\n+PING\r\n", b"-ERR Protocol error: expected '$', got '+'\r\n"),
        (b"*1\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
        (b"*1\r\n$99999999999\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
        (b'PING "x\r\n', b"-ERR Protocol error: unbalanced quotes in request\r\n"),
        (b"x" * 70_000, b"-ERR Protocol error: too big inline request\r\n"),
        (b"PING\r\nPING\r\n*x\r\n", b"+PONG\r\n+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", None),
    ],
)
def test_what_is_no_request_is_told_so_and_closed(lab: Lab, sent: bytes, answer: bytes | None) -> None:
    sentinel = lab.configured("")
    sentinel.start()
    with socket.create_connection((HOST, sentinel.port), 5) as one:
        one.sendall(sent)
        got = b""
        with suppress(ConnectionResetError):
            while data := one.recv(65536):
                got += data
    if answer is not None:
        assert got == answer
    assert sentinel.ask("PING") == "PONG"


def test_more_clients_than_maxclients_leave_room_for_peers(lab: Lab) -> None:
    """Peers live on other addresses than the crowd, as they do on other machines."""
    master = lab.server("--bind", "0.0.0.0")
    replica = lab.server(master=master)
    settings = "sentinel monitor mymaster 127.0.0.1 {} 2\nsentinel down-after-milliseconds mymaster 800\n"
    text = settings.format(master.port)
    sentinels = [
        lab.configured(f"bind 127.0.0.1 127.0.0.{n}\nbind-source-addr 127.0.0.{n}\nmaxclients 20\n{text}")
        for n in (2, 3, 4)
    ]
    for sentinel in sentinels:
        sentinel.start()
    eventually(lambda: all(len(s.peers()) == 2 for s in sentinels), "they know each other", 20)
    eventually(lambda: all(p["flags"] == "sentinel" for p in sentinels[0].peers().values()), "all well")
    crowd = []
    try:
        for sentinel in sentinels:
            crowd += [socket.create_connection((HOST, sentinel.port), 3) for _ in range(60)]
        refused = 0
        for one in crowd:
            one.settimeout(0.01)
            with suppress(TimeoutError, ConnectionError):
                refused += one.recv(100).startswith(b"-ERR max number of clients reached")
        assert refused > 60
        master.kill()
        # Nobody gets in to ask, so the configuration file tells.
        eventually(
            lambda: all(f"monitor {NAME} {HOST} {replica.port} 2" in s.config.read_text() for s in sentinels),
            "failover goes on",
            25,
        )
        sentinels[1].kill()
        sentinels[1].launch()
        eventually(lambda: "Sentinel ID" in sentinels[1].log(), "it starts again")
    finally:
        for one in crowd:
            one.close()
    eventually(lambda: all(p["flags"] == "sentinel" for p in sentinels[0].peers().values()), "all well", 20)


_INJECTIONS = [
    "x\nsentinel monitor evil 6.6.6.6 1 1",
    'x"\nsentinel deny-scripts-reconfig no\n',
    "x\r\nsentinel notification-script mymaster /bin/sh",
    "a b",
    "#",
    '"',
    "'",
    "\\",
    "\x00",
    "\udcff\udcfe",
    "x" * 5000,
    " ",
]


@pytest.mark.parametrize("kind", [OURS, C_SENTINEL], ids=["ours", "c"])
def test_what_clients_set_cannot_become_configuration(lab: Lab, kind: tuple[str, ...]) -> None:
    master = lab.server()
    sentinel = lab.sentinel(master, quorum=1)
    kept = []
    for number, evil in enumerate(_INJECTIONS):
        sentinel.sentinel("SET", NAME, "auth-pass", evil)
        sentinel.sentinel("SET", NAME, "auth-user", evil)
        sentinel.sentinel("SET", NAME, "rename-command", f"CMD{number}", evil)
        sentinel.sentinel("CONFIG", "SET", "sentinel-pass", evil)
        sentinel.sentinel("CONFIG", "SET", "sentinel-user", evil)
        sentinel.sentinel("CONFIG", "SET", "announce-ip", evil)
        sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", HOST, master.port, number + 1, evil)
        sentinel.ask("ACL", "SETUSER", f"u{number}{evil}", f">{evil}", "+@all", "on")
        if sentinel.sentinel("MONITOR", f"m{number}{evil}", HOST, master.port, 1) == "OK":
            kept.append(f"m{number}{evil}")
    sentinel.sentinel("CONFIG", "SET", "announce-ip", "")
    sentinel.sentinel("SET", NAME, "auth-pass", "")
    sentinel.sentinel("SET", NAME, "auth-user", "")
    names = sentinel.ask("ROLE")
    assert isinstance(names, list)
    _has_no_line_of_theirs(sentinel)
    assert sentinel.stop() == 0
    if kind == C_SENTINEL:
        sentinel.command = [*kind, str(sentinel.config), "--sentinel"]
    sentinel.start()
    again = sentinel.ask("ROLE")
    assert isinstance(again, list)
    wanted = names[1]
    assert isinstance(wanted, list)
    found = again[1]
    assert isinstance(found, list)
    assert "evil" not in found
    if kind == OURS:
        assert sorted(found) == sorted(wanted)
        assert sorted(wanted) == sorted([NAME, *kept])
    _has_no_line_of_theirs(sentinel)


def _has_no_line_of_theirs(sentinel: Process) -> None:
    for line in sentinel.config.read_bytes().splitlines():
        assert not line.startswith((b"sentinel monitor evil", b"sentinel deny", b"sentinel notification")), line
    assert sentinel.sentinel("MASTER", "evil") == Failure("ERR No such master with that name")


def test_a_thousand_idle_clients(lab: Lab) -> None:
    master, replica, sentinel = _pair(lab)
    before = sentinel.memory()
    idle = [socket.create_connection((HOST, sentinel.port), 3) for _ in range(1000)]
    try:
        for one in idle[::10]:
            one.sendall(request("SUBSCRIBE", "+switch-master"))
        assert _worst_ping(sentinel, 0.5) < 0.5
        assert (sentinel.memory() - before) / _MEGABYTE < 30
        master.kill()
        eventually(lambda: sentinel.master_port() == replica.port, "failover goes on")
        got = b""
        with suppress(TimeoutError):
            while b"+switch-master" not in got.replace(b"subscribe\r\n$14\r\n+switch-master", b""):
                got += idle[0].recv(65536)
        assert f"{replica.port}".encode() in got
    finally:
        for one in idle:
            one.close()
    with Wire(sentinel.port) as wire:
        assert wire.ask("PING") == "PONG"
