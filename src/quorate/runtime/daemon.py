"""The life of a sentinel process: start in the order that lets nothing be lost, run, and leave without delay.

The order is that of C Sentinel (read, check, go to the background, pid file, users, listen, save, announce), because
others rely on it: a port that is taken leaves the configuration untouched, and whoever can connect finds it saved.
"""

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import sys
import threading
import traceback
import types
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from quorate import __version__
from quorate.conf.load import ConfigError
from quorate.conf.options import LogOptions, ProcessOptions
from quorate.core.inputs import Resolved
from quorate.model.identity import bytes_of
from quorate.model.notice import Level
from quorate.model.saved import SaveDelta
from quorate.runtime import clock, process, startup, tls
from quorate.runtime.invocation import Invocation
from quorate.runtime.listener import BindFailed, Doors, open_doors
from quorate.runtime.logs import Log
from quorate.runtime.names import Names, resolve_all
from quorate.runtime.process import PidFile, Signals
from quorate.runtime.startup import Prepared, Refused
from quorate.runtime.store import Saver
from quorate.runtime.systemd import Supervision, Supervisor, supervision

NAMES_PATIENCE = 2.0
"""Seconds that a start waits for name servers; what is unknown then is asked for again while running."""

LAST_WORDS = 0.05
"""Seconds that the last lines of the log may take at the end."""


def main(invocation: Invocation, signals: Signals) -> NoReturn:
    """Be a sentinel. The process ends in here, with 0 when told to end and 1 when it cannot start."""
    log = Log(LogOptions())
    try:
        prepared = startup.read(invocation)
        options = prepared.config.process
        log = Log(options.log)
        startup.check_writable(prepared)
    except ConfigError as error:
        # Only this goes to standard error: who starts us by hand must see which line is wrong.
        os.write(2, bytes_of(f"{str(error).rstrip()}\n"))
        os._exit(1)
    except Refused as error:
        log.write(Level.WARNING, str(error))
        os._exit(1)
    supervisor = Supervisor(supervision(options.supervised, os.environ), os.environ.get("NOTIFY_SOCKET", ""))
    background = options.daemonize and supervisor.kind is Supervision.NO
    if background:
        process.daemonize()
    log = Log(options.log, daemonized=background)
    Daemon(prepared, log, supervisor, signals).live(background=background)


class Daemon:
    """One life. Whatever ends it ends in `end`."""

    def __init__(self, prepared: Prepared, log: Log, supervisor: Supervisor, signals: Signals) -> None:
        self._prepared = prepared
        self._log = log
        self._supervisor = supervisor
        self._signals = signals
        self._pidfile: PidFile | None = None
        self._doors: Doors | None = None
        self._tls: tls.Tls | None = None

    def live(self, *, background: bool) -> NoReturn:
        """Start, run and end."""
        self._signals.on_leave(self._leave_early)
        _keep_off_standard_error(self._log)
        self._log.start()
        try:
            self._settle(background=background)
            loop = _new_loop()
            asyncio.set_event_loop(loop)
            loop.run_until_complete(self._serve(loop))
        except (Refused, BindFailed) as error:
            self._log.write(Level.WARNING, str(error))
        except BaseException:  # noqa: BLE001 - it belongs into the log, since nobody reads our standard error
            self._log.write(Level.WARNING, "The sentinel stops because of an error of its own:")
            for line in traceback.format_exc().splitlines():
                self._log.write(Level.WARNING, line)
        self.end(1)

    def end(self, status: int) -> NoReturn:
        """Leave now: no thread that hangs in the disk or in a name server can hold us."""
        self._supervisor.stopping()
        if self._doors is not None:
            self._doors.remove_path()
        if self._pidfile is not None and self._pidfile.remove():
            self._log.write(Level.NOTICE, "Removing the pid file.")
        if status == 0:
            self._log.write(Level.WARNING, "Sentinel is now ready to exit, bye bye...")
        self._log.close(LAST_WORDS)
        os._exit(status)

    def crash(self, status: int) -> NoReturn:
        """Leave as if killed: a simulated crash cleans nothing up."""
        self._log.close(LAST_WORDS)
        os._exit(status)

    def _leave_early(self, number: signal.Signals) -> NoReturn:
        self._log.signal(f"Received {number.name} scheduling shutdown...")
        self.end(0)
