"""The nodes of a drill, and the files that servers and sentinels of it start from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from quorate.client.picture import Place

MASTER = "mymaster"
"""The name under which the sentinels of a drill know their master, unless the cluster exists already."""


class Role(Enum):
    """What a node runs."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Node:
    """A host: `port` is its plug on the switch (0 without one), `place` where its program listens."""

    role: Role
    number: int
    port: int
    place: Place

    @property
    def name(self) -> str:
        return f"{self.role.value}-{self.number}"


@dataclass(frozen=True, slots=True)
class SentinelKind:
    """A program that can be a sentinel: how it is called in reports, and its command around the file."""

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Setup:
    """A cluster to start. Times in milliseconds."""

    server: tuple[str, ...]
    sentinels: tuple[SentinelKind, ...]
    replicas: int = 2
    clients: int = 2
    down_after: int = 1000
    failover_timeout: int = 10_000

    @property
    def label(self) -> str:
        """`quorate`, or what a mix consists of: `2 × quorate + redis-sentinel (C)`."""
        counted: dict[str, int] = {}
        for kind in self.sentinels:
            counted[kind.label] = counted.get(kind.label, 0) + 1
        if len(counted) == 1:
            return next(iter(counted))
        return " + ".join(label if count == 1 else f"{count} × {label}" for label, count in counted.items())


@dataclass(frozen=True, slots=True)
class Roster:
    """Who takes part."""

    servers: tuple[Node, ...]
    sentinels: tuple[Node, ...]
    clients: tuple[Node, ...] = ()

    def all(self) -> tuple[Node, ...]:
        return (*self.servers, *self.sentinels, *self.clients)

    def server_at(self, place: Place | None) -> Node | None:
        return next((node for node in self.servers if node.place == place), None)

    def named(self, name: str) -> Node:
        return next(node for node in self.all() if node.name == name)


def server_conf(node: Node, folder: str, master: Place | None) -> str:
    """A server that keeps every write over its own death.

    `appendfsync no` writes to the file before it answers and never postpones that; what the kernel has survives the
    end of a process, and a drill does not cut the power.
    """
    lines = [
        f"port {node.place.port}",
        f"bind {node.place.host}",
        "protected-mode no",
        f"dir {folder}",
        'save ""',
        "appendonly yes",
        "appendfsync no",
        "repl-diskless-sync-delay 0",
        "repl-timeout 10",
        "auto-aof-rewrite-min-size 16mb",
        "enable-debug-command local",
    ]
    if master is not None:
        lines.append(f"replicaof {master.host} {master.port}")
    return "\n".join(lines) + "\n"


def sentinel_conf(node: Node, folder: str, setup: Setup, master: Place) -> str:
    """A plain sentinel.conf that any sentinel can run."""
    quorum = len(setup.sentinels) // 2 + 1
    lines = [
        f"port {node.place.port}",
        f"bind {node.place.host}",
        "protected-mode no",
        f"dir {folder}",
        f"sentinel monitor {MASTER} {master.host} {master.port} {quorum}",
        f"sentinel down-after-milliseconds {MASTER} {setup.down_after}",
        f"sentinel failover-timeout {MASTER} {setup.failover_timeout}",
        f"sentinel parallel-syncs {MASTER} 1",
    ]
    return "\n".join(lines) + "\n"


def names(nodes: Sequence[Node]) -> str:
    """`server-1, sentinel-2`."""
    return ", ".join(node.name for node in nodes)
