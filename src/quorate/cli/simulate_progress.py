"""How a run of many seeds shows that it gets on: a bar on a terminal, else a plain line now and then."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

PLAIN_EVERY = 15.0
"""Seconds between two plain lines."""


class Progress(ABC):
    """Told of each seed that ended."""

    def __init__(self) -> None:
        self.seeds = self.failovers = self.violations = 0
        self.began = time.monotonic()

    def ended(self, seed: str, failovers: int, violated: str) -> None:
        """A seed ended; `violated` names the property, "" if all held."""
        self.seeds += 1
        self.failovers += failovers
        self.violations += bool(violated)
        self.show(f"seed {seed} violates: {violated}" if violated else "")

    def words(self) -> str:
        """Speed, failovers, violations."""
        rate = self.seeds / max(0.001, time.monotonic() - self.began)
        return f"{rate:.1f} seeds/s, {self.failovers:,} failovers, {self.violations} violations"

    @abstractmethod
    def show(self, news: str) -> None:
        """Show how far it is."""


class _Silent(Progress):
    def show(self, news: str) -> None:
        pass


@dataclass
class _Plain(Progress):
    total: int
    last: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        super().__init__()

    def show(self, news: str) -> None:
        if news:
            click.echo(news, err=True)
        if time.monotonic() - self.last >= PLAIN_EVERY:
            self.last = time.monotonic()
            click.echo(f"{self.seeds}/{self.total} seeds, {self.words()}", err=True)


class _Bar(Progress):
    def __init__(self, bar: Bar, total: int) -> None:
        super().__init__()
        self._bar = bar
        self._task = bar.add_task("", total=total, words="")

    def show(self, news: str) -> None:
        if news:
            self._bar.console.print(news, style="red")
        self._bar.update(self._task, completed=self.seeds, words=self.words())


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Progress]:
    """What fits where we are: a bar, lines, or nothing."""
    if quiet:
        yield _Silent()
    elif not sys.stderr.isatty():
        yield _Plain(total)
    else:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True)) as bar:
            yield _Bar(bar, total)
