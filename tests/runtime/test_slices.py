"""A sentinel asks the system to be run briefly and soon, and changes nothing else about how it is run."""

import os
import subprocess
import sys

import pytest

from quorate.runtime.slices import SLICE_NS, slice_of
from tests.runtime.spawned import Process

pytestmark = pytest.mark.skipif(
    not slice_of(0), reason="no slices of one's own: that takes Linux 6.12 on x86_64 or arm64"
)


def asked(prelude: str) -> str:
    """What comes of it in a process of its own that has done something before."""
    program = f"""
import os
from quorate.runtime.slices import ask_for_short_slices, slice_of
{prelude}
print(ask_for_short_slices(), slice_of(0), os.nice(0), os.sched_getscheduler(0))
"""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_only_the_slice_changes() -> None:
    nice = min(os.nice(0) + 5, 19)
    assert asked("os.nice(5)") == f"True {SLICE_NS} {nice} 0"


def test_who_was_told_how_to_run_is_left_alone() -> None:
    answer = asked("os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))")
    assert answer.startswith("False ")
    assert answer.endswith(f" {os.nice(0)} {os.SCHED_BATCH}")


def test_a_sentinel_asks(sentinel: Process) -> None:
    process = sentinel.start()
    sentinel.await_answer()
    assert slice_of(process.pid) == SLICE_NS
