"""`quorate switchover NAME`: move a master on purpose without losing a write, and follow it to the end."""

from collections.abc import Mapping

import click

from quorate.cli import failover, target
from quorate.local.plan import MAX_PORT

_REHEARSAL = 3.0
"""Seconds in which a sentinel says whether a move begins: it asks both servers first."""


def _server(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[str, str] | None:
    """HOST:PORT or [V6]:PORT of a data server: there is no usual port to fall back on."""
    del context, parameter
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not colon or not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port[:6]) <= MAX_PORT:
        raise click.BadParameter(f"{text!r} is not HOST:PORT")
    return host, port


@click.command("switchover")
@click.argument("name")
@click.option("--to", metavar="HOST:PORT", callback=_server, help="The replica to promote.  [default: the best one]")
@click.option("--pause", type=click.IntRange(1), metavar="MS", help="Hold writes for so long at most.  [default: 1000]")
@click.option("--via-server", is_flag=True, help="Leave it to the old master's own FAILOVER, which takes longer.")
@target.options
@click.pass_context
def command(context: click.Context, /, name: str, **given: object) -> None:
    """Move the master NAME to a replica and lose no write that was acknowledged.

    Writes are held for some milliseconds, until the replica has them all. If that takes too long everything goes on as
    it was. The sentinel that is asked leads the move; it must be one of Quorate, the servers Redis 6.2 or newer.

    Exit code: 0 done, 1 refused or taken back, 2 no sentinel could be reached, 64 wrong usage or no such master.
    """
    order = failover.Order(name, "move", "to lead a coordinated move", _words(given), _REHEARSAL)
    failover.conduct(context, given, order)


def _words(given: Mapping[str, object]) -> tuple[str, ...]:
    """What follows SENTINEL FAILOVER name."""
    words = ["COORDINATED"]
    if isinstance(to := given["to"], tuple):
        words += ["TO", *to]
    if given["pause"] is not None:
        words += ["TIMEOUT", str(given["pause"])]
    if given["via_server"]:
        words += ["VIA", "SERVER"]
    return tuple(words)
