"""All chance of a simulated world, from one seed. The only place that imports `random`."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of chance. `split` gives an independent stream, so that drawing more in one place changes no other."""

    __slots__ = ("_random", "_seed")

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed)
        self._random = random.Random(self._seed)

    def split(self, name: str) -> "Dice":
        """The stream of that name under this one."""
        return Dice(f"{self._seed}/{name}")

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, percent: float) -> bool:
        """True that often."""
        return self._random.random() * 100 < percent

    def choice(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[int(self._random.random() * len(options))]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """That many different ones, in random order."""
        return self._random.sample(options, count)

    def skewed(self, low: int, high: int) -> int:
        """A number between low and high, small ones much more often: delays and durations look like that."""
        return low + int((high - low) * self._random.random() ** 4)

    def hexadecimal(self, digits: int) -> str:
        """A run id or replication id."""
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"

    def seed(self) -> int:
        """A seed for somebody else's generator."""
        return self._random.getrandbits(63)
