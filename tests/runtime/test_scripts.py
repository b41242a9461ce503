"""Proves that real scripts are direct children with clean descriptors, are collected, killed, and tried again."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quorate.model.notice import Event, Notice
from quorate.runtime.script_queue import Limits
from quorate.runtime.scripts import Scripts

FAST = Limits(max_runtime=60_000, retry_delay=20)


def script(path: Path, body: str) -> str:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


@asynccontextmanager
async def running(limits: Limits = FAST) -> AsyncIterator[tuple[Scripts, list[Notice]]]:
    told: list[Notice] = []
    scripts = Scripts(asyncio.get_running_loop(), lambda: time.monotonic_ns() // 1_000_000, told.append, lambda: limits)
    try:
        yield scripts, told
        assert not [s for s in scripts.pending() if s.running]
    finally:
        scripts.close()


async def idle(scripts: Scripts) -> None:
    deadline = time.monotonic() + 10
    while scripts.pending():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def run(body: Callable[[], Awaitable[None]], *, fast_loop: bool = False) -> None:
    async def main() -> None:
        await body()

    if fast_loop:
        uvloop = pytest.importorskip("uvloop")
        uvloop.run(main())
    else:
        asyncio.run(main())


@pytest.mark.parametrize("fast_loop", [False, True])
def test_a_script_gets_its_arguments_and_environment_and_is_our_own_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast_loop: bool
) -> None:
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    path = script(tmp_path / "s", 'echo "$PPID|$1|$2" >> "$OUT"')

    async def body() -> None:
        async with running() as (scripts, told):
            scripts.add((path, "+odown", "master a\udcff 1.2.3.4 1"))
            await idle(scripts)
            assert [notice.event for notice in told] == [Event.SCRIPT_CHILD, Event.SCRIPT_CHILD_OVER]
            assert told[1].text == f"{told[0].text} 0 0"

    run(body, fast_loop=fast_loop)
    assert (tmp_path / "out").read_bytes() == b"%d|+odown|master a\xff 1.2.3.4 1\n" % os.getpid()


def test_no_descriptor_but_the_standard_streams_reaches_a_script(tmp_path: Path) -> None:
    path = script(tmp_path / "s", f"ls /proc/$$/fd > {tmp_path}/fds")
    leak = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(leak, True)

    async def body() -> None:
        async with running() as (scripts, _):
            scripts.add((path,))
            await idle(scripts)

    try:
        run(body)
    finally:
        os.close(leak)
    # The shell has its own script open, as the first number from 10 on; nothing of ours.
    assert [fd for fd in (tmp_path / "fds").read_text().split() if int(fd) < 10] == ["0", "1", "2"]


def test_a_failing_script_is_tried_again_and_its_end_is_told(tmp_path: Path) -> None:
    count = tmp_path / "count"
    path = script(tmp_path / "s", f'echo x >> {count}; [ "$(wc -l < {count})" -ge 3 ] && exit 7; exit 1')

    async def body() -> None:
        async with running() as (scripts, told):
            scripts.add((path,))
            await idle(scripts)
            assert [n.text for n in told if n.event is Event.SCRIPT_ERROR] == [f"{path} 0 7"]

    run(body)
    assert count.read_text() == "x\nx\nx\n"


def test_what_cannot_be_executed_ends_as_with_status_two(tmp_path: Path) -> None:
    text = tmp_path / "no-script"
    text.write_text("x")

    async def body() -> None:
        async with running() as (scripts, told):
            scripts.add((str(tmp_path / "missing"),))
            scripts.add((str(text),))
            await idle(scripts)
            assert [n.text for n in told] == [f"{tmp_path}/missing 0 2", f"{text} 0 2"]

    run(body)


def test_a_script_that_runs_too_long_is_killed_and_counts_as_ended_by_the_signal(tmp_path: Path) -> None:
    path = script(tmp_path / "s", "exec sleep 30")

    async def body() -> None:
        async with running(Limits(max_runtime=50, retry_delay=1_000_000)) as (scripts, told):
            scripts.add((path,))
            while not any(n.event is Event.SCRIPT_CHILD_OVER for n in told):
                await asyncio.sleep(0.005)
            pid = told[0].text
            assert told[1] == Notice(Event.SCRIPT_TIMEOUT, f"{path} {pid}")
            assert told[-1].text == f"{pid} 0 9"
            (waiting,) = scripts.pending()
            assert not waiting.running
            assert waiting.retries == 1

    run(body)


def test_without_pidfd_the_ends_of_scripts_are_still_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> int:
        raise OSError(38, "not here")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    path = script(tmp_path / "s", "exit 3")

    async def body() -> None:
        async with running() as (scripts, told):
            scripts.add((path,))
            await idle(scripts)
            assert told[-1].text == f"{path} 0 3"

    run(body)


def test_no_descriptor_stays_open_after_many_scripts(tmp_path: Path) -> None:
    path = script(tmp_path / "s", "exit 0")

    async def body() -> None:
        async with running() as (scripts, _):
            before = len(list(Path("/proc/self/fd").iterdir()))
            for _ in range(40):
                scripts.add((path,))
            await idle(scripts)
            assert len(list(Path("/proc/self/fd").iterdir())) == before

    run(body)
