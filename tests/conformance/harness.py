"""Runs the Tcl harness as a process group of its own, and leaves nothing of it behind."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

# The suite's own waits end after 50 s at most; a harness that is silent for longer than several of them in a row waits
# for a reply that will never come.
_SILENCE_SECONDS = 240.0
_TERM_SECONDS = 5.0

# The ways in which a person, a shell or a job runner ends this tool.
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Tcl would keep the lines back in a pipe until there are 4 KiB of them, and our clock would measure that.
_START = "fconfigure stdout -buffering line\nsource tests/sentinel/run.tcl\n"


class HopelessError(Exception):
    """The harness goes on, but nothing can come of it; the message says why."""


def run(directory: Path, pattern: str | None, on_line: Callable[[str], None], on_idle: Callable[[], None]) -> int:
    """Run the suite laid out in `directory`; returns its exit status.

    `on_idle` is called about twice a second. Whatever it or `on_line` raises ends the run.
    """
    (directory / "start.tcl").write_text(_START, encoding="utf-8")
    command = ["tclsh", "start.tcl", "--config", "bind", "127.0.0.1", "--dont-clean"]
    if pattern:
        command += ["--single", pattern]
    process = subprocess.Popen(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            for line in _lines(process, process.stdout):
                if line is None:
                    on_idle()
                else:
                    on_line(line)
        return process.wait()
    finally:
        end_group(process)


def _lines(process: subprocess.Popen[bytes], output: IO[bytes]) -> Iterator[str | None]:
    """Every line, and None whenever half a second brought nothing; ends with the process."""
    os.set_blocking(output.fileno(), False)
    pending = b""
    heard = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            # The servers have inherited the pipe: its end comes with the last of them, so the harness's exit counts.
            running = process.poll() is None
            selector.select(timeout=0.5 if running else 0)
            received = output.read()
            if received:
                heard = time.monotonic()
                *lines, pending = (pending + received).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines)
                continue
            if not running or received == b"":
                break
            if time.monotonic() - heard > _SILENCE_SECONDS:
                raise HopelessError(f"the harness said nothing for {_SILENCE_SECONDS:g} s")
            yield None
    if pending:
        yield pending.decode(errors="replace")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the harness and every process that it or its servers left in the group that we made for it."""
    # A second Ctrl-C, of somebody in a hurry, must not leave half of them running: it is heard after this.
    heard_later = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
    try:
        _end_group(process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard_later)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGCONT, 0.0), (signal.SIGKILL, _TERM_SECONDS)):
        if not _signal_group(process.pid, number):
            break
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and _signal_group(process.pid, 0):
            process.poll()
            time.sleep(0.05)
    # A killed process is waited for, so that none stays as a zombie of ours.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_TERM_SECONDS)


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return False
    return True
