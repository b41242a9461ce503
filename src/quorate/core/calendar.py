"""When to look again: exact deadlines on a heap, periodic work in shared slots.

A deadline that decides (down-after, a failover's time limit) is exact. Periodic sends fall into slots so that many
links wake the process once and their bytes leave together; each process draws its own phase.
"""

from heapq import heapify, heappop, heappush

from quorate.model.millis import Millis

SLOT: Millis = 100
"""Width of a slot: measured, slots of 50 to 100 ms cost a quarter of a timer per link."""

WIDE: Millis = 5 * SLOT
"""Width of a slot for what is done once a second or less often: with 100 masters a process that is woken twice a second
instead of ten times takes a quarter less of a processor, since its caches are warm for all but the first."""


PORTION = 24
"""So many periodic jobs are done at a time, a millisecond of work or less; then everybody else has a turn."""

_PORTIONS = 16
"""A slot with a great many jobs is done in larger portions, so that it ends before the next one begins."""


class Calendar:
    """Deadlines by key (only the earliest of a key counts) and slots of periodic jobs.

    `behind` says that a slot has begun of which jobs are left. Deadlines that pass meanwhile need not wait for those.
    """

    __slots__ = ("_due", "_heap", "_phase", "_serial", "_slot_heap", "_slots", "behind")

    def __init__(self, phase: Millis) -> None:
        self._phase = phase % WIDE
        self._due: dict[object, Millis] = {}
        self._heap: list[tuple[Millis, int, object]] = []
        self._serial = 0
        self._slots: dict[int, list[object]] = {}
        self._slot_heap: list[int] = []
        self.behind = False

    def at(self, when: Millis, key: object) -> None:
        """Wake for `key` at `when`, unless it is due earlier already."""
        known = self._due.get(key)
        if known is not None and known <= when:
            return
        self._due[key] = when
        self._serial += 1
        heappush(self._heap, (when, self._serial, key))
        self._tidy()

    def forget(self, key: object) -> None:
        """No longer wake for `key`."""
        self._due.pop(key, None)
        self._tidy()

    def due(self, now: Millis) -> list[object]:
        """Take the keys whose deadline has come, earliest first."""
        keys: list[object] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            when, _, key = heappop(heap)
            if self._due.get(key) == when:
                del self._due[key]
                keys.append(key)
        self._tidy()
        return keys

    def every(self, when: Millis, job: object, width: Millis = SLOT) -> int:
        """Put a job into the slot that holds `when`; returns the slot's number, by which a stale job is recognised."""
        slot = -((self._phase - when) // SLOT)
        slot += -slot % (width // SLOT)
        jobs = self._slots.get(slot)
        if jobs is None:
            self._slots[slot] = [job]
            heappush(self._slot_heap, slot)
        else:
            jobs.append(job)
        return slot

    def periodic(self, now: Millis) -> list[tuple[int, object]]:
        """Take a portion of the jobs of all slots that have begun, with the numbers of their slots; oldest first."""
        taken: list[tuple[int, object]] = []
        heap = self._slot_heap
        self.behind = False
        while heap and self.begin(heap[0]) <= now:
            slot = heap[0]
            jobs = self._slots[slot]
            room = max(PORTION, len(jobs) // _PORTIONS) - len(taken)
            if room < len(jobs):
                taken.extend([(slot, job) for job in jobs[:room]])
                del jobs[:room]
                self.behind = True
                break
            taken.extend([(slot, job) for job in jobs])
            del self._slots[slot]
            heappop(heap)
        return taken

    def next(self, now: Millis) -> Millis | None:
        """The earliest moment at which `due` or `periodic` would give something. It has passed already while jobs are
        left, unless a deadline has passed since: then that is the moment.
        """
        heap = self._heap
        while heap and self._due.get(heap[0][2]) != heap[0][0]:
            heappop(heap)
        deadline = heap[0][0] if heap else None
        if not self._slot_heap:
            return deadline
        slot = self.begin(self._slot_heap[0])
        if deadline is None or (self.behind and deadline > now):
            return slot
        return deadline if self.behind else min(deadline, slot)

    def deadlines(self) -> tuple[int, int]:
        """How many deadlines are set, and how many entries that takes."""
        return len(self._due), len(self._heap)

    def _tidy(self) -> None:
        """Drop what was forgotten or moved forward before it is most of the heap; it would stay until its time."""
        if len(self._heap) > 4 * len(self._due) + 64:
            self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[0]]
            heapify(self._heap)

    def slot_before(self, when: Millis, width: Millis = SLOT) -> Millis:
        """The beginning of the last slot that begins no later than `when`."""
        return when - (when - self._phase) % width

    def slot_of(self, when: Millis) -> int:
        """The number of the slot that holds a moment."""
        return (when - self._phase) // SLOT

    def begin(self, slot: int) -> Millis:
        """When a slot begins."""
        return slot * SLOT + self._phase
