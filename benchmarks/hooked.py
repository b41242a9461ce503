"""A sentinel of ours that signals a process at one exact moment of a move, for the drill in `benchmarks.steps`.

A file, named by QUORATE_STRIKE, holds `CHANNEL WHEN SIGNAL PID`. When this sentinel tells the event of that channel it
sends the signal before anything that it does next: `at` the event, nothing that was decided with it has left yet;
`after` it, all of that has. The file is renamed first, so each order is carried out once, by whoever tells the event.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

from quorate.cli.sentinel import run
from quorate.model.notice import Notice, Remark
from quorate.runtime.effects import Effects

VARIABLE = "QUORATE_STRIKE"
STRUCK = ".struck"

_ORDER = Path(os.environ.get(VARIABLE, "/nonexistent"))
_tell = Effects.tell


def _told(self: Effects, what: Notice | Remark) -> None:
    _tell(self, what)
    if isinstance(what, Notice) and _ORDER.exists():
        try:
            channel, when, number, pid = _ORDER.read_text().split()
        except (FileNotFoundError, ValueError):
            # Another sentinel has just carried it out, or it is being written.
            return
        if channel != what.event.channel:
            return
        if when == "at":
            _strike(int(number), int(pid))
        else:
            # What is sent in this turn of the loop leaves in the next one.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, _strike, int(number), int(pid))


def _strike(number: int, pid: int) -> None:
    with suppress(FileNotFoundError):
        _ORDER.rename(_ORDER.with_suffix(STRUCK))
        os.kill(pid, number)


if __name__ == "__main__":
    Effects.tell = _told  # type: ignore[method-assign]
    run(sys.argv[1:])
