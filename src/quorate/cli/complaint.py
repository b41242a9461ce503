"""How the commands of a person say what went wrong."""

import click

from quorate.local.trouble import LocalError


def complain(error: LocalError, code: int = 1) -> int:
    """Print what went wrong and what helps on standard error; the exit code."""
    click.secho(error.text, fg="red", err=True)
    for line in error.lines:
        click.echo(f"    {line}", err=True)
    if error.hint:
        click.echo(error.hint, err=True)
    return code
