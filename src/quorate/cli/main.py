"""Where `quorate` begins. A sentinel starts without waiting for anything that only the other commands need."""

import sys


def main() -> None:
    """Run the command on the command line; never returns."""
    if sys.argv[1:2] == ["sentinel"] and sys.argv[2:3] not in (["--help"], ["-h"]):
        # Its words follow C Sentinel's own grammar, so click would be of no help, and its import takes time.
        from quorate.cli.sentinel import run

        run(sys.argv[2:])
    from quorate.cli.group import group

    group(prog_name="quorate")
