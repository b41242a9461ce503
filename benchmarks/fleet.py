"""Hundreds of small masters with a replica each, and three sentinels that watch them all."""

import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.lab import HOST, Kind, Process, ask, free_port, most_files, wait_until

SENTINELS = 3
STARTED_TOGETHER = 10
"""Servers that start at a time: more would only wait for one another."""
PATIENCE = 60
"""Seconds for a sentinel to answer: C saves its file for every master that it begins to watch."""

KNOWING = 120
"""Seconds for the sentinels to come to know everybody."""
DEFAULT_CLIENTS = 10_000

# As small and as quiet as a server can be, since there are hundreds of them and none is measured.
_FRUGAL = (
    "--hz", "1", "--dynamic-hz", "no", "--activerehashing", "no", "--jemalloc-bg-thread", "no",
    "--latency-tracking", "no", "--databases", "1", "--maxclients", "50", "--loglevel", "warning",
    "--save", "", "--appendonly", "no", "--repl-backlog-size", "16kb",
    "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "60",
)  # fmt: skip


class Ships(Protocol):
    """Masters to watch, real ones or stand-ins; the first `followed` of them have a replica."""

    @property
    def folder(self) -> Path: ...
    @property
    def followed(self) -> int: ...
    def names(self) -> list[str]: ...
    def places(self) -> list[tuple[str, int]]: ...
    def kill(self, count: int) -> None: ...
    def promoted(self, count: int) -> int: ...


@dataclass(frozen=True)
class Fleet:
    """Running masters, each with a replica: `masters` and `replicas` are their ports, in the same order."""

    folder: Path
    masters: Sequence[int]
    replicas: Sequence[int]
    servers: Mapping[int, Process]

    def names(self) -> list[str]:
        """The names under which they are watched."""
        return [f"master{number}" for number in range(len(self.masters))]

    def places(self) -> list[tuple[str, int]]:
        """The addresses of the masters."""
        return [(HOST, port) for port in self.masters]

    @property
    def followed(self) -> int:
        """How many have a replica: all."""
        return len(self.masters)

    def kill(self, count: int) -> None:
        """Kill the first so many masters."""
        for port in self.masters[:count]:
            self.servers[port].notify(signal.SIGKILL)

    def promoted(self, count: int) -> int:
        """How many replicas of the first so many masters are masters."""
        roles = [ask(port, "ROLE") for port in self.replicas[:count]]
        return sum(isinstance(role, list) and role[0] == "master" for role in roles)


@contextmanager
def fleet(count: int) -> Iterator[Fleet]:
    """Start so many masters with a replica each; end them whatever happens."""
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as name:
        folder = Path(name)
        ports = _free_ports(2 * count)
        masters, replicas = ports[:count], ports[count:]
        servers = [_server(folder, port, []) for port in masters]
        for port, master in zip(replicas, masters, strict=True):
            servers.append(_server(folder, port, ["--replicaof", HOST, str(master)]))
        try:
            for start in range(0, len(servers), STARTED_TOGETHER):
                together = servers[start : start + STARTED_TOGETHER]
                for server in together:
                    server.launch()
                for server in together:
                    server.await_answer()
            yield Fleet(folder, masters, replicas, {server.port: server for server in servers})
        finally:
            for server in servers:
                server.kill()


def _free_ports(count: int) -> list[int]:
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


def _server(folder: Path, port: int, more: list[str]) -> Process:
    where = ["--port", str(port), "--bind", HOST, "--dir", str(folder), "--dbfilename", f"{port}.rdb"]
    return Process(port, ["redis-server", *where, *_FRUGAL, *more], folder)


@contextmanager
def watching(
    kind: Kind, ships: Ships, down_after: int, count: int = SENTINELS, patience: float = KNOWING
) -> Iterator[list[Process]]:
    """So many sentinels of a kind that know all masters, replicas and one another. `down_after` in milliseconds.

    TimeoutError after `patience` seconds in which they did not come to know them.
    """
    sentinels: list[Process] = []
    quorum = count // 2 + 1
    lines = [
        f"sentinel monitor {name} {host} {port} {quorum}\nsentinel down-after-milliseconds {name} {down_after}\n"
        for name, (host, port) in zip(ships.names(), ships.places(), strict=True)
    ]
    if 4 * len(lines) > DEFAULT_CLIENTS:
        # C reckons its own connections among those of clients.
        lines.append(f"maxclients {most_files() - 100}\n")
    try:
        for port in _free_ports(count):
            sentinels.append(sentinel(kind, ships.folder, port, "".join(lines)))
            sentinels[-1].start(PATIENCE)
        _await_knowledge([one.port for one in sentinels], ships.followed, patience)
        yield sentinels
    finally:
        for one in sentinels:
            one.kill()


def _await_knowledge(ports: Sequence[int], followed: int, patience: float) -> None:
    known: list[int] = []

    def all_known() -> bool:
        known[:] = [knows(port, len(ports)) for port in ports]
        return min(known) == followed

    try:
        wait_until(all_known, "", patience, 0.5)
    except TimeoutError as error:
        told = ", ".join(map(str, known)) or "nothing"
        raise TimeoutError(
            f"after {patience:g} s {told} of {followed} masters were known with all around them"
        ) from error


def sentinel(kind: Kind, folder: Path, port: int, watched: str) -> Process:
    """A sentinel with this configuration, not started."""
    path = folder / f"sentinel-{port}.conf"
    path.write_text(f"port {port}\nbind {HOST}\ndir {folder}\nlogfile {folder}/sentinel-{port}.log\n{watched}")
    return Process(port, [*kind.command, str(path), *kind.suffix], folder)


def knows(port: int, sentinels: int) -> int:
    """How many masters a sentinel sees up, with a replica and all sentinels."""
    info = str(ask(port, "INFO", "sentinel"))
    return sum("status=ok," in line and f"slaves=1,sentinels={sentinels}" in line for line in info.splitlines())
