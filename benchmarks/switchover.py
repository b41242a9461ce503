"""Planned moves under load: acknowledged writes lost, and the write gap, beside C Sentinel's plain failover.

50 closed-loop writers on unique keys, together about 5,000 writes a second; each move goes to another server and is
followed until everybody is well again. COORDINATED is SENTINEL FAILOVER name COORDINATED, VIA SERVER the same with
these words; plain is SENTINEL FAILOVER. Beside each gap stands, as the leader remembers it, how long the old master
held its writes until everybody was told of the new one. A move that is not made in time counts as failed, and ends
nothing.
"""

import argparse
import random
import statistics
import sys
import time
from dataclasses import dataclass

from benchmarks.lab import C_REDIS, NAME, OURS, Cluster, Kind, ask, fields, wait_until, watched_environment
from benchmarks.writers import Count, Writers

SETTLE = 120.0
GIVEN_UP = 5.0
"""Seconds after which a coordinated move has been made or taken back. C's plain one may take longer."""
HOLD = 0.3
"""Seconds of writing before and after each move."""


@dataclass(frozen=True)
class Way:
    """Who is asked to move the master, and how."""

    label: str
    kind: Kind
    words: tuple[str, ...] = ()
    down_after: int = 1_000


COORDINATED = Way("quorate, COORDINATED", OURS, ("COORDINATED",))
VIA_SERVER = Way("quorate, COORDINATED VIA SERVER", OURS, ("COORDINATED", "VIA", "SERVER"), down_after=4_000)
"""Under this load a server may need more than the 500 ms that half of a shorter down-after leaves it."""

PLAIN = (Way("quorate, plain", OURS), Way("C Sentinel, plain", C_REDIS))


class TakenBackError(TimeoutError):
    """The master is what it was: it, or its replica, could not move in time."""


@dataclass(frozen=True)
class Moved:
    """What one move cost, and the milliseconds from the hold of writes until the news (None: not told)."""

    count: Count
    held: float | None


def move(cluster: Cluster, way: Way, writers: Writers, hold: float) -> Moved:
    """One move of a healthy cluster, with so many seconds of writing before and after."""
    time.sleep(hold + random.uniform(0.0, 0.2))
    old = cluster.master(next(iter(cluster.sentinels)))
    asked = random.choice(list(cluster.sentinels))
    wait_until(lambda: ask(asked, "SENTINEL", "FAILOVER", NAME, *way.words) == "OK", "the move is begun", SETTLE, 0.2)
    begun = time.monotonic()

    def is_moved() -> bool:
        if cluster.master(asked) != old:
            return cluster.is_healthy()
        if way.words and time.monotonic() - begun > GIVEN_UP and cluster.is_healthy():
            raise TakenBackError(f"{old} is the master as before")
        return False

    wait_until(is_moved, "all well after the move", SETTLE, 0.05)
    time.sleep(hold)
    return Moved(writers.check(cluster.master(asked)), held(asked) if way.words else None)


def held(leader: int) -> float | None:
    """From the old master's word that it holds its writes to the news of the new one, in the leader's last record."""
    records = ask(leader, "SENTINEL", "FAILOVERS", NAME)
    if not isinstance(records, list) or not records:
        return None
    steps = fields(fields(records[0])["steps"])
    begun, told = steps.get("paused", steps.get("handed-over")), steps.get("told")
    return float(told) - float(begun) if begun is not None and told is not None else None


def run(way: Way, moves: int, rate: float, until: float) -> list[Moved]:
    """So many moves, or fewer if time is up. A cluster in which one fails is left for another one."""
    made: list[Moved] = []
    failed = 0
    while len(made) + failed < moves and time.monotonic() < until:
        with Cluster([way.kind] * 3, way.down_after) as cluster, Writers(list(cluster.sentinels), 50, rate) as writers:
            time.sleep(1.0)
            writers.check(cluster.master(next(iter(cluster.sentinels))))
            try:
                while len(made) + failed < moves and time.monotonic() < until:
                    made.append(move(cluster, way, writers, HOLD))
                    print(f"  {way.label} {len(made)}/{moves}: {progress(made[-1])}", file=sys.stderr, flush=True)
            except TimeoutError as late:
                failed += 1
                print(f"  {way.label}: FAILED: {late}", file=sys.stderr, flush=True)
    return made


def progress(moved: Moved) -> str:
    """A move in a few words."""
    gaps = " ".join(f"{gap:.1f}" for gap in moved.count.gaps)
    own = f" (held for {moved.held:.0f})" if moved.held is not None else ""
    return f"{moved.count.acknowledged} acknowledged, {moved.count.lost} lost, gap {gaps} ms{own}"


def row(way: Way, asked: int, made: list[Moved]) -> str:
    """A line of the table."""
    gaps = [gap for moved in made for gap in moved.count.gaps] or [0.0]
    own = [moved.held for moved in made if moved.held is not None]
    acknowledged, lost = sum(m.count.acknowledged for m in made), sum(m.count.lost for m in made)
    times = f"{statistics.median(gaps):.0f} | {max(gaps):.0f}"
    hold = f"{statistics.median(own):.0f} | {max(own):.0f}" if own else " | "
    return f"| {way.label} | {len(made)}/{asked} | {acknowledged} | {lost} | {times} | {hold} |"


def main() -> int:
    """Measure and print; 1 if a coordinated move lost a write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--via-server-moves", type=int, default=5)
    parser.add_argument("--plain-moves", type=int, default=3, help="of each plain way: C needs half a minute for one")
    parser.add_argument("--rate", type=float, default=100.0, help="writes a second of one writer")
    parser.add_argument("--minutes", type=float, default=30.0, help="at most, of each way; what is not made is shown")
    parser.add_argument("--only-coordinated", action="store_true")
    chosen = parser.parse_args()
    plan = [(COORDINATED, chosen.moves)]
    if not chosen.only_coordinated:
        plan += [(VIA_SERVER, chosen.via_server_moves), *((way, chosen.plain_moves) for way in PLAIN)]
    lines, lost = [], 0
    with watched_environment():
        for way, number in plan:
            made = run(way, number, chosen.rate, time.monotonic() + 60 * chosen.minutes)
            lines.append(row(way, number, made))
            lost += sum(moved.count.lost for moved in made) if way.words else 0
    print("| move | moves | writes acknowledged | lost | gap, ms, median | worst | held, ms, median | worst |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
