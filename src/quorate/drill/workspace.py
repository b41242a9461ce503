"""The folder of a drill: kept where somebody wants it, else temporary, and never left behind for long."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quorate.drill.trouble import DrillError

_PREFIX = "quorate-drill-"
_LOCK = "lock"


@contextmanager
def workspace(keep: Path | None) -> Iterator[Path]:
    """A folder for files and logs; removed at the end unless `keep` names it.

    A temporary one is locked while its drill lives. What a drill that was killed left behind, the next one removes:
    processes, networks and mounts are gone with it already, and only the folder remains.
    """
    remove_leftovers(Path(tempfile.gettempdir()))
    if keep is not None:
        if keep.exists() and any(keep.iterdir()):
            raise DrillError(f"{keep} is not empty.", "Give --keep a folder that does not exist yet.")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_leftovers(parent: Path) -> list[Path]:
    """Remove the folders of drills that are no more; those that were."""
    removed = []
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(folder)
            finally:
                os.close(lock)
    return removed
