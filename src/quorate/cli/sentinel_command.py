"""`quorate sentinel` for click: its help and its completion. The work is in `quorate.cli.sentinel`."""

import click

from quorate.cli.sentinel import run
from quorate.model.settings import Mode


@click.command(
    name="sentinel",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False},
    options_metavar="[--compatible-with MODE]",
)
@click.option(
    "--compatible-with",
    type=click.Choice([mode.value for mode in Mode]),
    help="Whose command list, versions and wording clients see (default: redis-7.2).",
)
@click.argument("file", type=click.Path())
@click.argument("directives", nargs=-1, metavar="[--DIRECTIVE VALUE ...]")
def command(compatible_with: str | None, file: str, directives: tuple[str, ...]) -> None:
    """Run a sentinel with the configuration FILE, which it rewrites as it learns.

    The same file as redis-sentinel and valkey-sentinel use. Directives after FILE count as its last lines; a lone -
    as first or last word reads more lines from standard input.
    """
    mode = ["--compatible-with", compatible_with] if compatible_with else []
    run([*mode, file, *directives])
