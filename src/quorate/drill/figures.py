"""Figures as people read them, the same in the terminal and in the HTML report. Pure."""

from collections.abc import Sequence

from quorate.drill.explain import Cause
from quorate.drill.faults import Fault
from quorate.drill.report import Report, Row, Run

COLUMNS: tuple[tuple[str, str], ...] = (
    ("times", "how often the fault was done"),
    ("no writes p50", "time without a kept write, median over writers and times, in seconds"),
    ("p99", "the same, 99th percentile"),
    ("max", "the same, longest"),
    ("lost", "acknowledged writes that the final master does not have"),
    ("two masters", "mean seconds with two servers taking writes, in brackets those after the fault had ended"),
    ("others follow", "seconds from the fault until every server that was not hit followed the final master; slowest"),
    ("all follow", "seconds from the end of the fault until every server did; slowest"),
    ("disagree", "mean seconds in which sentinels that could know better named different masters"),
    ("failovers", "how many promotions there were"),
)
"""The columns of the table behind the fault and the sentinels, each with its meaning."""

_SHORT = {
    Cause.LAG: "lag",
    Cause.SIDE: "cut off",
    Cause.LATE: "late",
    Cause.UNEXPLAINED: "unexplained",
}


def cells(row: Row) -> tuple[str, ...]:
    """One text per column."""
    split = seconds(row.split)
    if row.split_after >= 0.01:
        split += f" ({seconds(row.split_after)})"
    return (
        str(row.times),
        seconds(row.gap_p50),
        seconds(row.gap_p99),
        seconds(row.gap_max),
        lost(row),
        split if row.split >= 0.01 else "0",
        seconds(row.survivors_follow),
        seconds(row.all_follow),
        seconds(row.differing) if row.differing >= 0.01 else "0",
        str(row.failovers),
    )


def lost(row: Row) -> str:
    """`12 lag + 1,431 cut off`, `0` for none."""
    return " + ".join(f"{count:,} {_SHORT[cause]}" for cause, count in row.lost.items() if count) or "0"


def seconds(value: float | None) -> str:
    """Two decimals below ten seconds, one above; `never` for None."""
    if value is None:
        return "never"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def pairs(report: Report) -> list[tuple[Fault, list[tuple[Run, Row]]]]:
    """For each fault the rows of all runs that did it."""
    rows = [(run, {row.fault: row for row in run.rows()}) for run in report.runs]
    return [(fault, found) for fault in Fault if (found := [(run, by[fault]) for run, by in rows if fault in by])]


def verdict(report: Report) -> str:
    """The result of the drill in a sentence."""
    run = report.runs[0]
    count = len(run.outcomes)
    faults = f"{count} fault{'' if count == 1 else 's'}"
    said = f"{faults}, {run.acknowledged:,} acknowledged writes, {run.lost:,} lost"
    troubles = run.troubles()
    if not troubles:
        return f"{said}, all of them explained; no disagreement remains." if run.lost else f"{said}."
    return f"{said}; {len(troubles)} thing{'' if len(troubles) == 1 else 's'} went wrong."


def explained(runs: Sequence[Run]) -> list[str]:
    """What the words in the column of losses mean, as far as they occur."""
    found = {loss.cause for run in runs for outcome in run.outcomes for loss in outcome.losses}
    return [f"{_SHORT[cause]}: {cause.value}" for cause in Cause if cause in found - {Cause.UNEXPLAINED}]
