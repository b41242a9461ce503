"""Children that cannot outlive us: started in one process group, on a leash, their output in a log file.

They do not share our group, so that Ctrl-C in the terminal reaches `up` alone, which then ends them in order.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quorate.local import watchdog
from quorate.local.trouble import LocalError

_PR_SET_PDEATHSIG = 1
_LINUX = sys.platform == "linux"


@dataclass(slots=True, eq=False)
class Child:
    """One process of ours."""

    process: "subprocess.Popen[bytes]"
    log: Path
    started: float

    @property
    def pid(self) -> int:
        return self.process.pid

    def ended(self) -> str | None:
        """None while it runs, else how it ended: `exit 1`, `killed by SIGKILL`."""
        code = self.process.poll()
        if code is None:
            return None
        if code >= 0:
            return f"exit {code}"
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"


class Pack:
    """The process group of a cluster, with its watchdog. Use it from one thread only (see `_leash`)."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._dog = self._unleash(0)
        self._group = self._dog.pid

    def spawn(self, argv: Sequence[str], folder: Path) -> Child:
        """Start a program in `folder`, its output appended to `log` there. Raises LocalError if it cannot be run."""
        log = folder / "log"
        try:
            with log.open("ab") as output:
                process = subprocess.Popen(
                    argv,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    process_group=self._group,
                    preexec_fn=_leash(),  # noqa: PLW1509 - `up` has one thread
                )
        except (OSError, subprocess.SubprocessError) as error:
            raise LocalError(f"{argv[0]} cannot be started: {error}.") from error
        return Child(process, log, time.monotonic())

    def check(self) -> None:
        """Replace the watchdog if somebody ended it."""
        if self._dog.poll() is None:
            return
        try:
            self._dog = self._unleash(self._group)
        except (OSError, subprocess.SubprocessError):
            # The group vanished with its last process; a new one begins.
            self._dog = self._unleash(0)
            self._group = self._dog.pid

    def close(self) -> None:
        """End whatever is left of the group, and the watchdog with it."""
        os.close(self._write)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._dog.wait(2.0)
        os.close(self._read)

    def _unleash(self, group: int) -> "subprocess.Popen[bytes]":
        # -I and -S leave out site-packages: the watchdog needs nothing and must start at once.
        return subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=self._read,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=group,
        )


def stop(children: Iterable[Child], grace: float) -> None:
    """Ask to end, wake those that are paused, wait `grace` seconds, then kill. Returns when all are gone."""
    waiting = [child for child in children if child.process.poll() is None]
    for child in waiting:
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
            child.process.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(child.process.poll() is None for child in waiting):
        time.sleep(0.01)
    for child in waiting:
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()


def last_lines(log: Path, count: int = 5) -> tuple[str, ...]:
    """The end of a log; empty lines are left out."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-count:]


def _leash() -> Callable[[], None] | None:
    """What the child does between fork and exec: ask the kernel to be killed when its parent dies (Linux).

    The signal survives exec. The kernel sends it when the *thread* that forked ends, and code between fork and exec
    is only safe without other threads; so `up` has one thread and starts its children in it.
    """
    if not _LINUX:
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the call above; then no signal will come.
        if os.getppid() != parent:
            os._exit(1)

    return ask
