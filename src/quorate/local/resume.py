"""Who is master when a cluster is started again: read from what its sentinels and servers wrote before they ended.

The sentinels' files are the authority, and among them the highest configuration epoch: that is the configuration
which a majority agreed on last. A server's own file (with or without `replicaof`) only helps where no sentinel
wrote anything. One veto: a master that has lost its data while another server has some must not wipe that one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one sentinel's file says of the master."""

    port: int
    config_epoch: int


@dataclass(frozen=True, slots=True)
class Remains:
    """What one server left: the master's port in its own file (None: it was master itself), its data.

    `newest` is when its data files changed last, in seconds since 1970; None when there is no data at all.
    """

    port: int
    follows: int | None
    newest: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The master to start with. `reason` is for people when something unusual was decided, else "".

    `reclaimed` means that the sentinels' files name another master and must be changed before they start.
    `set_aside` are servers that believe to be master too; their data is copied before they become replicas.
    """

    master: int
    reason: str = ""
    reclaimed: bool = False
    set_aside: tuple[int, ...] = ()


def opinion_of(sentinel_conf: str, name: str) -> Opinion | None:
    """Read a sentinel's file; None if it does not monitor `name`."""
    port: int | None = None
    epoch = 0
    for line in sentinel_conf.splitlines():
        words = line.split()
        match [word.lower() for word in words[:2]]:
            case ["sentinel", "monitor"] if len(words) == 6 and words[2] == name and words[4].isdecimal():
                port = int(words[4])
            case ["sentinel", "config-epoch"] if len(words) == 4 and words[2] == name and words[3].isdecimal():
                epoch = int(words[3])
            case _:
                pass
    return None if port is None else Opinion(port, epoch)


def follows(server_conf: str) -> int | None:
    """The port in the last `replicaof` line of a server's file; None for a master."""
    port: int | None = None
    for line in server_conf.splitlines():
        words = line.split()
        if len(words) == 3 and words[0].lower() in {"replicaof", "slaveof"}:
            port = int(words[2]) if words[2].isdecimal() else None
    return port


def choose(opinions: Sequence[Opinion], servers: Sequence[Remains]) -> Choice:
    """Decide from the files alone. `servers` in the order of their ports, at least one."""
    by_port = {server.port: server for server in servers}
    known = [opinion for opinion in opinions if opinion.port in by_port]
    if known:
        highest = max(opinion.config_epoch for opinion in known)
        votes = [opinion.port for opinion in known if opinion.config_epoch == highest]
        master = max(by_port, key=votes.count)
    else:
        master = _by_own_account(servers)
    return _unless_emptied(master, by_port, bool(known))


def _by_own_account(servers: Sequence[Remains]) -> int:
    masters = [server for server in servers if server.follows is None] or list(servers)
    return max(masters, key=_newest).port


def _unless_emptied(master: int, servers: Mapping[int, Remains], decided: bool) -> Choice:
    filled = [server for server in servers.values() if server.newest is not None]
    if servers[master].newest is None and filled:
        heir = max(filled, key=lambda server: (server.follows is None, _newest(server)))
        return Choice(
            heir.port,
            f"server {master} was the master but has lost its data; server {heir.port} has some and becomes master",
            reclaimed=decided,
            set_aside=_rivals(heir.port, filled),
        )
    return Choice(master, set_aside=_rivals(master, filled))


def _rivals(master: int, filled: Sequence[Remains]) -> tuple[int, ...]:
    return tuple(server.port for server in filled if server.follows is None and server.port != master)


def _newest(server: Remains) -> float:
    return -1.0 if server.newest is None else server.newest


def reclaim(sentinel_conf: str, name: str, host: str, master: int) -> str:
    """A sentinel's file with another master: the old one becomes a known replica. Only while no sentinel runs."""
    out = []
    for line in sentinel_conf.splitlines():
        words = line.split()
        match [word.lower() for word in words[:2]]:
            case ["sentinel", "monitor"] if len(words) == 6 and words[2] == name:
                out.append(f"sentinel monitor {name} {host} {master} {words[5]}")
                out.append(f"sentinel known-replica {name} {words[3]} {words[4]}")
            case ["sentinel", "known-replica" | "known-slave"] if words[2:] == [name, host, str(master)]:
                continue
            case _:
                out.append(line)
    return "\n".join(out) + "\n"
