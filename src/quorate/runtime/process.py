"""What a well-behaved process does besides its work: file limits, pid file, background, title, orphans."""

import contextlib
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quorate.conf.options import ProcessOptions
from quorate.model.address import join

RESERVED_FILES = 32
"""Descriptors kept beside those of clients (redis.conf, maxclients)."""


@dataclass(frozen=True, slots=True)
class FileLimit:
    """How many clients may connect (0: not even we can work), and a remark if that is fewer than was asked for."""

    maxclients: int
    remark: str = ""


def raise_file_limit(maxclients: int, limits: tuple[int, int] | None = None) -> FileLimit:
    """Raise RLIMIT_NOFILE so that `maxclients` fit; where that is forbidden, carry on with as many as do fit.

    `limits` are (soft, hard) for a test; then nothing is changed.
    """
    needed = maxclients + RESERVED_FILES
    try:
        soft, hard = limits or resource.getrlimit(resource.RLIMIT_NOFILE)
    except OSError:
        return FileLimit(maxclients)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return FileLimit(maxclients)
    for wanted_hard in (hard if hard == resource.RLIM_INFINITY else max(hard, needed), hard):
        reachable = needed if wanted_hard == resource.RLIM_INFINITY else min(needed, wanted_hard)
        if limits is None:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, reachable), wanted_hard))
            except (OSError, ValueError):
                continue
        elif wanted_hard > hard:
            continue
        soft = max(soft, reachable)
        break
    if soft >= needed:
        return FileLimit(maxclients)
    if soft <= RESERVED_FILES:
        least = f"Please increase your open file limit to at least {needed}. Exiting."
        return FileLimit(0, f"Your current 'ulimit -n' of {soft} is not enough for the server to start. {least}")
    possible = soft - RESERVED_FILES
    return FileLimit(
        possible,
        f"maxclients is {possible} instead of {maxclients}: the system allows {soft} open files and {needed} are "
        f"needed. Raise 'ulimit -n' (systemd: LimitNOFILE) or lower maxclients.",
    )


class PidFile:
    """A file with our process id in it; written and removed by the same process only."""

    def __init__(self, path: str) -> None:
        """`path` is made absolute at once, since the working directory may change."""
        self.path = Path.cwd() / path
        self._written_by = 0

    def write(self) -> str | None:
        """Write it. A failure is no reason not to run; it is returned as a remark for the log."""
        pid = os.getpid()
        try:
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            with os.fdopen(fd, "wb") as file:
                file.write(b"%d\n" % pid)
        except OSError as error:
            return f"Failed to write PID file: {error.strerror}"
        self._written_by = pid
        return None

    def remove(self) -> bool:
        """Remove it if we wrote it. True if it is gone by our hand."""
        if self._written_by != os.getpid():
            return False
        self._written_by = 0
        try:
            self.path.unlink()
        except OSError:
            return False
        return True


def daemonize() -> None:
    """Go to the background: a child in a session of its own carries on, its standard streams on /dev/null.

    Call it before any thread starts: only the calling thread survives a fork.
    """
    sys.stdout.flush()
    if os.fork():
        # The parent leaves without running anybody's clean-up: all of it belongs to the child now.
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    if null > 2:
        os.close(null)


def title(options: ProcessOptions, config_file: str, name: str = "quorate-sentinel") -> str:
    """The process title by `proc-title-template`: `quorate-sentinel *:26379 [sentinel]` by default."""
    first = options.bind[0].removeprefix("-") if options.bind else "*"
    port = options.port or options.tls.port
    values = {
        "title": name,
        "listen-addr": join(first, port) if port else options.unixsocket,
        "server-mode": "[sentinel]",
        "port": str(options.port),
        "tls-port": str(options.tls.port),
        "unixsocket": options.unixsocket,
        "config-file": config_file,
    }
    shown = options.proc_title_template
    for key, value in values.items():
        shown = shown.replace("{" + key + "}", value)
    return shown.rstrip()


def set_title(text: str) -> None:
    """Show `text` in ps and top."""
    # Imported late: ending at once with an error message should not have to wait for it.
    import setproctitle  # noqa: PLC0415

    setproctitle.setproctitle(text.encode("utf-8", "backslashreplace").decode())


def reap_orphans(owns: Callable[[int], bool], collect: Callable[[], None]) -> int:
    """As PID 1: collect dead children that are not ours, and have `collect` look after those that are. Their number.

    The first dead child is only looked at before it is known whose it is: the exit codes of scripts are their own.
    """
    reaped = 0
    while True:
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return reaped
        if dead is None:
            return reaped
        if owns(dead.si_pid):
            collect()
            if owns(dead.si_pid):
                return reaped
            continue
        with contextlib.suppress(ChildProcessError):
            os.waitpid(dead.si_pid, os.WNOHANG)
            reaped += 1
