"""Makes units and checks of what a suite's harness prints. Pure: lines and times in, findings out."""

import re
from dataclasses import dataclass, field

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNIT = re.compile(r"Testing unit: (?P<name>\S+?)(\.tcl)?$")
_STAMPED = re.compile(r"\d\d:\d\d:\d\d> (?P<rest>.*)$")
_OK = ": OK"
_FAILED = ": FAILED: "

# What follows these words belongs to the failure that they begin.
_ERROR_STARTS = ("FAILED: ", "ERROR: ", "WARNING: Aborting", "*** Crash report")
_CLEANING = "Cleaning up..."


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed check of a unit, in the words of the suite."""

    check: str
    detail: tuple[str, ...]


@dataclass(slots=True)
class Unit:
    """One file of the suite. Times are seconds on the caller's clock."""

    name: str
    started: float
    ended: float | None = None
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.ended is not None and not self.failures

    @property
    def seconds(self) -> float:
        return (self.ended or self.started) - self.started


class Reading:
    """The run so far. Feed every line that the harness prints, then call `end`."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.check = ""
        self.outside: list[str] = []
        self._detail: list[str] | None = None
        self._noise: list[str] = []

    @property
    def current(self) -> Unit | None:
        return self.units[-1] if self.units and self.units[-1].ended is None else None

    def feed(self, raw: str, now: float) -> None:
        line = _COLOUR.sub("", raw).rstrip()
        if found := _UNIT.match(line):
            self._begin_unit(found["name"], now)
        elif line == _CLEANING:
            self.end(now)
        elif found := _STAMPED.match(line):
            self._close_detail()
            self._read_check(found["rest"])
        elif line == "OK" and self.current:
            # The check printed lines of its own, and so its verdict stands alone.
            self._pass()
        elif self.current and line.startswith(_ERROR_STARTS):
            self._close_detail()
            self._open_detail(line)
        else:
            self._read_other(line)

    def end(self, now: float) -> None:
        """The current unit is over: another begins, or the harness cleans up, or it is gone."""
        self._close_detail()
        if unit := self.current:
            unit.ended = now
        self.check = ""

    def _begin_unit(self, name: str, now: float) -> None:
        self.end(now)
        self.units.append(Unit(name, now))

    def _read_check(self, rest: str) -> None:
        self._noise = []
        if rest.endswith(_OK):
            self.check = rest.removesuffix(_OK)
            self._pass()
        elif _FAILED in rest:
            self.check, _, message = rest.partition(_FAILED)
            self._open_detail(message)
        else:
            self.check, _, printed = rest.partition(": ")
            self._read_other(printed)

    def _read_other(self, line: str) -> None:
        if self._detail is not None:
            self._detail.append(line)
        elif not self.current:
            self.outside.append(line)
        elif line:
            self._noise.append(line)

    def _pass(self) -> None:
        if unit := self.current:
            unit.passed += 1

    def _open_detail(self, first: str) -> None:
        self._detail = [*self._noise, first]

    def _close_detail(self) -> None:
        if self._detail is not None and (unit := self.current):
            detail = tuple(line for line in self._detail if line and "Jumping to next unit" not in line)
            unit.failures.append(Failure(self.check, detail))
        self._detail = None
