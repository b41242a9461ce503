"""`quorate` as a click group whose commands are imported when they are needed: one module per command."""

import errno
import importlib
import os
import sys
from typing import NoReturn

import click

from quorate import __version__

COMMANDS = {
    "sentinel": ("quorate.cli.sentinel_command", "Run a sentinel, as redis-sentinel does."),
    "up": ("quorate.cli.up", "Start a highly available cluster on this machine."),
    "down": ("quorate.cli.down", "Stop a cluster that `up --detach` started."),
    "status": ("quorate.cli.status", "Show masters, replicas and sentinels, and whether all is well."),
    "history": ("quorate.cli.history", "Show past failovers: why, who agreed, whom they chose, how long it took."),
    "simulate": ("quorate.cli.simulate", "Run simulated clusters through faults and check what must hold."),
    "failover": ("quorate.cli.failover", "Promote a replica of a master on purpose."),
    "switchover": ("quorate.cli.switchover", "Move a master on purpose without losing a write."),
    "drill": ("quorate.cli.drill", "Break a cluster while it is written to, and report what that cost."),
}
"""By name: the module whose `command` it is, and one line for `quorate --help`, so that help imports none of them."""


USAGE = 64
INPUT_OUTPUT = 74
"""Exit statuses of sysexits.h, because 1 and 2 are what `status` answers."""

_OF_THE_MACHINE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)
)
"""What no command can help: said in one line. Any other error that nobody has caught is ours, with its traceback."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called (or completed)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order in which people need them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None for a name that does not exist."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def main(self, *args: object, **options: object) -> None:  # type: ignore[override]
        """Run; the exit status of whatever goes wrong before or besides what a command is for is one of sysexits.h."""
        options["standalone_mode"] = False
        try:
            result = super().main(*args, **options)  # type: ignore[call-overload]
        except click.exceptions.UsageError as error:
            error.show()
            sys.exit(USAGE)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            click.echo("Aborted!", err=True)
            sys.exit(130)
        except OSError as error:
            if error.errno not in _OF_THE_MACHINE:
                raise
            _give_up(error)
        sys.exit(result if isinstance(result, int) else 0)


def _give_up(error: OSError) -> NoReturn:
    """Say that a disk is full, or the like, and leave."""
    where = f"{error.filename}: " if error.filename else ""
    click.echo(f"quorate: {where}{error.strerror}", err=True)
    # What is still waiting to be printed would fail again at the very end, and change the exit status.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    sys.exit(INPUT_OUTPUT)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "--version", prog_name="quorate")
def group() -> None:
    """High availability for Redis and Valkey.

    Shell completion: eval "$(_QUORATE_COMPLETE=bash_source quorate)", or zsh_source, or fish_source.
    """
