"""What several sentinels remember of failovers, put together. Pure: replies in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quorate.client import parse
from quorate.client.picture import Place
from quorate.model.record import Ending, Entry, Voter
from quorate.wire.history import entry_of

_OWN = frozenset((Ending.DONE, Ending.PARTLY))
_NO_SUCH_MASTER = "No such master"


@dataclass(frozen=True, slots=True)
class Told:
    """An entry and the sentinel that keeps it."""

    entry: Entry
    keeper: Place

    def name_of(self, voter: Voter) -> str:
        """Where a sentinel listens; the beginning of its id where that is not known."""
        return voter.address or str(self.keeper)

    def leader(self) -> str:
        """Who led, "" if nobody knows."""
        leader = self.entry.record.leader
        return "" if leader is None else self.name_of(leader)


@dataclass(frozen=True, slots=True)
class Memory:
    """What one sentinel remembers. `trouble` says why it could not be asked, `ours` is False if it keeps no history.

    `unknown` is True if none of the masters asked for is known to it.
    """

    place: Place
    told: tuple[Told, ...] = ()
    ours: bool = True
    unknown: bool = False
    trouble: str = ""


def memory_of(place: Place, replies: Sequence[object]) -> Memory:
    """The replies to SENTINEL FAILOVERS, one per master. Any error but an unknown master means: none of ours."""
    errors = [parse.plain(str(reply)) for reply in replies if isinstance(reply, Exception)]
    denied = next((text for text in errors if "no permissions" in text.lower() or "noperm" in text.lower()), "")
    if denied:
        return Memory(place, trouble=f"{place} does not allow this user to ask: {denied}")
    strange = [text for text in errors if _NO_SUCH_MASTER not in text]
    if strange:
        return Memory(place, ours=False)
    lists = [reply for reply in replies if isinstance(reply, list)]
    entries = (entry_of(_clean(item)) for reply in lists for item in reply)
    told = tuple(Told(entry, place) for entry in entries if entry is not None)
    return Memory(place, told, unknown=bool(errors) and len(errors) == len(replies))


def together(memories: Iterable[Memory]) -> list[Told]:
    """All failovers, newest first, each once: whoever led it knows more than those who only took it over."""
    told = [one for memory in memories for one in memory.told]
    led = {_which(one) for one in told if one.entry.record.ending in _OWN}
    kept: list[Told] = []
    seen: set[tuple[str, int, str]] = set()
    # Of those that only followed, one that knows who led comes first.
    for one in sorted(told, key=lambda one: one.entry.record.leader is None):
        if one.entry.record.ending is Ending.FOLLOWED:
            which = _which(one)
            if which in led or which in seen:
                continue
            seen.add(which)
        kept.append(one)
    return sorted(kept, key=lambda one: one.entry.began, reverse=True)


def _which(told: Told) -> tuple[str, int, str]:
    record = told.entry.record
    return record.master, record.epoch, record.new


def _clean(value: object) -> object:
    """Texts without what would drive the terminal of whoever reads them."""
    if isinstance(value, str):
        return parse.plain(value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
