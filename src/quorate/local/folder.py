"""The directory of a cluster: its plan, its lock, its members' files; and how other commands find a running one.

DIR/cluster.json      the plan
DIR/up.lock           locked by a running `quorate up`, holds its process id
DIR/server-6379/      a server's configuration, data and log
DIR/sentinel-26379/   a sentinel's configuration and log
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quorate.local.plan import Kind, Member, Plan
from quorate.local.resume import Remains, follows
from quorate.local.trouble import LocalError

_PLAN, _LOCK = "cluster.json", "up.lock"


@dataclass(frozen=True, slots=True)
class Folder:
    """One directory. It and everything in it are for its owner alone, since the files hold the password."""

    path: Path

    def create(self) -> None:
        """Make the directory if need be. Raises LocalError if we cannot write there."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
        except OSError as error:
            raise LocalError(f"{self.path} cannot be written to: {error.strerror}.", "Choose another --dir.") from error

    def plan(self) -> Plan | None:
        """The plan of the cluster that lives here; None in a new directory. Raises LocalError for a broken file."""
        try:
            return Plan.from_json((self.path / _PLAN).read_text("utf-8", "surrogateescape"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise LocalError(f"{self.path / _PLAN} cannot be read: {error}.") from error

    def write_plan(self, plan: Plan) -> None:
        write(self.path / _PLAN, plan.to_json())

    def lock(self) -> int:
        """Take the lock for as long as this process lives; the descriptor. Raises LocalError if another one has it."""
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            owner = self.owner() or "unknown"
            raise LocalError(
                f"A cluster is already running in {self.path} (process {owner}).",
                f"Look at it with `quorate status`, stop it with `quorate down --dir {self.path}`.",
            ) from None
        self.sign(descriptor)
        return descriptor

    def sign(self, descriptor: int) -> None:
        """Write our process id into the lock."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def owner(self) -> int | None:
        """The process that runs the cluster of this directory; None when nobody does."""
        try:
            with (self.path / _LOCK).open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    text = file.read(20)
                    return int(text) if text.isdigit() else None
        except OSError:
            return None
        return None

    def of(self, member: Member) -> Path:
        return self.path / member.folder

    def conf(self, member: Member) -> Path:
        return self.of(member) / ("redis.conf" if member.kind is Kind.SERVER else "sentinel.conf")

    def read_conf(self, member: Member) -> str | None:
        """A member's configuration as it is now, rewritten by itself or not."""
        try:
            return self.conf(member).read_text("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def remains(self, member: Member) -> Remains:
        """What a server left behind."""
        conf = self.read_conf(member) or ""
        return Remains(member.port, follows(conf), _newest_data(self.of(member)))

    def set_aside(self, member: Member) -> Path:
        """Copy a server's data beside it, before it becomes a replica and is overwritten."""
        import shutil  # noqa: PLC0415 - needed once in the life of few clusters

        number = 1
        while (target := self.path / f"{member.folder}.set-aside-{number}").exists():
            number += 1
        shutil.copytree(self.of(member), target)
        return target


def write(path: Path, text: str) -> None:
    """Replace a file in one step; for its owner alone. An OSError names the file, also that of a full disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    draft.replace(path)


def register(path: Path) -> Path:
    """Tell `status`, `failover` and `down` of a running cluster; the entry, to be removed at the end. LocalError."""
    try:
        entry = _register() / f"{os.getpid()}.json"
        write(entry, json.dumps({"directory": str(path)}))
    except OSError as error:
        hint = "Set QUORATE_RUN_DIR to a directory of your own."
        raise LocalError(f"{error.filename} cannot be written: {error.strerror}.", hint) from error
    return entry


def unregister(entry: Path) -> None:
    """The cluster has ended."""
    with contextlib.suppress(OSError):
        entry.unlink()


def running() -> list[Folder]:
    """The clusters that run here under this user, the latest first. Entries of dead ones are removed."""
    found: list[tuple[float, Folder]] = []
    for entry in _entries():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            folder = Folder(Path(json.loads(entry.read_text("utf-8"))["directory"]))
            if folder.owner() == int(entry.stem):
                found.append((entry.stat().st_mtime, folder))
                continue
        with contextlib.suppress(OSError):
            entry.unlink()
    return [folder for _, folder in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _entries() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from list(_register().glob("*.json"))


def _register() -> Path:
    """A directory of this user alone: QUORATE_RUN_DIR, else under XDG_RUNTIME_DIR, else in the temporary directory.

    In a shared temporary directory somebody else might have made it first; such a directory is not trusted.
    """
    given = os.environ.get("QUORATE_RUN_DIR")
    base = os.environ.get("XDG_RUNTIME_DIR")
    path = Path(given) if given else Path(base) / "quorate" if base else _shared()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise LocalError(f"{path} belongs to somebody else.", "Set QUORATE_RUN_DIR to a directory of your own.")
    return path


def _shared() -> Path:
    return Path(tempfile.gettempdir()) / f"quorate-{os.getuid()}"


def _newest_data(folder: Path) -> float | None:
    """When the append-only files or the snapshot changed last; None when there are none."""
    times = [
        path.stat().st_mtime
        for pattern in ("appendonlydir/*.aof", "appendonlydir/*.rdb", "dump.rdb", "appendonly.aof")
        for path in folder.glob(pattern)
    ]
    return max(times, default=None)
