"""Hundreds of small masters with a replica each, and three sentinels that watch them all."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab import HOST, Kind, Process, ask, free_port, wait_until

SENTINELS = 3
STARTED_TOGETHER = 10
"""Servers that start at a time: more would only wait for one another."""
PATIENCE = 60
"""Seconds for a sentinel to answer: C saves its file for every master that it begins to watch."""

# As small and as quiet as a server can be, since there are hundreds of them and none is measured.
_FRUGAL = (
    "--hz", "1", "--dynamic-hz", "no", "--activerehashing", "no", "--jemalloc-bg-thread", "no",
    "--latency-tracking", "no", "--databases", "1", "--maxclients", "50", "--loglevel", "warning",
    "--save", "", "--appendonly", "no", "--repl-backlog-size", "16kb",
    "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "60",
)  # fmt: skip


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
def watching(kind: Kind, ships: Fleet, down_after: int) -> Iterator[list[Process]]:
    """Three sentinels of a kind that know all masters, replicas and one another. `down_after` in milliseconds."""
    sentinels: list[Process] = []
    lines = [
        f"sentinel monitor {name} {HOST} {port} 2\nsentinel down-after-milliseconds {name} {down_after}\n"
        for name, port in zip(ships.names(), ships.masters, strict=True)
    ]
    try:
        for port in _free_ports(SENTINELS):
            sentinels.append(sentinel(kind, ships.folder, port, "".join(lines)))
            sentinels[-1].start(PATIENCE)
        wait_until(lambda: all(_knows_all(one.port, ships) for one in sentinels), f"{kind.label} to know all", 120, 0.5)
        yield sentinels
    finally:
        for one in sentinels:
            one.kill()


def sentinel(kind: Kind, folder: Path, port: int, watched: str) -> Process:
    """A sentinel with this configuration, not started."""
    path = folder / f"sentinel-{port}.conf"
    path.write_text(f"port {port}\nbind {HOST}\ndir {folder}\nlogfile {folder}/sentinel-{port}.log\n{watched}")
    return Process(port, [*kind.command, str(path), *kind.suffix], folder)


def _knows_all(port: int, ships: Fleet) -> bool:
    info = str(ask(port, "INFO", "sentinel"))
    return info.count("status=ok,") == info.count(f"slaves=1,sentinels={SENTINELS}") == len(ships.masters)
