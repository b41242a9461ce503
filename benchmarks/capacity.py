"""What one sentinel costs that watches many masters, ours and C Sentinel in turns within one run.

Each master has one replica, and each sentinel two peers of its own kind. The servers are real ones, or with --standins
one process that speaks their protocol. Processor time is what the system has counted
for the process (Linux: /proc/PID/stat), split into user and system; all three sentinels of a kind are measured and
averaged, and the median over the repetitions is printed. While the masters are being watched, one sentinel answers
GET-MASTER-ADDR-BY-NAME at a fixed pace. Starting is timed from exec to the answer to PING.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet import PATIENCE, SENTINELS, Ships, fleet, sentinel, watching
from benchmarks.lab import HOST, Kind, Process, free_port, kinds_of, offer_kinds, watched_environment
from benchmarks.queries import Latency, ask_at_pace
from benchmarks.standins import standins

DOWN_AFTER = 10_000
PER_SECOND = 1000


@dataclass(frozen=True)
class Share:
    """Per cent of one core, and MiB resident, of one sentinel."""

    user: float
    system: float
    memory: float


@dataclass(frozen=True)
class Turn:
    """One repetition of one kind."""

    share: Share
    latency: Latency


def _spent(pid: int) -> tuple[float, float]:
    """Seconds of processor time of all threads, in user and in system mode (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def measure(sentinels: Sequence[Process], seconds: float) -> Share:
    """Leave them alone for a while and see what they have spent."""
    before = [_spent(one.pid) for one in sentinels]
    begun = time.monotonic()
    time.sleep(seconds)
    taken = time.monotonic() - begun
    after = [_spent(one.pid) for one in sentinels]
    user, system = (
        100 * sum(late[way] - early[way] for early, late in zip(before, after, strict=True)) / taken / len(sentinels)
        for way in (0, 1)
    )
    return Share(user, system, statistics.mean(_resident(one.pid) for one in sentinels))


def turn(kind: Kind, ships: Ships, chosen: argparse.Namespace) -> Turn:
    """Watch the fleet with one kind of sentinel: first in peace, then while answering questions."""
    seconds = f"{chosen.settle:g} + {chosen.seconds:g} s in peace, {chosen.query_seconds:g} s of questions"
    tell(f"{kind.label}, {ships.followed} masters: to know all, {seconds} ...")
    with watching(kind, ships, DOWN_AFTER) as sentinels:
        time.sleep(chosen.settle)
        share = measure(sentinels, chosen.seconds)
        latency = ask_at_pace(sentinels[0].port, ships.names(), PER_SECOND, chosen.query_seconds)
    tell(f"  {share.user + share.system:.2f} %, {share.memory:.1f} MiB, p99 {latency.p99:.2f} ms")
    return Turn(share, latency)


def tell(text: str) -> None:
    """How far it is; tables go to standard output."""
    print(text, file=sys.stderr, flush=True)


def time_start(kind: Kind, folder: Path, masters: int) -> float:
    """Milliseconds from exec to the answer to PING, with a new configuration of so many masters that are not there."""
    port = free_port()
    absent = "".join(f"sentinel monitor master{number} {HOST} 1 2\n" for number in range(masters))
    process = sentinel(kind, folder, port, absent)
    begun = time.monotonic()
    try:
        process.launch()
        process.await_answer(PATIENCE, pause=0.001)
        return 1000 * (time.monotonic() - begun)
    finally:
        process.kill()


def time_starts(kinds: Sequence[Kind], times: int, masters: int) -> dict[str, float]:
    """The median for each kind, started in turns."""
    taken: dict[str, list[float]] = {kind.label: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        for _ in range(times):
            for kind in kinds:
                taken[kind.label].append(time_start(kind, Path(folder), masters))
    return {label: statistics.median(figures) for label, figures in taken.items()}


def table(turns: dict[tuple[int, str], list[Turn]]) -> str:
    """Medians of all repetitions, by number of masters and kind."""
    heads = "| masters | sentinel | CPU % of a core | user | system | RSS MiB | p50 ms | p99 ms | max ms |"
    lines = [heads, "|" + " --- |" * 9]
    for (masters, label), taken in turns.items():
        shares, latencies = [one.share for one in taken], [one.latency for one in taken]
        figures = [
            f"{statistics.median(share.user + share.system for share in shares):.2f}",
            f"{statistics.median(share.user for share in shares):.2f}",
            f"{statistics.median(share.system for share in shares):.2f}",
            f"{statistics.median(share.memory for share in shares):.1f}",
            f"{statistics.median(one.p50 for one in latencies):.2f}",
            f"{statistics.median(one.p99 for one in latencies):.2f}",
            f"{max(one.worst for one in latencies):.2f}",
        ]
        lines.append(f"| {masters} | {label} | " + " | ".join(figures) + " |")
    return "\n".join(lines)


def starts_table(kinds: Sequence[Kind], chosen: argparse.Namespace) -> str:
    """From exec to PING, for one master and for the numbers of masters that were asked for."""
    counts = [1, *chosen.masters]
    tell(f"{chosen.starts} starts of each sentinel with {', '.join(map(str, counts))} masters ...")
    columns = [time_starts(kinds, chosen.starts, masters) for masters in counts]
    lines = [
        f"\nFrom exec to the answer to PING, medians of {chosen.starts}, milliseconds",
        "| sentinel | " + " | ".join(f"{count} master{'s' if count > 1 else ''}" for count in counts) + " |",
        "|" + " --- |" * (len(counts) + 1),
    ]
    lines += [
        f"| {kind.label} | " + " | ".join(f"{column[kind.label]:.0f}" for column in columns) + " |" for kind in kinds
    ]
    return "\n".join(lines)


def servers(masters: int, chosen: argparse.Namespace) -> AbstractContextManager[Ships]:
    """Real servers or stand-ins."""
    kind = "stand-ins" if chosen.standins else "real servers"
    tell(f"starting {2 * masters} {kind} ...")
    return standins(masters, masters, SENTINELS) if chosen.standins else fleet(masters)


def options() -> argparse.Namespace:
    """What the caller wants measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--masters", type=int, nargs="+", default=[100, 300], help="a row for each of these numbers")
    parser.add_argument("--standins", action="store_true", help="stand-ins for the servers, which start at once")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30, help="of watching in peace, for each repetition")
    parser.add_argument("--settle", type=float, default=20, help="seconds before that, so that starting is not counted")
    parser.add_argument("--query-seconds", type=float, default=10)
    parser.add_argument("--starts", type=int, default=10, help="0 to time none")
    offer_kinds(parser)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    chosen = options()
    kinds = kinds_of(chosen)
    turns: dict[tuple[int, str], list[Turn]] = {}
    with watched_environment():
        starts = starts_table(kinds, chosen) if chosen.starts else ""
        for masters in chosen.masters:
            with servers(masters, chosen) as ships:
                for _ in range(chosen.repetitions):
                    for kind in kinds:
                        turns.setdefault((masters, kind.label), []).append(turn(kind, ships, chosen))
    print(
        f"Watching {'stand-ins for ' if chosen.standins else ''}masters with a replica each and two peers, down-after "
        f"{DOWN_AFTER} ms; medians of {chosen.repetitions} x {chosen.seconds:g} s; then {PER_SECOND} "
        "GET-MASTER-ADDR-BY-NAME a second"
    )
    print(table(turns))
    print(starts)


if __name__ == "__main__":
    main()
