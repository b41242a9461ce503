"""The files that the servers of a suite write: what each unit added to them, and what must stay empty."""

from collections.abc import Iterator
from pathlib import Path

_TAIL_LINES = 25

# Every other line of a sentinel's log, and never the one that explains anything.
_SAVED = "new configuration saved on disk"


class Logs:
    """Follows the logs below the harness's temporary directory from unit to unit."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._seen: dict[Path, int] = {}

    def mark(self) -> None:
        """What is written from now on belongs to the next unit."""
        for path in self._temporary.glob("*/*.txt"):
            self._seen[path] = path.stat().st_size

    def stderr_of_unit(self) -> list[str]:
        """What anything wrote to its standard error since the mark; the suites allow nothing there."""
        return [f"{self._name(path)}: {line}" for path in self._paths("*/err.txt") for line in _tail(self._added(path))]

    def sentinel_tails(self) -> Iterator[tuple[str, list[str]]]:
        """For each sentinel, the name of its log and the last lines since the mark."""
        for path in self._paths("sentinel_*/log.txt"):
            yield self._name(path), _tail(self._added(path))

    def not_empty(self) -> list[str]:
        """The err.txt files with anything in them, whenever it was written, each with its last lines."""
        return [
            "\n      ".join([f"{self._name(path)} is not empty:", *_tail(path.read_bytes())])
            for path in self._paths("*/err.txt")
            if path.stat().st_size
        ]

    def _paths(self, pattern: str) -> list[Path]:
        return sorted(self._temporary.glob(pattern))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._temporary).as_posix()

    def _added(self, path: Path) -> bytes:
        with path.open("rb") as file:
            file.seek(self._seen.get(path, 0))
            return file.read()


def _tail(written: bytes) -> list[str]:
    lines = written.decode(errors="replace").splitlines()
    return [line for line in lines if not line.endswith(_SAVED)][-_TAIL_LINES:]
