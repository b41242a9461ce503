"""How `quorate status --why` answers whether a failover would succeed now. Pure."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from quorate.cli.board import offset as in_ten
from quorate.cli.board import size
from quorate.client.picture import Contender, Master, Outlook, SentinelPicture, Survey, Verdict

_WORDS = {
    Verdict.CHOSEN: ("promoted", "bold green"),
    Verdict.FIT: ("kept as replica", "cyan"),
    Verdict.REFUSED: ("refused", "yellow"),
}


def section(survey: Survey, asked: SentinelPicture, master: Master) -> list[RenderableType]:
    """The answer, what it stands on, and every replica; empty if nobody has asked for it."""
    outlook = survey.outlooks.get(asked.place, {}).get(master.name)
    if outlook is None:
        return []
    parts: list[RenderableType] = [Text(""), _answer(master, outlook), *map(_fact, facts(outlook))]
    if outlook.contenders:
        parts += [Text(""), _table(outlook)]
    if outlook.directives:
        parts.append(Text.assemble("  ", f"{'in force':<14}", (", ".join(outlook.directives), "dim")))
    notes = [*_cautions(outlook), *_waiting(survey, master, outlook), *others(survey, asked, master)]
    return parts + ([Text(""), *(Text.assemble(("- ", "dim"), note) for note in notes)] if notes else [])


def facts(outlook: Outlook) -> list[tuple[str, bool, str]]:
    """What must be so for a failover to succeed: the name of the condition, whether it holds, and the numbers."""
    usable = "an unknown number" if outlook.usable is None else str(outlook.usable)
    return [
        (
            "quorum",
            outlook.agreed,
            f"{usable} of {outlook.voters} sentinels can be reached, {outlook.quorum} must agree",
        ),
        ("majority", outlook.elected, f"{usable} of {outlook.voters} can be reached, {outlook.majority} must vote"),
        ("candidate", outlook.chosen is not None, _candidate(outlook)),
    ]


def others(survey: Survey, asked: SentinelPicture, master: Master) -> Iterator[str]:
    """Sentinels that would promote somebody else, were they elected."""
    mine = survey.outlooks[asked.place][master.name].chosen
    for other in survey.others:
        theirs = survey.outlooks.get(other.place, {}).get(master.name)
        if theirs is not None and theirs.chosen != mine:
            whom = f"would promote {theirs.chosen}" if theirs.chosen is not None else "would promote nobody"
            yield f"sentinel {other.place} {whom} (every sentinel has its own directives, and C has fewer)"


def _answer(master: Master, outlook: Outlook) -> Text:
    text = Text.assemble("Would a failover of ", (master.name, "bold"), " succeed now?  ")
    if outlook.running:
        return text.append("One is under way.", "bold yellow")
    if outlook.succeeds:
        return text.append(f"Yes, to {outlook.chosen}.", "bold green")
    return text.append("No.", "bold red")


def _candidate(outlook: Outlook) -> str:
    fit = sum(1 for one in outlook.contenders if one.verdict is not Verdict.REFUSED)
    limit = f", candidate-max-lag {size(outlook.max_lag)}" if outlook.max_lag else ""
    return f"{fit} of {len(outlook.contenders)} replicas {'is' if fit == 1 else 'are'} fit{limit}"


def _fact(fact: tuple[str, bool, str]) -> Text:
    name, holds, numbers = fact
    mark, style = ("yes", "green") if holds else ("no", "bold red")
    return Text.assemble("  ", f"{name:<10}", (f"{mark:<4}", style), (numbers, "dim"))


def _table(outlook: Outlook) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("replica", no_wrap=True)
    table.add_column("would be", no_wrap=True)
    for column in ("offset", "behind", "priority"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for one in outlook.contenders:
        table.add_row(*_cells(one))
    return table


def _cells(one: Contender) -> tuple[Text, ...]:
    priority = "" if one.priority is None else str(one.priority)
    return (
        Text(str(one.place)),
        Text(*_WORDS[one.verdict]),
        Text("" if one.offset is None else in_ten(one.offset)),
        Text("?" if one.behind is None else size(one.behind)),
        Text(priority),
        Text(one.reason or _merit(one), "" if one.verdict is Verdict.REFUSED else "dim"),
    )


def _merit(one: Contender) -> str:
    return "it is tagged prefer" if one.tag else "first in order of priority, data, run id"


def _waiting(survey: Survey, master: Master, outlook: Outlook) -> Iterator[str]:
    """Whether this sentinel starts none for a while, and who may nevertheless. C sentinels do not say when they may."""
    if not outlook.wait or outlook.running:
        return
    found = ((other.place, survey.outlooks.get(other.place, {}).get(master.name)) for other in survey.others)
    told = {place: theirs.wait for place, theirs in found if theirs is not None and not theirs.guessed}
    ready = [str(place) for place, wait in told.items() if not wait]
    rest = f"{', '.join(ready)} may at once" if ready else "nobody is known to start one sooner"
    if not ready and told and (soonest := min(told.values())) < outlook.wait:
        rest = f"the first in {soonest / 1000:.0f} s"
    yield f"this sentinel starts none for another {outlook.wait / 1000:.0f} s (it has tried, or voted); {rest}"


def _cautions(outlook: Outlook) -> Iterator[str]:
    if outlook.refused:
        yield f"the master does not let this sentinel in, so it lives, and is not down for us: {outlook.refused}"
    if outlook.guessed:
        yield "a C sentinel does not say whom it would promote: computed from SENTINEL REPLICAS, which may be 10 s old"
    if outlook.chosen is not None and not outlook.running and not (outlook.agreed and outlook.elected):
        yield "SENTINEL FAILOVER would succeed: an operator needs no quorum and no majority"
