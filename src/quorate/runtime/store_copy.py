"""Safety copies: what is about to be written over a file in place, kept where a crash in the middle cannot reach it.

A copy is one line of JSON (digests of the new and of the old content, and the file's path) and then the new content.
It exists only from before an in-place write until that write is durable, so finding one means a crash or a failure.
"""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".quorate-copy"

_UNFINISHED = ".quorate-new."
"""In the names of files that are not complete yet; whoever finds one finds what a crash left behind."""

# Some network and user-space file systems cannot sync a directory; there names are durable by themselves or never.
_NO_DIRECTORY_SYNC = {errno.EINVAL, errno.EBADF}


@dataclass(frozen=True, slots=True)
class Copy:
    """A whole copy as found on disk. `data` is the new content, `replaces` the digest of the old one."""

    place: Path
    data: bytes
    replaces: str
    written: int


def digest(data: bytes) -> str:
    """The checksum that tells contents apart."""
    return hashlib.sha256(data).hexdigest()


def place_for(path: Path, directory: Path) -> Path:
    """Where the copy of `path` lies in `directory`; elsewhere than beside it the name tells files of one name apart."""
    if directory == path.parent:
        return directory / (path.name + SUFFIX)
    mark = digest(os.fsencode(path))[:8]
    return directory / f"{path.name}.{mark}{SUFFIX}"


def write(place: Path, path: Path, old: bytes | None, new: bytes) -> None:
    """Put a durable copy at `place`, replacing an earlier one only when the new one is whole. OSError.

    `old` None: what stands in the file now is torn already, and must never be believed.
    """
    head = {
        "copy-of": os.fsencode(path).hex(),
        "sha256": digest(new),
        "replaces": "" if old is None else digest(old),
    }
    replace_file(place, json.dumps(head).encode() + b"\n" + new, 0o600)


def find(places: Iterable[Path], path: Path) -> Copy | None:
    """The latest whole copy for `path` among the places, None if there is none."""
    found = [copy for place in places if (copy := _read(place, path)) is not None]
    return max(found, key=lambda copy: copy.written, default=None)


def is_torn(copy: Copy | None, data: bytes) -> bool:
    """Whether `data`, found where the copy belongs, is neither what was there before nor what was to be written."""
    return copy is not None and digest(data) not in {copy.replaces, digest(copy.data)}


def remove(places: Iterable[Path]) -> None:
    """Forget the copies; those that cannot be removed are left, and recognised as done by their digest."""
    for place in places:
        with suppress(OSError):
            place.unlink()


def replace_file(path: Path, data: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Write a temporary file beside `path`, make it durable, rename it over `path`, make the name durable. OSError."""
    handle, name = tempfile.mkstemp(prefix=path.name + _UNFINISHED, dir=path.parent)
    try:
        try:
            write_all(handle, data)
            os.fchmod(handle, mode)
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                # Whoever may replace a file but not give it away still saves; C never keeps the owner.
                with suppress(PermissionError):
                    os.fchown(handle, *owner)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.rename(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    sync_directory(path.parent)


def sweep(paths: Iterable[Path]) -> None:
    """Remove what crashes left of unfinished replacements of these files; nobody may be writing them now."""
    for path in paths:
        with suppress(OSError):
            for name in os.listdir(path.parent):
                if name.startswith(path.name + _UNFINISHED):
                    (path.parent / name).unlink()


def write_all(handle: int, data: bytes) -> None:
    """Write everything; a disk may take less than it is given."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def sync_directory(directory: Path) -> None:
    """Make names in a directory durable. OSError."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_DIRECTORY_SYNC:
            raise
    finally:
        os.close(handle)


def _read(place: Path, path: Path) -> Copy | None:
    try:
        head_line, _, data = place.read_bytes().partition(b"\n")
        head = json.loads(head_line)
        whole = head["sha256"] == digest(data) and bytes.fromhex(head["copy-of"]) == os.fsencode(path)
        return Copy(place, data, str(head["replaces"]), place.stat().st_mtime_ns) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
