"""`quorate simulate`: whole worlds on a seed, and what holds in all of them."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import click

from quorate.cli import simulate_report as report
from quorate.cli.simulate_commit import commit
from quorate.cli.simulate_progress import Progress, progress
from quorate.sim.runner import SAFETY, Order, Result, run
from quorate.sim.shrink import Shrinker
from quorate.sim.tally import Tally
from quorate.sim.world import CROWD

VIOLATED = 1
AHEAD = 4
"""Seeds handed out per process at a time."""

ENOUGH = 25
"""A run ends after this many violations; they are hardly all different."""

SHRUNK = 3
"""Failures that are made smaller after a run of many seeds: one per property, not more than this many."""

WITH_CROWD = 1_000
"""From this many seeds on, the world with a hundred masters is one of them."""


@click.command("simulate")
@click.option("--seeds", type=click.IntRange(1), help="Run this many seeds, and before them those that once failed.")
@click.option("--seed", metavar="TEXT", help="Run one seed: a number, a commit hash, any word.")
@click.option("--from", "first", type=click.IntRange(0), default=1, help="The first of --seeds.  [default: 1]")
@click.option("--minutes", type=click.FloatRange(2, 600), help="Virtual minutes in which anything may happen.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes at a time.  [default: one per core]")
@click.option("--trace", is_flag=True, help="With --seed: every event, and one line per node and second.")
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
@click.option(
    "--first-seeds",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Seeds that once failed, one per line.  [default: tests/seeds.txt if it exists]",
)
@click.option(
    "--tally",
    "tally_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="With --seeds: write the tally to this file as Markdown, with the commit that it is of.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    seeds: int | None,
    seed: str | None,
    first: int,
    minutes: float | None,
    jobs: int | None,
    trace: bool,
    as_json: bool,
    first_seeds: Path | None,
    tally_file: Path | None,
) -> None:
    """Run simulated clusters, each from one seed, through faults, and check what must hold.

    A seed gives the same run to the byte. Exit code: 0 all held; 1 a property was violated, or 1,000 seeds or more left
    a combination of fault and failover state unreached; 64 usage error.
    """
    if seed is not None and seeds is not None:
        raise click.UsageError("--seed and --seeds exclude each other")
    if trace and seed is None:
        raise click.UsageError("--trace belongs to --seed")
    safety = SAFETY if minutes is None else int(minutes * 60_000)
    if seed is not None:
        context.exit(_one(Order(seed, safety, transcript=trace, standing=trace), as_json=as_json))
    orders = [Order(text, safety) for text in _texts(seeds or 100, first, first_seeds)]
    context.exit(_many(orders, _Manner(jobs or os.cpu_count() or 1, as_json, tally_file)))


def _texts(count: int, first: int, path: Path | None) -> list[str]:
    """Those that once failed, then the new ones; none twice."""
    once_failed = path or Path("tests/seeds.txt")
    if path is not None and not path.exists():
        raise click.UsageError(f"{path} does not exist")
    texts = (
        [line.partition("#")[0].strip() for line in once_failed.read_text().splitlines()]
        if once_failed.exists()
        else []
    )
    texts += [CROWD] if count >= WITH_CROWD else []
    texts += [str(number) for number in range(first, first + count)]
    return list(dict.fromkeys(text for text in texts if text))


# --- one seed -------------------------------------------------------------------------------------------------------


def _one(order: Order, *, as_json: bool) -> int:
    result = run(order)
    if as_json:
        shrunk = _shrink(result, quiet=True) if result.failed is not None else None
        click.echo(report.as_json([result], result.tally, [shrunk] if shrunk is not None else []))
        return VIOLATED if result.failed is not None else 0
    _say(report.heading(result))
    _say(result.lines)
    _say(report.counts(result.tally))
    if result.failed is None:
        click.echo("Everything held.")
        return 0
    _explain(result)
    return VIOLATED


def _explain(result: Result) -> None:
    _say(report.failure(result))
    _say(report.shrunk(_shrink(result, quiet=False)))


def _shrink(result: Result, *, quiet: bool) -> Result:
    """Make it smaller; on a terminal one sees that something is going on."""
    if quiet or not sys.stderr.isatty():
        return Shrinker(result).shrink()

    def tell(attempts: int, faults: int) -> None:
        click.echo(f"\r{attempts} attempts, {faults} faults left ", nl=False, err=True)

    smallest = Shrinker(result, progress=tell).shrink()
    click.echo("", err=True)
    return smallest


def _say(lines: Sequence[str] | Iterator[str]) -> None:
    for line in lines:
        click.echo(line)


# --- many seeds -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Manner:
    """How many processes at a time; what is printed; where the tally goes."""

    jobs: int
    as_json: bool
    tally_file: Path | None


def _many(orders: list[Order], manner: _Manner) -> int:
    tally, failed = Tally(), list[Result]()
    began = time.monotonic()
    with progress(len(orders), quiet=manner.as_json) as shown:
        for result in _results(orders, manner.jobs):
            tally.add(result.tally)
            if result.failed is not None:
                failed.append(result)
            _show(shown, result)
            if len(failed) == ENOUGH:
                break
    elapsed = time.monotonic() - began
    # Seeds end in the order of their length; the report is in theirs.
    place = {order.seed: number for number, order in enumerate(orders)}
    failed.sort(key=lambda result: place[result.order.seed])
    by_property = {result.failed.checker: result for result in reversed(failed) if result.failed is not None}
    if manner.tally_file is not None:
        manner.tally_file.write_text(report.document(tally, shown.seeds, failed, commit()))
    code = VIOLATED if failed or report.is_defect(tally, shown.seeds) else 0
    if manner.as_json:
        smallest = [_shrink(result, quiet=True) for result in list(by_property.values())[-SHRUNK:]]
        click.echo(report.as_json(failed, tally, smallest, shown.seeds, elapsed))
        return code
    _say(report.whole(tally, shown.seeds))
    rate = shown.seeds / elapsed
    click.echo(f"{shown.seeds} seeds in {elapsed:.1f} s, {rate:.2f} a second, {len(failed)} violations.")
    for result in failed:
        _say(report.brief(result))
    for result in list(by_property.values())[-SHRUNK:]:
        _explain(result)
    return code


def _show(shown: Progress, result: Result) -> None:
    shown.ended(result.order.seed, result.tally.counts["failovers"], result.failed.checker if result.failed else "")


def _results(orders: list[Order], jobs: int) -> Iterator[Result]:
    """Run the orders in several processes; results come as they end."""
    if jobs == 1:
        yield from map(run, orders)
        return
    waiting = iter(orders)
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[Result]] = set()
        try:
            while True:
                # Few are handed out ahead, so that an interrupted run ends soon.
                while len(running) < AHEAD * jobs and (order := next(waiting, None)) is not None:
                    running.add(pool.submit(run, replace(order)))
                if not running:
                    return
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
