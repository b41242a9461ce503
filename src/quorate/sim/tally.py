"""What happened in a run, counted: so that a green result shows that something was tried."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from quorate.core.state import FailoverState
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.faults import Kind, Planned
from quorate.sim.host import SentinelHost
from quorate.sim.world import Observer

COUNTED = {
    Event.PROMOTED_SLAVE: "failovers",
    Event.ELECTED_LEADER: "elections won",
    Event.ABORT_NOT_ELECTED: "elections lost",
    Event.ABORT_NO_GOOD_SLAVE: "aborts, no good replica",
    Event.ABORT_SLAVE_TIMEOUT: "aborts, replica too slow",
    Event.FORCED_WITHOUT_MAJORITY: "forced without majority",
    Event.CONFIG_SETTLED: "conflicts settled",
    Event.CONFIG_UPDATE_FROM: "configurations learned",
    Event.CONVERT_TO_SLAVE: "old masters demoted",
    Event.FIX_SLAVE_CONFIG: "replicas re-pointed later",
    Event.TILT: "tilts",
    Event.EPOCH_REFUSED: "epochs refused",
}
"""The events that are counted, each under its word."""

ORDER = (
    *COUNTED.values(),
    "saves",
    "saves failed",
    "restarts",
    "faults",
    "writes acknowledged",
    "writes lost",
    "virtual seconds",
    "events",
)

Cell = tuple[Kind, FailoverState | None]
STATES: tuple[FailoverState | None, ...] = (None, *FailoverState)


@dataclass(slots=True)
class Tally:
    """Counts by word, and by fault and state of a failover."""

    counts: Counter[str] = field(default_factory=Counter)
    cells: Counter[Cell] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Take in another run."""
        self.counts.update(other.counts)
        self.cells.update(other.cells)

    def unreached(self) -> list[Cell]:
        """The cells that no run has reached."""
        return [(kind, state) for kind in Kind for state in STATES if not self.cells[kind, state]]


class Counting(Observer):
    """Counts one run."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._begun: set[SentinelHost] = set()

    def told(self, host: SentinelHost, notice: Notice) -> None:  # noqa: ARG002 - whoever tells it
        word = COUNTED.get(notice.event)
        if word is not None:
            self.counts[word] += 1

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - on whatever it starts
        if host in self._begun:
            self.counts["restarts"] += 1
        self._begun.add(host)

    def struck(self, planned: Planned, what: str) -> None:  # noqa: ARG002 - the plan knows more
        self.counts["faults"] += 1


HEADS = tuple("no failover" if state is None else state.value for state in STATES)


def table(tally: Tally) -> Iterable[str]:
    """The report, line by line: the counts, then faults by states, where a cell that was not reached stands out."""
    for word in ORDER:
        yield f"{word:<28} {tally.counts[word]:>12,}"
    yield ""
    yield " " * 20 + "".join(f"{head:>20}" for head in HEADS)
    for kind in Kind:
        row = [tally.cells[kind, state] for state in STATES]
        yield f"{kind.value:<20}" + "".join(f"{count or '---':>20}" for count in row)


def markdown(tally: Tally) -> Iterable[str]:
    """The same for a document: two tables, the counts and faults by states."""
    yield "| what | how often |"
    yield "| --- | ---: |"
    for word in ORDER:
        yield f"| {word} | {tally.counts[word]:,} |"
    yield ""
    yield f"| fault | {' | '.join(HEADS)} |"
    yield "| --- |" + " ---: |" * len(HEADS)
    for kind in Kind:
        row = [tally.cells[kind, state] for state in STATES]
        yield f"| {kind.value} | {' | '.join(f'{count:,}' if count else '**0**' for count in row)} |"
