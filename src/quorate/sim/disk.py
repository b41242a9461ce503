"""A disk with one file of a sentinel: what was written, what is durable, and how it fails."""

from collections.abc import Callable
from dataclasses import dataclass

from quorate.model.millis import Millis
from quorate.sim.randomness import Dice
from quorate.sim.schedule import Schedule, Timer


@dataclass(slots=True)
class Write:
    """A save under way: the bytes that will stand in the file, if the machine lives that long."""

    data: bytes
    timer: Timer
    renamed: bool = False


class Disk:
    """Replaces a whole file, as the store does: a temporary file, fsync, rename, fsync of the directory.

    A crash leaves the old file or the new one, never half of one: which of the two is chance as long as the rename may
    have happened. `full` fails saves, `delay` makes them slow.
    """

    def __init__(self, schedule: Schedule, dice: Dice, data: bytes) -> None:
        self.data = data
        self.template = data
        """What an operator would put on an empty disk."""
        self.saving: Callable[[Millis], None] | None = None
        """Told of each save that begins, and how long it will take."""
        self.full = False
        self.delay: Millis = 0
        self.writes = 0
        self.failures = 0
        self._schedule = schedule
        self._dice = dice
        self._under_way: Write | None = None

    def save(self, data: bytes, done: Callable[[str], None]) -> None:
        """Write; `done` is told "" or what went wrong."""

        def finish() -> None:
            self._under_way = None
            if self.full:
                self.failures += 1
                done("No space left on device")
                return
            self.data = data
            self.writes += 1
            done("")

        duration = self.delay + self._dice.skewed(1, 12)
        self._under_way = Write(data, self._schedule.after(duration, finish))
        if self.saving is not None:
            self.saving(duration)

    def crash(self) -> None:
        """The process or machine dies: a save under way has reached the file, or has not."""
        write, self._under_way = self._under_way, None
        if write is not None:
            write.timer.cancel()
            if not self.full and self._dice.chance(50):
                self.data = write.data
