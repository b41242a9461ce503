"""Run the scripts of the operator: direct children of this process with nothing open but their standard streams."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import Protocol

from quorate.commands.contract import ScriptView
from quorate.model.identity import bytes_of
from quorate.model.millis import Millis
from quorate.model.notice import Notice
from quorate.runtime.script_queue import Job, Limits, ScriptQueue

_NO_PROCESS = (BlockingIOError, MemoryError)
"""What fork says when the system has no room for another process; every other failure is the script's own."""

_POLL: Millis = 50
"""How often to look for ended scripts where the system cannot tell us (no pidfd)."""


class Handle(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None: ...


class ScriptLoop(Protocol):
    """The part of an event loop that this needs."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Handle: ...
    def add_reader(self, fd: int, callback: Callable[[int], object], pid: int) -> object: ...
    def remove_reader(self, fd: int) -> bool: ...


class Scripts:
    """Queues, starts, watches and kills. `tell` gets the four script events; `limits` is asked anew at every step."""

    def __init__(
        self,
        loop: ScriptLoop,
        clock: Callable[[], Millis],
        tell: Callable[[Notice], None],
        limits: Callable[[], Limits],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._tell = tell
        self._limits = limits
        self._queue = ScriptQueue()
        self._children: dict[int, tuple[subprocess.Popen[bytes], int]] = {}
        """By pid: the child, and its pidfd or -1."""
        self._timer: Handle | None = None
        self._soon = False

    def add(self, argv: Sequence[str]) -> None:
        """Queue a script; it starts from the loop, so that the caller's own work goes first."""
        self._queue.add(argv)
        if not self._soon:
            self._soon = True
            self._arm(0)

    def pending(self) -> Sequence[ScriptView]:
        """Everything that waits or runs, oldest first."""
        return self._queue.views(self._clock())

    def owns(self, pid: int) -> bool:
        """True for a child whose end only this class may collect."""
        return pid in self._children

    def collect(self) -> None:
        """Look at every child now: whoever reaps orphans calls this first."""
        for pid in list(self._children):
            self._look_at(pid)
        self._step()

    def limits_changed(self) -> None:
        """The knobs have moved: deadlines that were far away may be near."""
        self._step()

    def close(self) -> None:
        """Stop caring. Scripts that run go on, as they do when C Sentinel ends."""
        if self._timer is not None:
            self._timer.cancel()
        for pid in list(self._children):
            self._forget(pid).returncode = 0

    def _step(self) -> None:
        """Start what may start, kill what must die, and sleep until there is more of either."""
        self._soon = False
        now, limits = self._clock(), self._limits()
        for job in self._queue.startable(now):
            self._start(job, now, limits)
        for pid, notice in self._queue.overdue(now, limits):
            self._tell(notice)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wake = self._queue.wake_at(now, limits)
        if wake is not None and any(fd < 0 for _, fd in self._children.values()):
            wake = min(wake, now + _POLL)
        self._arm(None if wake is None else wake - now)

    def _arm(self, delay: Millis | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if delay is None else self._loop.call_later(delay / 1000, self._woke)

    def _woke(self) -> None:
        self._timer = None
        for pid in [pid for pid, (_, fd) in self._children.items() if fd < 0]:
            self._look_at(pid)
        self._step()

    def _start(self, job: Job, now: Millis, limits: Limits) -> None:
        try:
            # No shell and no pipes; vfork inside, so the size of this process does not matter.
            child = subprocess.Popen([bytes_of(word) for word in job.argv], close_fds=True)
        except _NO_PROCESS:
            self._tell(self._queue.unstarted(job, now, limits))
            return
        except (OSError, ValueError):
            self._tell(self._queue.unexecutable(job))
            return
        try:
            fd = os.pidfd_open(child.pid)
            self._loop.add_reader(fd, self._ended, child.pid)
        except (OSError, AttributeError):
            fd = -1
        self._children[child.pid] = child, fd
        self._tell(self._queue.started(job, child.pid, now))

    def _ended(self, pid: int) -> None:
        self._look_at(pid)
        self._step()

    def _look_at(self, pid: int) -> None:
        """Collect the child if it has ended."""
        child, _ = self._children[pid]
        if child.poll() is None:
            return
        self._forget(pid)
        status = (0, -child.returncode) if child.returncode < 0 else (child.returncode, 0)
        for notice in self._queue.ended(pid, status, self._clock(), self._limits()):
            self._tell(notice)

    def _forget(self, pid: int) -> "subprocess.Popen[bytes]":
        child, fd = self._children.pop(pid)
        if fd >= 0:
            self._loop.remove_reader(fd)
            os.close(fd)
        return child
