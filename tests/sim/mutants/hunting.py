"""Looking for the seeds that show a mutant.

`python -m tests.sim.mutants.hunting [WORDS]` plants every defect whose text contains the words, and prints for each
which seeds show it, what caught it there and how long that took; the quickest belongs into the mutant.
"""

import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quorate.sim.checkers import everything
from quorate.sim.checkers.contract import Checker
from quorate.sim.checkers.everything import CHECKERS
from quorate.sim.runner import Failed, Order, run
from tests.sim.mutants.every import MUTANTS
from tests.sim.mutants.planting import Mutant, planted


@dataclass(frozen=True, slots=True)
class Catch:
    """The seed, what failed, and how many seconds the run took."""

    seed: int
    failed: Failed
    seconds: float


def trials(mutant: Mutant, seeds: Iterable[int]) -> Iterator[Catch]:
    """Every seed at which anything fails while the mutant is in the ground."""
    named = tuple(checker for checker in CHECKERS if checker.name in mutant.caught_by)
    watchers = named if mutant.alone else CHECKERS
    with planted(mutant), watched_by(watchers):
        for seed in seeds:
            began = time.perf_counter()
            failed = run(Order(str(seed))).failed
            if failed is not None:
                yield Catch(seed, failed, time.perf_counter() - began)


def hunt(mutant: Mutant, seeds: Iterable[int]) -> Catch | None:
    """The first of these seeds at which one of the named checkers catches the mutant."""
    return next((catch for catch in trials(mutant, seeds) if catch.failed.checker in mutant.caught_by), None)


def seeds_of(mutant: Mutant) -> list[int]:
    """The seed that is known first, then all within which it must be found."""
    return [mutant.seed, *(seed for seed in range(mutant.within) if seed != mutant.seed)]


@contextmanager
def watched_by(watchers: tuple[type[Checker], ...]) -> Generator[None]:
    """Runs in which only these look on."""
    before = everything.CHECKERS
    everything.CHECKERS = watchers
    try:
        yield
    finally:
        everything.CHECKERS = before


def main(words: str, limit: int) -> None:
    """Hunt and print."""
    for mutant in MUTANTS:
        if words not in mutant.text:
            continue
        print(f"{mutant}: by {' or '.join(sorted(mutant.caught_by))}", flush=True)
        others: dict[str, list[int]] = {}
        for catch in trials(mutant, range(limit or mutant.within)):
            checker = catch.failed.checker
            if checker in mutant.caught_by:
                print(
                    f"    {catch.seed:4d} in {catch.seconds:4.1f} s, {checker}: {catch.failed.text[:120]}", flush=True
                )
                break
            others.setdefault(checker, []).append(catch.seed)
        else:
            print("    NOT FOUND")
        for checker, seeds in others.items():
            print(f"    before: {checker} at {seeds}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "", int(sys.argv[2]) if len(sys.argv) > 2 else 0)
