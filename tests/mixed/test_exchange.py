"""One set of files, written in turn by ours, Redis 7.0, Valkey 9.1 and ours again: each carries on from the last.

All three sentinels are exchanged at a time, so what is known after a start can only come from the files. Each kind then
fails over once, so that each file is rewritten by each.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.lab import NAME, OURS, Cluster, Kind, ask, fields, wait_until

pytestmark = pytest.mark.real

_REMARK = "# do not page anybody about this one"
_EPOCHS = re.compile(r"^sentinel (current-epoch|config-epoch \S+|leader-epoch \S+) (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Knowledge:
    """What one sentinel knows that must survive an exchange."""

    myid: object
    master: int
    config_epoch: int
    replicas: frozenset[int]
    peers: frozenset[tuple[str, str]]
    """Run ids and ports."""


def _knowledge(cluster: Cluster, sentinel: int) -> Knowledge:
    replicas, peers = ask(sentinel, "SENTINEL", "REPLICAS", NAME), ask(sentinel, "SENTINEL", "SENTINELS", NAME)
    assert isinstance(replicas, list)
    assert isinstance(peers, list)
    return Knowledge(
        ask(sentinel, "SENTINEL", "MYID"),
        cluster.master(sentinel),
        int(fields(ask(sentinel, "SENTINEL", "MASTER", NAME))["config-epoch"]),
        frozenset(int(fields(replica)["port"]) for replica in replicas),
        frozenset((fields(peer)["runid"], fields(peer)["port"]) for peer in peers),
    )


def _fail_over(cluster: Cluster) -> None:
    """Kill the master, wait for another one, and bring the old one back as a replica."""
    sentinels = list(cluster.sentinels)
    old = cluster.master(sentinels[0])
    cluster.servers[old].kill()
    wait_until(lambda: len({cluster.master(port) for port in sentinels} - {old}) == 1, "a new master")
    wait_until(lambda: old not in {cluster.master(port) for port in sentinels}, "agreement on it")
    cluster.start_server(old, cluster.master(sentinels[0]))
    wait_until(cluster.is_healthy, "health after a failover")


def _epochs(path: Path) -> dict[str, int]:
    return {key: int(digits) for key, digits in _EPOCHS.findall(path.read_text())}


def _exchange(cluster: Cluster, kind: Kind) -> None:
    """Replace all sentinels by others of a kind, on the same files; nothing is forgotten."""
    known = {port: _knowledge(cluster, port) for port in cluster.sentinels}
    epochs = {port: _epochs(cluster.conf(port)) for port in cluster.sentinels}
    for process in cluster.sentinels.values():
        process.stop()
    for port in list(cluster.sentinels):
        cluster.run_sentinel(kind, port)
        assert _knowledge(cluster, port) == known[port]
    wait_until(cluster.is_healthy, f"health under {kind.label}")
    for port, before in epochs.items():
        after = _epochs(cluster.conf(port))
        assert {key: after[key] >= epoch for key, epoch in before.items()} == dict.fromkeys(before, True)
        assert _REMARK in cluster.conf(port).read_text()


def test_the_file_goes_from_ours_to_redis_to_valkey_and_back(redis_server: Path, valkey_server: Path) -> None:
    redis = Kind("redis", (str(redis_server),), ("--sentinel",))
    valkey = Kind("valkey", (str(valkey_server),), ("--sentinel",))
    with Cluster([OURS] * 3, down_after=500, failover_timeout=5000, extra=[_REMARK]) as cluster:
        _fail_over(cluster)
        for kind in (redis, valkey, OURS):
            _exchange(cluster, kind)
            _fail_over(cluster)
        epochs = {_knowledge(cluster, port).config_epoch for port in cluster.sentinels}
        assert len(epochs) == 1
        assert epochs.pop() >= 4
