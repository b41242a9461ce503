"""Disks that do not do as told: a file mounted by itself, a full disk, a directory that takes nothing, a torn file."""

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.real.cluster import NAME, Lab, Process, eventually
from tests.real.wire import HOST, Failure

pytestmark = pytest.mark.real


def _mounted(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


@contextmanager
def _mount(*words: str) -> Iterator[None]:
    """A mount for the time of a test; skipped where this process may not mount."""
    place = words[-1]
    if os.geteuid() != 0 or not _mounted(*words):
        pytest.skip("this process may not mount file systems")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def _vote(sentinel: Process, master: Process, epoch: int) -> tuple[str, object]:
    who = secrets.token_hex(20)
    return who, sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", HOST, master.port, epoch, who)


def _status(sentinel: Process) -> str:
    text = sentinel.ask("INFO", "sentinel")
    assert isinstance(text, str)
    return text


def test_a_file_mounted_by_itself_keeps_every_vote(lab: Lab) -> None:
    master = lab.server()
    sentinel = lab.prepared(master, [f"dir {lab.folder}"], quorum=1)
    with _mount("--bind", str(sentinel.config), str(sentinel.config)):
        sentinel.start()
        myid = sentinel.sentinel("MYID")
        for epoch in range(1, 30):
            who, reply = _vote(sentinel, master, epoch)
            assert reply == [0, who, epoch]
        sentinel.kill()
        assert f"sentinel leader-epoch {NAME} 29\n" in sentinel.config.read_text()
        sentinel.start()
        assert sentinel.sentinel("MYID") == myid
        assert _vote(sentinel, master, 29)[1] == [0, "*", 29]


@pytest.mark.parametrize("mounted", [False, True], ids=["replaced", "in place"])
def test_whoever_is_killed_while_it_saves_remembers_what_it_told(lab: Lab, mounted: bool) -> None:
    """Killed at random moments; what every single call leaves behind is tests/runtime/test_store_faults.py's."""
    master = lab.server()
    sentinel = lab.prepared(master, quorum=1)
    with _mount("--bind", str(sentinel.config), str(sentinel.config)) if mounted else nullcontext():
        sentinel.start()
        myid = sentinel.sentinel("MYID")
        epoch = 0
        for _ in range(3):
            with sentinel.connect() as wire:
                words = [("IS-MASTER-DOWN-BY-ADDR", HOST, master.port, epoch + n, "a" * 40) for n in range(1, 41)]
                for one in words:
                    wire.send("SENTINEL", *one)
                replies = [wire.reply() for _ in range(20)]
                sentinel.kill()
            told = max(int(reply[2]) for reply in replies if isinstance(reply, list))
            sentinel.start()
            assert sentinel.sentinel("MYID") == myid
            reply = _vote(sentinel, master, told)[1]
            assert isinstance(reply, list)
            assert reply[1] == "*"
            epoch = int(reply[2])
            assert epoch >= told


def test_a_file_mounted_by_itself_needs_a_place_for_its_copy(lab: Lab) -> None:
    master = lab.server()
    outside = lab.folder / "outside"
    outside.mkdir()
    inside = lab.folder / "inside"
    inside.mkdir()
    sentinel = lab.prepared(master, quorum=1)
    source = outside / "sentinel.conf"
    source.write_text(sentinel.config.read_text().replace(str(lab.folder), str(outside)))
    target = inside / "sentinel.conf"
    target.touch()
    before = source.read_bytes()
    with _mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(inside)):
        target.touch()
        with _mount("--bind", str(source), str(target)):
            _mounted("-o", "remount,ro", str(inside))
            sentinel.command = [*sentinel.command[:-1], str(target)]
            sentinel.folder = inside
            _in(sentinel, inside, outside)
            assert source.read_bytes() == before
            # With a writable `dir` it is enough.
            source.write_bytes(before + f"dir {outside}\n".encode())
            _in(sentinel, inside, outside, refused=False)
            who, reply = _vote(sentinel, master, 3)
            assert reply == [0, who, 3]
            sentinel.kill()
            assert b"leader-epoch mymaster 3\n" in source.read_bytes()


def _in(sentinel: Process, inside: Path, outside: Path, *, refused: bool = True) -> None:
    out = outside / "out"
    with out.open("wb") as file:
        sentinel.child = subprocess.Popen(
            sentinel.command, cwd=inside, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    if not refused:
        eventually(lambda: sentinel.ask("PING") == "PONG", "it starts")
        return
    assert sentinel.child.wait(10) == 1
    text = out.read_text() + "".join(path.read_text() for path in outside.glob("*.log"))
    assert "Mount the directory" in text, text
    assert str(inside) in text, text


def test_neither_file_nor_directory_writable_refuses_to_start(lab: Lab) -> None:
    master = lab.server()
    inside = lab.folder / "inside"
    inside.mkdir()
    with _mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(inside)):
        sentinel = lab.prepared(master, quorum=1)
        path = inside / "sentinel.conf"
        path.write_text(sentinel.config.read_text())
        _mounted("-o", "remount,ro", str(inside))
        sentinel.command = [*sentinel.command[:-1], str(path)]
        sentinel.launch()
        assert sentinel.child is not None
        assert sentinel.child.wait(10) == 1
        assert "is not writable" in sentinel.log()


def test_a_full_disk_shows_takes_part_in_nothing_and_recovers_by_itself(lab: Lab) -> None:
    master = lab.server()
    lab.server(master=master)
    inside = lab.folder / "inside"
    inside.mkdir()
    with _mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(inside)):
        sentinel = lab.prepared(master, quorum=1)
        path = inside / "sentinel.conf"
        path.write_text(sentinel.config.read_text())
        sentinel.command = [*sentinel.command[:-1], str(path)]
        sentinel.start()
        eventually(lambda: sentinel.sees_all(1, 0), "all is well")
        assert _vote(sentinel, master, 5)[1] != [0, "*", 5]
        before = path.read_bytes()
        with sentinel.connect(timeout=10) as events:
            events.ask("SUBSCRIBE", "-save-error")
            filler = inside / "filler"
            _fill(filler)
            reply = _vote(sentinel, master, 6)[1]
            assert reply == [0, "*", 5] or (isinstance(reply, list) and reply[2] == 5), "the last durable vote"
            told = events.reply()
            assert isinstance(told, list)
            assert "save-error" in told[1]
            assert "space" in told[2], told
        answer = sentinel.sentinel("SET", NAME, "parallel-syncs", 3)
        assert answer == Failure("ERR Failed to save config file. Check server logs.")
        answer = sentinel.sentinel("CKQUORUM", NAME)
        assert isinstance(answer, Failure), answer
        assert answer.text.startswith("NOQUORUM"), answer
        assert "save" in _status(sentinel), _status(sentinel)
        assert path.read_bytes() == before, "whole, as last saved"
        # Nobody is promoted on state that a crash could take back.
        master.kill()
        eventually(lambda: "s_down" in sentinel.flags(), "down")
        assert sentinel.master_port() == master.port
        filler.unlink()
        eventually(lambda: sentinel.master_port() != master.port, "it recovers and fails over", 25)
        answer = sentinel.sentinel("CKQUORUM", NAME)
        assert isinstance(answer, str), answer
        assert "parallel-syncs mymaster 3" in path.read_text()


@pytest.mark.parametrize("mounted", [False, True], ids=["replaced", "in place"])
@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_disk_that_fails_while_we_run_costs_votes_and_nothing_else(lab: Lab, trouble: str, mounted: bool) -> None:
    """Whatever way the file is saved: what failed is said, monitoring goes on, and it recovers by itself."""
    master = lab.server()
    inside = lab.folder / "inside"
    inside.mkdir()
    with ExitStack() as mounts:
        mounts.enter_context(_mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(inside)))
        sentinel = lab.prepared(master, quorum=1)
        path = inside / "sentinel.conf"
        path.write_text(sentinel.config.read_text() + f"dir {inside}\n")
        if mounted:
            mounts.enter_context(_mount("--bind", str(path), str(path)))
        sentinel.command = [*sentinel.command[:-1], str(path)]
        sentinel.start()
        who, reply = _vote(sentinel, master, 3)
        assert reply == [0, who, 3]
        before = path.read_bytes()
        with sentinel.connect(timeout=10) as events:
            events.ask("SUBSCRIBE", "-save-error", "+save-error-cleared")
            events.reply()
            _break(inside, path, trouble)
            assert _vote(sentinel, master, 4)[1] == [0, who, 3], "the last durable vote"
            told = events.reply()
            assert isinstance(told, list)
            assert told[1] == "-save-error"
            assert {"full": "No space left", "read-only": "Read-only file system"}[trouble] in told[2], told
            assert path.read_bytes() == before, "whole, as last saved"
            master.notify(signal.SIGSTOP)
            eventually(lambda: "s_down" in sentinel.flags(), "it notices that the master is down")
            master.notify(signal.SIGCONT)
            eventually(lambda: sentinel.flags() == {"master"}, "it notices that the master is back")
            _mend(inside, path, trouble)
            told = events.reply()
            assert isinstance(told, list)
            assert told[1] == "+save-error-cleared", told
        who, reply = _vote(sentinel, master, 9)
        assert reply == [0, who, 9]
        sentinel.kill()
        sentinel.start()
        assert _vote(sentinel, master, 9)[1] == [0, "*", 9], "that it has voted is remembered"


def _break(folder: Path, path: Path, trouble: str) -> None:
    if trouble == "full":
        _fill(folder / "filler")
        return
    for place in dict.fromkeys((folder, *([path] if path.is_mount() else []))):
        assert _mounted("-o", "remount,ro", str(place))


def _mend(folder: Path, path: Path, trouble: str) -> None:
    if trouble == "full":
        (folder / "filler").unlink()
        return
    for place in dict.fromkeys((folder, *([path] if path.is_mount() else []))):
        assert _mounted("-o", "remount,rw", str(place))


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            for size in (4096, 1):
                while True:
                    file.write(b"x" * size)
                    if size == 1 and file.tell() > 10**6:
                        return
        except OSError:
            return


def test_a_disk_that_hangs_freezes_nobody(lab: Lab) -> None:
    """The file is a fifo's neighbour: the directory is stopped by freezing its file system where that is possible."""
    master = lab.server()
    image, inside = lab.folder / "image", lab.folder / "inside"
    inside.mkdir()
    with image.open("wb") as file:
        file.truncate(4 * 1024 * 1024)
    if subprocess.run(["mkfs.ext4", "-q", str(image)], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be made")
    with _mount("-o", "loop", str(image), str(inside)):
        sentinel = lab.prepared(master, quorum=1)
        path = inside / "sentinel.conf"
        path.write_text(sentinel.config.read_text())
        sentinel.command = [*sentinel.command[:-1], str(path)]
        sentinel.start()
        eventually(lambda: sentinel.sees_all(0, 0), "all is well")
        if subprocess.run(["fsfreeze", "-f", str(inside)], check=False).returncode:
            pytest.skip("file systems cannot be frozen")
        try:
            with sentinel.connect(timeout=5) as asking:
                asking.send("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", HOST, master.port, 9, "a" * 40)
                for _ in range(20):
                    assert sentinel.ask("PING") == "PONG"
                assert asking.reply() == [0, "*", 0], "not granted, but answered"
        finally:
            subprocess.run(["fsfreeze", "-u", str(inside)], check=True)
        eventually(lambda: "leader-epoch mymaster 9" in path.read_text(), "saved after all")
        assert sentinel.stop(signal.SIGTERM) == 0
