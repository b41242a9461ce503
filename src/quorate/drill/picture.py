"""The timeline as SVG: writes a second, who is master, and whom the sentinels name. Pure.

A server has one colour: its lane shows it while that server takes writes, and a sentinel's lane while it sends clients
there. So sentinels that disagree differ in colour, and two masters are two coloured lanes at one time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from quorate.client import events
from quorate.client.events import Weight
from quorate.client.picture import Place
from quorate.drill.ledger import per_second
from quorate.drill.nodes import Node
from quorate.drill.report import Outcome, Run
from quorate.drill.track import SentinelSight, ServerSight, Span

COLOURS = ("#2563eb", "#0d9488", "#9333ea", "#b45309", "#be185d", "#4d7c0f", "#475569")
LINKED = "#dbe3ee"
UNLINKED = "#fbbf24"
SILENT = "#fca5a5"
KEPT = "#86b49a"
LOST = "#dc2626"
_BAND = "#fef3c7"
_INK = "#334155"
_FAINT = "#94a3b8"
_STRONG = "#111827"
_WEAK = "#6b7280"

_LEFT = 92
_RIGHT = 12
_WIDTH = 1160
_TOP = 30
_WRITES = 56
_LANE = 13
_STEP = 18
_GAP = 10
_FOOT = 22
_TOLD = {"+sdown", "+odown", "+try-failover", "+elected-leader", "+switch-master", "-sdown", "+tilt", "-save-error"}


@dataclass(frozen=True, slots=True)
class Frame:
    """The time that a picture shows, the moment that is its zero, and the one after which nothing is drawn."""

    begin: float
    end: float
    zero: float
    until: float

    def x(self, moment: float) -> float:
        share = (moment - self.begin) / max(0.001, self.end - self.begin)
        return _LEFT + max(0.0, min(1.0, share)) * (_WIDTH - _LEFT - _RIGHT)


def overview(run: Run) -> str:
    """The whole run, with the numbers of its faults on top."""
    end = max(run.ended, run.began + 1)
    frame = Frame(run.began, end, run.began, end)
    bands = []
    for outcome in run.outcomes:
        bands.append(_band(frame, outcome, _height(run)))
        middle = (frame.x(outcome.moments.begun) + frame.x(outcome.moments.ended)) / 2
        label = f"{outcome.step.number}. {outcome.step.fault.value}: {outcome.words}"
        # Numbers of faults that were short stand close together: every other one a line higher.
        y = 19 if outcome.step.number % 2 else 9
        bands.append(
            f'<text x="{middle:.1f}" y="{y}" class="n" text-anchor="middle">{outcome.step.number}'
            f"<title>{escape(label)}</title></text>"
        )
    return _svg(run, frame, bands, marked=False)


def strip(run: Run, outcome: Outcome, before: float, after: float) -> str:
    """One fault from `before` seconds before it to `after` seconds after its begin, empty once it is over."""
    begun, ended = outcome.moments.begun, outcome.moments.ended
    frame = Frame(begun - before, begun + after, begun, min(begun + after, outcome.moments.over))
    marks = [_band(frame, outcome, _height(run))]
    marks.append(f'<text x="{frame.x(begun) + 3:.1f}" y="18" class="n">fault</text>')
    if frame.x(ended) - frame.x(begun) > 40:
        marks.append(f'<text x="{frame.x(ended) + 3:.1f}" y="18" class="n">ended</text>')
    return _svg(run, frame, marks, marked=True)


def _svg(run: Run, frame: Frame, behind: Sequence[str], *, marked: bool) -> str:
    height = _height(run)
    box = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
    parts = [f'<svg {box} role="img" aria-label="Timeline of {escape(run.label)}">', *behind, *_writes(run, frame)]
    y = _TOP + _WRITES + _GAP
    colours: dict[Place | None, str] = {
        node.place: COLOURS[i % len(COLOURS)] for i, node in enumerate(run.roster.servers)
    }
    for node in run.roster.servers:
        spans = run.servers[node.name].spans(frame.begin, frame.until)
        bars = [(span, *_server_look(span.value, colours[node.place])) for span in spans]
        parts += _lane(frame, y, node, bars)
        y += _STEP
    y += _GAP
    for node in run.roster.sentinels:
        seen = run.sentinels[node.name].spans(frame.begin, frame.until)
        parts += _lane(frame, y, node, [(s, *_sentinel_look(s.value, run, colours)) for s in seen])
        if marked:
            parts += _marks(run, frame, node, y)
        y += _STEP
    return "".join([*parts, *_axis(frame, height), "</svg>"])


def _height(run: Run) -> int:
    return _TOP + _WRITES + (len(run.roster.servers) + len(run.roster.sentinels)) * _STEP + 2 * _GAP + _FOOT


def _band(frame: Frame, outcome: Outcome, height: int) -> str:
    left, right = frame.x(outcome.moments.begun), frame.x(outcome.moments.ended)
    size = f'width="{max(1.5, right - left):.1f}" height="{height - _TOP - _FOOT + 6}"'
    return f'<rect x="{left:.1f}" y="{_TOP - 6}" {size} fill="{_BAND}"/>'


def _writes(run: Run, frame: Frame) -> list[str]:
    """Kept writes a second as an area, those that were lost on top of them in red."""
    width = max(0.1, (frame.end - frame.begin) / 400)
    inside = [ack for ack in run.acks if frame.begin <= ack.at < frame.until]
    gone = {loss.ack for outcome in run.outcomes for loss in outcome.losses}
    kept = per_second([ack for ack in inside if ack not in gone], frame.begin, frame.end, width)
    lost = per_second([ack for ack in inside if ack in gone], frame.begin, frame.end, width)
    both = [a + b for a, b in zip(kept, lost, strict=True)]
    top = max([*both, 1.0])
    floor = _TOP + _WRITES
    area = [
        f'<text x="{_LEFT - 8}" y="{_TOP + 10}" class="l" text-anchor="end">writes/s</text>',
        f'<text x="{_LEFT - 8}" y="{_TOP + 24}" class="n" text-anchor="end">max {top:.0f}</text>',
    ]
    if any(lost):
        area.append(_area(frame, both, (width, top, floor), LOST))
    area.append(_area(frame, kept, (width, top, floor), KEPT))
    area.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}" stroke="{_FAINT}"/>')
    return area


def _area(frame: Frame, values: Sequence[float], scale: tuple[float, float, int], colour: str) -> str:
    width, top, floor = scale
    points = [f"{frame.x(frame.begin):.1f},{floor}"]
    for index, value in enumerate(values):
        y = floor - value / top * (_WRITES - 4)
        edges = (min(frame.end, frame.begin + edge * width) for edge in (index, index + 1))
        points += [f"{frame.x(edge):.1f},{y:.1f}" for edge in edges]
    points.append(f"{frame.x(frame.end):.1f},{floor}")
    return f'<polygon points="{" ".join(points)}" fill="{colour}"/>'


def _server_look(sight: ServerSight, colour: str) -> tuple[str, str]:
    if sight.role == "master":
        return colour, "master"
    if sight.role == "replica":
        whose = f" of {sight.following}" if sight.following else ""
        return (LINKED, f"replica{whose}") if sight.linked else (UNLINKED, f"replica{whose}, link down")
    return SILENT, "no answer"


def _sentinel_look(sight: SentinelSight, run: Run, colours: Mapping[Place | None, str]) -> tuple[str, str]:
    if not sight.answers:
        return SILENT, "no answer"
    node = run.roster.server_at(sight.master)
    name = node.name if node is not None else str(sight.master)
    return colours.get(sight.master, _INK), f"names {name}, config-epoch {sight.epoch}"


def _lane(
    frame: Frame, y: int, node: Node, bars: Sequence[tuple[Span[ServerSight] | Span[SentinelSight], str, str]]
) -> list[str]:
    parts = [f'<text x="{_LEFT - 8}" y="{y + 10}" class="l" text-anchor="end">{escape(node.name)}</text>']
    for span, colour, words in bars:
        left, right = frame.x(span.begin), frame.x(span.end)
        parts.append(
            f'<rect x="{left:.1f}" y="{y}" width="{max(0.6, right - left):.1f}" height="{_LANE}" fill="{colour}">'
            f"<title>{escape(node.name)}: {escape(words)}, {span.end - span.begin:.2f} s</title></rect>"
        )
    return parts


def _marks(run: Run, frame: Frame, node: Node, y: int) -> list[str]:
    """Ticks for what a sentinel announced; pointing at one tells what."""
    parts = []
    for event in run.events:
        if event.sentinel == node.name and event.channel in _TOLD and frame.begin <= event.at <= frame.until:
            meaning = events.explain(event.channel, event.payload)
            strong = meaning.weight in {Weight.GOOD, Weight.BAD}
            x = frame.x(event.at)
            words = f"{event.at - frame.zero:+.2f} s {event.channel}: {meaning.words}"
            place = f'x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + _LANE + 2}"'
            look = f'stroke="{_STRONG if strong else _WEAK}" stroke-width="1.5"'
            parts.append(f"<line {place} {look}><title>{escape(words)}</title></line>")
    return parts


def _axis(frame: Frame, height: int) -> list[str]:
    length = frame.end - frame.begin
    step = next(s for s in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 86400) if length / s <= 16)
    first = -int((frame.zero - frame.begin) // step)
    parts = []
    for index in range(first, int((frame.end - frame.zero) // step) + 1):
        x = frame.x(frame.zero + index * step)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - _FOOT}" class="g"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" class="n" text-anchor="middle">{_clock(index * step)}</text>')
    return parts


def _clock(seconds: int) -> str:
    if abs(seconds) < 120:
        return f"{seconds} s"
    return f"{seconds // 60}:{seconds % 60:02d}"
