"""Command line of the conformance runs: `python -m tests.conformance --help`."""

import argparse
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conformance import aptsource, harness, trees
from tests.conformance.aptsource import UnavailableError
from tests.conformance.logs import Logs
from tests.conformance.reading import Failure, Reading
from tests.conformance.report import Live, Result, print_table
from tests.conformance.trees import Tree

_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "conformance"

# Mode of our daemon: the source package with the suite of that kind, and the Debian release that has it.
_SUITES = {"redis-7.0": ("redis", "bookworm"), "valkey-8": ("valkey", "trixie")}
_MODES = ("redis-7.0", "redis-7.2", "valkey-8")

# Of what the harness says outside the units, this much is shown, without the lines that it always says.
_SAID_LINES = 20
_ROUTINE = ("Starting ", "killing stale instance ", "Cleaning up", "GOOD!", "WARNING ")

# The harness would try a hundred ports, at five seconds each. One may be taken; three mean that the server is at fault.
_ANOTHER_PORT = "failed, try another"
_MAX_FAILED_STARTS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the suite of `source`, or of Debian's packages; `mode` None means all of those."""

    source: Path | None
    mode: str | None
    unit: str | None
    control: bool

    def modes(self) -> list[str]:
        return [self.mode] if self.mode else list(_SUITES)


def main(arguments: list[str]) -> int:
    plan = _parse(arguments)
    for number in harness.ENDING_SIGNALS:
        # Whoever ends us must end our servers too, and the way of Ctrl-C does that. (Ctrl-C itself is named because a
        # shell starts its background jobs without it.)
        signal.signal(number, signal.default_int_handler)
    results: list[Result] = []
    try:
        _require_tools()
        with _alone():
            results.extend(_run_suite(plan, mode) for mode in plan.modes())
    except UnavailableError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nconformance: interrupted; the servers are stopped", file=sys.stderr)
        return 130
    print_table(results)
    return 0 if all(result.ok for result in results) else 1


def _parse(arguments: list[str]) -> Plan:
    # `make` passes every option, with an empty value for what was not asked.
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--source", default="", metavar="DIR", help="source tree of Redis or Valkey; needs --mode")
    parser.add_argument("--mode", default="", choices=("", *_MODES), help="mode of our daemon (default: each suite's)")
    parser.add_argument("--unit", default="", help="run only the units whose names contain this")
    parser.add_argument("--control", action="store_true", help="leave the C sentinel in place, to test the harness")
    options = parser.parse_args(arguments)
    if options.source and not options.mode:
        parser.error("--source needs --mode")
    if options.mode and not options.source and options.mode not in _SUITES:
        parser.error(f"--mode {options.mode} needs --source: no Debian package has a suite of that version")
    source = Path(options.source).resolve() if options.source else None
    return Plan(source, options.mode or None, options.unit or None, options.control)


def _require_tools() -> None:
    lacking = [tool for tool in ("tclsh", "ps") if not shutil.which(tool)]
    if lacking:
        raise UnavailableError(f"{' and '.join(lacking)} missing (on Debian: apt-get install tcl procps)")


@contextmanager
def _alone() -> Iterator[None]:
    """One run at a time: the ports of a killed server must not be taken by another run's."""
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("conformance: waiting for another run to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_suite(plan: Plan, mode: str) -> Result:
    tree, server = _provide(plan, mode)
    directory = _CACHE / "runs" / (f"{mode}-control" if plan.control else mode)
    trees.prepare(tree, server, None if plan.control else trees.our_sentinel(mode), directory)
    who = "the C sentinel itself (control)" if plan.control else f"quorate --compatible-with {mode}"
    title = f"suite of {tree.title} against {who}"
    print(f"\n{title}\n  servers: {server}\n  logs:    {directory}/tests/sentinel/tmp\n", flush=True)
    units = {name: has_checks for name, has_checks in tree.units().items() if (plan.unit or "") in f"{name}.tcl"}
    if not units:
        raise UnavailableError(f"no unit of {tree.title} has {plan.unit!r} in its name")
    run = _Run(directory, plan.unit, units)
    troubles = run.to_the_end()
    troubles += [f"{name} did not run" for name in units if name not in {unit.name for unit in run.reading.units}]
    return Result(title, tuple(run.reading.units), tuple(troubles), run.seconds)


def _provide(plan: Plan, mode: str) -> tuple[Tree, Path]:
    """The tree with the suite, and the data server to run it with."""
    if plan.source:
        tree = trees.recognise(plan.source)
        server = trees.find_server(tree)
        if not server:
            raise UnavailableError(f"first build {tree.server_name} there: make -C {tree.root}/src {tree.server_name}")
        return tree, server
    package, release = _SUITES[mode]
    print(f"conformance: source package {package} of Debian {release}", flush=True)
    tree = trees.recognise(aptsource.fetch(package, release, _CACHE / "sources"))
    server = trees.find_server(tree)
    if not server:
        print(f"conformance: compiling {tree.server_name} {tree.version}, once", flush=True)
        server = trees.build_server(tree)
    return tree, server


class _Run:
    """One run of the harness, from its lines to findings and output."""

    def __init__(self, directory: Path, pattern: str | None, has_checks: dict[str, bool]) -> None:
        self.reading = Reading()
        self.seconds = 0.0
        self._directory = directory
        self._pattern = pattern
        self._has_checks = has_checks
        self._logs = Logs(directory / "tests" / "sentinel" / "tmp")
        self._live = Live()
        self._told = 0
        self._failed_starts = 0

    def to_the_end(self) -> list[str]:
        """Run it; returns the troubles that belong to no unit."""
        started = time.monotonic()
        troubles = []
        try:
            status = harness.run(self._directory, self._pattern, self._line, self._idle)
            if status:
                troubles.append(f"the harness exited with status {status}")
        except harness.HopelessError as error:
            troubles.append(str(error))
        finally:
            self._live.done()
        self.seconds = time.monotonic() - started
        self.reading.end(time.monotonic())
        self._tell_finished()
        said = [line for line in self.reading.outside if line and not line.startswith(_ROUTINE)]
        if troubles and said:
            troubles.append("\n      ".join(["outside the units the harness said:", *said[-_SAID_LINES:]]))
        return troubles + self._logs.not_empty()

    def _line(self, line: str) -> None:
        if line.endswith(_ANOTHER_PORT):
            self._failed_starts += 1
            if self._failed_starts == _MAX_FAILED_STARTS:
                raise harness.HopelessError("a server does not start")
        units = len(self.reading.units)
        self.reading.feed(line, time.monotonic())
        self._tell_finished()
        if len(self.reading.units) > units:
            self._logs.mark()
        self._live.show(self.reading)

    def _idle(self) -> None:
        self._live.show(self.reading)

    def _tell_finished(self) -> None:
        for unit in self.reading.units[self._told :]:
            if unit.ended is None:
                break
            if said := self._logs.stderr_of_unit():
                unit.failures.append(Failure("nothing is written to standard error", tuple(said)))
            if not unit.passed and not unit.failures and self._has_checks.get(unit.name, True):
                # Whatever the harness thinks of it: a unit that has checks and ran none did not run.
                unit.failures.append(Failure("", ("no check of this unit ran",)))
            self._live.finished(unit, self._logs)
            self._told += 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
