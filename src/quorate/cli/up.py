"""`quorate up`: a highly available cluster on this machine, to look at and to develop against."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from setproctitle import setproctitle

from quorate.cli.complaint import complain
from quorate.cli.show import Show
from quorate.local.binaries import find_server
from quorate.local.cluster import Programs
from quorate.local.plan import MAX_PORT, unquotable
from quorate.local.setup import Prepared, Wish, prepare
from quorate.local.trouble import LocalError


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked beside the cluster itself."""

    server: str | None
    sentinel: str | None
    detach: bool


@click.command("up")
@click.option("--replicas", type=click.IntRange(0, 16), help="Number of replicas.  [default: 2]")
@click.option("--sentinels", type=click.IntRange(1, 15), help="Number of sentinels.  [default: 3]")
@click.option(
    "--port", type=click.IntRange(1, MAX_PORT), help="First port of the servers.  [default: 6379 or the next free ones]"
)
@click.option(
    "--sentinel-port",
    type=click.IntRange(1, MAX_PORT),
    help="First port of the sentinels.  [default: --port + 20000 up to 32767]",
)
@click.option("--password", envvar="QUORATE_PASSWORD", help="Password of the servers (the sentinels stay open).")
@click.option(
    "--down-after", type=click.IntRange(100), metavar="MS", help="Silence that counts as death.  [default: 1000]"
)
@click.option("--name", help="Name of the master.  [default: mymaster]")
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    help="Keep data here; start again to continue.  [default: none]",
)
@click.option(
    "--server", metavar="PATH", help="The redis-server or valkey-server to run.  [default: the bundled Valkey]"
)
@click.option("--sentinel-server", metavar="PATH", help="Run this C server's sentinel mode in place of our sentinels.")
@click.option("--detach", is_flag=True, help="Run in the background until `quorate down`.")
@click.pass_context
def command(
    context: click.Context, /, server: str | None, sentinel_server: str | None, detach: bool, **wish: object
) -> None:
    """Run a master, replicas and sentinels on this machine.

    Kill any of them and watch what happens: the sentinels replace a dead master, and whatever died is started again.
    Ctrl-C ends everything. With --dir the data stays and the next start continues with the same master.
    """
    wanted = Wish(**wish)  # type: ignore[arg-type]
    _check(wanted)
    try:
        context.exit(_run(wanted, Options(server, sentinel_server, detach)))
    except LocalError as error:
        context.exit(complain(error))


def _check(wish: Wish) -> None:
    if wish.password is not None and unquotable(wish.password):
        text = (
            "must consist of printable ASCII without blanks, quotes and backslashes, or a sentinel.conf cannot hold it"
        )
        raise click.BadParameter(text, param_hint="--password")
    name_ok = wish.name is None or (wish.name and all(c.isalnum() or c in "._-" for c in wish.name))
    if not name_ok:
        raise click.BadParameter("may hold letters, digits, dots, dashes and underscores", param_hint="--name")


def _run(wish: Wish, options: Options) -> int:
    began = time.monotonic()
    if options.sentinel is not None:
        find_server(options.sentinel)
    programs = Programs(find_server(options.server), options.sentinel)
    prepared = prepare(wish)
    keep = options.detach or not prepared.temporary
    try:
        # Forked before any loop exists.
        detach = _fork(prepared) if options.detach else None
        setproctitle(f"quorate up {prepared.folder.path}")
        return asyncio.run(Show(prepared, programs, detach, began).run())
    finally:
        if not keep:
            shutil.rmtree(prepared.folder.path, ignore_errors=True)


def _fork(prepared: Prepared) -> Callable[[], None]:
    """Go on in the background; only the child returns, with the function that lets the waiting parent go."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        os.setsid()
        prepared.folder.sign(prepared.lock)

        def ready() -> None:
            os.write(write, b"ready")
            os.close(write)
            _leave_terminal(prepared)

        return ready
    os.close(write)
    with os.fdopen(read) as pipe:
        well = pipe.read() == "ready"
    if not well and prepared.temporary:
        shutil.rmtree(prepared.folder.path, ignore_errors=True)
    # The child has said what there was to say. Nothing of ours may be cleaned up twice.
    os._exit(0 if well else 1)


def _leave_terminal(prepared: Prepared) -> None:
    log = os.open(prepared.folder.path / "up.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)
