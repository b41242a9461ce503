"""The configuration file on disk: atomic and durable saves, or the next best thing with a safety copy."""

import asyncio
import errno
import os
import queue
import stat
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from quorate.conf.lines import BLANKS, split
from quorate.conf.rewrite import Document
from quorate.model.saved import SaveDelta
from quorate.runtime import store_copy

# A file that is mounted by itself cannot be renamed over (EBUSY); in a directory that we may not write, none can.
_NO_RENAME = {errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV}
_DAMAGED = ".quorate-damaged"


class StoreError(Exception):
    """The file could not be made durable. `str()` says what failed, what it means, and what to do about it."""


class Store:
    """One configuration file. All methods block: call them from the worker thread, or before the loop runs."""

    def __init__(self, path: str) -> None:
        """`path` is made absolute at once, since `dir` may move the process; a symbolic link is followed and kept."""
        self.path = Path(os.path.realpath(path))
        self.note = ""
        """What `read` found amiss and put right, for the log; "" when nothing was."""
        self._directories = [self.path.parent]
        self._seen: tuple[int, int, int, int] | None = None
        self._swept = False
        # Asked for once and early: asking sets it for an instant, for all threads.
        self._new_mode = 0o644 & ~_umask()

    def read(self) -> bytes:
        """The bytes of the file; where an in-place write was cut short, those of its safety copy. OSError.

        Such a file is kept as FILE.quorate-damaged, because an operator may have edited it since.
        """
        data = self._load()
        cwd = Path.cwd()
        places = [store_copy.place_for(self.path, there) for there in (*self._directories, *_directories(data), cwd)]
        copy = store_copy.find(dict.fromkeys(places), self.path)
        if copy is None:
            return data
        if not store_copy.is_torn(copy, data):
            # The write never began, or was complete: nothing is torn, and nothing was promised meanwhile.
            store_copy.remove([copy.place])
            return data
        self._directories.append(copy.place.parent)
        self.note = f"{self.path} was damaged by a save that was cut short; its content was read from {copy.place}"
        damaged = copy.place.with_name(self.path.name + _DAMAGED)
        with suppress(OSError):
            store_copy.replace_file(damaged, data, 0o600)
            self.note += f", and the damaged file is kept as {damaged}"
        return copy.data

    def reread(self) -> bytes:
        """The bytes of a file that somebody else edited while we run. OSError."""
        return self._load()

    def copies_in(self, directory: str) -> None:
        """Name a second place (`dir`) for safety copies of in-place writes."""
        there = Path(os.path.realpath(directory))
        if there not in self._directories:
            self._directories.append(there)

    def check_writable(self) -> None:
        """Raise StoreError if no way of saving can work. Changes nothing that lasts."""
        beside = _may_create_in(self.path.parent)
        if beside is None and not _is_mount(self.path):
            return
        try:
            os.close(os.open(self.path, os.O_WRONLY))
        except OSError as error:
            raise self._hopeless(beside or error, error) from error
        problems = [_may_create_in(directory) for directory in self._directories]
        if all(problem is not None for problem in problems):
            raise self._no_copy(problems[-1])

    def write(self, data: bytes) -> None:
        """Replace the file durably, its mode and owner kept.

        Raises StoreError: then the old content is still whole on disk, or, if an in-place write failed half-way, a
        safety copy is that the next `read` finds.
        """
        try:
            self._replace(data)
        except OSError as error:
            if error.errno not in _NO_RENAME:
                raise StoreError(
                    f"Cannot save {self.path}: {error.strerror}. The file still has the state of the last good save; "
                    f"no vote and no promotion can be made durable until {self.path.parent} takes a new file."
                ) from error
            self._write_in_place(data, error)
        store_copy.remove(self._places())
        self._look()
        if not self._swept:
            # Not before the first save: until then another process may be at work on this file.
            self._swept = True
            store_copy.sweep([self.path, *self._places()])

    def changed(self) -> bool:
        """True if somebody else wrote the file since our last `read` or `write`; False also if it is gone."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return self._seen is not None and _identity(found) != self._seen

    def _load(self) -> bytes:
        with self.path.open("rb") as file:
            data = file.read()
            self._seen = _identity(os.fstat(file.fileno()))
        return data

    def _look(self) -> None:
        with suppress(OSError):
            self._seen = _identity(self.path.stat())

    def _places(self) -> list[Path]:
        return [store_copy.place_for(self.path, directory) for directory in self._directories]

    def _replace(self, data: bytes) -> None:
        mode, owner = self._new_mode, None
        with suppress(FileNotFoundError):
            found = self.path.stat()
            mode, owner = stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid)
        store_copy.replace_file(self.path, data, mode, owner)

    def _write_in_place(self, data: bytes, no_rename: OSError) -> None:
        try:
            handle = os.open(self.path, os.O_RDWR)
        except OSError as error:
            raise self._hopeless(no_rename, error) from error
        try:
            self._keep_copy(self.path.read_bytes(), data)
            # Truncated last: until then the old blocks are there, and the disk need not find new ones.
            store_copy.write_all(handle, data)
            os.ftruncate(handle, len(data))
            os.fsync(handle)
        except OSError as error:
            raise StoreError(
                f"Cannot save {self.path} in place: {error.strerror}. The file may be damaged now; the next start "
                f"reads its safety copy, beside it or in `dir`."
            ) from error
        finally:
            # What is synced is safe, whatever closing says.
            with suppress(OSError):
                os.close(handle)
            # Even a damaged file is our own work: it must not be taken for an operator's edit.
            self._look()

    def _keep_copy(self, old: bytes, new: bytes) -> None:
        """Write the copy to every place that takes it: beside the file may be the part of a container that is lost."""
        problem: OSError | None = None
        kept = 0
        # If the last such write was cut short and its copy is still all there is, the file is nothing to go back to.
        torn = store_copy.is_torn(store_copy.find(self._places(), self.path), old)
        for place in self._places():
            try:
                store_copy.write(place, self.path, None if torn else old, new)
                kept += 1
            except OSError as error:
                problem = error
        if not kept:
            raise self._no_copy(problem)

    def _hopeless(self, no_rename: OSError, no_write: OSError) -> StoreError:
        return StoreError(
            f"Cannot save {self.path}: replacing it failed ({no_rename.strerror}), and so did writing into it "
            f"({no_write.strerror}). A sentinel must remember its votes and the current masters across a crash. Mount "
            f"the directory {self.path.parent} writable, and not only the file in it."
        )

    def _no_copy(self, problem: OSError | None) -> StoreError:
        tried = " and ".join(str(directory) for directory in self._directories)
        return StoreError(
            f"Cannot save {self.path}: it cannot be replaced, and writing into it needs a safety copy, for which no "
            f"directory is writable (tried {tried}: {problem.strerror if problem else 'none'}). Mount the directory "
            f"{self.path.parent} writable, or name a writable one with `dir`."
        )


class Saver:
    """Runs saves one at a time on a thread of its own and reports on the loop."""

    def __init__(self, store: Store, document: Document, loop: asyncio.AbstractEventLoop) -> None:
        self._store = store
        self._document = document
        self._loop = loop
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, delta: SaveDelta, users: Sequence[str] | None, done: Callable[[int, str | None], None]) -> None:
        """Apply, render, write; then call `done(revision, reason)` on the loop, `reason` None for success.

        One save may be in flight (the driver sees to it). `users` as for `Document.apply`.
        """
        if self._thread is None:
            # A daemon thread: a disk that hangs must not keep a process from ending.
            self._thread = threading.Thread(target=self._run, name="saver", daemon=True)
            self._thread.start()
        kept = None if users is None else tuple(users)
        self._jobs.put(lambda: self._save(delta, kept, done))

    def close(self, timeout: float = 1.0) -> None:
        """Wait up to `timeout` seconds for a save in flight, and end the thread."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout)
            self._thread = None

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def _save(self, delta: SaveDelta, users: Sequence[str] | None, done: Callable[[int, str | None], None]) -> None:
        reason: str | None = None
        try:
            self.save_now(delta, users)
        except (StoreError, OSError) as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001  # whoever waits for this save must hear of it, whatever went wrong
            reason = f"{type(error).__name__}: {error}"
        # The loop may have ended while the disk was busy; then nobody waits any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(done, delta.revision, reason)

    def save_now(self, delta: SaveDelta, users: Sequence[str] | None = None) -> None:
        """The same at once, on the calling thread. Raises StoreError or OSError."""
        if self._store.changed():
            self._document.rebase(self._store.reread())
        self._document.apply(delta, users)
        self._store.write(self._document.render())


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _umask() -> int:
    """The process's umask; there is no way to ask for it without setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _may_create_in(directory: Path) -> OSError | None:
    """What stands against a new file in a directory, None if nothing does."""
    try:
        handle, name = tempfile.mkstemp(prefix=".quorate-probe.", dir=directory)
    except OSError as error:
        return error
    os.close(handle)
    Path(name).unlink()
    return None


def _is_mount(path: Path) -> bool:
    """True if the file itself is mounted, as containers do with single files. Known on Linux only."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return False
    # Blanks in these paths are written as octal escapes.
    wanted = os.fsencode(path)
    for plain, escaped in ((b"\\", b"\\134"), (b" ", b"\\040"), (b"\t", b"\\011"), (b"\n", b"\\012")):
        wanted = wanted.replace(plain, escaped)
    return any(fields[4] == wanted for line in mounts.splitlines() if len(fields := line.split(b" ")) > 4)


def _directories(data: bytes) -> list[Path]:
    """Every `dir` that a file names, also a damaged one: a safety copy may lie there."""
    found = []
    for line in data.split(b"\n"):
        words = split(line.strip(BLANKS)) if line.lower().lstrip(BLANKS).startswith(b"dir") else None
        if words and len(words) == 2 and words[0].lower() == b"dir" and b"\0" not in words[1]:
            found.append(Path(os.path.realpath(os.fsdecode(words[1]))))
    return found
