"""What a drill found: one outcome per fault done, rows per kind of fault, and the verdict. Pure; times in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quorate.drill.explain import Cause, Loss
from quorate.drill.faults import Fault, Step
from quorate.drill.ledger import Ack, quantile
from quorate.drill.nodes import Roster
from quorate.drill.observer import Event
from quorate.drill.track import SentinelSight, ServerSight, Track


@dataclass(frozen=True, slots=True)
class Moments:
    """On one monotonic clock: the fault began, ended (was undone), and the cluster was whole again (None: never)."""

    begun: float
    ended: float
    settled: float | None
    over: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fault and what came of it.

    `gaps`: the longest time without a kept write, per writer that was not on the cut-off side. `survivors_follow`:
    from the fault's begin until every server that was not hit was the final master or followed it; `all_follow`: from
    the fault's end until every server did; None: never. `split`: seconds with two servers taking writes, `split_after`
    those after the fault's end. `differing`: seconds in which sentinels named different masters, those left out that
    were cut off or paused at the time; `remaining`: they still did when the outcome was taken.
    """

    step: Step
    words: str
    moments: Moments
    gaps: tuple[float, ...]
    losses: tuple[Loss, ...]
    split: float
    split_after: float
    survivors_follow: float | None
    all_follow: float | None
    differing: float
    remaining: bool
    promoted: tuple[tuple[float, str], ...] = ()
    complaints: tuple[str, ...] = ()

    def lost(self, cause: Cause) -> int:
        return sum(loss.cause is cause for loss in self.losses)


@dataclass(frozen=True, slots=True)
class Row:
    """All outcomes of one kind of fault. None where nothing was measured.

    Gaps are over all writers; what is counted in seconds is a mean; of what is waited for, it is the slowest.
    """

    fault: Fault
    times: int
    gap_p50: float | None
    gap_p99: float | None
    gap_max: float | None
    lost: Mapping[Cause, int]
    split: float
    split_after: float
    survivors_follow: float | None
    all_follow: float | None
    differing: float
    failovers: int

    @property
    def lost_total(self) -> int:
        return sum(self.lost.values())


@dataclass(slots=True)
class Run:
    """One kind of sentinels through the whole schedule."""

    label: str
    roster: Roster
    began: float = 0.0
    ended: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    acknowledged: int = 0
    failed: int = 0
    lost: int = 0
    servers: Mapping[str, Track[ServerSight]] = field(default_factory=dict)
    sentinels: Mapping[str, Track[SentinelSight]] = field(default_factory=dict)
    events: Sequence[Event] = ()
    acks: Sequence[Ack] = ()

    def rows(self) -> list[Row]:
        """One row per kind of fault, in the order of the list of faults."""
        kinds = {outcome.step.fault for outcome in self.outcomes}
        return [_row(fault, [o for o in self.outcomes if o.step.fault is fault]) for fault in Fault if fault in kinds]

    def unexplained(self) -> list[Loss]:
        return [loss for o in self.outcomes for loss in o.losses if loss.cause is Cause.UNEXPLAINED]

    def troubles(self) -> list[str]:
        """Everything for which a drill does not exit with 0."""
        found = list(self.complaints)
        for outcome in self.outcomes:
            where = f"{outcome.step.fault.value} (no. {outcome.step.number})"
            found += [f"{where}: {complaint}" for complaint in outcome.complaints]
            if outcome.remaining:
                found.append(f"{where}: the sentinels still name different masters")
            bad = [loss for loss in outcome.losses if loss.cause is Cause.UNEXPLAINED]
            reasons = sorted({loss.text for loss in bad})
            if bad:
                found.append(f"{where}: writes lost without a reason: {len(bad)} ({'; '.join(reasons[:3])})")
        return found


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the drill was run, for the head of its report. `left_out`: faults that could not be done, with the reason."""

    seed: int
    command: str
    machine: str
    server: str
    ground: str
    path: str
    writers: int
    rate: float
    down_after: int
    failover_timeout: int
    replicas: int
    left_out: Mapping[Fault, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole drill: one run, or two to compare."""

    conditions: Conditions
    runs: tuple[Run, ...]

    @property
    def good(self) -> bool:
        """Nothing was lost without a reason, and no disagreement or other trouble remains, in the first run.

        What is only there to be compared with does not decide.
        """
        return not self.runs[0].troubles()


def _row(fault: Fault, outcomes: Sequence[Outcome]) -> Row:
    gaps = [gap for outcome in outcomes for gap in outcome.gaps]
    return Row(
        fault=fault,
        times=len(outcomes),
        gap_p50=quantile(gaps, 0.5),
        gap_p99=quantile(gaps, 0.99),
        gap_max=max(gaps, default=None),
        lost={cause: sum(o.lost(cause) for o in outcomes) for cause in Cause},
        split=sum(o.split for o in outcomes) / len(outcomes),
        split_after=sum(o.split_after for o in outcomes) / len(outcomes),
        survivors_follow=_worst([o.survivors_follow for o in outcomes]),
        all_follow=_worst([o.all_follow for o in outcomes]),
        differing=sum(o.differing for o in outcomes) / len(outcomes),
        failovers=sum(len(o.promoted) for o in outcomes),
    )


def _worst(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None
