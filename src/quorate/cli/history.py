"""`quorate history`: the failovers that the sentinels remember, and what happened in the last of them."""

import asyncio

import click
from rich.console import Console

from quorate.cli import history_json, history_table, target
from quorate.cli.complaint import complain
from quorate.client.aio import memories, survey
from quorate.client.history import Memory, Told, together
from quorate.client.picture import SentinelPicture, Survey
from quorate.local.trouble import LocalError

_DEGRADED, _UNREACHABLE, _UNKNOWN_MASTER = 1, 2, 64
_PLAIN_WIDTH = 160


@click.command("history")
@click.argument("name", required=False)
@target.options
@click.option("--details", type=click.IntRange(0), default=1, show_default=True, help="How many to show in whole.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(context: click.Context, /, name: str | None, details: int, as_json: bool, **given: object) -> None:
    """Show the failovers that the sentinels remember: why, who agreed, whom they chose, how long each step took.

    Without options it asks the cluster that `quorate up` runs here, else 127.0.0.1:26379, and all sentinels that that
    one knows, since whoever led a failover remembers most of it. NAME limits it to one master. Only Quorate's sentinels
    keep a history.

    Exit code: 0 shown, 1 none of the sentinels keeps a history or one of them could not be asked, 2 no sentinel could
    be reached, 64 wrong usage or no such master.
    """
    try:
        whom = target.find(given)
    except LocalError as error:
        context.exit(complain(error, 2))
    if whom.remark and not as_json:
        click.echo(whom.remark)
    seen = asyncio.run(survey(whom.seeds, whom.access))
    if seen.asked is None:
        hint = "\n".join(failed.text for failed in seen.failed)
        context.exit(complain(LocalError("No sentinel could be reached:", hint), _UNREACHABLE))
    read = (seen.asked, *seen.others)
    names = [name] if name is not None else sorted({m.name for picture in read for m in picture.masters})
    found = asyncio.run(memories([picture.place for picture in read], whom.access, names))
    found += [Memory(one.place, trouble=one.text) for one in (*seen.failed, *seen.unread_peers)]
    context.exit(_show(seen.asked, seen, found, name, None if as_json else details))


def _show(asked: SentinelPicture, seen: Survey, found: list[Memory], name: str | None, details: int | None) -> int:
    """Print; the exit code. `details` None: as JSON."""
    failovers = together(found)
    if name is not None and not failovers and all(picture.master(name) is None for picture in (asked, *seen.others)):
        names = ", ".join(master.name for master in asked.masters) or "none"
        click.secho(f"{asked.place} monitors no master named {name}; it monitors: {names}.", fg="red", err=True)
        return _UNKNOWN_MASTER
    if details is None:
        click.echo(history_json.render(failovers, found))
    else:
        _print(failovers, details)
    keepers = [one for one in found if one.ours and not one.trouble]
    for one in found:
        if one.trouble or not one.ours:
            click.secho(one.trouble or _keeps_none(one, seen), fg="yellow", err=True)
    if not keepers:
        click.secho(_ADVICE, err=True)
    return 0 if keepers and not any(one.trouble for one in found) else _DEGRADED


_ADVICE = (
    "What C Sentinel still tells of failovers is in its log; `quorate status` shows when the last one was.\n"
    "Put `quorate sentinel` in its place (docs/replace-and-go-back.md) and the next one is remembered."
)


def _keeps_none(memory: Memory, seen: Survey) -> str:
    pictures = (*((seen.asked,) if seen.asked is not None else ()), *seen.others)
    version = next((picture.version for picture in pictures if picture.place == memory.place), "")
    what = f" ({version})" if version else ""
    return f"{memory.place} keeps no history: it does not know SENTINEL FAILOVERS{what}."


def _print(failovers: list[Told], details: int) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    if failovers:
        console.print(history_table.report(failovers, details))
    else:
        console.print("No failover is remembered.")
