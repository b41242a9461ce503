"""Processes that end with the drill: in a network of their own if wanted, their output in a log that is kept."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quorate.drill import kernel
from quorate.drill.trouble import DrillError


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and where. `network` is a descriptor of a network namespace, None for the drill's own."""

    argv: tuple[str, ...]
    folder: Path
    log: Path
    network: int | None = None


def start(program: Program, *, piped: bool = False) -> "subprocess.Popen[bytes]":
    """Start it; with `piped` its input and output are pipes, and only its errors go to the log.

    Call it from the one thread of the drill: the kernel ends the child when the thread that forked it ends.
    """
    try:
        with program.log.open("ab") as log:
            return subprocess.Popen(
                program.argv,
                cwd=program.folder,
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
                # Ctrl-C in the terminal is for the drill, which ends its children in order.
                process_group=0,
                preexec_fn=_prepare(program.network),  # noqa: PLW1509 - the drill has one thread
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise DrillError(f"{program.argv[0]} cannot be started: {error}.") from error


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill it at once, paused or not, and wait until it is gone."""
    process.kill()
    process.wait()


def signal_to(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Signal it; one that has ended already is left alone."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


async def ended(process: "subprocess.Popen[bytes]", patience: float) -> bool:
    """Wait for its end without blocking the loop; False when the patience is over first."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110 - a process ends without an event
        await asyncio.sleep(0.01)
    return process.poll() is not None


def last_lines(log: Path, count: int = 5) -> tuple[str, ...]:
    """The end of a log."""
    try:
        text = log.read_bytes()[-8192:].decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-count:]


def _prepare(network: int | None) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        kernel.die_with_parent(parent)
        if network is not None:
            kernel.enter(network)

    return prepare
