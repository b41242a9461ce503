"""How `quorate history` looks: one line per failover, and a whole one with its steps. Pure; widths fit 80 columns."""

import time
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from quorate.cli.board import offset, size
from quorate.client.history import Told
from quorate.model.record import CHANGED, Cause, Ending, Phase, Record

_ENDINGS = {
    Ending.DONE: ("done", "green"),
    Ending.PARTLY: ("done in part", "yellow"),
    Ending.FOLLOWED: ("followed", "green"),
    Ending.NOT_ELECTED: ("not elected", "red"),
    Ending.NO_GOOD_REPLICA: ("no replica fit", "red"),
    Ending.NOT_PROMOTED: ("not promoted", "red"),
    Ending.OVERTAKEN: ("overtaken", "yellow"),
    Ending.UNDONE: ("taken back", "yellow"),
    Ending.RESTORED: ("restored", "green"),
    Ending.LEAVING: ("leader left", "yellow"),
    Ending.ALIVE: ("master lives", "yellow"),
    Ending.NOT_SAVED: ("not saved", "red"),
    Ending.RESET: ("reset", "yellow"),
    Ending.REMOVED: ("removed", "yellow"),
}

_SENTENCES = {
    Ending.DONE: "done; clients, peers and replicas have the new master",
    Ending.PARTLY: "promoted, but a replica did not follow in time",
    Ending.FOLLOWED: "another sentinel's; its configuration was taken over",
    Ending.NOT_ELECTED: "given up: no majority voted for this sentinel",
    Ending.NO_GOOD_REPLICA: "given up: no replica was fit",
    Ending.NOT_PROMOTED: "given up: the chosen replica did not become a master in time",
    Ending.OVERTAKEN: "given up: another sentinel's configuration came first",
    Ending.UNDONE: "taken back: writes went on where they were",
    Ending.RESTORED: "nobody was fit; the old master, a replica of nobody, got its role back",
    Ending.LEAVING: "given up: its leader was told to end",
    Ending.ALIVE: "given up: the process that seemed to be gone was not",
    Ending.NOT_SAVED: "taken back: the promotion could not be saved",
    Ending.RESET: "ended by SENTINEL RESET",
    Ending.REMOVED: "ended by SENTINEL REMOVE",
}

_STEPS = {
    Phase.SILENT.value: "no answer from the master from here on",
    Phase.SDOWN.value: "down for this sentinel (sdown)",
    Phase.ODOWN.value: "down for a quorum (odown)",
    Phase.STOOD.value: "stood for election",
    Phase.ELECTED.value: "elected leader",
    Phase.CHOSEN.value: "replica chosen",
    Phase.HANDED_OVER.value: "the master changes places by itself",
    Phase.PAUSED.value: "the master holds its writes",
    Phase.CAUGHT_UP.value: "the replica has them all",
    Phase.STEPPED_ASIDE.value: "the old master is a replica",
    Phase.ORDERED.value: "REPLICAOF NO ONE sent",
    Phase.PROMOTED.value: "the replica says it is a master",
    Phase.TOLD.value: "saved, announced to clients and peers",
    Phase.SETTLED.value: "replicas follow",
    Phase.SWITCHED.value: "new master taken over",
}

_BEFORE = frozenset((Phase.SILENT.value, Phase.SDOWN.value))
_BAR = 20


def report(failovers: Sequence[Told], details: int) -> RenderableType:
    """The list, and the newest `details` of it in whole."""
    parts: list[RenderableType] = [_list(failovers)]
    for told in failovers[:details]:
        parts += [Text(""), *_whole(told)]
    return Group(*parts)


def _list(failovers: Sequence[Told]) -> Table:
    several = len({told.entry.record.master for told in failovers}) > 1
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("began", no_wrap=True)
    # Where lines are of several masters their names take the place of the old addresses.
    table.add_column("master" if several else "from", no_wrap=True)
    table.add_column("to", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("behind", justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold", min_width=14)
    for told in failovers:
        record = told.entry.record
        word, style = _ENDINGS[record.ending]
        times = f" ({told.entry.attempts} times)" if told.entry.attempts > 1 else ""
        took = _took(record)
        table.add_row(
            Text(_moment(told.entry.began), "dim"),
            Text(record.master, "bold") if several else Text(record.old),
            Text(record.new or "-", "bold" if record.ending in CHANGED else ""),
            Text("" if took is None else _ms(took)),
            Text("" if record.trailed is None else size(record.trailed), "yellow" if record.trailed else ""),
            Text(f"{word}{times}", style),
        )
    return table


def _took(record: Record) -> int | None:
    """From the first sign, or the order, to the announcement."""
    steps = {step.word: step.at for step in record.steps}
    end = steps.get(Phase.TOLD.value, steps.get(Phase.SWITCHED.value))
    begin = steps.get(Phase.SILENT.value, steps.get(Phase.SDOWN.value, steps.get(Phase.STOOD.value)))
    return None if begin is None or end is None else end - begin


def _whole(told: Told) -> Iterator[RenderableType]:
    record = told.entry.record
    place = f"{record.old} -> {record.new}" if record.new else f"{record.old} stayed"
    yield Text.assemble((record.master, "bold"), f"  {place}  ", (f"epoch {record.epoch}", "dim"))
    yield Padding(_facts(told), (0, 0, 0, 2), expand=False)
    if record.contenders:
        yield Padding(_contenders(record), (1, 0, 0, 2), expand=False)
    if record.steps:
        yield Padding(_timeline(record), (1, 0, 0, 2), expand=False)


def _facts(told: Told) -> Table:
    record = told.entry.record
    began = f"{_moment(told.entry.began, exact=True)}, as {told.keeper} noted it"
    facts = [("began", began), ("why", _why(told))]
    if record.votes:
        facts.append(("elected", _votes(told)))
    elif told.leader():
        facts.append(("led by", told.leader()))
    if record.trailed is not None and record.known_offset is not None:
        highest = f"offset {offset(record.known_offset)}, the highest known"
        facts.append(("trailed", f"{size(record.trailed)} behind {highest}"))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        # Never a plain string: rich would take what others wrote for markup.
        table.add_row(Text(name, "dim"), Text(value))
    table.add_row(Text("outcome", "dim"), Text(_SENTENCES[record.ending], _ENDINGS[record.ending][1]))
    if told.entry.attempts > 1:
        since = _moment(told.entry.first)
        table.add_row(Text(""), Text(f"the last of {told.entry.attempts} attempts since {since}"))
    return table


def _why(told: Told) -> str:
    record = told.entry.record
    who = ", ".join(told.name_of(voter) for voter in record.down)
    seen = f"{len(record.down)} of {record.voters} sentinels saw the master down (quorum {record.quorum}): {who}"
    match record.cause:
        case Cause.DOWN:
            return seen
        case Cause.CRASH:
            return f"its process is gone: refused by {len(record.down)} of {record.voters} sentinels: {who}"
        case Cause.OPERATOR:
            return "an operator asked for it" + (", and it went on without a majority" if record.alone else "")
        case Cause.CONFLICT:
            return "two configurations of one epoch had to be settled"
        case Cause.MOVE:
            return "an operator asked for a coordinated move"
        case Cause.LEFT_OVER:
            return "a move whose leader was gone had to be brought to its end"
        case Cause.ELSEWHERE:
            by = f"told by {told.name_of(record.told_by)}" if record.told_by is not None else "told by another sentinel"
            return f"{by}; {seen}" if record.down else by


def _votes(told: Told) -> str:
    record = told.entry.record
    mine = [vote for vote in record.votes if vote.candidate == _keeper_id(record)]
    others = [vote for vote in record.votes if vote not in mine]
    text = f"{len(mine)} of {record.voters} votes: " + ", ".join(told.name_of(vote.voter) for vote in mine)
    if others:
        text += "; for others: " + ", ".join(told.name_of(vote.voter) for vote in others)
    return text


def _keeper_id(record: Record) -> str:
    """The id of the sentinel that keeps the record: the one without an address."""
    everybody = (*(vote.voter for vote in record.votes), *record.down)
    return next((voter.id for voter in everybody if not voter.address), "")


def _contenders(record: Record) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("candidate", no_wrap=True)
    table.add_column("priority", justify="right", no_wrap=True)
    table.add_column("offset", justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for one in sorted(record.contenders, key=lambda one: (not one.chosen, bool(one.reason), one.priority, -one.offset)):
        verdict = (
            Text("chosen", "bold green") if one.chosen else Text(one.reason or "fit, but another came first", "dim")
        )
        table.add_row(Text(one.address), Text(str(one.priority)), Text(offset(one.offset)), verdict)
    return table


def _timeline(record: Record) -> Table:
    """Each step with the time since the one before; the bars show where the time after ODOWN went."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("step", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=_BAR)
    steps = sorted(record.steps, key=lambda step: step.at)
    busy = [step.at for step in steps if step.word not in _BEFORE]
    begin, end = (busy[0], busy[-1]) if busy else (0, 0)
    before = steps[0].at
    for step in steps:
        words = _STEPS.get(step.word, step.word)
        took = step.at - before
        bar = _bar(before - begin, step.at - begin, end - begin) if before >= begin else ""
        table.add_row(Text(words), Text(_ms(step.at)), Text(f"+{_ms(took)}" if took else "", "dim"), Text(bar, "cyan"))
        before = step.at
    return table


def _bar(start: int, stop: int, whole: int) -> str:
    """The part of a line of `_BAR` characters that lies between two moments; a mark where that is next to nothing."""
    if whole <= 0 or stop <= start:
        return ""
    first, last = round(start * _BAR / whole), round(stop * _BAR / whole)
    return " " * min(first, _BAR - 1) + "█" * max(1, last - first)


def _ms(millis: int) -> str:
    return f"{millis} ms" if abs(millis) < 10_000 else f"{millis / 1000:.1f} s"


def _moment(millis: int, *, exact: bool = False) -> str:
    """A moment in the time zone of whoever reads."""
    try:
        there = time.localtime(millis / 1000)
    except (OverflowError, ValueError, OSError):
        return "?"
    text = time.strftime("%Y-%m-%d %H:%M:%S", there)
    return f"{text}.{millis % 1000:03d}" if exact else text
