"""The memory of failovers: bounded, written off the loop, read back after a restart, and never in anybody's way."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from quorate.model.identity import MasterName
from quorate.model.notice import Level
from quorate.model.record import Cause, Ending, Record
from quorate.runtime import history as rooms
from quorate.runtime.history import HEAD, MOST_PER_MASTER, History
from quorate.runtime.store_side import SideFile
from quorate.wire import history
from tests.records import FULL, brief

NAME = MasterName("mymaster")
PATIENCE = 2.0


class Notes:
    """The log as a list."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, level: Level, text: str) -> None:
        del level
        self.lines.append(text)


class Disk:
    """A side file in memory, which can refuse and hang."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.error: Exception | None = None
        self.free = threading.Event()
        self.free.set()
        self.begun = threading.Event()
        self.writes = 0

    def read(self) -> bytes:
        return self.data

    def write(self, data: bytes) -> None:
        self.begun.set()
        self.free.wait(PATIENCE)
        self.writes += 1
        if self.error is not None:
            raise self.error
        self.data = data


def memory(disk: rooms.Side, notes: Notes | None = None, most_bytes: int = rooms.MOST_BYTES) -> History:
    """A history that has read its disk; its wall clock stands at 1,000,000 ms."""
    kept = History(disk, lambda: 1_000_000, (notes or Notes()).write, most_bytes)
    kept.read()
    return kept


def test_a_restart_finds_everything(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.conf"
    path.write_text("port 26379\n")
    kept = memory(SideFile(str(path)))
    kept.add(FULL.record)
    kept.add(brief("other"))
    kept.close(PATIENCE)
    again = memory(SideFile(str(path)))
    assert [entry.record for entry in again.of(NAME)] == [FULL.record]
    assert again.of(NAME) == kept.of(NAME)
    assert again.of(MasterName("other"))[0].began == 999_990, "the wall clock, less what it lasted"
    assert again.of(MasterName("nobody")) == []
    assert sorted(item.name for item in tmp_path.iterdir()) == ["sentinel.conf", "sentinel.conf.quorate"]


def test_what_a_crash_left_of_a_write_is_swept(tmp_path: Path) -> None:
    left = tmp_path / "sentinel.conf.quorate.quorate-new.x"
    left.write_text("half")
    kept = memory(SideFile(str(tmp_path / "sentinel.conf")))
    kept.add(brief())
    kept.close(PATIENCE)
    assert not left.exists()


def test_the_newest_come_first_and_a_master_keeps_so_many() -> None:
    disk = Disk()
    kept = memory(disk)
    for epoch in range(1, MOST_PER_MASTER + 6):
        kept.add(brief(epoch=epoch))
    kept.add(brief("other"))
    epochs = [entry.record.epoch for entry in kept.of(NAME)]
    assert epochs == list(range(MOST_PER_MASTER + 5, 5, -1))
    kept.close(PATIENCE)
    again = memory(Disk(disk.data))
    assert again.of(NAME) == kept.of(NAME)
    assert len(again.of(MasterName("other"))) == 1


def test_the_whole_is_bounded_and_the_oldest_of_all_goes_first() -> None:
    line = len(history.line_of(replace(FULL, began=999_990, record=brief("m10"), attempts=1, first=999_990)))
    disk = Disk()
    kept = memory(disk, most_bytes=len(HEAD) + 10 * line)
    for number in range(10, 30):
        kept.add(brief(f"m{number}"))
    kept.close(PATIENCE)
    assert len(disk.data) <= len(HEAD) + 10 * line
    assert [number for number in range(10, 30) if kept.of(MasterName(f"m{number}"))] == list(range(20, 30))
    kept.add(replace(brief("huge"), old="x" * 20 * line))
    assert kept.of(MasterName("huge")) == [], "what would fill it alone is not kept"


def test_attempts_that_end_alike_are_one_entry() -> None:
    kept = memory(Disk())
    kept.add(brief())
    for _ in range(100):
        kept.add(brief(ending=Ending.NOT_ELECTED, epoch=2))
    entries = kept.of(NAME)
    assert [(entry.record.ending, entry.attempts) for entry in entries] == [(Ending.NOT_ELECTED, 100), (Ending.DONE, 1)]
    assert entries[0].first == 999_990


@pytest.mark.parametrize(
    "other",
    [
        brief(ending=Ending.NO_GOOD_REPLICA),
        brief(ending=Ending.NOT_ELECTED, old="127.0.0.1:6399"),
        replace(brief(ending=Ending.NOT_ELECTED), cause=Cause.OPERATOR),
    ],
)
def test_attempts_that_differ_are_several_entries(other: Record) -> None:
    kept = memory(Disk())
    kept.add(brief(ending=Ending.NOT_ELECTED))
    kept.add(other)
    assert [entry.attempts for entry in kept.of(NAME)] == [1, 1]


def test_two_failovers_are_two_entries_however_alike() -> None:
    kept = memory(Disk())
    kept.add(brief())
    kept.add(brief())
    assert len(kept.of(NAME)) == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("too long")])
def test_a_disk_that_refuses_is_told_of_once_and_costs_nothing(error: Exception) -> None:
    disk, notes = Disk(), Notes()
    kept = memory(disk, notes)
    disk.error = error
    for _ in range(3):
        kept.add(brief())
        kept.close(PATIENCE)
    assert len(notes.lines) == 1
    assert "cannot be written" in notes.lines[0]
    disk.error = None
    kept.add(brief())
    kept.close(PATIENCE)
    assert len(memory(disk).of(NAME)) == 4, "the next write that works has everything"
    assert notes.lines[1:] == ["The history of failovers is written again"]


def test_a_disk_that_hangs_holds_nobody_and_then_gets_the_last_state_only() -> None:
    disk = Disk()
    disk.free.clear()
    kept = memory(disk)
    began = time.monotonic()
    kept.add(brief())
    assert disk.begun.wait(PATIENCE)
    for _ in range(50):
        kept.add(brief())
    kept.close(0.02)
    assert time.monotonic() - began < 1
    disk.free.set()
    kept.close(PATIENCE)
    assert disk.writes == 2
    assert len(memory(disk).of(NAME)) == MOST_PER_MASTER


def test_lines_that_are_not_understood_are_left_out_and_counted() -> None:
    notes = Notes()
    data = HEAD + history.line_of(FULL) + b"nonsense\n" + b'{"master":"m"}\n' + history.line_of(FULL)[:50]
    assert memory(Disk(data), notes).of(NAME) == [FULL]
    assert notes.lines == ["3 lines of the history of failovers could not be understood"]


def test_somebody_elses_file_is_left_alone() -> None:
    notes, disk = Notes(), Disk(b"not ours\n")
    kept = memory(disk, notes)
    kept.add(brief())
    kept.close(PATIENCE)
    assert disk.data == b"not ours\n"
    assert disk.writes == 0
    assert len(kept.of(NAME)) == 1
    assert len(notes.lines) == 1
