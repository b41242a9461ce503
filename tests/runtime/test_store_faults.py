"""A save that fails or is killed at any of its system calls: the file is then the old or the new one, whole, and the
next start reads it; a disk that recovers is written again without anybody's help.
"""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from quorate.runtime.store import Store, StoreError
from tests.runtime.saboteur import (
    NEW,
    OLD,
    TRIED,
    Saboteur,
    failing,
    name_of,
    no_rename_over,
    prepare,
    sabotaged,
    save,
    stingy,
)

ERRORS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "etc"
    there.mkdir()
    return there


def _calls(folder: Path, *, in_place: bool, torn: bool = False) -> list[str]:
    """The calls of a save that goes well."""
    saboteur = Saboteur(0, stingy)
    save(prepare(folder, torn=torn), saboteur, in_place=in_place)
    return saboteur.called


# --- errors ---------------------------------------------------------------------------------------------------------


def test_the_calls_of_a_save_are_those_that_make_it_durable(folder: Path) -> None:
    replaced = " ".join(_calls(folder, in_place=False))
    assert replaced.startswith("open write fchmod fsync close rename open fsync close")
    written = " ".join(_calls(folder, in_place=True))
    assert "fsync close rename open fsync close write ftruncate fsync close" in written, "the copy first, then the file"


@pytest.mark.parametrize("torn", [False, True], ids=["whole", "torn"])
@pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "in place"])
@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
def test_an_error_at_any_call_leaves_the_old_or_the_new_file(
    folder: Path, number: int, in_place: bool, torn: bool
) -> None:
    calls = _calls(folder, in_place=in_place, torn=torn)
    before = {"tried"} if torn else {"old"}
    for at in range(1, len(calls) + 1):
        path = prepare(folder, torn=torn)
        allowed = {"new"}
        try:
            save(path, Saboteur(at, failing(number)), in_place=in_place)
        except StoreError as error:
            allowed |= before
            said = str(error)
        else:
            said = os.strerror(number)
        assert os.strerror(number) in said or "Device or resource busy" in said, f"call {at}, {calls[at - 1]}: {said}"
        again = Store(str(path))
        read = name_of(again.read())
        assert read in allowed, f"error at call {at}, {calls[at - 1]}"
        with no_rename_over(path) if in_place else sabotaged(Saboteur(0, stingy)):
            again.write(NEW)
        assert name_of(Store(str(path)).read()) == "new"
        assert _remains(folder) == {"sentinel.conf"}


@pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "in place"])
def test_a_store_that_failed_at_any_call_saves_again_by_itself(folder: Path, in_place: bool) -> None:
    for at in range(1, len(_calls(folder, in_place=in_place)) + 1):
        path = prepare(folder, torn=False)
        store = Store(str(path))
        store.read()
        with no_rename_over(path) if in_place else sabotaged(Saboteur(0, stingy)):
            try:
                with sabotaged(Saboteur(at, failing(errno.ENOSPC))):
                    store.write(TRIED)
            except StoreError:
                # What is torn by ourselves is no edit of an operator, to be kept in the next save.
                assert not store.changed() or path.read_bytes() in (OLD, TRIED)
            store.write(NEW)
        assert path.read_bytes() == NEW
        assert not store.changed()
        assert name_of(Store(str(path)).read()) == "new"


@pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "in place"])
def test_a_disk_that_takes_only_half_at_a_time_gets_everything(folder: Path, in_place: bool) -> None:
    for at, name in enumerate(_calls(folder, in_place=in_place), 1):
        if name == "write":
            path = prepare(folder, torn=False)
            save(path, Saboteur(at, stingy), in_place=in_place)
            assert path.read_bytes() == NEW


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EBADF], ids=lambda number: errno.errorcode[number])
def test_a_file_system_that_cannot_sync_directories_is_no_failure(folder: Path, number: int) -> None:
    """Some network and user-space file systems; C Sentinel saves there too."""
    calls = _calls(folder, in_place=False)
    at = len(calls) - calls[::-1].index("fsync")
    path = prepare(folder, torn=False)
    save(path, Saboteur(at, failing(number)), in_place=False)
    assert path.read_bytes() == NEW


# --- kill -9 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [False, True], ids=["whole", "torn"])
@pytest.mark.parametrize("in_place", [False, True], ids=["replaced", "in place"])
def test_death_at_any_call_leaves_the_old_or_the_new_file(folder: Path, in_place: bool, torn: bool) -> None:
    words = [word for word, said in (("in-place", in_place), ("torn", torn)) if said]
    command = [sys.executable, "-m", "tests.runtime.saboteur", str(folder), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(deaths) > 8
    assert [death["died"] for death in deaths] == [True] * (len(deaths) - 1) + [False]
    # After a torn write its copy counts: what was never promised may be there, but never half of it.
    allowed = {"tried", "new"} if torn else {"old", "new"}
    for death in deaths:
        assert death["read"] in allowed, death
        assert {name for name in death["left"] if not name.endswith(".quorate-damaged")} == {"sentinel.conf"}, death
    reads = [death["read"] for death in deaths]
    assert reads == sorted(reads, key=lambda word: word == "new"), "once new, always new"
    assert reads[-1] == "new"


# --- real disks -----------------------------------------------------------------------------------------------------


@contextmanager
def _small_disk(at: Path) -> Generator[None]:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(at)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


@pytest.mark.real
def test_a_disk_that_turns_read_only_and_back(folder: Path) -> None:
    with _small_disk(folder):
        path = folder / "sentinel.conf"
        path.write_bytes(OLD)
        store = Store(str(path))
        store.read()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        with pytest.raises(StoreError, match="Read-only file system"):
            store.write(NEW)
        assert path.read_bytes() == OLD
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        store.write(NEW)
        assert path.read_bytes() == NEW
        assert _remains(folder) == {"sentinel.conf"}


@pytest.mark.real
def test_a_disk_that_fills_up_at_every_size_in_turn(folder: Path) -> None:
    """Whatever room is left, what is there afterwards can be started from."""
    with _small_disk(folder):
        path = folder / "sentinel.conf"
        big = OLD * 12
        for room in range(12):
            path.write_bytes(OLD)
            store = Store(str(path))
            store.read()
            filler = folder / "filler"
            filler.write_bytes(b"x" * 4096 * (15 - room))
            expected = big
            try:
                store.write(big)
            except StoreError:
                expected = OLD
            assert path.read_bytes() == expected, f"{room} pages were free"
            assert _remains(folder) == {"sentinel.conf", "filler"}
            filler.unlink()


# --- a copy of a torn file ------------------------------------------------------------------------------------------


def test_a_second_save_in_place_does_not_make_a_torn_file_believable(folder: Path) -> None:
    """The copy of the second save says what it replaces; a torn file must not be that."""
    calls = _calls(folder, in_place=True, torn=True)
    path = prepare(folder, torn=True)
    torn = path.read_bytes()
    # The copy is written and durable; the file itself, which is written last, takes nothing.
    with pytest.raises(StoreError, match="No space left on device"):
        save(path, Saboteur(len(calls) - calls[::-1].index("write"), _refusing), in_place=True)
    assert path.read_bytes() == torn
    assert name_of(Store(str(path)).read()) == "new"


def _refusing(name: str, arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _remains(folder: Path) -> set[str]:
    return {item.name for item in folder.iterdir() if not item.name.endswith(".quorate-damaged")}
