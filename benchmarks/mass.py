"""Many masters that die at the same moment: how long until each has a successor, ours and C Sentinel in one run.

Of hundreds of masters with a replica each, watched by three sentinels of a kind, some are killed together. A master
counts as promoted when a sentinel says so (+promoted-slave), as announced when two of the three have switched to the
new address; both count from the last kill + down-after. At the end each replica in question must call itself a master.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.capacity import tell
from benchmarks.events import Events
from benchmarks.fleet import SENTINELS, Ships, fleet, watching
from benchmarks.lab import Kind, kinds_of, offer_kinds, wait_until, watched_environment
from benchmarks.standins import standins

MAJORITY = SENTINELS // 2 + 1
PATIENCE = 600
"""Seconds: a C Sentinel that loses an election stands again after two failover-timeouts, six minutes."""


@dataclass
class Book:
    """When what was said of each master; moments of the monotonic clock, in seconds."""

    promoted: dict[str, float] = field(default_factory=dict)
    switched: dict[str, list[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, _port: int, channel: str, text: str) -> None:
        """An event of a sentinel."""
        now, words = time.monotonic(), text.split()
        with self._lock:
            if channel == "+promoted-slave":
                self.promoted.setdefault(words[5], now)
            elif channel == "+switch-master":
                self.switched.setdefault(words[0], []).append(now)

    def announced(self) -> dict[str, float]:
        """The moment at which a majority had switched, for each master of which that is so."""
        with self._lock:
            return {name: sorted(at)[MAJORITY - 1] for name, at in self.switched.items() if len(at) >= MAJORITY}


@dataclass(frozen=True)
class Fates:
    """Milliseconds beyond the last kill + down-after, of each master that was killed.

    `early`: one was promoted before even the first kill was that old.
    """

    promoted: Sequence[float]
    announced: Sequence[float]
    early: bool


def measure(kind: Kind, ships: Ships, killed: int, down_after: int) -> Fates:
    """Kill the first masters of a fleet, and wait until all have successors."""
    names = ships.names()[:killed]
    book = Book()
    with watching(kind, ships, down_after) as sentinels, Events([one.port for one in sentinels], book.note) as events:
        wait_until(events.hears_all, "the sentinels' events")
        time.sleep(5)
        begun = time.monotonic()
        ships.kill(killed)
        zero = time.monotonic() + down_after / 1000
        wait_until(lambda: book.announced().keys() >= set(names), f"{killed} failovers of {kind.label}", PATIENCE, 0.1)
        assert ships.promoted(killed) == killed, "each replica in question is a master"
    announced = book.announced()
    fates = Fates(
        [1000 * (book.promoted[name] - zero) for name in names],
        [1000 * (announced[name] - zero) for name in names],
        early=min(book.promoted[name] for name in names) < begun + down_after / 1000,
    )
    tell(f"  the last was promoted after {max(fates.promoted):.0f} ms")
    return fates


def row(kind: Kind, fates: Fates) -> str:
    """A line of the table."""
    cells = [
        f"{figure:.0f}"
        for figures in (fates.promoted, fates.announced)
        for figure in (min(figures), statistics.median(figures), max(figures))
    ]
    return f"| {kind.label} | " + " | ".join(cells) + f" |{' EARLY' if fates.early else ''}"


def options() -> argparse.Namespace:
    """What the caller wants measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--masters", type=int, default=300)
    parser.add_argument("--killed", type=int, default=100)
    parser.add_argument("--down-after", type=int, default=5000, metavar="MS")
    parser.add_argument("--standins", action="store_true", help="stand-ins for the servers, which start at once")
    offer_kinds(parser)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    chosen = options()
    kinds = kinds_of(chosen)
    lines = []
    with watched_environment():
        for kind in kinds:
            tell(f"{kind.label}: {chosen.masters} masters, {chosen.killed} to be killed ...")
            start = standins(chosen.masters, chosen.masters, SENTINELS) if chosen.standins else fleet(chosen.masters)
            with start as ships:
                lines.append(row(kind, measure(kind, ships, chosen.killed, chosen.down_after)))
    print(
        f"{chosen.killed} of {chosen.masters} masters killed at once; milliseconds beyond the last kill + down-after"
        f" ({chosen.down_after} ms)"
    )
    print("| sentinel | first promoted | median | last | first announced | median | last |\n|" + " --- |" * 7)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
