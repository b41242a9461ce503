"""How a drill looks: a live view in a terminal, plain lines elsewhere, and the table at the end.

Refreshed by hand: rich's own refreshing would be a second thread, and children must be started in the only one.
"""

import asyncio
import time
from types import TracebackType
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from quorate.drill import figures
from quorate.drill.explain import Cause
from quorate.drill.report import Outcome, Report
from quorate.drill.run import Progress

_REFRESH = 0.25
_PLAIN_WIDTH = 170
_SHOWN = 12
"""Outcomes that the live view keeps in sight."""


class View:
    """`tell` takes progress, `show` the report. Use it as a context manager around the drill."""

    def __init__(self) -> None:
        console = Console(highlight=False)
        self.console = console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)
        self._live: Live | None = None
        self._now: Progress | None = None
        self._done: list[tuple[str, Outcome]] = []
        self._said = ""
        self._since = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    async def tick(self) -> None:
        """Keep the clock of the live view going; until cancelled."""
        while True:
            self._refresh()
            await asyncio.sleep(_REFRESH)

    def remark(self, text: str) -> None:
        self.console.print(Text(text, "yellow"))

    def tell(self, progress: Progress) -> None:
        """Take one piece of progress."""
        step = progress.step.number if progress.step is not None else 0
        before = self._now.step.number if self._now is not None and self._now.step is not None else 0
        if self._now is None or step != before or self._now.label != progress.label:
            self._since = time.monotonic()
        self._now = progress
        if progress.outcome is not None:
            self._done.append((progress.label, progress.outcome))
        if self._live is not None:
            self._refresh()
            return
        if progress.outcome is not None:
            self.console.print(Text(f"{_heading(progress)}  {_result(progress.outcome)}"))
        elif progress.phase not in {"calm", "fault"} and not progress.phase.startswith("waiting:"):
            said = f"{_heading(progress)}  {progress.phase}"
            if said != self._said:
                self.console.print(Text(said))
            self._said = said

    def show(self, report: Report) -> None:
        """The final table and the verdict."""
        self.console.print(table(report))
        for line in figures.explained(report.runs):
            self.console.print(Text(f"lost, {line}", "dim"))
        for fault, why in report.conditions.left_out.items():
            self.console.print(Text(f"left out: {fault.value} ({why})", "dim"))
        for run in report.runs:
            for trouble in run.troubles():
                self.console.print(Text(f"{run.label}: {trouble}", "red"))
        self.console.print(Text(figures.verdict(report), "bold green" if report.good else "bold red"))

    def _refresh(self) -> None:
        if self._live is not None and self._now is not None:
            self._live.update(self._board(self._now), refresh=True)

    def _board(self, now: Progress) -> RenderableType:
        lines: list[RenderableType] = []
        for label, outcome in self._done[-_SHOWN:]:
            lines.append(
                Text.assemble((f"{label:<12.12} ", "dim"), f"{outcome.step.fault.value:<19}", _result(outcome))
            )
        elapsed = time.monotonic() - self._since
        head = Text.assemble(
            (f"{now.label}  ", "bold"), f"{_heading(now)}  ", (f"{elapsed:4.0f} s  ", "dim"), now.phase
        )
        tally = f"{now.acknowledged:,} writes acknowledged, {now.lost:,} lost"
        lines += [Text(""), head, Text(tally, "dim")]
        if now.total:
            number = 0 if now.step is None else now.step.number - 1
            lines.append(ProgressBar(total=now.total, completed=number, width=60))
        return Group(*lines)


def table(report: Report) -> Table:
    """One row for each fault and kind of sentinels."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column("fault", no_wrap=True)
    if len(report.runs) > 1:
        made.add_column("sentinels")
    for name, _ in figures.COLUMNS:
        made.add_column(name, justify="right")
    for fault, rows in figures.pairs(report):
        for index, (run, row) in enumerate(rows):
            label = (run.label,) if len(report.runs) > 1 else ()
            bad = row.lost[Cause.UNEXPLAINED] > 0 or row.all_follow is None
            made.add_row(
                fault.value if index == 0 else "",
                *label,
                *figures.cells(row),
                style="red" if bad else "",
                end_section=len(report.runs) > 1 and index + 1 == len(rows),
            )
    return made


def _heading(progress: Progress) -> str:
    if progress.step is None:
        return f"[{progress.label}]"
    of = f"/{progress.total}" if progress.total else ""
    return f"[{progress.label} {progress.step.number}{of}] {progress.step.fault.value}"


def _result(outcome: Outcome) -> str:
    parts = [f"no writes {figures.seconds(max(outcome.gaps, default=None))} s"]
    parts.append(f"lost {len(outcome.losses):,}")
    if outcome.split >= 0.01:
        parts.append(f"two masters {figures.seconds(outcome.split)} s")
    parts.append(f"all follow after {figures.seconds(outcome.all_follow)} s")
    if outcome.differing >= 0.01:
        parts.append(f"disagreement {figures.seconds(outcome.differing)} s")
    if outcome.lost(Cause.UNEXPLAINED):
        parts.append(f"{outcome.lost(Cause.UNEXPLAINED)} UNEXPLAINED")
    return ", ".join([*parts, *outcome.complaints])
