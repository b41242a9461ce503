"""How much longer a failover takes while the sentinels have a crowd of clients, ours and C Sentinel in one run.

In one cluster of each kind, failovers in peace and in a crowd take turns: thousands of clients that only stay, and
questions for the master's address at a fixed pace, both spread over all sentinels (or aimed at one). Times are those of
benchmarks/failover.py. Afterwards every client that stayed must still be answered.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.crowd import Told, crowd, raise_file_limit
from benchmarks.failover import Times, measure, mend
from benchmarks.lab import C_REDIS, OURS, Cluster, Kind, watched_environment

ACCUSTOMED = 2.0
"""Seconds between the crowd's arrival and the fault."""

_FILES = 12_000
"""For a sentinel's 10,000 clients and what it needs besides."""


@dataclass
class Series:
    """The failovers of one kind of sentinel: in peace, in a crowd, and what that crowd told."""

    quiet: list[Times] = field(default_factory=list)
    loaded: list[Times] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def run(kind: Kind, fault: str, chosen: argparse.Namespace) -> Series:
    """So many pairs of failovers, one in peace and one in a crowd."""
    series = Series()
    with Cluster([kind] * 3, down_after=chosen.down_after) as cluster:
        for number in range(chosen.rounds):
            series.quiet.append(_failover(cluster, fault))
            ports = list(cluster.sentinels)[: 1 if chosen.aimed else None]
            old = cluster.master(ports[0])
            with crowd(ports, chosen.idle, chosen.per_second) as running:
                time.sleep(ACCUSTOMED)
                series.loaded.append(measure(cluster, fault))
            assert running.told is not None
            series.told.append(running.told)
            mend(cluster, old)
            print(
                f"  {kind.label} {fault} {number + 1}/{chosen.rounds}: announced {series.quiet[-1].announced:.0f} ms, "
                f"in a crowd {series.loaded[-1].announced:.0f} ms, {running.told}",
                file=sys.stderr,
            )
    return series


def _failover(cluster: Cluster, fault: str) -> Times:
    old = cluster.master(next(iter(cluster.sentinels)))
    times = measure(cluster, fault)
    mend(cluster, old)
    return times


def rows(fault: str, kind: Kind, series: Series, waited: int) -> list[str]:
    """Two lines of the table: medians (and the worst), and how much longer the whole failover took from the fault."""
    lines = []
    for label, taken in (("in peace", series.quiet), ("in a crowd", series.loaded)):
        columns = ([t.promoted for t in taken], [t.announced for t in taken], [t.settled for t in taken])
        cells = [f"{statistics.median(figures):.0f} ({max(figures):.0f})" for figures in columns]
        lines.append(f"| {fault} | {kind.label} | {label} | " + " | ".join(cells))
    quiet, loaded = (
        waited + statistics.median(times.announced for times in taken) for taken in (series.quiet, series.loaded)
    )
    answers = statistics.median(told.per_second for told in series.told)
    slowest = statistics.median(told.p99 for told in series.told)
    return [lines[0] + " | | | |", lines[1] + f" | {loaded / quiet:.2f} | {answers:,.0f} | {slowest:.0f} |"]


def options() -> argparse.Namespace:
    """What the caller wants measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--idle", type=int, default=9000, help="clients that only stay")
    parser.add_argument("--per-second", type=int, default=10_000, help="questions")
    parser.add_argument("--down-after", type=int, default=1000, metavar="MS")
    parser.add_argument("--faults", default="kill")
    parser.add_argument("--aimed", action="store_true", help="the whole crowd comes to one of the three sentinels")
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument("--core", type=int, help="let the clients, the cluster and this program have this core only")
    return parser.parse_args()


def main() -> None:
    """Measure and print; 1 if a client that stayed got no answer."""
    chosen = options()
    raise_file_limit(_FILES)
    if chosen.core is not None:
        os.sched_setaffinity(0, {chosen.core})
    kinds: Sequence[Kind] = [OURS] if chosen.only_ours else [C_REDIS, OURS]
    lines, lost = [], 0
    with watched_environment():
        for fault in chosen.faults.split(","):
            for kind in kinds:
                series = run(kind, fault, chosen)
                lines += rows(fault, kind, series, 0 if fault == "manual" else chosen.down_after)
                lost += sum(told.lost for told in series.told)
    whom = "one sentinel" if chosen.aimed else "three sentinels"
    print(
        f"{chosen.idle} idle clients and {chosen.per_second} questions a second at {whom}. Milliseconds beyond fault + "
        f"down-after ({chosen.down_after} ms), medians of {chosen.rounds} (worst); ratio: fault to announced"
    )
    print("| fault | sentinel | load | promoted | announced | settled | ratio | answers a second | p99, ms |")
    print("|" + " --- |" * 9)
    print("\n".join(lines))
    print(f"{lost} idle clients got no answer")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
