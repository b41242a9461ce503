"""What reading a configuration asks of this machine: other files, directories, and whether a script may run."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from quorate.commands.acl import check_line
from quorate.model.settings import Mode


class Machine:
    """The real surroundings of `conf.load`. Entering a directory moves the whole process, as `dir` always did."""

    def __init__(self, mode: Mode) -> None:
        """`mode` decides which ACL rules exist."""
        self._mode = mode

    def included(self, pattern: str) -> Sequence[tuple[str, bytes]]:
        """The files that an `include` names; a pattern may name none, a plain path must exist. OSError."""
        paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        return [(path, Path(path).read_bytes()) for path in paths]

    def enter(self, directory: str) -> str:
        """Change the working directory and give its full path. OSError."""
        os.chdir(directory)
        return str(Path.cwd())

    def is_executable(self, path: str) -> bool:
        """True for what access(2) lets us execute, which for a directory it does too, as in C Sentinel."""
        return is_executable(path)

    def check_user(self, words: Sequence[str]) -> str | None:
        """What is wrong with the words after `user`, or None."""
        return check_line(words, self._mode)


def is_executable(path: str) -> bool:
    """True if we may execute the file at `path`."""
    try:
        return os.access(path, os.X_OK)
    except ValueError:
        return False
