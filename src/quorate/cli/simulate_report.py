"""Results of simulated worlds as text and as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields

from quorate.sim.faults import Kind
from quorate.sim.runner import Result
from quorate.sim.tally import STATES, Tally, markdown, table

ENOUGH_TO_REACH_ALL = 1_000
"""In so many seeds every combination of fault and state is reached, or the simulator has a defect."""

TAIL = 60
"""Lines of a transcript that are shown of its end."""


def heading(result: Result) -> Iterator[str]:
    """The seed, its options and its plan."""
    yield f"seed {result.order.seed}, {result.order.safety / 60_000:g} minutes"
    for option in fields(result.options):
        if option.name != "seed":
            yield f"  {option.name:<18} {getattr(result.options, option.name)}"
    yield f"{len(result.plan)} faults:"
    for fault in result.plan:
        yield f"  {fault}"


def counts(tally: Tally) -> Iterator[str]:
    """What happened, counted."""
    for line in table(tally):
        if not line:
            return
        yield line


def whole(tally: Tally, seeds: int) -> Iterator[str]:
    """The counts, faults by states of a failover, and which combinations of them were not reached."""
    yield from table(tally)
    unreached = tally.unreached()
    combinations = len(Kind) * len(STATES)
    if not unreached:
        yield f"All {combinations} combinations of fault and state were reached."
        return
    yield f"{len(unreached)} of {combinations} combinations of fault and state were not reached."
    if is_defect(tally, seeds):
        yield f"DEFECT OF THE SIMULATOR: in {seeds:,} seeds each must be. These were not:"
        for kind, state in unreached:
            yield f"  {kind.value}, {state.value if state is not None else 'no failover'}"


def is_defect(tally: Tally, seeds: int) -> bool:
    """Whether so many seeds should have reached every combination, and did not."""
    return seeds >= ENOUGH_TO_REACH_ALL and bool(tally.unreached())


def document(tally: Tally, seeds: int, failed: Sequence[Result], commit: str) -> str:
    """The tally as Markdown, for docs/verification.md: on which commit, how many seeds, what was violated."""
    violations = [line for result in failed for line in brief(result)]
    said = f"{_count(seeds, 'seed')} on commit `{commit}`: {_count(len(violations), 'violation')}."
    return "\n".join([said, *(f"- {line}" for line in violations), "", *markdown(tally), ""])


def brief(result: Result) -> Iterator[str]:
    """A violation in one line."""
    if result.failed is not None:
        yield f"seed {result.order.seed}: {result.failed.checker}: {result.failed.text}"


def failure(result: Result) -> Iterator[str]:
    """A violation, and how to see it again."""
    failed = result.failed
    assert failed is not None
    minutes = f" --minutes {result.order.safety / 60_000:g}"
    yield ""
    yield f"VIOLATED: {failed.checker}"
    yield f"  {failed.text}"
    yield f"  seed {result.order.seed}, at {failed.at} ms, after {failed.events:,} events"
    yield f"  {result.options}"
    yield f"  again: quorate simulate --seed {result.order.seed}{minutes} --trace"


def shrunk(result: Result) -> Iterator[str]:
    """The smallest plan that still fails, and the end of what then happens."""
    failed = result.failed
    assert failed is not None
    yield f"  it takes no more than {len(result.plan)} faults:"
    for fault in result.plan:
        yield f"    {fault}"
    yield f"  with these, after {failed.events:,} events: {failed.text}"
    hidden = max(0, len(result.lines) - TAIL)
    if hidden:
        yield f"  ... {hidden} lines before"
    for line in result.lines[-TAIL:]:
        yield f"  {line}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def as_json(
    results: Sequence[Result], tally: Tally, smallest: Sequence[Result], seeds: int = 1, elapsed: float | None = None
) -> str:
    """One object: counts, cells by fault and state, violations with the smallest plans found. `elapsed` in seconds."""
    cells = {
        kind.value: {("none" if state is None else state.value): tally.cells[kind, state] for state in STATES}
        for kind in sorted({kind for kind, _ in tally.cells}, key=lambda kind: kind.value)
    }
    said = {
        "seeds": seeds,
        "counts": dict(sorted(tally.counts.items())),
        "cells": cells,
        "violations": [_violation(result) for result in results if result.failed is not None],
        "smallest": [{**_violation(result), "lines": result.lines[-TAIL:]} for result in smallest],
    }
    if elapsed is not None:
        said["seconds"] = round(elapsed, 3)
    return json.dumps(said, indent=2)


def _violation(result: Result) -> dict[str, object]:
    assert result.failed is not None
    return {
        "seed": result.order.seed,
        "minutes": result.order.safety / 60_000,
        **asdict(result.failed),
        "options": asdict(result.options),
        "plan": [str(fault) for fault in result.plan],
    }
