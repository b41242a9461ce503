"""The log: one line per remark, written by a thread of its own, so that a slow disk never stops a failover.

Lines have the form of C Sentinel (`<pid>:X <time> <level> <text>`), because people have tools that read it; Valkey's
`log-format logfmt` and `log-timestamp-format` are understood too. The file is opened anew for every batch of lines,
so a rotated log needs no signal.
"""

import os
import queue
import sys
import syslog
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from quorate.conf.options import LogOptions
from quorate.model.identity import bytes_of, text_of
from quorate.model.notice import Level

MAX_TEXT = 1023
"""Bytes of a text that are kept (sentinel.c has a buffer of 1024 with its final zero)."""

MAX_WAITING = 10_000
"""Lines that may wait for the disk. Those that come later are counted and dropped: memory is bounded, time is not."""

_PAUSE = 0.005
"""Seconds between two batches: a thread that is woken for each line of a crowd takes turns from the loop."""

_SIGNS = {Level.DEBUG: b".", Level.VERBOSE: b"-", Level.NOTICE: b"*", Level.WARNING: b"#"}
_WORDS = {Level.DEBUG: b"debug", Level.VERBOSE: b"info", Level.NOTICE: b"notice", Level.WARNING: b"warning"}
_SYSLOG = {
    Level.DEBUG: syslog.LOG_DEBUG,
    Level.VERBOSE: syslog.LOG_INFO,
    Level.NOTICE: syslog.LOG_NOTICE,
    Level.WARNING: syslog.LOG_WARNING,
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# Nobody may forge a line by a name with a line feed in it, nor drive the terminal of whoever reads the log.
_PLAIN = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {9: "\\t", 10: "\\n", 13: "\\r"}
_LOGFMT = _PLAIN | {9: " ", 10: " ", 13: " ", ord('"'): "'"}


_Line: TypeAlias = tuple[Level, float, str]
"""Level, seconds since 1970, text."""

_Job: TypeAlias = "_Line | bytes | threading.Event | None"
"""A line; ready-made bytes; somebody waiting for all before it; None: the last job."""


class Log:
    """The door to the log. `write` never blocks once `start` was called; before that it writes itself.

    `level` may be set at any time (SENTINEL CONFIG SET loglevel). A forked child must not use a log that its parent
    started: daemonize first.
    """

    def __init__(
        self, options: LogOptions, *, daemonized: bool = False, wall_clock: Callable[[], float] = time.time
    ) -> None:
        """Once `daemonized`, standard output (an empty `file`) is nowhere."""
        self.level = level_of(options.level)
        self._options = options
        self._daemonized = daemonized
        self._wall_clock = wall_clock
        self._stamp = Stamp(options.timestamps)
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._dropped = 0
        if options.syslog:
            facility = getattr(syslog, f"LOG_{options.syslog_facility.upper()}", syslog.LOG_LOCAL0)
            syslog.openlog(options.syslog_ident, syslog.LOG_PID | syslog.LOG_NDELAY, facility)

    def start(self) -> None:
        """Hand all writing to a thread from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="quorate-log", daemon=True)
            self._thread.start()

    def write(self, level: Level, text: str) -> None:
        """Add a line if `level` is loud enough. Lines keep their order."""
        if level < self.level or level is Level.NOTHING:
            return
        self._put((level, self._wall_clock(), text))

    def signal(self, text: str) -> None:
        """Add a line of the form that C Sentinel's signal handler writes, whatever the format and the level."""
        self._put(b"%d:signal-handler (%d) %s\n" % (os.getpid(), int(self._wall_clock()), _clean(text, _PLAIN)))

    def flush(self, patience: float = 1.0) -> bool:
        """Wait until everything so far is written, at most `patience` seconds; False if that was not enough."""
        if self._thread is None:
            return True
        done = threading.Event()
        self._jobs.put(done)
        return done.wait(patience)

    def close(self, patience: float = 1.0) -> None:
        """Write what waits, for at most `patience` seconds, and stop. Later lines are written by the caller."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join(patience)

    def _put(self, job: _Line | bytes) -> None:
        if self._thread is None:
            self._emit([job])
        elif self._jobs.qsize() >= MAX_WAITING:
            self._dropped += 1
        else:
            if self._dropped:
                lost, self._dropped = self._dropped, 0
                self._jobs.put((Level.WARNING, self._wall_clock(), f"{lost} lines were lost: the log is too slow"))
            self._jobs.put(job)

    def _run(self) -> None:
        """Write batches: everything that waits when the previous batch is done."""
        while True:
            batch: list[_Line | bytes] = []
            waiting: list[threading.Event] = []
            last = self._collect(batch, waiting)
            if batch:
                self._emit(batch)
            for event in waiting:
                event.set()
            if last:
                return
            time.sleep(_PAUSE)

    def _collect(self, batch: list[_Line | bytes], waiting: list[threading.Event]) -> bool:
        """Take what is there, waiting for the first job. True when the last job was among it."""
        job = self._jobs.get()
        while True:
            if job is None:
                return True
            if isinstance(job, threading.Event):
                waiting.append(job)
            else:
                batch.append(job)
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return False

    def _emit(self, batch: list[_Line | bytes]) -> None:
        """Write lines. A log that cannot be written is no reason to stop watching masters, so errors end here."""
        data = b"".join(job if isinstance(job, bytes) else self._formed(*job) for job in batch)
        path = self._options.file
        try:
            if path:
                fd = os.open(bytes_of(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
                try:
                    _write_all(fd, data)
                finally:
                    os.close(fd)
            elif not self._daemonized:
                _write_all(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1, data)
        except (OSError, ValueError):
            pass
        if self._options.syslog:
            for job in batch:
                if not isinstance(job, bytes):
                    syslog.syslog(_SYSLOG[job[0]], _clean(job[2], _PLAIN).decode("utf-8", "backslashreplace"))

    def _formed(self, level: Level, when: float, text: str) -> bytes:
        stamp = self._stamp.of(when)
        if self._options.format == "logfmt":
            words = (os.getpid(), stamp, _WORDS[level], _clean(text, _LOGFMT))
            return b'pid=%d role=sentinel timestamp="%s" level=%s message="%s"\n' % words
        return b"%d:X %s %s %s\n" % (os.getpid(), stamp, _SIGNS[level], _clean(text, _PLAIN))


class Stamp:
    """Writes points in time; remembers the last second, because lines come in crowds."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._second = -1
        self._text = ("", "")

    def of(self, when: float) -> bytes:
        """Local time, as `22 Nov 2026 17:20:28.656`, `2026-11-22T17:20:47.376+00:00`, or milliseconds since 1970."""
        millis = int(when * 1000)
        if self._kind == "milliseconds":
            return b"%d" % millis
        second, rest = divmod(millis, 1000)
        if second != self._second:
            self._second, self._text = second, self._around(second)
        before, after = self._text
        return f"{before}.{rest:03d}{after}".encode()

    def _around(self, second: int) -> tuple[str, str]:
        """What stands before and after the milliseconds. Months are English whatever the locale says."""
        t = time.localtime(second)
        clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
        if self._kind == "legacy":
            return f"{t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year} {clock}", ""
        sign, minutes = ("-" if t.tm_gmtoff < 0 else "+"), abs(t.tm_gmtoff) // 60
        zone = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
        return f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}T{clock}", zone


def level_of(word: str) -> Level:
    """The level that the directive `loglevel` names; KeyError for another word."""
    return Level[word.upper()]


def _clean(text: str, table: dict[int, str]) -> bytes:
    """The bytes of a text, cut to what a line holds, with control characters made visible."""
    return bytes_of(text_of(bytes_of(text)[:MAX_TEXT]).translate(table))


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
