"""`quorate status`: what the sentinels see, and whether all is well."""

import asyncio
import time

import click
from rich.console import Console
from rich.live import Live

from quorate.cli import status_json, tables, target
from quorate.cli.complaint import complain
from quorate.cli.outlook import with_outlooks
from quorate.client.aio import survey
from quorate.client.diagnosis import Finding, Health, examine, health
from quorate.client.picture import Survey
from quorate.local.trouble import LocalError

_EXIT = {Health.HEALTHY: 0, Health.DEGRADED: 1, Health.UNREACHABLE: 2}
UNKNOWN_MASTER = 64
_PLAIN_WIDTH = 160


@click.command("status")
@click.argument("name", required=False)
@target.options
@click.option("--watch", is_flag=True, help="Show it again every two seconds until Ctrl-C.")
@click.option("--why", is_flag=True, help="Would a failover succeed now, to whom, and why not to the others?")
@click.option("--json", "as_json", is_flag=True, help="One JSON object (with --watch one per line).")
@click.pass_context
def command(
    context: click.Context, /, name: str | None, watch: bool, why: bool, as_json: bool, **given: object
) -> None:
    """Show masters, replicas and sentinels as a sentinel sees them, and what is wrong.

    Without options it asks the cluster that `quorate up` runs here, else 127.0.0.1:26379. NAME limits it to one master.

    Exit code: 0 healthy, 1 degraded, 2 no sentinel could be reached, 64 wrong usage or no such master.
    """
    try:
        whom = target.find(given)
    except LocalError as error:
        context.exit(complain(error, 2))
    view = _View(name, as_json, _console(), why)
    if whom.remark and not as_json:
        click.echo(whom.remark)
    if not watch:
        context.exit(view.once(whom))
    context.exit(view.for_ever(whom))


def _console() -> Console:
    """As wide as the terminal; without one, wide enough that nothing is folded."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


class _View:
    """One way of showing."""

    def __init__(self, name: str | None, as_json: bool, console: Console, why: bool) -> None:
        self.name = name
        self.why = why
        self.as_json = as_json
        self.console = console

    def once(self, whom: target.Target) -> int:
        """Look and print; the exit code."""
        seen, findings = self._look(whom)
        missing = self._missing(seen)
        if missing:
            click.secho(missing, fg="red", err=True)
            return UNKNOWN_MASTER
        if self.as_json:
            click.echo(status_json.render(seen, findings, self.name))
        else:
            self.console.print(tables.report(seen, findings, self.name))
        return _EXIT[health(seen, findings)]

    def for_ever(self, whom: target.Target, period: float = 2.0) -> int:
        """Until Ctrl-C; the exit code of the last look."""
        code = 0
        try:
            if self.as_json or not self.console.is_terminal:
                while True:
                    code = self.once(whom)
                    time.sleep(period)
            with Live(console=self.console, auto_refresh=False, screen=True, vertical_overflow="crop") as live:
                while True:
                    seen, findings = self._look(whom)
                    live.update(tables.report(seen, findings, self.name), refresh=True)
                    code = _EXIT[health(seen, findings)]
                    time.sleep(period)
        except KeyboardInterrupt:
            return code

    def _look(self, whom: target.Target) -> tuple[Survey, list[Finding]]:
        seen = asyncio.run(self._ask(whom))
        return seen, examine(seen, self.name)

    async def _ask(self, whom: target.Target) -> Survey:
        seen = await survey(whom.seeds, whom.access)
        return await with_outlooks(seen, whom.access) if self.why else seen

    def _missing(self, seen: Survey) -> str:
        if self.name is None or seen.asked is None or seen.asked.master(self.name) is not None:
            return ""
        names = ", ".join(master.name for master in seen.asked.masters) or "none"
        return f"{seen.asked.place} monitors no master named {self.name}; it monitors: {names}."
