"""A monitored server or a peer that talks nonsense is down or ignored: no crash, bounded memory, others unharmed."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real.cluster import NAME, Lab, Process, eventually
from tests.real.impostor import Answering, Impostor, bulk, healthy
from tests.real.wire import HOST

pytestmark = pytest.mark.real

_MEGABYTE = 1024 * 1024


def _silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def _deaf(connection: socket.socket) -> None:
    """Never reads, never answers, and has no room."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    time.sleep(20)


def _garbage(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(os.urandom(4096))


def _http(connection: socket.socket) -> None:
    while connection.recv(65536):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def _half(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"$1000000\r\nhalf of it")
    _silent(connection)


def _huge_bulk(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"$104857600\r\n")
    for _ in range(100):
        connection.sendall(b"x" * _MEGABYTE)


def _huge_line(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"+")
    for _ in range(100):
        connection.sendall(b"x" * _MEGABYTE)


def _huge_array(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"*2147483647\r\n" + b"*1000000000\r\n" * 100 + b":1\r\n" * 2_000_000)


def _nested(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"*1\r\n" * 500_000)


def _flood(connection: socket.socket) -> None:
    """Answers nobody asked for, as fast as they are taken."""
    connection.recv(65536)
    for _ in range(400):
        connection.sendall(b"+PONG\r\n" * 20_000)


def _slams(connection: socket.socket) -> None:
    connection.close()


_BEHAVIOURS = [_silent, _deaf, _garbage, _http, _half, _huge_bulk, _huge_line, _huge_array, _nested, _flood, _slams]


@pytest.fixture
def impostors() -> Iterator[dict[str, Impostor]]:
    with ExitStack() as stack:
        yield {one.__name__.strip("_"): stack.enter_context(Impostor(one)) for one in _BEHAVIOURS}


def _cpu(process: Process) -> float:
    """Seconds of processor time."""
    parts = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def test_servers_that_talk_nonsense_are_down_and_cost_little(lab: Lab, impostors: dict[str, Impostor]) -> None:
    master = lab.server()
    replica = lab.server(master=master)
    lines = []
    for name, impostor in impostors.items():
        lines += [
            f"sentinel monitor {name} {HOST} {impostor.port} 2",
            f"sentinel down-after-milliseconds {name} 700",
        ]
    sentinel = lab.prepared(master, lines, quorum=1)
    sentinel.start()
    before = sentinel.memory()
    for name in impostors:
        eventually(lambda name=name: "s_down" in sentinel.flags(name), f"{name} is down")  # type: ignore[misc]
    assert sentinel.flags() == {"master"}
    started = _cpu(sentinel)
    time.sleep(2)
    assert _cpu(sentinel) - started < 1.0, "no hot loop"
    grown = (sentinel.memory() - before) / _MEGABYTE
    assert grown < 40, f"{grown:.0f} MB"
    assert max(one.accepted for one in impostors.values()) < 40, {n: i.accepted for n, i in impostors.items()}
    eventually(lambda: sentinel.sees_all(1, 0), "the real one is well")
    master.kill()
    eventually(lambda: sentinel.master_port() == replica.port, "the real one fails over")
    assert "Traceback" not in sentinel.log()
    assert not sentinel.output()


def test_info_that_lies_is_harmless(lab: Lab) -> None:
    slaves = b"".join(b"slave%d:ip=127.0.0.1,port=%d,state=online\r\n" % (n, n) for n in range(66_000, 66_100))
    odd = (
        b"role:master\r\nrun_id:" + b"z" * 400 + b"\r\nslave0:ip=\x00\xff\n,port=99999999999999999999\r\n"
        b"slave1:\r\nslave2:ip=,port=\r\nslave3:ip=127.0.0.1,port=-1\r\nslave4:ip=not a host,port=1\r\n"
        b'slave5:ip=1.2.3.4"\nsentinel monitor evil 6.6.6.6 1 1,port=5\r\nmaster_link_down_since_seconds:abc\r\n'
        b"slave_repl_offset:99999999999999999999999999\r\nslave_priority:x\r\n" + slaves
    )
    with Impostor(Answering(healthy(odd))) as impostor:
        sentinel = lab.configured(f"sentinel monitor {NAME} {HOST} {impostor.port} 1\n")
        sentinel.start()
        eventually(lambda: sentinel.master()["role-reported"] == "master", "INFO arrived")
        assert "evil" not in sentinel.config.read_text().replace("# ", "\n# ").split("sentinel known")[0]
        assert sentinel.sentinel("MASTER", "evil") != []
        _restarts(sentinel)
        assert sentinel.ask("ROLE") == ["sentinel", [NAME]]


def _restarts(sentinel: Process) -> None:
    assert sentinel.stop() == 0
    sentinel.start()
    assert "Traceback" not in sentinel.log()


def _message(payload: bytes) -> bytes:
    return b"*3\r\n" + bulk(b"message") + bulk(b"__sentinel__:hello") + bulk(payload)


_ID = b"b" * 40
_HELLOS = [
    b"",
    b",,,,,,,",
    b"127.0.0.1,26379",
    b"127.0.0.1,26379," + _ID + b",1,mymaster,127.0.0.1,6379,0,extra",
    b"127.0.0.1,26379," + _ID + b",1,nobody,127.0.0.1,6379,0",
    b"127.0.0.1,26379,short,1,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1,26379," + b"b" * 39 + b"\n,1,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1,26379,x\nsentinel monitor evil 6.6.6.6 1 1\n" + b"b" * 5 + b",1,mymaster,127.0.0.1,6379,0",
    b'127.0.0.1,26379," ' + b"b" * 38 + b",1,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1\nsentinel deny-scripts-reconfig no,26379," + _ID + b",1,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1,99999," + _ID + b",1,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1,-1," + _ID + b",1,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1,26379," + _ID + b",18446744073709551615,mymaster,127.0.0.1,6379,0",
    b"127.0.0.1,26379," + _ID + b",9223372036854775807,mymaster,127.0.0.1,6379,9223372036854775807",
    b"127.0.0.1,26379," + _ID + b",-5,mymaster,127.0.0.1,6379,-5",
    b"127.0.0.1,26379," + _ID + b",1,mymaster,nowhere.invalid,6379,5",
    b"127.0.0.1,26379," + _ID + b",1,mymaster,,0,5",
    b"127.0.0.1,26379," + _ID + b",1,mymaster,127.0.0.1,99999,5",
    b"127.0.0.1,26379," + _ID + b",1,mymaster,6.6.6.6\nsentinel monitor evil 6.6.6.6 1 1,6379,5",
    b"\xff\xfe" * 600,
    b"x" * 100_000,
]


def test_hellos_that_are_nonsense_are_ignored_and_counted(lab: Lab) -> None:
    master = lab.server()
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: sentinel.sees_all(0, 0), "well")
    for hello in _HELLOS:
        assert sentinel.ask("PUBLISH", "__sentinel__:hello", hello) == 1
        master.ask("PUBLISH", "__sentinel__:hello", hello)
    eventually(lambda: "malformed hello" in sentinel.log(), "a line about it")
    assert sentinel.log().count("malformed hello") == 1, "once a minute"
    assert sentinel.master_port() == master.port
    assert sentinel.flags() == {"master"}
    current = [line for line in sentinel.config.read_text().splitlines() if "current-epoch" in line]
    assert int(current[0].split()[-1]) < 10
    text = sentinel.config.read_text()
    assert not [line for line in text.splitlines() if line.startswith(("sentinel monitor evil", "sentinel deny"))]
    _restarts(sentinel)
    assert sentinel.master_port() == master.port


def _peer(answer: Callable[[list[bytes]], bytes | None]) -> Callable[[list[bytes]], bytes | None]:
    well = healthy()
    return lambda words: answer(words) if words[0].upper() == b"SENTINEL" else well(words)


def test_votes_that_are_nonsense_elect_nobody(lab: Lab) -> None:
    replies = [
        b":1\r\n", b"*0\r\n", b"*-1\r\n", b"*3\r\n$1\r\n1\r\n$1\r\n*\r\n:0\r\n", b"*3\r\n:1\r\n:1\r\n:1\r\n",
        b"*3\r\n:1\r\n$-1\r\n:1\r\n", b"*4\r\n:1\r\n$1\r\n*\r\n:0\r\n:0\r\n", b"+OK\r\n", b"-ERR no\r\n",
        b"*3\r\n:1\r\n" + bulk(b"x" * 40) + b":9223372036854775807\r\n", b"$3\r\nabc\r\n",
        b"*3\r\n:1\r\n$1\r\n*\r\n:-1\r\n",
    ]  # fmt: skip
    turn = iter(range(10**9))
    master = lab.server()
    lab.server(master=master)
    sentinel = lab.sentinel(master, quorum=1)
    with ExitStack() as stack:
        for number in range(2):
            impostor = stack.enter_context(Impostor(Answering(_peer(lambda _: replies[next(turn) % len(replies)]))))
            hello = f"{HOST},{impostor.port},{str(number) * 40},0,{NAME},{HOST},{master.port},0"
            sentinel.ask("PUBLISH", "__sentinel__:hello", hello)
        eventually(lambda: sentinel.sees_all(1, 2), "both are believed to be sentinels")
        master.kill()
        eventually(lambda: "-failover-abort-not-elected" in sentinel.log(), "nobody was elected")
        assert sentinel.master_port() == master.port
        eventually(lambda: "malformed vote" in sentinel.log(), "counted and logged")
        assert "Traceback" not in sentinel.log()


def test_epochs_that_nobody_can_have_reached_are_refused(lab: Lab) -> None:
    master = lab.server()
    sentinel = lab.sentinel(master, quorum=1)
    huge = 2**33
    with sentinel.connect() as events:
        assert events.ask("SUBSCRIBE", "+epoch-refused") is not None
        for epoch in (huge, 2**63 - 1, -1, -(2**63)):
            reply = sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", HOST, master.port, epoch, "c" * 40)
            assert reply == [0, "*", 0], epoch
        hello = f"{HOST},26379,{'d' * 40},{huge},{NAME},{HOST},{master.port},0"
        sentinel.ask("PUBLISH", "__sentinel__:hello", hello)
        # The log is written by a thread of its own.
        eventually(lambda: str(huge) in sentinel.log(), "the refusal is in the log")
    line = next(line for line in sentinel.config.read_text().splitlines() if line.startswith("sentinel current-epoch"))
    assert line == "sentinel current-epoch 0"
    fine = sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", HOST, master.port, 2**32, "c" * 40)
    assert fine == [0, "c" * 40, 2**32], "just within the limit"
