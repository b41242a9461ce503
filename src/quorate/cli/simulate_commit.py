"""Which commit a run of many seeds says something about."""

import subprocess
from pathlib import Path

import quorate

UNKNOWN = "unknown"


def commit() -> str:
    """The commit of this source tree, `-dirty` behind it if its src/ has changed since; `unknown` outside of one."""
    here = Path(quorate.__file__).parent
    head = _git(here, "rev-parse", "HEAD")
    if not head:
        return UNKNOWN
    return head + "-dirty" * bool(_git(here, "status", "--porcelain", "."))


def _git(folder: Path, *words: str) -> str:
    """What Git says, "" if it is not there or has nothing to say."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
