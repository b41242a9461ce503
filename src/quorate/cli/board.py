"""How `quorate up` looks: the table of the cluster and the lines of its events. Pure; widths fit 80 columns."""

import time

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from quorate.client import events
from quorate.client.events import Weight
from quorate.local.observer import News
from quorate.local.plan import HOST, Kind, connect_lines
from quorate.local.snapshot import Row, Snapshot, State

_ROLES = {"master": "bold green", "replica": "cyan", "sentinel": "magenta"}
_STATES = {State.UP: "green", State.DOWN: "bold red", State.SILENT: "bold red"}
_WEIGHTS = {Weight.BAD: "red", Weight.GOOD: "bold green", Weight.STEP: "yellow", Weight.DETAIL: "dim"}
_LOCAL = {"-died": "red", "-log": "dim", "+started": "bold green", "remark": "yellow"}

MUCH = 100_000
"""Bytes of lag that are worth a colour; acknowledgements that come once a second explain less."""


def board(snapshot: Snapshot, cli: str) -> RenderableType:
    """The table, and below it how to get in and what to try."""
    table = Table(box=SIMPLE_HEAD, expand=False, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("role", no_wrap=True)
    table.add_column("address", no_wrap=True)
    table.add_column("state", no_wrap=True, min_width=9)
    table.add_column("offset", justify="right", no_wrap=True)
    table.add_column("lag", justify="right", no_wrap=True)
    table.add_column("watched by", no_wrap=True)
    table.add_column("pid", justify="right", no_wrap=True)
    for index, row in enumerate(snapshot.rows):
        last_of_kind = index + 1 < len(snapshot.rows) and snapshot.rows[index + 1].member.kind is not row.member.kind
        table.add_row(*_cells(row), end_section=last_of_kind)
    return Group("", table, "", *_footer(snapshot, cli))


def _cells(row: Row) -> tuple[Text, ...]:
    role = f"sentinel {row.member.number}" if row.member.kind is Kind.SENTINEL else row.role
    return (
        Text(role, _ROLES.get(row.role, "")),
        Text(f"{HOST}:{row.member.port}"),
        Text(row.state.value, _STATES.get(row.state, "yellow")),
        Text("" if row.offset is None else offset(row.offset)),
        Text("" if row.lag is None else size(row.lag), "yellow" if row.lag is not None and row.lag >= MUCH else ""),
        watched(row),
        Text("" if row.process.pid is None else str(row.process.pid), "dim"),
    )


def watched(row: Row) -> Text:
    """The numbers of the sentinels that know this member, those that hold it for down apart: `1 2, down 3`."""
    ups = " ".join(str(watcher.number) for watcher in row.watchers if watcher.up)
    downs = " ".join(str(watcher.number) for watcher in row.watchers if not watcher.up)
    if not ups and not downs:
        return Text("-", "dim")
    return Text.assemble(ups, ", " if ups and downs else "", (f"down {downs}", "red") if downs else "")


def _footer(snapshot: Snapshot, cli: str) -> list[Text]:
    """Two lines at least, so that the table stays where it is."""
    master = next((row for row in snapshot.rows if row.member.port == snapshot.master), None)
    waiting = [Text(f"{r.member.label}: {r.process.note}", "yellow") for r in snapshot.rows if r.process.note]
    if snapshot.failing_over:
        return [Text("A failover is running.", "yellow"), *(waiting or [Text("")])]
    if master is None or master.process.pid is None or master.state is not State.UP:
        return [Text("The master does not answer.", "yellow"), *(waiting or [Text("")])]
    shell, _ = connect_lines(snapshot.plan, master.member.place, cli)
    connect = Text.assemble(("Connect  ", "dim"), (shell, "bold"))
    attempt = Text.assemble(
        ("Try      ", "dim"),
        (f"kill -9 {master.process.pid}", "bold"),
        ("   in another terminal; Ctrl-C ends all", "dim"),
    )
    return [connect, attempt, *waiting]


def line_of(news: News, width: int) -> Text:
    """One event on one line: time, who, what happened in words, and the event's own name where it has room."""
    clock = time.strftime("%H:%M:%S", time.localtime(news.at)) + f".{int(news.at % 1 * 1000):03d}"
    line = Text(f"{clock}  ", "dim")
    line.append(f"{news.source:<11} ", "magenta" if news.source != "up" else "cyan")
    if news.channel in _LOCAL:
        line.append(news.payload, _LOCAL[news.channel])
        return line
    meaning = events.explain(news.channel, news.payload)
    line.append(meaning.words, _WEIGHTS[meaning.weight])
    if line.cell_len + 2 + len(news.channel) <= width:
        line.append(f"  {news.channel}", "dim")
    return line


def row_line(row: Row) -> str:
    """A row as one plain line, for output that is no terminal."""
    parts = [f"{row.role:<8}", f"{HOST}:{row.member.port:<6}", row.state.value]
    if row.process.pid is not None:
        parts.append(f"pid {row.process.pid}")
    if row.lag is not None:
        parts.append(f"lag {size(row.lag)}")
    parts.append(f"watched by {watched(row).plain}")
    return "  ".join(parts)


def offset(count: int) -> str:
    """A replication offset in at most ten characters: to the byte while that fits."""
    if count < 10_000_000:
        return f"{count:,}"
    return str(count) if count < 10**10 else size(count)


def size(count: int) -> str:
    """Bytes for people: 0 B, 512 B, 1.4 kB, 20 MB."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} TB"
