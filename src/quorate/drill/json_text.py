"""A report as one JSON object. Stable: fields are added, never renamed or removed. Times in seconds.

format      1
good        whether the first run shows nothing wrong
conditions  seed, command, machine, server, ground, path, writers, rate (writes a second, of all), down_after_ms,
            failover_timeout_ms, replicas, left_out (fault to reason)
runs        one, or two to compare; each: label, seconds, acknowledged, failed, lost, troubles (sentences), faults,
            outcomes
faults      one for each kind: fault, times, no_writes (p50, p99, max over writers and times), lost (cause to
            number), two_masters and two_masters_after_fault (means), survivors_follow and all_follow (the slowest;
            null: not in time), disagreement (mean), failovers
outcomes    one for each fault done: number, round, fault, words, began (since the run's begin), lasted,
            whole_after (null: never), no_writes (one per writer), lost, two_masters, survivors_follow, all_follow,
            disagreement, promoted (server and seconds after the fault), complaints
"""

import json
from collections.abc import Mapping
from typing import Any

from quorate.drill.explain import Cause
from quorate.drill.report import Conditions, Outcome, Report, Row, Run

_NAMES = {Cause.LAG: "lag", Cause.SIDE: "cut_off", Cause.LATE: "late", Cause.UNEXPLAINED: "unexplained"}


def render(report: Report) -> str:
    """The object, indented for people."""
    document = {
        "format": 1,
        "good": report.good,
        "conditions": _conditions(report.conditions),
        "runs": [_run(run) for run in report.runs],
    }
    return json.dumps(document, indent=1, ensure_ascii=True) + "\n"


def _conditions(conditions: Conditions) -> dict[str, Any]:
    return {
        "seed": conditions.seed,
        "command": conditions.command,
        "machine": conditions.machine,
        "server": conditions.server,
        "ground": conditions.ground,
        "path": conditions.path,
        "writers": conditions.writers,
        "rate": conditions.rate,
        "down_after_ms": conditions.down_after,
        "failover_timeout_ms": conditions.failover_timeout,
        "replicas": conditions.replicas,
        "left_out": {fault.value: why for fault, why in conditions.left_out.items()},
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "label": run.label,
        "seconds": _round(run.ended - run.began),
        "acknowledged": run.acknowledged,
        "failed": run.failed,
        "lost": run.lost,
        "troubles": run.troubles(),
        "faults": [_row(row) for row in run.rows()],
        "outcomes": [_outcome(outcome, run.began) for outcome in run.outcomes],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "fault": row.fault.value,
        "times": row.times,
        "no_writes": {"p50": _round(row.gap_p50), "p99": _round(row.gap_p99), "max": _round(row.gap_max)},
        "lost": _lost(row.lost),
        "two_masters": _round(row.split),
        "two_masters_after_fault": _round(row.split_after),
        "survivors_follow": _round(row.survivors_follow),
        "all_follow": _round(row.all_follow),
        "disagreement": _round(row.differing),
        "failovers": row.failovers,
    }


def _outcome(outcome: Outcome, began: float) -> dict[str, Any]:
    moments = outcome.moments
    return {
        "number": outcome.step.number,
        "round": outcome.step.round,
        "fault": outcome.step.fault.value,
        "words": outcome.words,
        "began": _round(moments.begun - began),
        "lasted": _round(moments.ended - moments.begun),
        "whole_after": None if moments.settled is None else _round(moments.settled - moments.ended),
        "no_writes": [_round(gap) for gap in outcome.gaps],
        "lost": _lost({cause: outcome.lost(cause) for cause in Cause}),
        "two_masters": _round(outcome.split),
        "two_masters_after_fault": _round(outcome.split_after),
        "survivors_follow": _round(outcome.survivors_follow),
        "all_follow": _round(outcome.all_follow),
        "disagreement": _round(outcome.differing),
        "promoted": [[name, _round(at - moments.begun)] for at, name in outcome.promoted],
        "complaints": list(outcome.complaints),
    }


def _lost(lost: Mapping[Cause, int]) -> dict[str, int]:
    return {_NAMES[cause]: lost.get(cause, 0) for cause in Cause}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
