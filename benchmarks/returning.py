"""How long a master that was killed and comes back goes on being one, ours and C Sentinel in one run.

Each round: the master saves its data and is killed with kill -9; when a replica has been promoted and everybody knows,
it is started again on its data, as the master that it was. Measured is the time from its first answer to PING until its
INFO says that it is a replica of the new master and that the data are on their way or there.
"""

import argparse
import random
import statistics
import sys
import time

from benchmarks.lab import C_REDIS, NAME, OURS, Cluster, Kind, Wire, ask, wait_until, watched_environment
from quorate.wire.info import parse_info

POLL = 0.002
PATIENCE = 90.0
KEYS = 1_000
FILL = "for i = 1, ARGV[1] do redis.call('SET', 'k' .. i, i) end return 'OK'"


def measure(cluster: Cluster) -> float:
    """One round of a healthy cluster; milliseconds."""
    first = next(iter(cluster.sentinels))
    old = cluster.master(first)
    with Wire(old) as wire:
        assert wire.ask("EVAL", FILL, 0, KEYS) == "OK"
        assert wire.ask("SAVE") == "OK"
    time.sleep(random.uniform(0.0, 1.0))
    cluster.servers[old].kill()
    others = list(cluster.sentinels)

    def moved() -> bool:
        return len({cluster.master(port) for port in others} - {old}) == 1 and not any(
            cluster.master(port) == old for port in others
        )

    wait_until(moved, "a failover", PATIENCE)
    new = cluster.master(first)
    survivors = [port for port in cluster.servers if port not in {old, new}]
    wait_until(lambda: all(cluster.follows(port, new) for port in survivors), "the other replica", PATIENCE)
    # Its phase between the periods of the sentinels is any.
    time.sleep(random.uniform(1.0, 3.0))
    process = cluster.server_process(old, None)
    process.launch()
    process.await_answer(pause=POLL)
    begun = time.monotonic()
    wait_until(lambda: returned(old, new), "the old master's return", PATIENCE, POLL)
    taken = 1000 * (time.monotonic() - begun)
    wait_until(cluster.is_healthy, "health", PATIENCE, 0.1)
    return taken


def returned(old: int, new: int) -> bool:
    """Whether a server says that it follows another, and has its data or is getting them."""
    told = ask(old, "INFO", "replication")
    said = parse_info(told.encode()).slave if isinstance(told, str) else None
    return said is not None and said.master_port == new and bool(said.link_up or said.syncing)


def run(kind: Kind, rounds: int) -> list[float]:
    """So many rounds of one cluster."""
    times = []
    with Cluster([kind] * 3) as cluster:
        for number in range(rounds):
            times.append(measure(cluster))
            print(f"  {kind.label} {number + 1}/{rounds}: {times[-1]:.0f} ms", file=sys.stderr, flush=True)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--c-rounds", type=int, default=3, help="C needs ten seconds and more for one")
    chosen = parser.parse_args()
    with watched_environment():
        results = [(kind, run(kind, n)) for kind, n in ((OURS, chosen.rounds), (C_REDIS, chosen.c_rounds)) if n]
    print(f"| sentinels of {NAME} | rounds | a replica with SYNC begun after, ms: median | worst |")
    print("| --- | --- | --- | --- |")
    for kind, times in results:
        print(f"| {kind.label} | {len(times)} | {statistics.median(times):.0f} | {max(times):.0f} |")


if __name__ == "__main__":
    main()
