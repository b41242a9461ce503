"""The ledger of the writers: what was acknowledged when by whom, and the gaps between. Pure; seconds of one clock."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple


class Ack(NamedTuple):
    """An acknowledged write: `at` when the answer came, `server` the place that gave it (`host:port`)."""

    writer: int
    sequence: int
    at: float
    server: str


class Failure(NamedTuple):
    """A write that was not acknowledged, or a master that was not found."""

    writer: int
    at: float
    text: str


def key_of(run: str, writer: int, sequence: int) -> str:
    """Every write has a key of its own, and its value is its number."""
    return f"quorate:drill:{run}:{writer}:{sequence}"


@dataclass(slots=True)
class Ledger:
    """Everything the writers reported. Acks of one writer come in the order of their times."""

    acks: list[Ack] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    last: dict[int, float] = field(default_factory=dict)
    lost: set[Ack] = field(default_factory=set)
    _times: dict[int, list[float]] = field(default_factory=dict)
    _of: dict[int, list[Ack]] = field(default_factory=dict)

    def acknowledge(self, ack: Ack) -> None:
        self.acks.append(ack)
        self.last[ack.writer] = ack.at
        self._times.setdefault(ack.writer, []).append(ack.at)
        self._of.setdefault(ack.writer, []).append(ack)

    def fail(self, failure: Failure) -> None:
        self.failures.append(failure)

    def between(self, begin: float, end: float) -> list[Ack]:
        """The acks of a time, in no order."""
        found: list[Ack] = []
        for writer, times in self._times.items():
            found += self._of[writer][bisect_left(times, begin) : bisect_right(times, end)]
        return found

    def failures_between(self, begin: float, end: float) -> int:
        return sum(begin <= failure.at <= end for failure in self.failures)

    def longest_gap(self, writer: int, begin: float, end: float) -> float:
        """The longest time without a write that was kept, of those that began or ended between two moments.

        A write that was acknowledged and lost later was no success.
        """
        acks = self._of.get(writer, [])
        times = self._times.get(writer, [])
        first, beyond = bisect_left(times, begin), bisect_right(times, end)
        # One kept write before and after, so that a gap that only overlaps is seen as a whole.
        before = next((a.at for a in reversed(acks[:first]) if a not in self.lost), begin)
        after = next((a.at for a in acks[beyond:] if a not in self.lost), end)
        kept = [before, *(a.at for a in acks[first:beyond] if a not in self.lost), after]
        return max((b - a for a, b in pairwise(kept)), default=end - begin)


def quantile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that is not below a share of all (nearest rank); None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))
    return ordered[rank]


def missing(expected: Sequence[Ack], found: Sequence[object]) -> list[Ack]:
    """The acks whose values were not read back; `found` in the same order."""
    return [ack for ack, value in zip(expected, found, strict=True) if value != str(ack.sequence)]


def per_second(acks: Collection[Ack], begin: float, end: float, width: float) -> list[float]:
    """Writes per second in buckets of `width` seconds, for pictures."""
    count = max(1, round((end - begin) / width + 0.499))
    buckets = [0] * count
    for ack in acks:
        if begin <= ack.at < end:
            buckets[min(count - 1, int((ack.at - begin) / width))] += 1
    return [bucket / width for bucket in buckets]
