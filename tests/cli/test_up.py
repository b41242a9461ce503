"""What `quorate up` shows: the table fits 80 columns in every state, and its lines say what to do."""

import time

import pytest
from rich.console import Console

from quorate.cli import board
from quorate.local.observer import News
from quorate.local.plan import Plan
from quorate.local.snapshot import Process, Row, Snapshot, State, Watcher

PLAN = Plan("mymaster", (6379, 6380, 6381), (26379, 26380, 26381), 2, "", 1000)
SEEN = (Watcher(1, True), Watcher(2, True), Watcher(3, True))


def rows(master: Row | None = None) -> tuple[Row, ...]:
    first, *others = PLAN.members()
    made = [master or Row(first, "master", State.UP, 9_876_543_210, None, SEEN, Process(4_194_303))]
    made += [Row(member, "replica", State.UP, 9_876_543_210, 0, SEEN, Process(4_194_303)) for member in others[:2]]
    made += [Row(member, "sentinel", State.UP, None, None, SEEN, Process(4_194_303)) for member in others[2:]]
    return tuple(made)


def shown(snapshot: Snapshot) -> list[str]:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(board.board(snapshot, "redis-cli"))
    console.file.close()
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_the_table_says_how_to_connect_and_what_to_kill() -> None:
    lines = shown(Snapshot(PLAN, 6379, False, rows()))
    assert "Connect  redis-cli -p 6379" in lines
    assert any(line.startswith("Try      kill -9 4194303") for line in lines)
    assert any("9876543210" in line and "1 2 3" in line for line in lines)


@pytest.mark.parametrize("state", list(State))
def test_it_fits_80_columns_in_every_state(state: State) -> None:
    doubted = (Watcher(1, True), Watcher(2, False), Watcher(3, False))
    dead = Process(None, "its data is gone: waits for the failover")
    master = Row(PLAN.members()[0], "master", state, 123, 9_876_543_210, doubted, dead)
    lines = shown(Snapshot(PLAN, 6379, False, rows(master)))
    assert any(state.value in line and "1, down 2 3" in line for line in lines)
    assert not any("…" in line for line in lines), "something was cut off"
    assert "server 6379: its data is gone: waits for the failover" in lines


def test_a_running_failover_is_announced() -> None:
    assert "A failover is running." in shown(Snapshot(PLAN, 6379, True, rows()))


def test_an_event_is_a_line_of_words() -> None:
    news = News(
        time.mktime((2026, 1, 2, 3, 4, 5, 0, 0, -1)) + 0.6785, "sentinel 2", "+sdown", "master m 127.0.0.1 6379"
    )
    assert board.line_of(news, 200).plain == ("03:04:05.678  sentinel 2  master 127.0.0.1:6379 does not answer  +sdown")
    assert len(board.line_of(news, 70).plain) <= 70


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (9_999_999, "9,999,999"), (10_000_000, "10000000"), (9_999_999_999, "9999999999"), (10**10, "10 GB")],
)
def test_offsets_take_ten_characters(count: int, text: str) -> None:
    assert board.offset(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (20_000_000, "20 MB"), (3_000_000_000_000, "3.0 TB")],
)
def test_sizes(count: int, text: str) -> None:
    assert board.size(count) == text
