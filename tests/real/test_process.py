"""A good process: signals, log rotation, pid file, background, Unix socket, process 1, few file descriptors."""

import os
import resource
import signal
import socket
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.real.cluster import NAME, Lab, Process, die_with_parent, eventually
from tests.real.wire import HOST, Wire

pytestmark = pytest.mark.real


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_leaves_at_once_when_told_to(lab: Lab, number: signal.Signals) -> None:
    master = lab.server()
    sentinel = lab.sentinel(master)
    eventually(lambda: sentinel.flags() == {"master"}, "up")
    with sentinel.connect() as wire:
        wire.ask("SUBSCRIBE", "+sdown")
        started = time.monotonic()
        assert sentinel.stop(number) == 0
        # 100 ms for it, and some for a machine that is busy with other tests.
        assert time.monotonic() - started < 1.0
        assert wire.socket.recv(10) == b""
    assert f"Received {number.name}" in sentinel.log()
    assert not sentinel.output()


def test_a_signal_before_anything_else_is_heard(lab: Lab) -> None:
    master = lab.server()
    for delay in (0.02, 0.1, 0.2, 0.3):
        sentinel = lab.prepared(master)
        sentinel.launch()
        time.sleep(delay)
        status = sentinel.stop()
        assert status in {0, -signal.SIGTERM}
        # Python itself needs some time before any of us runs; after that the end is orderly.
        assert status == 0 or delay < 0.1
        assert f"sentinel monitor {NAME} {HOST} {master.port} 2\n" in sentinel.config.read_text()


def test_hang_ups_and_broken_pipes_do_not_end_it(lab: Lab) -> None:
    sentinel = lab.configured("")
    sentinel.start()
    for number in (signal.SIGHUP, signal.SIGPIPE):
        sentinel.notify(number)
    assert sentinel.ask("PING") == "PONG"


def test_a_log_that_is_rotated_away_is_begun_anew(lab: Lab) -> None:
    sentinel = lab.configured("")
    sentinel.start()
    path = lab.folder / f"sentinel-{sentinel.port}.log"
    path.rename(path.with_suffix(".1"))
    assert sentinel.sentinel("MONITOR", "new", HOST, 1, 1) == "OK"
    eventually(lambda: path.exists() and "+monitor master new" in path.read_text(), "a new file")
    assert "+monitor master new" not in path.with_suffix(".1").read_text()
    path.write_text("")  # What copytruncate does.
    assert sentinel.sentinel("REMOVE", "new") == "OK"
    eventually(lambda: path.read_text().lstrip("\0").endswith("saved on disk\n"), "it goes on")
    assert "\0" not in path.read_text()


def test_a_log_that_cannot_be_written_stops_nothing(lab: Lab) -> None:
    sentinel = lab.configured("")
    sentinel.start()
    path = lab.folder / f"sentinel-{sentinel.port}.log"
    path.unlink()
    path.mkdir()
    assert sentinel.sentinel("MONITOR", "new", HOST, 1, 1) == "OK"
    assert sentinel.ask("PING") == "PONG"
    assert sentinel.stop() == 0


def test_pid_file_and_background(lab: Lab) -> None:
    pidfile = lab.folder / "sentinel.pid"
    sentinel = lab.configured(f"daemonize yes\npidfile {pidfile}\ndir {lab.folder}\n")
    sentinel.launch()
    assert sentinel.child is not None
    assert sentinel.child.wait(10) == 0, "the first process returns"
    eventually(lambda: sentinel.ask("PING") == "PONG", "it serves in the background")
    pid = int(pidfile.read_text())
    try:
        assert os.getsid(pid) == pid, "it has left our terminal"
        assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
        assert Path(f"/proc/{pid}/fd/2").readlink() == Path("/dev/null")
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not _alive(pid), "it ends")
        assert not pidfile.exists()
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_clients_on_a_unix_socket(lab: Lab) -> None:
    path = lab.folder / "s.sock"
    master = lab.server()
    sentinel = lab.sentinel(master, [f"unixsocket {path}", "unixsocketperm 700"], quorum=1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    with Wire(str(path)) as wire:
        assert wire.ask("PING") == "PONG"
        clients = wire.ask("CLIENT", "LIST")
        assert f"addr={path}:0" in str(clients)
        assert wire.ask("SUBSCRIBE", "+monitor") is not None
        sentinel.sentinel("MONITOR", "more", HOST, 1, 1)
        told = wire.reply()
        assert isinstance(told, list)
        assert told[1:] == ["+monitor", f"master more {HOST} 1 quorum 1"]
    sentinel.kill()
    assert path.exists()
    sentinel.start()
    with Wire(str(path)) as wire:
        assert wire.ask("PING") == "PONG", "a socket left by a crash is no hindrance"
    assert sentinel.stop() == 0
    assert not path.exists()


def test_a_port_in_use_leaves_the_file_alone(lab: Lab) -> None:
    sentinel = lab.configured("")
    with socket.socket() as taken:
        taken.bind((HOST, sentinel.port))
        taken.listen()
        before = sentinel.config.read_bytes()
        sentinel.launch()
        assert sentinel.child is not None
        assert sentinel.child.wait(10) == 1
        assert sentinel.config.read_bytes() == before
        assert "Address already in use" in sentinel.log()
        assert not sentinel.output()


def test_as_process_one_it_collects_orphans(lab: Lab) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-pf", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this process may not make pid namespaces")
    script = lab.folder / "orphans.sh"
    script.write_text(f"#!/bin/sh\n(sleep 0.3 &)\n(sleep 0.4 &)\necho ran >> {lab.folder}/ran\nexit 0\n")
    script.chmod(0o755)
    master = lab.server()
    sentinel = lab.prepared(master, [f"sentinel notification-script {NAME} {script}"], quorum=1)
    sentinel.command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *sentinel.command]
    sentinel.start()
    (inner,) = _children(sentinel.pid)
    assert "1:X " in sentinel.log()
    master.kill()
    eventually((lab.folder / "ran").exists, "the script ran")
    eventually(lambda: _children(inner) == [], "nobody is left, dead or alive")
    assert "-script-error" not in sentinel.log()
    os.kill(inner, signal.SIGTERM)
    assert sentinel.child is not None
    assert sentinel.child.wait(5) == 0


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_few_file_descriptors_are_carried_on_with(lab: Lab) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))
        die_with_parent()

    master = lab.server()
    replica = lab.server(master=master)
    sentinel = lab.prepared(master, quorum=1)
    sentinel.prepare = few
    sentinel.start()
    eventually(lambda: sentinel.sees_all(1, 0), "up")
    status = str(sentinel.ask("INFO", "clients"))
    assert "maxclients:88" in status or "maxclients:10000" not in status, status
    crowd = [_connected(sentinel) for _ in range(200)]
    try:
        time.sleep(0.3)
        master.kill()
        path = sentinel.config
        eventually(lambda: f"monitor {NAME} {HOST} {replica.port}" in path.read_text(), "failover goes on")
    finally:
        for one in crowd:
            one.close()
    eventually(lambda: sentinel.master_port() == replica.port, "and everybody gets in again")
    assert sentinel.log().count("\n") < 500, "no flood in the log"


def _connected(sentinel: Process) -> socket.socket:
    return socket.create_connection((HOST, sentinel.port), 3)


def test_the_file_keeps_its_mode_and_owner(lab: Lab) -> None:
    sentinel = lab.configured("# mine\n")
    sentinel.config.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(sentinel.config, 65534, 65534)
    sentinel.start()
    assert sentinel.sentinel("MONITOR", "m", HOST, 1, 1) == "OK"
    found = sentinel.config.stat()
    assert stat.S_IMODE(found.st_mode) == 0o640
    if os.geteuid() == 0:
        assert (found.st_uid, found.st_gid) == (65534, 65534)
    assert "# mine\n" in sentinel.config.read_text()
