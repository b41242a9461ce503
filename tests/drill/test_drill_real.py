"""The short drill, about three minutes in all: real servers, real sentinels, real faults, and nothing lost unexplained.

In three parts, so that each ends within the limit for one test. Where network namespaces are not allowed, those parts
that need them are skipped with the reason; the faults of processes are drilled on loopback everywhere.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

_ASK = "from quorate.drill.ground import take_privileges; print(take_privileges())"


def drill(folder: Path, *options: str) -> tuple[int, dict[str, object], str]:
    """Run `quorate drill`; its exit code, its JSON, what it printed."""
    command = [
        sys.executable,
        "-m",
        "quorate",
        "drill",
        "--rate",
        "100",
        "--json",
        str(folder / "drill.json"),
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    output = done.stdout + done.stderr
    assert (folder / "drill.json").exists(), output
    return done.returncode, json.loads((folder / "drill.json").read_text()), output


def outcomes(report: dict[str, object]) -> list[dict[str, object]]:
    runs = report["runs"]
    assert isinstance(runs, list)
    found = runs[0]["outcomes"]
    assert isinstance(found, list)
    return found


@pytest.fixture
def namespaces() -> None:
    """Skips where the system does not allow what a network per node needs."""
    why = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=True).stdout.strip()
    if why:
        pytest.skip(why)


@pytest.mark.parametrize(
    "faults",
    [
        ("partition-master", "disk-full-sentinel", "loss"),
        ("stop-master", "kill-sentinel", "reject-master"),
    ],
    ids="+".join,
)
def test_nothing_is_lost_without_a_reason(namespaces: None, tmp_path: Path, faults: Sequence[str]) -> None:
    code, report, output = drill(tmp_path, "--faults", ",".join(faults))
    assert code == 0, output
    assert report["good"] is True
    done = outcomes(report)
    left_out = report["conditions"]
    assert isinstance(left_out, dict)
    assert {str(one["fault"]) for one in done} | set(left_out["left_out"]) == set(faults)
    for one in done:
        assert one["whole_after"] is not None, output
        assert one["complaints"] == []


def test_on_loopback_it_says_what_it_leaves_out(tmp_path: Path) -> None:
    faults = "kill-master,restart-all,partition-master"
    code, report, output = drill(
        tmp_path, "--loopback", "--faults", faults, "--path", "raw", "--html", str(tmp_path / "drill.html")
    )
    assert code == 0, output
    assert "partition-master is left out: switched off with --loopback" in output
    assert {str(one["fault"]) for one in outcomes(report)} == {"kill-master", "restart-all"}
    assert (tmp_path / "drill.html").read_text().startswith("<!doctype html>")


def test_kill_9_of_the_drill_leaves_no_process_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quorate", "drill", "--faults", "kill-replica", "--keep", str(tmp_path / "kept")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while len(family := _with_text(str(tmp_path))) < 7:
            assert time.monotonic() < deadline, family
            time.sleep(0.1)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 10
    while left := _with_text(str(tmp_path)):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def _with_text(text: str) -> list[int]:
    """Processes with this text in their command line, or their folder beneath it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
                folder = str((entry / "cwd").readlink())
            except OSError:
                continue
            if text in command or folder.startswith(text):
                found.append(int(entry.name))
    return found
