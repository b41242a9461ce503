"""`quorate drill` on the command line: wrong usage is exit code 64, before anything is started."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--faults", "earthquake"], "'earthquake' is none of kill-master"),
        (["--sentinels", "quorate,quorate,d"], "none of quorate, c, c-valkey"),
        (["--sentinels", "quorate"], "three sentinels at least"),
        (["--allow", "kill"], "--allow is for --cluster"),
        (["--cluster", "127.0.0.1:26379"], "Say with --allow"),
        (["--cluster", "127.0.0.1:26379", "--allow", "everything"], "'everything' is none of kill, stop, failover"),
        (["--cluster", "127.0.0.1:26379", "--allow", "kill", "--compare", "c"], "not for --cluster"),
        (["--cluster", "nonsense:0", "--allow", "kill"], "is not HOST:PORT"),
        (["--rounds", "0"], "--rounds"),
        (["--json", "/nonexistent/x.json"], "/nonexistent/x.json cannot be written"),
        (["--html", "/nonexistent/x.html"], "/nonexistent/x.html cannot be written"),
    ],
)
def test_wrong_usage(options: list[str], complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quorate", "drill", *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert complaint in done.stderr.replace("\n", " ")


def test_help_lists_every_fault() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quorate", "drill", "--help"], capture_output=True, text=True, check=True
    )
    for name in ("kill-master", "partition-one-way", "disk-full-sentinel", "rolling-restart", "failover"):
        assert name in done.stdout
