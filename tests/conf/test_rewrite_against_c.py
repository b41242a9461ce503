"""The same file, saved by C Sentinel and by us, is the same file; and each side starts from what the other wrote.

Deliberate differences of the texts:

| difference | reason |
| --- | --- |
| order of appended standard options | C follows a hash table with a random seed; we always write the same order |
| lines of several masters stay with their master | C lets lines wander between masters, away from their comments |
| order of rename-command lines | C follows a hash table; we keep the order of the file |
| known-slave becomes known-replica in its place | 7.0 leaves the old line, appends a new one, and then does not start |
| values with blanks, quotes or control characters are quoted | C writes them bare, which injects or does not parse |
| list-max-ziplist-* are kept as given | C makes comments of them, and still accepts them |
| client-output-buffer-limit | each save of C adds a line for one more class that has its default |
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from quorate.conf.load import load
from quorate.conf.options import Source
from quorate.conf.rewrite import SIGNATURE, Document
from quorate.model.identity import Epoch, RunId
from quorate.model.saved import SaveDelta, SavedPeer
from quorate.model.settings import MasterSettings, Mode

pytestmark = pytest.mark.real

_ID = "d16301c5c8d58b65bf2a4a2c7c11304a31b5adeb"
_PEER = "b16301c5c8d58b65bf2a4a2c7c11304a31b5adeb"

_FILES = {
    "empty": "port {port}\n",
    "no line break at the end": "port {port}\nsentinel monitor m 127.0.0.1 1 2",
    "as packaged": """
        # Example sentinel.conf


        protected-mode no
        PORT   {port}
        daemonize no
        pidfile {folder}/x.pid
        logfile ""
        dir {folder}

        # sentinel announce-ip <ip>
        sentinel monitor mymaster 127.0.0.1 1 2

        # sentinel auth-pass <master-name> <password>
        sentinel down-after-milliseconds mymaster 30000

        acllog-max-len 128
           # aclfile /etc/redis/sentinel-users.acl
        sentinel parallel-syncs mymaster 1
        sentinel failover-timeout mymaster 180000
        sentinel deny-scripts-reconfig yes
        SENTINEL resolve-hostnames no
        SENTINEL announce-hostnames no
        SENTINEL master-reboot-down-after-period mymaster 0
        """,
    "everything of a sentinel": f"""
        port {{port}}
        sentinel known-sentinel m 127.0.0.1 2 {_PEER}
        sentinel known-replica m 127.0.0.1 3
        # above its monitor
        sentinel auth-pass m secret#1
        sentinel auth-user m joe
        sentinel down-after-milliseconds m 5000
        sentinel monitor m 127.0.0.1 1 2
        sentinel failover-timeout m 1000
        sentinel parallel-syncs m 3
        sentinel notification-script m /bin/true
        sentinel client-reconfig-script m /bin/true
        sentinel rename-command m CONFIG guess
        sentinel config-epoch m 5
        sentinel master-reboot-down-after-period m 9
        sentinel deny-scripts-reconfig no
        sentinel announce-ip 10.0.0.1
        sentinel announce-port 1234
        sentinel sentinel-user su
        sentinel sentinel-pass sp
        sentinel resolve-hostnames yes
        sentinel announce-hostnames no
        #quorate sentinel candidate-max-lag m 1048576
        #quorate sentinel replica-tag m 127.0.0.1 3 nofailover
        """,
    "standard options": """
        port {port}
        PORT {port}
        timeout 10
        timeout 20
        bind 127.0.0.1   ::1
        bind 127.0.0.1
        maxclients 5000
        maxmemory 1048576
        client-query-buffer-limit 1048577
        save 900 1
        loglevel verbose
        slave-priority 100
        hash-max-ziplist-entries 33
        masterauth "foo bar"
        unixsocketperm 0700
        notify-keyspace-events KEA
        syslog-enabled no
        syslog-ident foo
        latency-tracking-info-percentiles 1 2.50
        client-output-buffer-limit pubsub 1mb 0 60
        oom-score-adj-values 0 200 800
        maxmemory-clients 5%
        pidfile ""
        tls-cert-file ""
        tls-auth-clients optional
        shutdown-on-sigterm save now
        rename-command PUBLISH abc
        mymodule.option 1
        hz 20
        """,
}


def _text(name: str, folder: Path, port: int) -> bytes:
    text = _FILES[name].format(port=port, folder=folder)
    return "\n".join(line.strip() for line in text.split("\n")).encode()


@contextmanager
def _running(binary: Path, path: Path, port: int) -> Generator[Callable[..., bytes]]:
    """A C sentinel on a file; what is given sends one command and returns the raw reply."""
    log = path.with_suffix(".log")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [binary, path, "--sentinel"], stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=path.parent
        )

    def ask(*words: str) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            request = b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
            connection.sendall(b"*%d\r\n" % len(words) + request)
            return connection.recv(65536)

    try:
        deadline = time.monotonic() + 10
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            try:
                if ask("PING"):
                    break
            except OSError:
                time.sleep(0.02)
        yield ask
    finally:
        process.terminate()
        process.wait(timeout=5)


def _run_c(binary: Path, path: Path, port: int, flushes: int = 0) -> None:
    """Start a C sentinel on a file, have it save, and stop it."""
    with _running(binary, path, port) as ask:
        for _ in range(flushes):
            assert ask("SENTINEL", "FLUSHCONFIG") == b"+OK\r\n"


class _Here:
    """The machine, without changing the working directory of the test run."""

    def included(self, pattern: str) -> Sequence[tuple[str, bytes]]:
        raise FileNotFoundError(pattern)

    def enter(self, directory: str) -> str:
        return os.path.realpath(directory)

    def is_executable(self, path: str) -> bool:
        return os.access(path, os.X_OK)

    def check_user(self, words: Sequence[str]) -> str | None:
        return None if words else "no name"


def _save(data: bytes, folder: Path, saves: int = 1, mode: Mode = Mode.REDIS_7_0) -> bytes:
    """What we write after starting from `data` and saving some times."""
    config = load(Source("s.conf", data), RunId(_ID), mode, _Here())
    config = replace(config, process=replace(config.process, directory=str(folder)))
    document = Document(data, config)
    for revision in range(saves):
        users = ("user default on nopass ~* &* +@all",)
        document.apply(SaveDelta(revision, config.saved.settings, config.saved.current_epoch), users)
        document.render()
    return document.render()


def _comparable(data: bytes) -> list[bytes]:
    """The lines, with the standard options that were appended in one order; see the table above."""
    limits = b"\nclient-output-buffer-limit" in data
    lines = [line for line in data.split(b"\n") if not line.startswith(b"client-output-buffer-limit")]
    while limits and lines[-1] == b"":
        lines.pop()
    if SIGNATURE not in lines:
        return lines
    first = last = lines.index(SIGNATURE) + 1
    while last < len(lines) and lines[last] and not lines[last].startswith((b"user ", b"sentinel ")):
        last += 1
    return [*lines[:first], *sorted(lines[first:last]), *lines[last:]]


@pytest.mark.parametrize("flushes", [0, 2])
@pytest.mark.parametrize("name", _FILES)
def test_we_write_what_c_writes(
    name: str, flushes: int, redis_server: Path, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    if b"v=7.0." not in subprocess.check_output([redis_server, "-v"]):
        pytest.skip("the texts are those of 7.0")
    folder = tmp_path.resolve()
    (port,) = free_ports(1)
    data = _text(name, folder, port)
    path = folder / "sentinel.conf"
    path.write_bytes(data)
    _run_c(redis_server, path, port, flushes)
    theirs = path.read_bytes()
    config = load(Source("s.conf", theirs), RunId(_ID), Mode.REDIS_7_0, _Here())
    # The id is the only line that chance decides.
    assert _comparable(theirs.replace(config.saved.settings.myid.encode(), _ID.encode())) == _comparable(
        _save(data, folder, 1 + flushes)
    )


@pytest.mark.parametrize("name", _FILES)
def test_c_and_valkey_and_we_take_turns_on_one_file(
    name: str, redis_server: Path, valkey_server: Path, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    folder = tmp_path.resolve()
    (port,) = free_ports(1)
    path = folder / "sentinel.conf"
    path.write_bytes(_save(_text(name, folder, port), folder))
    expected = load(Source("s.conf", path.read_bytes()), RunId("0" * 40), None, _Here()).saved
    for binary in (redis_server, valkey_server, redis_server):
        _run_c(binary, path, port, 1)
        again = load(Source("s.conf", path.read_bytes()), RunId("0" * 40), None, _Here())
        assert again.saved == expected
        assert again.has_myid
        path.write_bytes(_save(path.read_bytes(), folder))


@pytest.mark.parametrize("server", ["redis_server", "valkey_server"])
def test_c_reads_back_the_very_bytes_of_names_and_passwords(
    server: str, request: pytest.FixtureRequest, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    """Quoting as C reads it: what we wrote arrives there, byte for byte, and nothing but a value."""
    binary: Path = request.getfixturevalue(server)
    (port,) = free_ports(1)
    odd = "a b\"c'd\\e\n\r\t\x07\x7f\udcff#"
    path = tmp_path.resolve() / "sentinel.conf"
    data = b"port %d\nsentinel monitor m 127.0.0.1 1 1\n" % port
    config = load(Source("s.conf", data), RunId(_ID), Mode.REDIS_7_0, _Here())
    master = replace(
        config.saved.masters[0],
        settings=MasterSettings(1, auth_user=odd, auth_pass=odd, renames=((odd, odd),)),
        peers=(SavedPeer("127.0.0.1", 1, RunId(_PEER)),),
    )
    document = Document(data, config)
    settings = replace(config.saved.settings, sentinel_pass=odd, sentinel_user=odd)
    document.apply(SaveDelta(1, settings, Epoch(3), {master.name: master}))
    path.write_bytes(document.render())
    raw = odd.encode("utf-8", "surrogateescape")
    with _running(binary, path, port) as ask:
        for option in ("sentinel-pass", "sentinel-user"):
            assert b"$%d\r\n%s\r\n" % (len(raw), raw) in ask("SENTINEL", "CONFIG", "GET", option)
        assert ask("SENTINEL", "MASTERS").startswith(b"*1\r\n")
