"""`quorate up` with real servers: it survives the death of its master, continues where it was, and leaves nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.lab import C_SENTINEL, Up, alive, ask, environment, eventually, free_base, group_of, holds, quorate, up

pytestmark = pytest.mark.real


@pytest.fixture(params=["ours", "c"])
def sentinels(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Our own sentinels, and those of a C server."""
    return () if request.param == "ours" else C_SENTINEL


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Up]:
    with up(tmp_path) as cluster:
        yield cluster.ready()


def current(base: int) -> int:
    """The master's port by the first sentinel."""
    reply = asyncio.run(ask(base + 20_000, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"))
    assert isinstance(reply, list)
    return int(reply[1])


def test_a_killed_master_is_replaced_and_returns_as_replica_with_the_data(
    tmp_path: Path, sentinels: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    with up(tmp_path, "--dir", str(data), "--password", "s3cret", *sentinels) as cluster:
        cluster.ready()
        assert asyncio.run(ask(cluster.base, "SET", "key", "before", password="s3cret")) == "OK"
        assert asyncio.run(ask(cluster.base, "WAIT", "2", "2000", password="s3cret")) == 2
        os.kill(cluster.pid_of(cluster.base), signal.SIGKILL)
        cluster.wait_for(rf"master {cluster.base} died: killed by SIGKILL")
        moved = cluster.wait_for(rf"mymaster moved: 127\.0\.0\.1:{cluster.base} -> 127\.0\.0\.1:(\d+)")
        new = int(moved.group(1))
        cluster.wait_for(rf"server {cluster.base} restarted as replica of {new}")
        assert asyncio.run(ask(new, "SET", "key", "after", password="s3cret")) == "OK"
        eventually(lambda: holds(cluster.base, "after", "s3cret"), 15, "it does not follow")
        assert cluster.stop() == 0
    with up(tmp_path, "--dir", str(data), *sentinels, base=cluster.base) as again:
        again.ready()
        assert f"master    127.0.0.1:{new} " in again.text(), again.text()
        assert current(again.base) == new
        for port in range(again.base, again.base + 3):
            assert asyncio.run(ask(port, "GET", "key", password="s3cret")) == "after"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_it_ends_nothing_is_left(running: Up, number: int) -> None:
    children = group_of(running.pid_of(running.base))
    assert len(children) == 7, "three servers, three sentinels, a watchdog"
    running.stop(number)
    eventually(lambda: not alive(children), 3, "processes were left behind")


def test_paused_children_are_ended_too(running: Up) -> None:
    children = group_of(running.pid_of(running.base))
    for port in (running.base, running.base + 20_001):
        os.kill(running.pid_of(port), signal.SIGSTOP)
    assert running.stop() == 0
    assert alive(children) == []


def test_a_killed_watchdog_is_replaced(running: Up) -> None:
    children = group_of(running.pid_of(running.base))
    os.kill(os.getpgid(children[0]), signal.SIGKILL)
    eventually(lambda: len(group_of(running.pid_of(running.base))) == 7, 3, "no new watchdog")
    children = group_of(running.pid_of(running.base))
    running.stop(signal.SIGKILL)
    eventually(lambda: not alive(children), 3, "processes were left behind")


def test_killed_with_all_other_python_processes_the_servers_end_too(running: Up) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux lets a child ask to die with its parent")
    children = group_of(running.pid_of(running.base))
    os.kill(os.getpgid(children[0]), signal.SIGKILL)
    running.stop(signal.SIGKILL)
    eventually(lambda: not alive(children), 3, "processes were left behind")


def test_a_dead_sentinel_and_a_dead_replica_are_started_again(running: Up) -> None:
    os.kill(running.pid_of(running.base + 20_001), signal.SIGKILL)
    os.kill(running.pid_of(running.base + 2), signal.SIGKILL)
    running.wait_for(r"sentinel 2 restarted \(pid \d+\)")
    running.wait_for(rf"server {running.base + 2} restarted as replica of {running.base} ")
    eventually(lambda: quorate(running.output.parent, "status").returncode == 0, 15, "it does not become healthy again")


def test_the_temporary_directory_is_removed_and_a_chosen_one_kept(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "quorate", "up", "--port", str(free_base()), "--sentinels", "1", "--replicas", "0"]
    env = {**environment(tmp_path), "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as process:
        assert process.stdout is not None
        assert any("Ready" in line for line in process.stdout)
        assert len(list(scratch.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == 0
    assert list(scratch.iterdir()) == []


@pytest.fixture
def background(tmp_path: Path) -> Iterator[int]:
    """A cluster in the background, the port of its first server; stopped whatever the test does."""
    base = free_base()
    try:
        started = quorate(tmp_path, "up", "--detach", "--dir", str(tmp_path / "data"), "--port", str(base))
        assert started.returncode == 0, started.stderr
        assert f"redis-cli -p {base}" in started.stdout
        assert "in the background" in started.stdout
        yield base
    finally:
        quorate(tmp_path, "down")


def test_in_the_background_until_down(tmp_path: Path, background: int) -> None:
    refused = quorate(tmp_path, "up", "--dir", str(tmp_path / "data"))
    assert (refused.returncode, "already running" in refused.stderr) == (1, True)
    status = quorate(tmp_path, "status", "--json")
    assert (status.returncode, json.loads(status.stdout)["health"]) == (0, "healthy"), status.stdout
    moved = quorate(tmp_path, "failover", "mymaster")
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert "The master of mymaster is now" in moved.stdout
    assert current(background) != background
    stopped = quorate(tmp_path, "down")
    assert stopped.returncode == 0, stopped.stderr
    assert quorate(tmp_path, "down").returncode == 1
    assert quorate(tmp_path, "status", "--port", str(background + 20_000)).returncode == 2


def test_a_server_that_does_not_start_shows_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\necho 'Fatal: the moon is in the wrong phase'\nexit 3\n")
    program.chmod(0o755)
    result = quorate(tmp_path, "up", "--port", str(free_base()), "--server", str(program))
    assert result.returncode == 1
    assert "did not start (exit 3)" in result.stderr
    assert "the moon is in the wrong phase" in result.stderr


def test_a_missing_server_and_a_taken_port_are_named(tmp_path: Path, running: Up) -> None:
    missing = quorate(tmp_path, "up", "--server", "/nowhere/redis-server")
    assert (missing.returncode, "/nowhere/redis-server does not exist" in missing.stderr) == (1, True)
    taken = quorate(tmp_path, "up", "--port", str(running.base))
    assert (taken.returncode, "are taken by other processes" in taken.stderr) == (1, True)


def test_a_master_whose_data_vanished_does_not_wipe_its_replicas(tmp_path: Path) -> None:
    with up(tmp_path, "--dir", str(tmp_path / "data")) as cluster:
        cluster.ready()
        asyncio.run(ask(cluster.base, "SET", "key", "value"))
        assert asyncio.run(ask(cluster.base, "WAIT", "2", "2000")) == 2
        for path in (tmp_path / "data" / f"server-{cluster.base}" / "appendonlydir").iterdir():
            path.unlink()
        os.kill(cluster.pid_of(cluster.base), signal.SIGKILL)
        cluster.wait_for(rf"server {cluster.base} restarted as replica of ")
        eventually(lambda: holds(cluster.base, "value"), 15, "the data is gone")
