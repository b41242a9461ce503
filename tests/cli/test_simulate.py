"""`quorate simulate` as a person calls it: what it prints, and its exit codes."""

import json
import subprocess
import sys
from pathlib import Path


def simulate(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "quorate", "simulate", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_several_seeds_are_reported_as_one(tmp_path: Path) -> None:
    (tmp_path / "first.txt").write_text("# once failed\n12  # why\n")
    done = simulate("--seeds", "1", "--jobs", "2", "--first-seeds", "first.txt", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
    said = json.loads(done.stdout)
    assert said["seeds"] == 2
    assert said["violations"] == []
    assert said["counts"]["virtual seconds"] >= 240


def test_nonsense_is_a_usage_error(tmp_path: Path) -> None:
    for words in (("--seed", "1", "--seeds", "2"), ("--minutes", "1")):
        assert simulate(*words, folder=tmp_path).returncode == 64
