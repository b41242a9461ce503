"""A save that fails or dies at its n-th system call: `os` with a saboteur in it.

Run as a program it tries every n in a process of its own (`python -m tests.runtime.saboteur FOLDER [in-place] [torn]`)
and prints a line of JSON for each: where the save died, and what the next start reads.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from errno import EBUSY
from pathlib import Path
from typing import Any

from quorate.runtime import store_copy
from quorate.runtime.store import Store, StoreError

OLD = b"# old\nsentinel monitor m 127.0.0.1 1 1\n" * 20
TRIED = b"# tried, and never done\nsentinel monitor m 127.0.0.2 1 1\n" * 30
NEW = b"# new\nsentinel monitor m 127.0.0.3 1 1\n" * 40

CALLS = ("open", "write", "fsync", "fchmod", "fchown", "rename", "close", "unlink", "ftruncate")
"""What a save calls that can fail."""

Act = Callable[[str, tuple[Any, ...]], Any]


@dataclass(slots=True)
class Saboteur:
    """Counts the calls of a save, and at the `at`-th does something else first."""

    at: int
    act: Act
    count: int = 0
    called: list[str] = field(default_factory=list)

    def call(self, name: str, right: Callable[..., Any], arguments: tuple[Any, ...], words: dict[str, Any]) -> object:
        """In place of a function of os."""
        self.count += 1
        self.called.append(name)
        if self.count == self.at:
            instead = self.act(name, arguments)
            if instead is not None:
                return instead
        # What was written outlives a process without it, and the disks of test machines are slow.
        return None if name == "fsync" else right(*arguments, **words)


@contextmanager
def sabotaged(saboteur: Saboteur) -> Generator[None]:
    """All calls go by the saboteur."""
    originals = {name: getattr(os, name) for name in CALLS}
    for name, right in originals.items():
        call = lambda *a, _name=name, _right=right, **w: saboteur.call(_name, _right, a, w)  # noqa: E731 - nine of them
        setattr(os, name, call)
    try:
        yield
    finally:
        for name, right in originals.items():
            setattr(os, name, right)


@contextmanager
def no_rename_over(path: Path) -> Generator[None]:
    """As if the file were mounted by itself: nothing can be renamed over it."""
    right = os.rename

    def rename(source: str | Path, target: str | Path) -> None:
        if Path(target) == path:
            raise OSError(EBUSY, os.strerror(EBUSY))
        right(source, target)

    os.rename = rename  # type: ignore[assignment]
    try:
        yield
    finally:
        os.rename = right


def failing(number: int) -> Act:
    """The call fails with this errno; a write has written half of its bytes by then."""

    def act(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "write":
            _half(*arguments)
        raise OSError(number, os.strerror(number))

    return act


def stingy(name: str, arguments: tuple[Any, ...]) -> int | None:
    """A write takes only half of what it is given, as a disk may."""
    return _half(*arguments) if name == "write" else None


def deadly(name: str, arguments: tuple[Any, ...]) -> None:
    """Kill -9; a write has written half of its bytes by then."""
    if name == "write":
        _half(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)


def _half(handle: int, data: bytes | memoryview) -> int:
    # By another door: the saboteur sits at os.write.
    return os.pwrite(handle, data[: len(data) // 2], os.lseek(handle, 0, os.SEEK_CUR)) and _advance(
        handle, len(data) // 2
    )


def _advance(handle: int, count: int) -> int:
    os.lseek(handle, count, os.SEEK_CUR)
    return count


# --- kill -9 at every call ------------------------------------------------------------------------------------------


def prepare(folder: Path, *, torn: bool) -> Path:
    """A fresh folder with the old file; with `torn` a save in place has failed half-way, and its copy is there."""
    for item in folder.iterdir():
        item.unlink()
    path = folder / "sentinel.conf"
    path.write_bytes(OLD)
    if torn:
        # The open of the file, then all of the copy: the first write that is not the copy's is the file's.
        store_copy.write(store_copy.place_for(path, folder), path, OLD, TRIED)
        path.write_bytes(TRIED[: len(TRIED) // 2] + OLD[len(TRIED) // 2 :])
    return path


def save(path: Path, saboteur: Saboteur, *, in_place: bool) -> None:
    """One start and one save, with the saboteur at work during the save. StoreError."""
    store = Store(str(path))
    store.read()
    with sabotaged(saboteur):
        if in_place:
            with no_rename_over(path):
                store.write(NEW)
        else:
            store.write(NEW)


def name_of(data: bytes) -> str:
    """Which of the texts this is."""
    return {OLD: "old", TRIED: "tried", NEW: "new"}.get(data, f"neither: {data[:40]!r}")


def die_everywhere(folder: Path, *, in_place: bool, torn: bool) -> None:
    """Print what the next start reads after a death at each call, and what lies about after one more save."""
    at = 0
    while True:
        at += 1
        path = prepare(folder, torn=torn)
        child = os.fork()
        if not child:
            with suppress(StoreError):
                save(path, Saboteur(at, deadly), in_place=in_place)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        store = Store(str(path))
        read = name_of(store.read())
        store.write(OLD)
        left = sorted(item.name for item in folder.iterdir())
        print(json.dumps({"at": at, "died": os.WIFSIGNALED(status), "read": read, "left": left}), flush=True)
        if not os.WIFSIGNALED(status):
            return


if __name__ == "__main__":
    die_everywhere(Path(sys.argv[1]), in_place="in-place" in sys.argv, torn="torn" in sys.argv)
