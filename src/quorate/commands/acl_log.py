"""Who was turned away lately, and why: the entries of ACL LOG."""

from collections import Counter
from dataclasses import dataclass

from quorate.commands.acl_rules import Reason
from quorate.model.millis import Millis

# Repetitions within this time count up an entry, if it is among the newest few.
_GROUPED_FOR: Millis = 60_000
_GROUPED_AMONG = 10


@dataclass(slots=True)
class Entry:
    """One kind of refusal. `client` is the CLIENT INFO line of the last one; times are wall-clock milliseconds."""

    id: int
    reason: Reason
    object: bytes
    username: str
    client: bytes
    created: Millis
    updated: Millis
    count: int = 1


class AclLog:
    """At most `limit` entries, newest first. `denied` counts every refusal since the start, for INFO."""

    def __init__(self, limit: int) -> None:
        self.entries: list[Entry] = []
        self.denied: Counter[Reason] = Counter()
        self._limit = limit
        self._next_id = 0

    def add(self, reason: Reason, object_: bytes, username: str, client: bytes, now: Millis) -> None:
        """Take note of a refusal. `object_` is the command or channel; `now` is wall-clock time."""
        self.denied[reason] += 1
        for entry in self.entries[:_GROUPED_AMONG]:
            same = (entry.reason, entry.object, entry.username) == (reason, object_, username)
            if same and abs(now - entry.updated) <= _GROUPED_FOR:
                entry.count += 1
                entry.client = client
                entry.updated = now
                self.entries.remove(entry)
                self.entries.insert(0, entry)
                return
        self.entries.insert(0, Entry(self._next_id, reason, object_, username, client, now, now))
        self._next_id += 1
        del self.entries[self._limit :]

    def clear(self) -> None:
        """ACL LOG RESET."""
        self.entries.clear()
