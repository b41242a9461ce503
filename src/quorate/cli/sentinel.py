"""`quorate sentinel`: the words of its command line, read as redis-sentinel reads them, and the start of the daemon.

This module is imported before anything else happens, so it imports little itself.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

USAGE = 64
"""Exit status for a command line that makes no sense (sysexits.h)."""


def run(words: Sequence[str]) -> NoReturn:
    """Be a sentinel until told to end; the process ends here."""
    # First of all, so that a signal finds its handler whatever happens next.
    from quorate.runtime.signals import Signals

    signals = Signals()
    signals.install()
    # Modules are made to stay: looking for rubbish among them would only take time. The daemon turns it on again.
    gc.disable()

    if words[:1] == ["--version"] or words[:1] == ["-v"]:
        from quorate import __version__

        print(f"quorate, version {__version__}")
        sys.exit(0)

    from quorate.runtime.invocation import parse

    try:
        invocation = parse([os.fsencode(word) for word in words])
    except ValueError as error:
        print(f"quorate sentinel: {error}", file=sys.stderr)
        sys.exit(USAGE)

    from quorate.runtime.daemon import main

    main(invocation, signals)
