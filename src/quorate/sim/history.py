"""What became of a server's role and data, for whoever asks afterwards where an acknowledged write went."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from quorate.model.millis import Millis
from quorate.sim.messages import Full


@dataclass(frozen=True, slots=True)
class Turn:
    """A server was told to be a master (`followed` is ""), or to follow another address.

    `had` are its writes at that moment, `replaced` those that it had had before a resynchronisation took them away.
    """

    at: Millis
    followed: str
    had: frozenset[int]
    replaced: frozenset[int]


@dataclass(slots=True)
class History:
    """The turns of one server, oldest first, and the writes that it once had and does not have any more."""

    turns: list[Turn] = field(default_factory=list)
    unsynced: set[int] = field(default_factory=set)
    """Lost because they were not on disk when it died, or when the master died from which it took over its data."""
    replaced: set[int] = field(default_factory=set)
    """Lost because it took over the data of a master that did not have them."""
    taken: dict[int, Millis] = field(default_factory=dict)
    """When it said yes to each write of a client, which hears of it later, or much later."""

    def turned(self, at: Millis, master_ip: str | None, log: Sequence[int]) -> None:
        """It was told to be a master (None), or to follow one; which it may have been already."""
        self.turns.append(Turn(at, master_ip or "", frozenset(log), frozenset(self.replaced)))

    def died(self, log: Sequence[int], kept: Sequence[int]) -> None:
        """It died with this on disk."""
        if len(kept) < len(log):
            self.unsynced |= set(log).difference(kept)

    def resynced(self, log: Iterable[int], full: Full) -> None:
        """Its data was replaced by that of its master."""
        gone = set(log).difference(full.data)
        self.unsynced |= gone & full.unsynced
        self.replaced |= gone - full.unsynced
        self.regained(full.data)

    def regained(self, writes: Iterable[int]) -> None:
        """It has these now."""
        self.unsynced.difference_update(writes)
        self.replaced.difference_update(writes)
