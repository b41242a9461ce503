"""Thousands of masters on stand-ins: does a sentinel still keep its deadlines, and what does it cost, ours and C's.

One sentinel (or a team, --sentinels) watches them all. First it comes to know them, for which there is a limit of
time: who does not get there is described as found. Then it is measured in peace, and then a hundred masters are killed
at once. Told are the moments of +sdown and of +promoted-slave beyond the kill + down-after, how often it fell into
TILT, and how many masters were taken for down that were not. At the end each replica in question must be a master.
Masters have a replica each as far as the limit of open files allows; it is printed for how many it did.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.capacity import Share, measure
from benchmarks.events import Events
from benchmarks.fleet import watching
from benchmarks.lab import Kind, kinds_of, most_files, offer_kinds, wait_until, watched_environment
from benchmarks.standins import Standins, standins

_SPARE_FILES = 500
_TOLD_EVERY = 5.0
_NOTHING = "-"


@dataclass
class Book:
    """What was said: when a master was first called down and first succeeded (monotonic seconds), and how much TILT."""

    down: dict[str, float] = field(default_factory=dict)
    promoted: dict[str, float] = field(default_factory=dict)
    tilts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, _port: int, channel: str, text: str) -> None:
        """An event of a sentinel."""
        now, words = time.monotonic(), text.split()
        with self._lock:
            if channel == "+tilt":
                self.tilts += 1
            elif channel == "+sdown" and words[0] == "master":
                self.down.setdefault(words[1], now)
            elif channel == "+promoted-slave":
                self.promoted.setdefault(words[5], now)


@dataclass(frozen=True)
class Told:
    """What became of one kind; `trouble` "" when all went well. Moments in ms beyond the kill + down-after."""

    share: Share | None
    down: Sequence[float] = ()
    promoted: Sequence[float] = ()
    tilts: int = 0
    wrongly: int = 0
    trouble: str = ""


def watch(kind: Kind, ships: Standins, chosen: argparse.Namespace) -> Told:
    """Watch the stand-ins with one kind, and kill some."""
    share = None
    book = Book()
    team = watching(kind, ships, chosen.down_after, chosen.sentinels, chosen.patience)
    try:
        with ExitStack() as stack:
            with progress("to know them all"):
                sentinels = stack.enter_context(team)
            events = stack.enter_context(Events([one.port for one in sentinels], book.note))
            wait_until(events.hears_all, "the sentinels' events")
            with progress(f"{chosen.settle:g} + {chosen.seconds:g} s in peace"):
                time.sleep(chosen.settle)
                share = measure(sentinels, chosen.seconds)
            return _kill(ships, chosen, book, share)
    except (TimeoutError, AssertionError, RuntimeError) as error:
        return Told(share, trouble=str(error).partition("\n")[0])


def _kill(ships: Standins, chosen: argparse.Namespace, book: Book, share: Share) -> Told:
    names = set(ships.names()[: chosen.killed])
    ships.kill(chosen.killed)
    zero = time.monotonic() + chosen.down_after / 1000
    trouble = ""
    with progress(f"{chosen.killed} masters killed, down-after {chosen.down_after} ms"):
        try:
            wait_until(lambda: book.promoted.keys() >= names, f"{len(names)} failovers", chosen.patience, 0.1)
        except TimeoutError:
            trouble = f"{len(names & book.promoted.keys())} of {len(names)} failovers within {chosen.patience:g} s"
        # Whoever is taken for down by mistake is so while there is much to do.
        time.sleep(2)
    masters = ships.promoted(chosen.killed)
    if not trouble and masters != len(names):
        trouble = f"{masters} of {len(names)} replicas are masters"
    return Told(
        share,
        [1000 * (at - zero) for name, at in book.down.items() if name in names],
        [1000 * (at - zero) for name, at in book.promoted.items() if name in names],
        book.tilts,
        len((book.down.keys() | book.promoted.keys()) - names),
        trouble,
    )


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say what is being done, and every few seconds that it still is."""
    begun, over = time.monotonic(), threading.Event()

    def tell() -> None:
        print(f"  {what} ...", file=sys.stderr, flush=True)
        while not over.wait(_TOLD_EVERY):
            print(f"    {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def row(kind: Kind, told: Told) -> str:
    """A line of the table."""
    cells = [kind.label]
    share = told.share
    cells += [f"{share.user + share.system:.1f}", f"{share.memory:.0f}"] if share else [_NOTHING] * 2
    for figures in (told.down, told.promoted):
        some = sorted(figures)
        cells += [f"{at:.0f}" for at in (some[0], statistics.median(some), some[-1])] if some else [_NOTHING] * 3
    cells += [str(told.tilts), str(told.wrongly), told.trouble or ("EARLY" if min(told.promoted) < 0 else "none")]
    return "| " + " | ".join(cells) + " |"


def options() -> argparse.Namespace:
    """What the caller wants measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--masters", type=int, default=5000)
    parser.add_argument("--killed", type=int, default=100)
    parser.add_argument("--sentinels", type=int, default=1)
    parser.add_argument("--down-after", type=int, default=10_000, metavar="MS")
    parser.add_argument("--settle", type=float, default=20, help="seconds of peace before measuring")
    parser.add_argument("--seconds", type=float, default=30, help="of measuring in peace")
    parser.add_argument("--patience", type=float, default=180, help="seconds for knowing all, and for all failovers")
    offer_kinds(parser)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    chosen = options()
    kinds = kinds_of(chosen)
    # Two connections of a sentinel to each server.
    followed = min(chosen.masters, (most_files() - _SPARE_FILES) // 2 - chosen.masters)
    assert followed >= chosen.killed, f"the limit of {most_files()} open files is too low for {chosen.masters} masters"
    lines = []
    with watched_environment():
        for kind in kinds:
            print(f"{kind.label}: {chosen.masters} masters, {followed} with a replica", file=sys.stderr)
            with standins(chosen.masters, followed, chosen.sentinels) as ships:
                lines.append(row(kind, watch(kind, ships, chosen)))
    print(
        f"{chosen.masters} stand-ins for masters, {followed} of them with a replica; {chosen.sentinels} sentinel(s); "
        f"{chosen.killed} masters killed at once; milliseconds beyond the kill + down-after ({chosen.down_after} ms)"
    )
    heads = "CPU % of a core | RSS MiB | first +sdown | median | last | first promoted | median | last | TILT"
    print(f"| sentinel | {heads} | wrongly down | trouble |\n|" + " --- |" * 12)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
