"""Proves the form of log lines, that nobody can forge one, that order is kept, and that a slow disk stops nobody."""

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quorate.conf.options import LogOptions
from quorate.model.notice import Level
from quorate.runtime import logs
from quorate.runtime.logs import Log, Stamp

MOMENT = 1795368028.656


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def log(path: Path, **options: str) -> Log:
    return Log(LogOptions(file=str(path), **options), wall_clock=lambda: MOMENT)  # type: ignore[arg-type]


def test_lines_have_the_form_of_c_sentinel(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writer = log(path, level="debug")
    for level in (Level.DEBUG, Level.VERBOSE, Level.NOTICE, Level.WARNING):
        writer.write(level, "text")
    writer.signal("Received SIGTERM scheduling shutdown...")
    pid = os.getpid()
    assert path.read_text().splitlines() == [
        *(f"{pid}:X 22 Nov 2026 17:20:28.656 {sign} text" for sign in ".-*#"),
        f"{pid}:signal-handler (1795368028) Received SIGTERM scheduling shutdown...",
    ]


@pytest.mark.parametrize(
    ("timestamps", "stamp"),
    [
        ("legacy", "22 Nov 2026 17:20:28.656"),
        ("iso8601", "2026-11-22T17:20:28.656+00:00"),
        ("milliseconds", "1795368028656"),
    ],
)
def test_logfmt_and_timestamps_as_valkey_writes_them(tmp_path: Path, timestamps: str, stamp: str) -> None:
    path = tmp_path / "log"
    log(path, format="logfmt", timestamps=timestamps).write(Level.WARNING, 'a"b\nc')
    assert path.read_text() == (f'pid={os.getpid()} role=sentinel timestamp="{stamp}" level=warning message="a\'b c"\n')


def test_a_zone_west_of_greenwich_has_its_minus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XXX+3:30")
    time.tzset()
    assert Stamp("iso8601").of(MOMENT) == b"2026-11-22T13:50:28.656-03:30"


def test_nobody_forges_a_line_and_every_byte_survives(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log(path).write(Level.WARNING, "+sdown master a\n1:X forged\r\x1b[2J\udcff é")
    (line,) = path.read_bytes().split(b"\n")[:-1]
    assert line.endswith(b"+sdown master a\\n1:X forged\\r\\x1b[2J\xff \xc3\xa9")


def test_texts_are_cut_at_1023_bytes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log(path).write(Level.WARNING, "é" * 1000)
    text = path.read_bytes().split(b" # ")[1]
    assert text == ("é" * 511).encode() + b"\xc3\n"


def test_the_level_can_change_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writer = log(path, level="warning")
    writer.write(Level.NOTICE, "no")
    writer.level = Level.VERBOSE
    writer.write(Level.VERBOSE, "yes")
    writer.level = Level.NOTHING
    writer.write(Level.WARNING, "no")
    assert re.findall(r"\w+$", path.read_text(), re.MULTILINE) == ["yes"]


def test_order_is_kept_across_the_start_of_the_thread_and_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writer = log(path)
    writer.write(Level.NOTICE, "1")
    writer.start()
    for number in range(2, 500):
        writer.write(Level.NOTICE, str(number))
    assert writer.flush()
    path.rename(tmp_path / "log.1")
    writer.write(Level.NOTICE, "after")
    writer.close()
    writer.write(Level.NOTICE, "at the very end")
    texts = [line.split(" * ")[1] for line in (tmp_path / "log.1").read_text().splitlines()]
    assert texts == [str(number) for number in range(1, 500)]
    assert [line.split(" * ")[1] for line in path.read_text().splitlines()] == ["after", "at the very end"]


def test_a_disk_that_hangs_stops_nobody_and_lost_lines_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, gate, hangs = tmp_path / "log", threading.Event(), threading.Event()
    real = logs._write_all

    def slow(fd: int, data: bytes) -> None:
        hangs.set()
        gate.wait(5)
        real(fd, data)

    monkeypatch.setattr(logs, "_write_all", slow)
    monkeypatch.setattr(logs, "MAX_WAITING", 5)
    writer = log(path)
    writer.start()
    writer.write(Level.NOTICE, "first")
    assert hangs.wait(5)
    before = time.monotonic()
    for number in range(8):
        writer.write(Level.NOTICE, str(number))
    assert not writer.flush(0.01)
    assert time.monotonic() - before < 2
    gate.set()
    assert writer.flush()
    writer.write(Level.NOTICE, "last")
    writer.close()
    texts = [line.split(" ", 5)[5][2:] for line in path.read_text().splitlines()]
    assert texts == ["first", "0", "1", "2", "3", "4", "3 lines were lost: the log is too slow", "last"]


def test_a_daemon_without_a_file_is_silent_and_a_file_that_cannot_be_written_is_no_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Log(LogOptions(), daemonized=True).write(Level.WARNING, "unseen")
    log(tmp_path).write(Level.WARNING, "a folder is no file")
    assert capfd.readouterr() == ("", "")


def test_without_a_file_lines_go_to_standard_output(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "__stdout__", None)
    Log(LogOptions()).write(Level.WARNING, "seen")
    assert capfd.readouterr().out.endswith(" # seen\n")
