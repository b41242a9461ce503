"""Looking for the seeds that show a mutant.

`python -m tests.sim.mutants.hunting [WORDS]` plants every defect whose text contains the words, and prints for each
which seeds show it, what caught it there and how long that took; the quickest belongs into the mutant.
"""

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from quorate.sim.runner import Failed, Order, run
from tests.sim.mutants.every import MUTANTS
from tests.sim.mutants.planting import Mutant, planted


@dataclass(frozen=True, slots=True)
class Catch:
    """The seed, what failed, and how many seconds the run took."""

    seed: int
    failed: Failed
    seconds: float


def hunt(mutant: Mutant, seeds: Iterable[int]) -> Catch | None:
    """The first of these seeds at which one of the named checkers catches the mutant."""
    with planted(mutant):
        for seed in seeds:
            began = time.perf_counter()
            failed = run(Order(str(seed))).failed
            if failed is not None and failed.checker in mutant.caught_by:
                return Catch(seed, failed, time.perf_counter() - began)
    return None


def seeds_of(mutant: Mutant) -> list[int]:
    """The seed that is known first, then all within which it must be found."""
    return [mutant.seed, *(seed for seed in range(mutant.within) if seed != mutant.seed)]


def _report(mutant: Mutant, limit: int) -> None:
    print(f"{mutant}: by {' or '.join(sorted(mutant.caught_by))}", flush=True)
    others: dict[str, list[int]] = {}
    with planted(mutant):
        for seed in range(limit):
            began = time.perf_counter()
            failed = run(Order(str(seed))).failed
            if failed is None:
                continue
            if failed.checker not in mutant.caught_by:
                others.setdefault(failed.checker, []).append(seed)
                continue
            print(f"    {seed:4d} in {time.perf_counter() - began:4.1f} s, {failed.checker}: {failed.text[:150]}", flush=True)
            break
        else:
            print("    NOT FOUND")
    for checker, seeds in others.items():
        print(f"    others: {checker}: {seeds}", flush=True)


def main(words: str, limit: int) -> None:
    """Hunt and print."""
    for mutant in MUTANTS:
        if words in mutant.text:
            _report(mutant, limit or mutant.within)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "", int(sys.argv[2]) if len(sys.argv) > 2 else 0)
