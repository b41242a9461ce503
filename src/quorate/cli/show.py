"""What `quorate up` shows while a cluster starts, runs and ends.

Live displays are refreshed by hand: rich's own refreshing would be a second thread, and the children must be started
in the only one (see local.processes).
"""

import asyncio
import contextlib
import io
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from quorate.cli import board
from quorate.cli.complaint import complain
from quorate.local import folder as folders
from quorate.local.binaries import cli_name
from quorate.local.cluster import Cluster, Programs
from quorate.local.observer import News
from quorate.local.plan import HOST, Member, Plan, connect_lines
from quorate.local.setup import Prepared, spans
from quorate.local.snapshot import Snapshot, State
from quorate.local.trouble import LocalError

_REFRESH = 0.25
_MOMENT = 0.05
_LASTING = 1.0
_PLAIN_WIDTH = 1000


class Show:
    """One run of a cluster with its output."""

    def __init__(
        self, prepared: Prepared, programs: Programs, detached: Callable[[], None] | None, began: float
    ) -> None:
        self.prepared = prepared
        self.detached = detached
        self.began = began
        self.console = Console(highlight=False, soft_wrap=True)
        self.news: list[News] = []
        self.woken = asyncio.Event()
        self.cluster = Cluster(prepared.folder, prepared.plan, programs, self._tell)
        self.cli = cli_name()
        self.started = False

    async def run(self) -> int:
        """Start, show, keep, end. The exit code: 0 after Ctrl-C or `quorate down`."""
        task = asyncio.current_task()
        assert task is not None, "run by asyncio.run"
        stop = _Stop(task, self.console)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.ask)
        entry: Path | None = None
        try:
            await self._start()
            entry = folders.register(self.prepared.folder.path)
            self._announce()
            await self._show()
        except asyncio.CancelledError:
            return 0
        except LocalError as error:
            return complain(error)
        finally:
            await self._end(entry)
        return 0

    async def _start(self) -> None:
        prepared = self.prepared
        self.console.print(_headline(prepared))
        for remark in prepared.remarks:
            self.console.print(Text(remark, "yellow"))
        if not self.console.is_terminal:
            await self.cluster.start(prepared.master, lambda _: None)
        else:
            with Live(console=self.console, auto_refresh=False, transient=True) as live:
                await self.cluster.start(prepared.master, lambda text: live.update(Text(text, "dim"), refresh=True))
        self.started = True

    def _announce(self) -> None:
        snapshot = self.cluster.snapshot()
        port = snapshot.master or self.prepared.master
        master = next(m for m in self.prepared.plan.members() if m.port == port)
        self.console.print(f"Ready after {time.monotonic() - self.began:.1f} s.")
        for line in _connect_text(self.prepared.plan, master, self.cli):
            self.console.print(line)
        if not self.console.is_terminal or self.detached is not None:
            for row in snapshot.rows:
                self.console.print(Text(board.row_line(row)))
        if self.detached is not None:
            self.console.print(f"It runs in the background. Stop it: quorate down --dir {self.prepared.folder.path}")
            self.console.file.flush()
            self.detached()
            log = cast("IO[str]", _Log())
            self.console = Console(file=log, highlight=False, soft_wrap=True, force_terminal=False)

    async def _show(self) -> None:
        keeping = asyncio.create_task(self.cluster.keep())
        try:
            if self.console.is_terminal:
                await self._animate(keeping)
            else:
                await self._print(keeping)
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _animate(self, keeping: "asyncio.Task[None]") -> None:
        with Live(console=self.console, auto_refresh=False, transient=True) as live:
            shown: Snapshot | None = None
            while not keeping.done():
                snapshot = self.cluster.snapshot()
                if snapshot != shown or self.news:
                    # One print for all events: each redraws the table below them.
                    live.update(board.board(snapshot, self.cli))
                    self._print_news()
                    live.refresh()
                    shown = snapshot
                await self._wait()
        await keeping

    async def _print(self, keeping: "asyncio.Task[None]") -> None:
        """Plain lines: the events as they come, and a member's role or state once a change has lasted a second."""
        shown: dict[Member, tuple[str, State]] = {}
        changed: dict[Member, float] = {}
        while not keeping.done():
            now = time.monotonic()
            for row in self.cluster.snapshot().rows:
                state = (row.role, row.state)
                if shown.setdefault(row.member, state) == state:
                    changed.pop(row.member, None)
                elif now - changed.setdefault(row.member, now) >= _LASTING:
                    self.console.print(Text(board.row_line(row)))
                    shown[row.member] = state
            self._print_news()
            await self._wait()
        await keeping

    def _tell(self, news: News) -> None:
        # While the cluster starts, the sentinels only report what was just written into their files.
        if self.started:
            self.news.append(news)
            self.woken.set()

    async def _wait(self) -> None:
        """Until the next look, or a moment after an event: others follow, and belong before or behind it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REFRESH):
                await self.woken.wait()
                await asyncio.sleep(_MOMENT)
        self.woken.clear()

    def _print_news(self) -> None:
        width = self.console.width if self.console.is_terminal else _PLAIN_WIDTH
        lines = [board.line_of(news, width) for news in sorted(self.news, key=lambda news: news.at)]
        self.news.clear()
        if lines:
            self.console.print(Text("\n").join(lines))

    async def _end(self, entry: Path | None) -> None:
        began = time.monotonic()
        if self.started:
            self.console.print("Stopping ...")
        await self.cluster.close()
        if entry is not None:
            folders.unregister(entry)
        if self.started:
            self.console.print(_farewell(self.prepared, self.detached is not None, time.monotonic() - began))


class _Log(io.TextIOBase):
    """Standard output in the background: up.log, on a disk that may fill up. That costs lines, never the cluster."""

    def write(self, text: str, /) -> int:
        with contextlib.suppress(OSError):
            os.write(1, text.encode("utf-8", "surrogateescape"))
        return len(text)


class _Stop:
    """Ctrl-C or SIGTERM: the first ends everything in order, the second at once."""

    def __init__(self, task: "asyncio.Task[int]", console: Console) -> None:
        self._task = task
        self._console = console
        self._asked = False

    def ask(self) -> None:
        if self._asked:
            # The watchdog ends the children when this process is gone.
            os._exit(130)
        self._asked = True
        self._task.cancel()


def _headline(prepared: Prepared) -> Text:
    plan = prepared.plan
    what = "Continuing" if prepared.again else "Starting"
    replicas, sentinels = len(plan.servers) - 1, len(plan.sentinels)
    kept = "" if prepared.temporary else f"\n  in {prepared.folder.path}"
    return Text(
        f"{what} {plan.name}: a master and {replicas} replica{_s(replicas)} on {HOST}:{spans(plan.servers)},\n"
        f"  {sentinels} sentinel{_s(sentinels)} on {spans(plan.sentinels)}, quorum {plan.quorum}, "
        f"down-after {plan.down_after} ms{kept}"
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _connect_text(plan: Plan, master: Member, cli: str) -> Iterator[Text]:
    shell, python = connect_lines(plan, master.place, cli)
    yield Text("")
    yield Text.assemble(("  shell   ", "dim"), (shell, "bold"))
    if shutil.which(cli) is None:
        yield Text("          (not installed here; Debian has it in redis-tools)", "dim")
    for index, line in enumerate(python):
        yield Text.assemble(("  python  " if index == 0 else "          ", "dim"), (line, "bold"))
    yield Text("")


def _farewell(prepared: Prepared, detached: bool, seconds: float) -> str:
    path = prepared.folder.path
    if prepared.temporary and not detached:
        return f"Stopped after {seconds:.1f} s; nothing is left."
    return f"Stopped after {seconds:.1f} s. The data is in {path}; continue with: quorate up --dir {path}"
