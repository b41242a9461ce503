"""The configuration file on disk: replaced atomically and durably, mode and owner kept, never lost by a torn write."""

import asyncio
import errno
import os
import stat
import subprocess
from collections.abc import Generator, Iterator
from contextlib import chdir, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from quorate.conf.load import load
from quorate.conf.options import Source
from quorate.conf.rewrite import Document
from quorate.model.identity import Epoch, RunId
from quorate.model.saved import SaveDelta
from quorate.runtime import store_copy
from quorate.runtime.store import Saver, Store, StoreError
from quorate.runtime.store_side import SideFile

_OLD = b"# old\nsentinel monitor m 127.0.0.1 1 1\n"
_NEW = b"# new and longer\nsentinel monitor m 127.0.0.2 1 1\n" * 50


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "sentinel.conf"
    file.write_bytes(_OLD)
    return file


def _files(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


# --- replacing ------------------------------------------------------------------------------------------------------


def test_a_save_replaces_the_file_and_leaves_nothing_behind(path: Path) -> None:
    store = Store(str(path))
    store.check_writable()
    before = path.stat().st_ino
    store.write(_NEW)
    assert path.read_bytes() == _NEW
    assert path.stat().st_ino != before
    assert _files(path.parent) == ["sentinel.conf"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_the_mode_is_kept(path: Path, mode: int) -> None:
    path.chmod(mode)
    Store(str(path)).write(_NEW)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept(path: Path) -> None:
    os.chown(path, 1234, 4321)
    Store(str(path)).write(_NEW)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        file = tmp_path / "new.conf"
        Store(str(file)).write(_NEW)
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
    finally:
        os.umask(old)


def test_a_symbolic_link_stays_one(path: Path) -> None:
    link = path.parent / "link.conf"
    link.symlink_to(path)
    Store(str(link)).write(_NEW)
    assert link.is_symlink()
    assert path.read_bytes() == _NEW


def test_a_relative_path_survives_a_change_of_directory(path: Path) -> None:
    with chdir(path.parent):
        store = Store("sentinel.conf")
    assert store.read() == _OLD


def test_names_that_are_no_text_are_files_too(tmp_path: Path) -> None:
    store = Store(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.conf"))
    store.write(_NEW)
    assert store.read() == _NEW


def test_edits_by_others_are_noticed_and_our_own_writes_are_not(path: Path) -> None:
    store = Store(str(path))
    assert not store.changed(), "nothing was read yet"
    store.read()
    assert not store.changed()
    store.write(_NEW)
    assert not store.changed()
    path.write_bytes(_OLD)
    assert store.changed()
    assert store.reread() == _OLD
    assert not store.changed()
    path.unlink()
    assert not store.changed(), "a file that is gone holds nothing to keep"


# --- where renaming fails -------------------------------------------------------------------------------------------


@contextmanager
def _mounted(*arguments: str | Path, at: Path) -> Generator[None]:
    """A real mount, for tests that run as root where mounting is allowed."""
    done = subprocess.run(["mount", *map(str, arguments), str(at)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[Path]:
    """A single file mounted into a directory, as containers do: rename gives EBUSY, writing works."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "s.conf").write_bytes(_OLD)
    target = inside / "s.conf"
    target.touch()
    with _mounted("--bind", outside / "s.conf", at=target):
        yield target


@pytest.mark.real
def test_a_mounted_file_is_written_in_place(bound: Path) -> None:
    store = Store(str(bound))
    store.read()
    store.check_writable()
    store.write(_NEW)
    assert bound.read_bytes() == _NEW
    store.write(_OLD)
    assert bound.read_bytes() == _OLD, "a shorter text leaves nothing of the longer one"
    assert _files(bound.parent) == ["s.conf"], "the safety copy is gone once the file is safe"
    assert not store.changed()


@pytest.mark.real
def test_a_read_only_directory_of_a_writable_file_needs_dir_for_the_copy(bound: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    with _read_only(bound.parent):
        store = Store(str(bound))
        with pytest.raises(StoreError, match="name a writable one with `dir`"):
            store.check_writable()
        with pytest.raises(StoreError, match="name a writable one with `dir`"):
            store.write(_NEW)
        assert bound.read_bytes() == _OLD
        store.copies_in(str(elsewhere))
        store.check_writable()
        store.write(_NEW)
        assert bound.read_bytes() == _NEW
        assert _files(elsewhere) == []


@pytest.mark.real
def test_where_nothing_can_be_written_the_error_says_what_to_mount(tmp_path: Path) -> None:
    folder = tmp_path / "ro"
    folder.mkdir()
    (folder / "s.conf").write_bytes(_OLD)
    with _mounted("--bind", folder, at=folder), _read_only(folder):
        store = Store(str(folder / "s.conf"))
        assert store.read() == _OLD
        for attempt in (store.check_writable, lambda: store.write(_NEW)):
            with pytest.raises(StoreError) as caught:
                attempt()
            text = str(caught.value)
            assert "Read-only file system" in text
            assert f"Mount the directory {folder} writable" in text
    assert (folder / "s.conf").read_bytes() == _OLD


@contextmanager
def _read_only(folder: Path) -> Generator[None]:
    """Make a folder read-only by a mount; what is mounted inside it stays writable."""
    done = subprocess.run(["mount", "--rbind", folder, folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-R", folder], check=True)


@pytest.mark.real
def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=64k", "tmpfs", at=folder):
        file = folder / "s.conf"
        file.write_bytes(_OLD)
        store = Store(str(file))
        store.read()
        with pytest.raises(StoreError, match="No space left on device"):
            store.write(b"x" * 200_000)
        assert file.read_bytes() == _OLD
        assert _files(folder) == ["s.conf"]
        store.write(_NEW)
        assert file.read_bytes() == _NEW


def test_an_unprivileged_sentinel_in_a_foreign_directory_writes_in_place(tmp_path: Path) -> None:
    """The same without a mount: the directory refuses new files, the file itself may be written."""
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    folder = tmp_path / "foreign"
    folder.mkdir()
    file = folder / "s.conf"
    file.write_bytes(_OLD)
    folder.chmod(0o500)
    try:
        store = Store(str(file))
        store.copies_in(str(tmp_path))
        store.write(_NEW)
        assert file.read_bytes() == _NEW
    finally:
        folder.chmod(0o700)


# --- after a crash --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [_NEW[:10] + _OLD[10:], _NEW[: len(_NEW) // 2], b"", b"\0" * len(_NEW)])
@pytest.mark.parametrize("where", ["beside", "dir"])
def test_a_torn_file_is_read_from_its_copy(path: Path, tmp_path: Path, torn: bytes, where: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    place = store_copy.place_for(path, path.parent if where == "beside" else data)
    with chdir(data):
        store_copy.write(place, path, _OLD, _NEW)
        path.write_bytes(torn)
        store = Store(str(path))
        assert store.read() == _NEW
        assert "was damaged by a save that was cut short" in store.note
        assert place.with_name("sentinel.conf.quorate-damaged").read_bytes() == torn
        store.write(_NEW + b"# more\n")
        assert not place.exists()
        assert Store(str(path)).read() == _NEW + b"# more\n"


def test_the_directory_of_the_copy_is_found_in_the_damaged_file(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "my data"
    elsewhere.mkdir()
    store_copy.write(store_copy.place_for(path, elsewhere), path, _OLD, _NEW)
    path.write_bytes(b'port 1\nDir "%s"\nsentinel moni' % bytes(elsewhere))
    assert Store(str(path)).read() == _NEW


@pytest.mark.parametrize("content", [_OLD, _NEW])
def test_a_copy_of_a_write_that_never_began_or_was_complete_is_dropped(path: Path, content: bytes) -> None:
    place = store_copy.place_for(path, path.parent)
    store_copy.write(place, path, _OLD, _NEW)
    path.write_bytes(content)
    store = Store(str(path))
    assert store.read() == content
    assert store.note == ""
    assert not place.exists()


@pytest.mark.parametrize("damage", [b"", b"{}", b"not json\n" + _NEW, b'{"copy-of": 1, "sha256": 2}\n'])
def test_a_torn_copy_is_not_believed(path: Path, damage: bytes) -> None:
    store_copy.place_for(path, path.parent).write_bytes(damage)
    assert Store(str(path)).read() == _OLD


def test_the_copy_of_another_file_is_not_ours(path: Path) -> None:
    store_copy.write(store_copy.place_for(path, path.parent), path.parent / "other.conf", _OLD, _NEW)
    path.write_bytes(b"edited by hand\n")
    assert Store(str(path)).read() == b"edited by hand\n"


@pytest.mark.real
def test_a_write_in_place_that_fails_half_way_is_made_good_at_the_next_start(bound: Path, tmp_path: Path) -> None:
    """The disk of the file is full, the one beside it is not."""
    small = tmp_path / "small"
    small.mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=16k", "tmpfs", at=small):
        (small / "t.conf").write_bytes(_OLD)
        target = tmp_path / "t.conf"
        target.touch()
        with _mounted("--bind", small / "t.conf", at=target):
            store = Store(str(target))
            store.read()
            big = _NEW * 20
            with pytest.raises(StoreError, match="the next start reads its safety copy"):
                store.write(big)
            assert not store.changed(), "our own torn file is no edit of an operator"
            assert Store(str(target)).read() == big


# --- saving from the loop -------------------------------------------------------------------------------------------


def _saver(path: Path, loop: asyncio.AbstractEventLoop) -> tuple[Saver, SaveDelta]:
    store = Store(str(path))
    data = store.read()
    config = load(Source(str(path), data), RunId("e" * 40))
    saved = config.saved
    return Saver(store, Document(data, config), loop), SaveDelta(7, saved.settings, saved.current_epoch)


def test_a_save_is_reported_on_the_loop(path: Path) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        saver, delta = _saver(path, loop)
        for revision in (7, 8):
            told: asyncio.Future[tuple[int, str | None]] = loop.create_future()
            saver.start(
                replace(delta, revision=revision, current_epoch=Epoch(revision)),
                ["user default on"],
                lambda number, reason, told=told: told.set_result((number, reason)),  # type: ignore[misc]
            )
            assert await told == (revision, None)
            assert b"sentinel current-epoch %d\n" % revision in path.read_bytes()
        saver.close()

    asyncio.run(run())


def test_a_failed_save_gives_its_reason_and_the_next_one_catches_up(path: Path) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        saver, delta = _saver(path, loop)
        outcome: asyncio.Queue[tuple[int, str | None]] = asyncio.Queue()
        moved = path.parent.rename(path.parent.with_name("moved"))
        saver.start(delta, None, lambda number, reason: outcome.put_nowait((number, reason)))
        number, reason = await outcome.get()
        assert number == 7
        assert reason is not None
        assert os.strerror(errno.ENOENT) in reason
        moved.rename(path.parent)
        later = SaveDelta(9, delta.settings, delta.current_epoch)
        saver.start(later, None, lambda number, reason: outcome.put_nowait((number, reason)))
        assert await outcome.get() == (9, None)
        assert b"sentinel myid" in path.read_bytes()
        saver.close()

    asyncio.run(run())


def test_an_operators_edit_between_two_saves_is_kept(path: Path) -> None:
    async def run() -> None:
        saver, delta = _saver(path, asyncio.get_running_loop())
        saver.save_now(delta)
        path.write_bytes(b"# I was here\nmaxclients 5\n" + path.read_bytes())
        saver.save_now(replace(delta, revision=8, current_epoch=Epoch(3)))
        text = path.read_bytes()
        assert text.startswith(b"# I was here\nmaxclients 5\n# old\nsentinel monitor m 127.0.0.1 1 1\n")
        assert b"sentinel current-epoch 3\n" in text
        assert text.count(b"sentinel myid") == 1

    asyncio.run(run())


# --- the side file --------------------------------------------------------------------------------------------------


def test_the_side_file_lies_beside_and_is_bounded(path: Path) -> None:
    side = SideFile(str(path), limit=10)
    assert side.read() == b""
    side.write(b"0123456789")
    assert side.read() == b"0123456789"
    assert _files(path.parent) == ["sentinel.conf", "sentinel.conf.quorate"]
    with pytest.raises(ValueError, match="more than the 10"):
        side.write(b"0123456789a")
    side.path.write_bytes(b"x" * 11)
    assert side.read() == b""
