"""What a local cluster consists of, and the configuration files that it starts from. No I/O."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum

from quorate.client.picture import Place

HOST = "127.0.0.1"
MAX_PORT = 65535
DEFAULT_SERVER_PORT = 6379
DEFAULT_SENTINEL_PORT = 26379
DEFAULT_DOWN_AFTER = 1000
"""Milliseconds. The default of a sentinel is 30,000; on one machine, where only people cause silence, a second does."""

FAILOVER_TIMEOUT = 10_000
"""Milliseconds; 180,000 by default. A failover that failed on a laptop should be tried again while one watches."""


class Kind(Enum):
    """What a member of the cluster is. Which server is master changes, so both are servers."""

    SERVER = "server"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the cluster. `number` counts from 1 within its kind."""

    kind: Kind
    number: int
    port: int

    @property
    def folder(self) -> str:
        """Where its files lie, relative to the directory of the cluster."""
        return f"{self.kind.value}-{self.port}"

    @property
    def label(self) -> str:
        """`server 6379`, `sentinel 1`: servers go by their ports, as their roles change."""
        return f"server {self.port}" if self.kind is Kind.SERVER else f"sentinel {self.number}"

    @property
    def place(self) -> Place:
        return Place(HOST, self.port)


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a cluster that stay as long as its directory. `down_after` in milliseconds."""

    name: str
    servers: tuple[int, ...]
    sentinels: tuple[int, ...]
    quorum: int
    password: str
    down_after: int

    def members(self) -> tuple[Member, ...]:
        """Servers first, then sentinels."""
        servers = tuple(Member(Kind.SERVER, i + 1, port) for i, port in enumerate(self.servers))
        return servers + tuple(Member(Kind.SENTINEL, i + 1, port) for i, port in enumerate(self.sentinels))

    def to_json(self) -> str:
        """The text of the plan's file."""
        return json.dumps({"format": 1, **asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read the plan's file. Raises ValueError if it is not one."""
        try:
            raw = json.loads(text)
            return cls(
                name=str(raw["name"]),
                servers=tuple(int(p) for p in raw["servers"]),
                sentinels=tuple(int(p) for p in raw["sentinels"]),
                quorum=int(raw["quorum"]),
                password=str(raw["password"]),
                down_after=int(raw["down_after"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the plan of a cluster: {error!r}") from error


def default_quorum(sentinels: int) -> int:
    """The majority: two of three."""
    return sentinels // 2 + 1


def server_conf(plan: Plan, directory: str, port: int, master: int | None) -> str:
    """A server's first configuration; `master` is the port to replicate from, None for the master itself.

    Every write goes to the append-only file, so a server that was killed comes back with its data. Replicas are
    synchronised at once: waiting for more of them (five seconds by default) helps nobody on one machine. An empty
    replica loads what it receives directly; by way of a file, Valkey 9 notices the end only once a second.
    """
    lines = [
        "# Written by `quorate up`. Changes are kept, but `dir`, `port` and `replicaof` are set again at each start.",
        f"port {port}\nbind {HOST}\ndir {quoted(directory)}",
        'appendonly yes\nsave ""',
        "repl-diskless-sync-delay 0\nrepl-diskless-load on-empty-db",
    ]
    if plan.password:
        lines.append(f"requirepass {quoted(plan.password)}\nmasterauth {quoted(plan.password)}")
    if master is not None:
        lines.append(f"replicaof {HOST} {master}")
    return "\n".join(lines) + "\n"


def sentinel_conf(plan: Plan, directory: str, port: int, myid: str) -> str:
    """A sentinel's first configuration; `myid` is its run id.

    Replicas are written in, so that none has to be found first. Peers are not: see `without_peers`.
    """
    name, master = plan.name, plan.servers[0]
    lines = [
        "# Written by `quorate up`; a plain sentinel.conf that any sentinel can run.",
        f"port {port}\nbind {HOST}\ndir {quoted(directory)}",
        f"sentinel monitor {name} {HOST} {master} {plan.quorum}",
        f"sentinel down-after-milliseconds {name} {plan.down_after}",
        f"sentinel failover-timeout {name} {FAILOVER_TIMEOUT}",
        f"sentinel parallel-syncs {name} 1",
        # A C sentinel takes these for comments.
        f"#quorate sentinel crash-detection {name} yes",
        f"#quorate sentinel confirm-by-replicas {name} yes",
    ]
    if plan.password:
        lines.append(f"sentinel auth-pass {name} {plan.password}")
    lines.append(f"sentinel myid {myid}")
    lines += [f"sentinel known-replica {name} {HOST} {replica}" for replica in plan.servers[1:]]
    return "\n".join(lines) + "\n"


def without_peers(sentinel_conf: str) -> str:
    """The file as it should be when all sentinels start at the same moment.

    A peer that a sentinel knows but cannot reach at first counts as down a second later, until the next attempt. So
    nobody is known at first, and `up` introduces the sentinels to each other as soon as they all listen.
    """
    lines = sentinel_conf.splitlines(keepends=True)
    return "".join(line for line in lines if [w.lower() for w in line.split()[:2]] != ["sentinel", "known-sentinel"])


def with_directives(text: str, values: Mapping[str, str | None], aliases: Mapping[str, str]) -> str:
    """Set directives in a server's or sentinel's file: the old lines go, the new ones follow at the end; None removes.

    `aliases` maps other spellings of a directive (slaveof) to the one in `values`.
    """
    kept = []
    for line in text.splitlines():
        word = line.split(maxsplit=1)[0].lower() if line.strip() else ""
        if aliases.get(word, word) not in values:
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    kept += [f"{name} {value}" for name, value in values.items() if value is not None]
    return "\n".join(kept) + "\n"


def quoted(text: str) -> str:
    """A configuration argument in double quotes; bytes that are not plain ASCII are written as escapes."""
    out = []
    for byte in text.encode("utf-8", "surrogateescape"):
        char = chr(byte)
        out.append("\\" + char if char in '"\\' else char if 32 <= byte < 127 else f"\\x{byte:02x}")
    return '"' + "".join(out) + '"'


def unquotable(password: str) -> bool:
    """True for a password that the file of a C sentinel does not survive: its rewriting knows no quotes."""
    return any(not 33 <= ord(char) <= 126 or char in "\"'\\" for char in password)


def connect_lines(plan: Plan, master: Place, cli: str) -> tuple[str, Sequence[str]]:
    """The shell line and the Python lines by which an application gets in. `cli` is the name of the program."""
    secret = f" -a {shell_quoted(plan.password)} --no-auth-warning" if plan.password else ""
    shell = f"{cli} -p {master.port}{secret}"
    ports = ", ".join(map(str, plan.sentinels)) + ("," if len(plan.sentinels) == 1 else "")
    password = f", password={plan.password!r}" if plan.password else ""
    return shell, (
        "from redis.sentinel import Sentinel",
        f'hosts = [("{HOST}", port) for port in ({ports})]',
        f'master = Sentinel(hosts, socket_timeout=1).master_for("{plan.name}"{password})',
        'master.set("greeting", "hello")',
    )


def shell_quoted(text: str) -> str:
    """As shlex.quote, which is not worth its import here."""
    if text and all(char.isalnum() or char in "@%+=:,./-_" for char in text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
