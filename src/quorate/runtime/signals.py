"""Signals, from the first moment on. This module imports next to nothing, so that it can come before all others."""

import os
import signal
from collections.abc import Callable
from types import FrameType

_TERMINATION = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """What signals mean, from the first moment on: before there is a loop, a request to end ends at once."""

    def __init__(self) -> None:
        self._leave: Callable[[signal.Signals], None] = _leave_at_once
        self._interrupted = False

    def install(self) -> None:
        """Take over SIGTERM and SIGINT, ignore SIGHUP and SIGPIPE. Main thread only."""
        for number in _TERMINATION:
            signal.signal(number, self._came)
        for number in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)

    def on_leave(self, leave: Callable[[signal.Signals], None]) -> None:
        """From now on a request to end calls `leave` (once per signal)."""
        self._leave = leave

    def came(self, number: signal.Signals) -> None:
        """A request to end has come. The second SIGINT waits for nobody: exit 1 (redis, sigShutdownHandler)."""
        if number is signal.SIGINT:
            if self._interrupted:
                os._exit(1)
            self._interrupted = True
        self._leave(number)

    def _came(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.came(signal.Signals(number))


def _leave_at_once(number: signal.Signals) -> None:
    del number
    os._exit(0)
