"""What a person sees of a run: a line for the unit that runs, why a unit failed, and the table at the end."""

import sys
import time
from dataclasses import dataclass

from tests.conformance.logs import Logs
from tests.conformance.reading import Reading, Unit

_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Result:
    """A finished suite. `troubles` are what failed outside any unit."""

    title: str
    units: tuple[Unit, ...]
    troubles: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return bool(self.units) and all(unit.ok for unit in self.units) and not self.troubles


class Live:
    """Keeps the last line of the terminal up to date; without a terminal only finished units are printed."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()

    def show(self, reading: Reading) -> None:
        if not self._terminal:
            return
        if unit := reading.current:
            seconds = time.monotonic() - unit.started
            self._rewrite(
                f"  {unit.name:{_WIDTH}} …      {seconds:6.1f} s  {unit.passed:3} checks  {reading.check[:48]}"
            )
        else:
            self._rewrite("  starting or stopping the servers …")

    def finished(self, unit: Unit, logs: Logs) -> None:
        self._rewrite("")
        print(f"  {_row(unit)}", flush=True)
        if not unit.ok:
            _explain(unit, logs)

    def done(self) -> None:
        self._rewrite("")

    def _rewrite(self, text: str) -> None:
        if self._terminal:
            print(f"\r\033[K{text}", end="", flush=True)


def print_table(results: list[Result]) -> None:
    for result in results:
        passed = sum(unit.ok for unit in result.units)
        print(f"\n{result.title}\n")
        for unit in result.units:
            print(f"  {_row(unit)}")
        print(f"\n  {passed} of {len(result.units)} units passed in {result.seconds:.0f} s")
        for trouble in result.troubles:
            print(f"  FAILED: {trouble}")
    good = sum(result.ok for result in results)
    print(f"\nconformance: {good} of {len(results)} suites passed", flush=True)


def _row(unit: Unit) -> str:
    verdict = "ok    " if unit.ok else "FAILED"
    return f"{unit.name:{_WIDTH}} {verdict} {unit.seconds:6.1f} s  {unit.passed:3} checks"


def _explain(unit: Unit, logs: Logs) -> None:
    for failure in unit.failures:
        print(f"      check: {failure.check or '(none)'}")
        for line in failure.detail:
            print(f"        {line}")
    for name, lines in logs.sentinel_tails():
        print(f"      {name}, its last {len(lines)} lines in this unit:")
        for line in lines:
            print(f"        {line}")
    sys.stdout.flush()
