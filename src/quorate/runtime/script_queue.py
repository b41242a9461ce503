"""Which script runs when: the queue of notification and reconfiguration scripts, without starting any.

The rules are those of C Sentinel (sentinel.conf, SCRIPTS EXECUTION): first in, first out; a script that ends with 1 or
by a signal is tried again, later each time; one that ends with 2 or more is not; one that runs too long is killed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from quorate.commands.contract import ScriptView
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice

MAX_QUEUE = 256
"""Scripts that wait or run."""

MAX_RUNNING = 16
MAX_TRIES = 10
MAX_ARGUMENTS = 16

KILL_PERIOD: Millis = 100
"""Between two SIGKILLs to a script that is too slow, until it is gone."""

EXEC_FAILED = 2
"""The status of a script that could not be executed at all."""


class Limits(NamedTuple):
    """The two knobs of SENTINEL DEBUG, in milliseconds: how long a script may run, the first delay before a retry."""

    max_runtime: Millis
    retry_delay: Millis


@dataclass(slots=True, eq=False)
class Job:
    """One script. `due` is when it may start (running: when it started); `tries` counts starts, this one included."""

    argv: tuple[str, ...]
    due: Millis = 0
    tries: int = 0
    pid: int = 0
    running: bool = False
    killed: Millis = 0
    """When it was last told to die; 0: never."""


class ScriptQueue:
    """The queue. The world asks `startable` and `overdue`, acts, and tells `started`, `unstarted`, `ended`."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._running: dict[int, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def running(self) -> int:
        """How many run now."""
        return len(self._running)

    def add(self, argv: Sequence[str]) -> None:
        """Queue a script. When too many wait, the oldest that does not run is forgotten."""
        self._jobs.append(Job(tuple(argv[:MAX_ARGUMENTS])))
        if len(self._jobs) > MAX_QUEUE:
            self._jobs.remove(next(job for job in self._jobs if not job.running))

    def startable(self, now: Millis) -> list[Job]:
        """The jobs to start now, oldest first."""
        free = MAX_RUNNING - len(self._running)
        return [job for job in self._jobs if not job.running and job.due <= now][:free] if free > 0 else []

    def started(self, job: Job, pid: int, now: Millis) -> Notice:
        """The job runs as `pid`."""
        job.running, job.pid, job.due, job.killed = True, pid, now, 0
        job.tries += 1
        self._running[pid] = job
        return Notice(Event.SCRIPT_CHILD, str(pid))

    def unstarted(self, job: Job, now: Millis, limits: Limits) -> Notice:
        """No process could be made for the job: tried again like a failed one (C Sentinel tries at every tick)."""
        job.tries += 1
        self._again_or_never(job, now, limits)
        return Notice(Event.SCRIPT_ERROR, f"{job.argv[0]} 99 0")

    def unexecutable(self, job: Job) -> Notice:
        """The system refused to execute the script: as if it had ended with 2."""
        self._jobs.remove(job)
        return Notice(Event.SCRIPT_ERROR, f"{job.argv[0]} 0 {EXEC_FAILED}")

    def ended(self, pid: int, status: tuple[int, int], now: Millis, limits: Limits) -> list[Notice]:
        """The process is gone with `status`: (exit code, signal), of which one is 0."""
        code, by_signal = status
        notices = [Notice(Event.SCRIPT_CHILD_OVER, f"{pid} {code} {by_signal}")]
        job = self._running.pop(pid)
        job.running, job.pid = False, 0
        if by_signal or code == 1:
            if self._again_or_never(job, now, limits):
                return notices
        else:
            self._jobs.remove(job)
        if by_signal or code:
            notices.append(Notice(Event.SCRIPT_ERROR, f"{job.argv[0]} {by_signal} {code}"))
        return notices

    def overdue(self, now: Millis, limits: Limits) -> list[tuple[int, Notice]]:
        """The pids to kill now, and what to say of each: repeated every `KILL_PERIOD` until `ended` is told."""
        slow = []
        for pid, job in self._running.items():
            if now - job.due > limits.max_runtime and (not job.killed or now - job.killed >= KILL_PERIOD):
                job.killed = now
                slow.append((pid, Notice(Event.SCRIPT_TIMEOUT, f"{job.argv[0]} {pid}")))
        return slow

    def wake_at(self, now: Millis, limits: Limits) -> Millis | None:
        """When `startable` or `overdue` will next have something to say; None: not before some script ends."""
        moments = [
            job.killed + KILL_PERIOD if job.killed else job.due + limits.max_runtime + 1
            for job in self._running.values()
        ]
        if len(self._running) < MAX_RUNNING:
            moments += [job.due for job in self._jobs if not job.running]
        return max(now, min(moments)) if moments else None

    def views(self, now: Millis) -> list[ScriptView]:
        """The queue as PENDING-SCRIPTS shows it."""
        return [
            ScriptView(
                argv=job.argv,
                running=job.running,
                pid=job.pid,
                runtime=now - job.due if job.running else 0,
                delay=0 if job.running else max(0, job.due - now),
                retries=job.tries,
            )
            for job in self._jobs
        ]

    def _again_or_never(self, job: Job, now: Millis, limits: Limits) -> bool:
        """Put a failed job back for its next try, or forget it after the last. True if it will be tried again."""
        if job.tries >= MAX_TRIES:
            self._jobs.remove(job)
            return False
        job.due = now + limits.retry_delay * 2 ** (job.tries - 1)
        return True
