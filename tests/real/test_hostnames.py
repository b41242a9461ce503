"""Host names instead of numbers: names of one machine, names that move, names nobody knows, name servers that hang."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.cluster import NAME, Access, Lab, Process, Trio, eventually, free_port
from tests.real.wire import HOST

pytestmark = pytest.mark.real

_NAMES = "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n"


def test_localhost_as_the_name_of_everybody(lab: Lab) -> None:
    announced = ("--replica-announce-ip", "localhost")
    master = lab.server(*announced)
    servers = [master, lab.server(*announced, master=master)]
    text = (
        f"{_NAMES}sentinel announce-ip localhost\nsentinel monitor {NAME} localhost {master.port} 2\n"
        f"sentinel down-after-milliseconds {NAME} 700\nsentinel failover-timeout {NAME} 4000\n"
    )
    trio = Trio(lab, servers, [lab.configured(text) for _ in range(3)]).start()
    sentinel = trio.sentinels[0]
    assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", NAME) == ["localhost", str(master.port)]
    assert sentinel.replicas()[servers[1].port]["name"] == f"localhost:{servers[1].port}"
    master.kill()
    new = trio.moved_from(master)
    switched = f"+switch-master {NAME} localhost {master.port} localhost {new.port}"
    eventually(lambda: all(switched in s.log() for s in trio.sentinels), switched)
    master.start()
    trio.settled()
    config = sentinel.config.read_text()
    assert f"sentinel monitor {NAME} localhost {new.port} 2" in config
    assert len([line for line in config.splitlines() if "known-replica" in line]) == 1
    assert sentinel.stop() == 0
    sentinel.start()
    trio.settled()


class World:
    """Processes in mount namespaces of their own, with this file of hosts and this name server."""

    def __init__(self, folder: Path) -> None:
        probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
        if os.geteuid() != 0 or probe.returncode:
            pytest.skip("this process may not make mount namespaces")
        self.hosts = folder / "hosts"
        self.resolver = folder / "resolv.conf"
        self.hosts.write_text("127.0.0.1 localhost\n")
        self.resolver.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:3\n")
        switch = folder / "nsswitch.conf"
        switch.write_text("hosts: files dns\n")
        self._files = {self.hosts: "/etc/hosts", self.resolver: "/etc/resolv.conf", switch: "/etc/nsswitch.conf"}

    def inside(self, process: Process) -> Process:
        """The same process, in this world."""
        binds = "".join(f"mount --bind {ours} {theirs}; " for ours, theirs in self._files.items())
        process.command = ["unshare", "-m", "sh", "-c", f'{binds}exec "$@"', "--", *process.command]
        return process


@contextmanager
def _black_hole() -> Iterator[str]:
    """A name server on loopback that takes every question and never answers."""
    for number in range(50, 90):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            try:
                server.bind((f"127.0.0.{number}", 53))
            except OSError:
                continue
            yield f"127.0.0.{number}"
            return
    pytest.skip("no place for a name server")


def _worst_ping(sentinel: Process, seconds: float) -> float:
    worst, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        assert sentinel.ask("PING") == "PONG"
        worst = max(worst, time.monotonic() - started)
        time.sleep(0.02)
    return worst


def test_a_name_server_that_hangs_holds_nothing_up(lab: Lab) -> None:
    world = World(lab.folder)
    master = lab.server()
    replica = lab.server(master=master)
    with _black_hole() as server:
        world.resolver.write_text(f"nameserver {server}\noptions timeout:30 attempts:3\n")
        lost = "".join(f"sentinel monitor lost{n} lost{n}.example.org 6379 1\n" for n in range(20))
        text = (
            f"{_NAMES}{lost}sentinel monitor {NAME} {HOST} {master.port} 1\n"
            f"sentinel down-after-milliseconds {NAME} 700\nsentinel failover-timeout {NAME} 4000\n"
        )
        sentinel = world.inside(lab.configured(text))
        sentinel.start()
        eventually(lambda: sentinel.sees_all(1, 0), "the one with a number is well")
        with sentinel.connect(timeout=20) as asking:
            asking.send("SENTINEL", "MONITOR", "late", "late.example.org", 6379, 1)
            assert _worst_ping(sentinel, 2.0) < 0.5
            for number in range(300):
                hello = f"peer{number}.example.org,26379,{number:040x},0,{NAME},m{number}.example.org,1,9"
                assert sentinel.ask("PUBLISH", "__sentinel__:hello", hello) == 1
            assert _worst_ping(sentinel, 1.0) < 0.5
            assert sentinel.master_port() == master.port
            master.kill()
            eventually(lambda: sentinel.flags() != {"master"} or sentinel.master_port() == replica.port, "seen")
            started = time.monotonic()
            assert sentinel.stop() == 0
            assert time.monotonic() - started < 2


def test_a_name_that_moves_is_followed(lab: Lab) -> None:
    world = World(lab.folder)
    world.hosts.write_text("127.0.0.1 localhost\n127.0.0.1 alpha.test\n")
    master = lab.server()
    text = f"{_NAMES}sentinel monitor {NAME} alpha.test {master.port} 1\nsentinel down-after-milliseconds {NAME} 600\n"
    sentinel = world.inside(lab.configured(text))
    sentinel.start()
    eventually(lambda: sentinel.sees_all(0, 0), "up")
    master.kill()
    eventually(lambda: "s_down" in sentinel.flags(), "down")
    command = [*master.command[:2], "127.0.0.2", *master.command[3:]]
    lab.add(Process(master.port, command, lab.folder, Access("127.0.0.2"))).start()
    world.hosts.write_text("127.0.0.1 localhost\n127.0.0.2 alpha.test\n")
    eventually(lambda: sentinel.flags() == {"master"}, "up at its new place")
    assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", NAME) == ["alpha.test", str(master.port)]
    assert sentinel.sentinel("CONFIG", "SET", "announce-hostnames", "no") == "OK"
    assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", NAME) == ["127.0.0.2", str(master.port)]


def test_a_hello_about_a_name_that_nobody_knows_changes_nothing(lab: Lab) -> None:
    world = World(lab.folder)
    world.resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    master = lab.server()
    text = (
        f"{_NAMES}sentinel monitor {NAME} localhost {master.port} 1\nsentinel down-after-milliseconds {NAME} 900\n"
        f"sentinel known-sentinel {NAME} {HOST} 1 {'a' * 40}\n"
    )
    sentinel = world.inside(lab.configured(text))
    sentinel.start()
    eventually(lambda: sentinel.flags() == {"master"}, "up")
    for _ in range(5):
        sentinel.ask("PUBLISH", "__sentinel__:hello", f"{HOST},1,{'a' * 40},3,{NAME},nowhere.test,6379,3")
        time.sleep(0.3)
    assert sentinel.master()["config-epoch"] == "0"
    assert sentinel.master_port() == master.port
    assert "+switch-master" not in sentinel.log()
    assert "+config-update-from" not in sentinel.log()
    world.hosts.write_text("127.0.0.1 localhost nowhere.test\n")
    other = free_port()

    def told_again() -> bool:
        sentinel.ask("PUBLISH", "__sentinel__:hello", f"{HOST},1,{'a' * 40},3,{NAME},nowhere.test,{other},3")
        return sentinel.master_port() == other

    eventually(told_again, "the same news is good once the name is known", pause=0.3)
    assert sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", NAME) == ["nowhere.test", str(other)]


def test_a_start_with_a_name_that_nobody_knows(lab: Lab) -> None:
    """As in C: with resolve-hostnames it is asked for again and again, without it the file is wrong."""
    world = World(lab.folder)
    world.resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    master = lab.server()
    line = f"sentinel monitor {NAME} later.test {master.port} 1\nsentinel down-after-milliseconds {NAME} 600\n"
    sentinel = world.inside(lab.configured(_NAMES + line))
    sentinel.start()
    eventually(lambda: "s_down" in sentinel.flags(), "down")
    world.hosts.write_text("127.0.0.1 localhost later.test\n")
    eventually(lambda: sentinel.flags() == {"master"}, "up when the name is known")
    refused = lab.configured(line)
    refused.launch()
    assert refused.child is not None
    assert refused.child.wait(10) == 1
    assert "Can't resolve instance hostname." in refused.output()
