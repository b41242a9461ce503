"""Planned moves under load: acknowledged writes lost, and the write gap, beside C Sentinel's plain failover.

50 closed-loop writers on unique keys, together about 5,000 writes a second; each move goes to another server and is
followed until everybody is well again. COORDINATED is SENTINEL FAILOVER name COORDINATED; plain is SENTINEL FAILOVER.
"""

import argparse
import random
import statistics
import sys
import time
from dataclasses import dataclass

from benchmarks.lab import C_REDIS, NAME, OURS, Cluster, Kind, ask, wait_until, watched_environment
from benchmarks.writers import Count, Writers

SETTLE = 120.0


@dataclass(frozen=True)
class Way:
    """Who is asked to move the master, and how."""

    label: str
    kind: Kind
    words: tuple[str, ...] = ()


COORDINATED = Way("quorate, COORDINATED", OURS, ("COORDINATED",))
WAYS = (COORDINATED, Way("quorate, plain", OURS), Way("C Sentinel, plain", C_REDIS))


def move(cluster: Cluster, way: Way, writers: Writers, hold: float) -> Count:
    """One move of a healthy cluster, and what it cost. `hold`: seconds of writing before and after."""
    time.sleep(hold + random.uniform(0.0, 0.2))
    old = cluster.master(next(iter(cluster.sentinels)))
    asked = random.choice(list(cluster.sentinels))
    wait_until(lambda: ask(asked, "SENTINEL", "FAILOVER", NAME, *way.words) == "OK", "the move is begun", SETTLE, 0.2)
    wait_until(lambda: cluster.master(asked) != old and cluster.is_healthy(), "all well after the move", SETTLE, 0.05)
    time.sleep(hold)
    return writers.check(cluster.master(asked))


def run(way: Way, moves: int, rate: float, hold: float) -> list[Count]:
    """So many moves of one cluster."""
    counts = []
    with Cluster([way.kind] * 3) as cluster, Writers(list(cluster.sentinels), 50, rate) as writers:
        time.sleep(1.0)
        writers.check(cluster.master(next(iter(cluster.sentinels))))
        for number in range(moves):
            counts.append(move(cluster, way, writers, hold))
            last = counts[-1]
            gaps = " ".join(f"{gap:.1f}" for gap in last.gaps)
            told = f"{last.acknowledged} acknowledged, {last.lost} lost, gap {gaps} ms"
            print(f"  {way.label} {number + 1}/{moves}: {told}", file=sys.stderr, flush=True)
    return counts


def row(way: Way, counts: list[Count]) -> str:
    """A line of the table."""
    gaps = [gap for count in counts for gap in count.gaps] or [0.0]
    acknowledged, lost = sum(c.acknowledged for c in counts), sum(c.lost for c in counts)
    return (
        f"| {way.label} | {len(counts)} | {acknowledged} | {lost} | {statistics.median(gaps):.0f} | {max(gaps):.0f} |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--plain-moves", type=int, default=3, help="of each plain way: C needs half a minute for one")
    parser.add_argument("--rate", type=float, default=100.0, help="writes a second of one writer")
    parser.add_argument("--only-coordinated", action="store_true")
    chosen = parser.parse_args()
    ways = (COORDINATED,) if chosen.only_coordinated else WAYS
    with watched_environment():
        numbers = [chosen.moves if way is COORDINATED else chosen.plain_moves for way in ways]
        lines = [row(way, run(way, number, chosen.rate, 0.3)) for way, number in zip(ways, numbers, strict=True)]
    print("| move | moves | writes acknowledged | lost | gap, ms, median | worst |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
