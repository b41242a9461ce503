"""Nothing reaches standard error once a sentinel runs: whatever Python or a library wants to say goes to the log."""

import logging
import sys
import threading
import traceback
import types
import warnings

from quorate.model.notice import Level
from quorate.runtime.logs import Log


def keep_off_standard_error(log: Log) -> None:
    """Send the reports of errors that nobody caught, and of the standard library's own logging, to the log."""
    # The libraries' own remarks are for programmers: warnings are dropped, the rest is for those who debug.
    warnings.simplefilter("ignore")
    root = logging.getLogger()
    root.addHandler(_Handler(log))

    def uncaught(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        report(log, "Uncaught error:", "".join(traceback.format_exception(kind, error, trace)))

    def in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = uncaught
    threading.excepthook = in_thread
    sys.unraisablehook = unraisable


def report(log: Log, headline: str, trace: str) -> None:
    """Write an error with its traceback, line by line."""
    for line in (headline, *trace.splitlines()):
        log.write(Level.WARNING, line)


class _Handler(logging.Handler):
    """Passes what the standard library logs on to our log, as debugging."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        report_lines = self.format(record).splitlines()
        for line in report_lines:
            self._log.write(Level.DEBUG, line)
