"""A report as one HTML file that needs nothing else: the verdict, the table, the pictures. Pure."""

from collections.abc import Sequence
from html import escape

from quorate.client import events
from quorate.drill import figures, picture
from quorate.drill.faults import KINDS, Fault
from quorate.drill.report import Outcome, Report, Run

_BEFORE = 1.5
_MOST_STRIP = 45.0
_MOST_EVENTS = 60
_STRIPS = (
    "Of each kind the one with the longest time without writes. Zero is the moment of the fault; the shaded time is as "
    "long as it lasted. Ticks on the lanes of sentinels are announcements; point at one to read it."
)

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1e293b; background: #fff;
  margin: 0 auto; padding: 24px 28px 64px; max-width: 1180px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 20px; margin: 40px 0 8px; }
h3 { font-size: 16px; margin: 28px 0 2px; } p { margin: 4px 0 10px; } .faint { color: #64748b; }
.verdict { padding: 10px 14px; border-radius: 6px; font-weight: 600; margin: 14px 0; }
.good { background: #dcfce7; color: #14532d; } .bad { background: #fee2e2; color: #7f1d1d; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 6px; text-align: right; vertical-align: top; white-space: nowrap; }
th { border-bottom: 2px solid #94a3b8; font-weight: 600; }
th.t, td.t { text-align: left; }
tbody tr:first-child td { border-top: 1px solid #e2e8f0; }
.red { color: #b91c1c; font-weight: 700; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; font-size: 13px; margin: 8px 0; }
dt { color: #64748b; } dd { margin: 0; overflow-wrap: anywhere; }
code { font: 12.5px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
svg { width: 100%; height: auto; display: block; margin: 4px 0 10px; }
svg .l { font: 11.5px system-ui, "DejaVu Sans", sans-serif; fill: #334155; }
svg .n { font: 10.5px system-ui, "DejaVu Sans", sans-serif; fill: #64748b; }
svg .g { stroke: #0f172a; stroke-opacity: 0.07; }
.key span { display: inline-block; margin-right: 16px; font-size: 13px; }
.key i { display: inline-block; width: 22px; height: 11px; margin-right: 5px; border-radius: 2px; }
details { margin: 4px 0 12px; } summary { cursor: pointer; color: #475569; font-size: 13px; }
ul { margin: 6px 0; padding-left: 20px; }
.events { font: 12px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; color: #334155; }
"""


def render(report: Report) -> str:
    """The whole page."""
    title = "Failover drill: " + " beside ".join(run.label for run in report.runs)
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="faint">{escape(report.conditions.machine)}</p>',
        f'<div class="verdict {"good" if report.good else "bad"}">{escape(figures.verdict(report))}</div>',
        *(_troubles(run) for run in report.runs),
        "<h2>What each fault cost</h2>",
        _table(report),
        _legend(report),
        "<h2>The whole run</h2>",
        _key(report.runs[0]),
        *(f"<h3>{escape(run.label)}</h3>{_summary(run)}{picture.overview(run)}" for run in report.runs),
        "<h2>Fault by fault</h2>",
        f'<p class="faint">{_STRIPS}</p>',
        *(_fault(report, fault) for fault in Fault),
        "<h2>How this was done</h2>",
        _conditions(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>" + "\n".join(body) + "</body></html>\n"
    )


def _troubles(run: Run) -> str:
    troubles = run.troubles()
    if not troubles:
        return ""
    return f"<p><b>{escape(run.label)}</b></p><ul>" + "".join(f"<li>{escape(t)}</li>" for t in troubles) + "</ul>"


def _table(report: Report) -> str:
    heads = "".join(f'<th title="{escape(meaning)}">{escape(name)}</th>' for name, meaning in figures.COLUMNS)
    groups = []
    for fault, rows in figures.pairs(report):
        lines = []
        for index, (run, row) in enumerate(rows):
            first = f'<td class="t" rowspan="{len(rows)}" title="{escape(KINDS[fault].words)}">{fault.value}</td>'
            cells = [_cell(name, text) for (name, _), text in zip(figures.COLUMNS, figures.cells(row), strict=True)]
            lines.append(
                f'<tr>{first if index == 0 else ""}<td class="t">{escape(run.label)}</td>{"".join(cells)}</tr>'
            )
        groups.append(f"<tbody>{''.join(lines)}</tbody>")
    return (
        '<div class="scroll"><table><thead><tr><th class="t">fault</th><th class="t">sentinels</th>'
        f"{heads}</tr></thead>{''.join(groups)}</table></div>"
    )


def _cell(column: str, text: str) -> str:
    bad = "unexplained" in text or text == "never"
    # Each cause on a line of its own keeps the column narrow.
    inside = escape(text).replace(" + ", "<br>") if column == "lost" else escape(text)
    return f'<td class="red">{inside}</td>' if bad else f"<td>{inside}</td>"


def _legend(report: Report) -> str:
    rows = [f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>" for name, meaning in figures.COLUMNS]
    for line in figures.explained(report.runs):
        name, _, meaning = line.partition(": ")
        rows.append(f"<dt>lost, {escape(name)}</dt><dd>{escape(meaning)}</dd>")
    note = (
        "Writers on the cut-off side of a partition are left out of the times without writes: nobody can help them. "
        "What they wrote there counts as lost."
    )
    listed = f'<dl>{"".join(rows)}</dl><p class="faint">{note}</p>'
    return f"<details><summary>What the columns mean</summary>{listed}</details>"


def _key(run: Run) -> str:
    entries = [
        *(
            (picture.COLOURS[i % len(picture.COLOURS)], f"{n.name} is master, or is named")
            for i, n in enumerate(run.roster.servers)
        ),
        (picture.LINKED, "replica"),
        (picture.UNLINKED, "replica, link down"),
        (picture.SILENT, "no answer"),
        (picture.KEPT, "kept writes"),
        (picture.LOST, "lost writes"),
    ]
    spans = "".join(f'<span><i style="background:{colour}"></i>{escape(text)}</span>' for colour, text in entries)
    return f'<p class="key">{spans}</p>'


def _summary(run: Run) -> str:
    failovers = sum(len(o.promoted) for o in run.outcomes)
    return (
        f'<p class="faint">{run.ended - run.began:.0f} s, {len(run.outcomes)} faults, {failovers} promotions, '
        f"{run.acknowledged:,} acknowledged writes, {run.failed:,} attempts failed, {run.lost:,} writes lost</p>"
    )


def _fault(report: Report, fault: Fault) -> str:
    found = [(run, worst) for run in report.runs if (worst := _worst(run, fault)) is not None]
    if not found:
        return ""
    # One scale for all, so that pictures above each other can be compared.
    after = min(_MOST_STRIP, max(outcome.moments.over - outcome.moments.begun for _, outcome in found))
    parts = [f'<h3 id="{fault.value}">{fault.value}</h3><p class="faint">{escape(KINDS[fault].words)}</p>']
    for run, outcome in found:
        longest = figures.seconds(max(outcome.gaps, default=None))
        told = (
            f"{run.label}: {outcome.words}. Longest time without a write {longest} s; {len(outcome.losses):,} lost; "
            f"two masters for {figures.seconds(outcome.split)} s."
        )
        parts.append(f"<p>{escape(told)}</p>{picture.strip(run, outcome, _BEFORE, after)}{_events(run, outcome)}")
    return "".join(parts)


def _worst(run: Run, fault: Fault) -> Outcome | None:
    outcomes = [outcome for outcome in run.outcomes if outcome.step.fault is fault]
    return max(outcomes, key=lambda o: max(o.gaps, default=0.0), default=None)


def _events(run: Run, outcome: Outcome) -> str:
    begun, over = outcome.moments.begun, outcome.moments.over
    lines = []
    for event in run.events:
        if begun - _BEFORE <= event.at <= over:
            meaning = events.explain(event.channel, event.payload)
            lines.append(f"{event.at - begun:+8.3f}  {event.sentinel:<11} {event.channel:<28} {meaning.words}")
    more = f"\n({len(lines) - _MOST_EVENTS} more)" if len(lines) > _MOST_EVENTS else ""
    text = escape("\n".join(lines[:_MOST_EVENTS]) + more)
    return f'<details><summary>{len(lines)} announcements</summary><div class="events">{text}</div></details>'


def _conditions(report: Report) -> str:
    told = report.conditions
    rows: Sequence[tuple[str, str]] = (
        ("command", told.command),
        ("seed", str(told.seed)),
        ("servers", f"{told.server}, one master and {told.replicas} replicas, append-only files"),
        ("sentinels", f"down-after {told.down_after} ms, failover-timeout {told.failover_timeout} ms"),
        ("writers", f"{told.writers}, together {told.rate:g} writes/s, closed loops, path {told.path}"),
        ("ground", told.ground),
    )
    listed = "".join(f"<dt>{name}</dt><dd><code>{escape(text)}</code></dd>" for name, text in rows)
    left = "".join(f"<li>{fault.value}: {escape(why)}</li>" for fault, why in told.left_out.items())
    return f"<dl>{listed}</dl>" + (f"<p>Left out:</p><ul>{left}</ul>" if left else "")
