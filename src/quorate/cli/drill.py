"""`quorate drill`: break a cluster in many ways while it is written to, and report what that cost."""

import asyncio
import shlex
import signal
import sys
from pathlib import Path

import click

from quorate.cli import drill_setup
from quorate.cli.complaint import complain
from quorate.cli.drill_setup import Wanted
from quorate.cli.drill_view import View
from quorate.drill.faults import KINDS, Fault
from quorate.drill.trouble import DrillError
from quorate.drill.workspace import workspace
from quorate.drill.writer import PATHS
from quorate.local.trouble import LocalError

_INTERRUPTED = 130
_LIST = "\b\nFaults:\n" + "\n".join(f"  {fault.value:<20} {KINDS[fault].words}" for fault in Fault)


@click.command("drill", epilog=_LIST)
@click.option("--sentinels", metavar="LIST", help="Kinds: quorate, c, c-valkey.  [default: quorate,quorate,quorate]")
@click.option("--compare", type=click.Choice(["c", "c-valkey"]), help="Then the same schedule with C Sentinel.")
@click.option("--replicas", type=click.IntRange(1, 8), default=2, show_default=True, help="Replicas of the master.")
@click.option(
    "--server", metavar="PATH", help="The redis-server or valkey-server to run.  [default: the bundled Valkey]"
)
@click.option("--faults", metavar="LIST", help="Which faults.  [default: all but a planned failover]")
@click.option("--rounds", type=click.IntRange(1), default=1, show_default=True, help="How often each fault is done.")
@click.option("--duration", type=click.FloatRange(1), metavar="SECONDS", help="In place of --rounds: go on that long.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Order, lengths and victims.")
@click.option("--writers", type=click.IntRange(2, 64), default=4, show_default=True, help="Clients that write.")
@click.option(
    "--rate", type=click.FloatRange(1, 100_000), default=200, show_default=True, help="Writes a second, of all."
)
@click.option(
    "--path", type=click.Choice(list(PATHS)), default="redis-py", show_default=True, help="How they find the master."
)
@click.option("--down-after", type=click.IntRange(100), metavar="MS", default=1000, show_default=True)
@click.option("--failover-timeout", type=click.IntRange(1000), metavar="MS", default=10_000, show_default=True)
@click.option("--loopback", is_flag=True, help="No network namespaces, even where they are allowed.")
@click.option("--cluster", metavar="HOST:PORT,...", help="Drill an existing cluster, found through its sentinels.")
@click.option("--name", help="Its master's name, if its sentinels know several.")
@click.option("--password", envvar="QUORATE_PASSWORD", help="Password of its servers.")
@click.option("--allow", metavar="LIST", help="What may be done to it: kill, stop, failover.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as JSON.")
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="Write it as one HTML file.")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep logs and configurations here.")
@click.pass_context
def command(context: click.Context, /, **given: object) -> None:
    """Break a cluster while clients write to it, and report what each fault cost.

    Starts a master, replicas, sentinels and writers of its own, each in its own network namespace where the system
    allows that, and does one fault after another: time without writes, writes lost and why, two masters at once, time
    until every replica follows, disagreements between sentinels. In the end every acknowledged write is looked for.

    Exit code: 0 nothing was lost without a reason and no disagreement remains, 1 otherwise, 64 wrong usage.
    """
    wanted = Wanted(shlex.join(["quorate", "drill", *sys.argv[2:]]), **given)  # type: ignore[arg-type]
    drill_setup.check(wanted)
    view = View()
    try:
        with workspace(wanted.keep) as folder:
            context.exit(asyncio.run(_interruptible(wanted, folder, view)))
    except LocalError as error:
        context.exit(complain(error))
    except DrillError as error:
        context.exit(complain(LocalError(error.text, error.hint, error.lines)))


async def _interruptible(wanted: Wanted, folder: Path, view: View) -> int:
    """Ctrl-C and SIGTERM end the drill in order: nothing of it is left running, paused or cut off."""
    task = asyncio.current_task()
    assert task is not None, "run by asyncio.run"
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await _drill(wanted, folder, view)
    except asyncio.CancelledError:
        click.secho("The drill was interrupted.", fg="yellow", err=True)
        return _INTERRUPTED


async def _drill(wanted: Wanted, folder: Path, view: View) -> int:
    with view:
        ticking = asyncio.create_task(view.tick())
        try:
            report = await drill_setup.carry_out(wanted, folder, view)
        finally:
            ticking.cancel()
    view.show(report)
    drill_setup.write(wanted, report)
    return 0 if report.good else 1
