"""How `quorate status` looks. Pure: a survey and its findings in, tables out."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from quorate.cli import outlook_table
from quorate.cli.board import MUCH, size
from quorate.cli.board import offset as in_ten
from quorate.client.diagnosis import Finding, Health, health
from quorate.client.picture import Master, Replica, Seen, SentinelPicture, Survey

_HEALTH = {Health.HEALTHY: "bold green", Health.DEGRADED: "bold yellow", Health.UNREACHABLE: "bold red"}


def report(survey: Survey, findings: list[Finding], name: str | None = None) -> RenderableType:
    """Everything: one table per master, then the findings in words."""
    parts: list[RenderableType] = []
    if survey.asked is not None:
        parts.append(_asked(survey.asked))
        masters = [m for m in survey.asked.masters if name is None or m.name == name]
        for master in masters:
            own = [f for f in findings if f.master == master.name]
            parts += [Text(""), _headline(master, own), _facts(survey.asked, master)]
            parts += [Text(""), _table(survey, master)]
            parts += [Text(""), *(_finding(f) for f in own)] if own else []
            parts += outlook_table.section(survey, survey.asked, master)
    general = [f for f in findings if not f.master]
    if general:
        parts += [Text(""), *(_finding(f) for f in general)]
    verdict = health(survey, findings)
    parts += [Text(""), Text.assemble(("Overall: ", "dim"), (verdict.value, _HEALTH[verdict]))]
    return Group(*parts)


def _asked(sentinel: SentinelPicture) -> Text:
    text = Text.assemble(("Seen by sentinel ", "dim"), (str(sentinel.place), "magenta"))
    details = [sentinel.version]
    if sentinel.uptime is not None:
        details.append(f"up {span(sentinel.uptime)}")
    if sentinel.own.current_epoch is not None:
        details.append(f"epoch {sentinel.own.current_epoch}")
    if sentinel.tilt:
        details.append("in TILT")
    text.append(f"  ({', '.join(d for d in details if d)})", "dim")
    return text


def _headline(master: Master, findings: Iterable[Finding]) -> Text:
    ill = any(f.serious for f in findings)
    word, style = ("degraded", "bold yellow") if ill else ("healthy", "bold green")
    if master.seen.down:
        word, style = "down", "bold red"
    return Text.assemble((master.name, "bold"), "  ", (word, style))


def _facts(sentinel: SentinelPicture, master: Master) -> Text:
    facts = []
    if master.current is not None:
        facts.append(f"clients go to {master.current}")
    if master.quorum is not None:
        facts.append(f"quorum {master.quorum} of {len(master.peers) + 1}")
    if master.config_epoch is not None:
        facts.append(f"epoch {master.config_epoch}")
    facts.append(f"last failover {last_failover(sentinel, master)}")
    if master.failover_state:
        facts.append(f"failover state {master.failover_state}")
    return Text("  ".join(facts), "dim")


def last_failover(sentinel: SentinelPicture, master: Master) -> str:
    """When, as far as a sentinel shows it: `never`, `3 min ago`, or `before start` (of the sentinel)."""
    if master.config_epoch == 0:
        return "never"
    ago = last_failover_ago(sentinel, master)
    return "before start" if ago is None else f"{span(ago)} ago"


def last_failover_ago(sentinel: SentinelPicture, master: Master) -> int | None:
    """Milliseconds since the switch that this sentinel saw; None if it saw none.

    A switch restarts the clock of the master's role, and so does a sentinel's start: they are told apart by uptime.
    """
    since, uptime = master.role_reported_for, sentinel.uptime
    if not master.config_epoch or since is None or uptime is None or since + 2000 >= uptime:
        return None
    return since


def _table(survey: Survey, master: Master) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("role", "address", "state"):
        table.add_column(column, no_wrap=True)
    for column in ("offset", "lag", "answered"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("notes", overflow="fold")
    replication = master.replication
    offset = replication.offset if replication is not None else None
    table.add_row(
        Text("master", "bold green"),
        Text(str(master.seen.place)),
        _state(master.seen),
        _number(offset),
        Text(""),
        _age(master.seen),
        Text(""),
        end_section=False,
    )
    for index, replica in enumerate(master.replicas):
        table.add_row(*_replica_cells(master, replica), end_section=index + 1 == len(master.replicas))
    for place_cells in _sentinel_rows(survey, master):
        table.add_row(*place_cells)
    return table


def _replica_cells(master: Master, replica: Replica) -> tuple[Text, ...]:
    lag = master.replication.lags.get(replica.seen.place) if master.replication is not None else None
    notes = []
    if replica.priority is not None and replica.priority != 100:
        notes.append(f"priority {replica.priority}")
    if not replica.announced:
        notes.append("not announced")
    notes += _progress(replica.seen)
    state = _state(replica.seen)
    if replica.link_up is False and not replica.seen.down:
        state = Text("no link", "yellow")
    behind = Text("" if lag is None else size(lag.behind), "yellow" if lag is not None and lag.behind >= MUCH else "")
    return (
        Text("replica", "cyan"),
        Text(str(replica.seen.place)),
        state,
        _number(replica.offset),
        behind,
        _age(replica.seen),
        Text(", ".join(notes), "dim"),
    )


def _sentinel_rows(survey: Survey, master: Master) -> Iterable[tuple[Text, ...]]:
    assert survey.asked is not None, "there is a table only if a sentinel was read"
    asked = survey.asked
    yield _sentinel_cells(asked.place, Text("up", "green"), Text(""), "asked")
    views = {view.myid: view for view in survey.others if view.myid}
    for peer in master.peers:
        view = views.get(peer.seen.run_id)
        note = "" if view is None else _view(view, master, asked)
        yield _sentinel_cells(peer.seen.place, _state(peer.seen), _age(peer.seen), note)


def _sentinel_cells(place: object, state: Text, age: Text, note: str) -> tuple[Text, ...]:
    return Text("sentinel", "magenta"), Text(str(place)), state, Text(""), Text(""), age, Text(note, "dim")


def _view(view: SentinelPicture, master: Master, asked: SentinelPicture) -> str:
    """What is different about another sentinel."""
    theirs = view.master(master.name)
    epoch = None if theirs is None else theirs.config_epoch
    parts = [f"epoch {epoch}" if epoch is not None and epoch != master.config_epoch else ""]
    parts.append(view.version if view.version != asked.version else "")
    return ", ".join(part for part in parts if part)


def _progress(seen: Seen) -> list[str]:
    words = {"promoted": "being promoted", "reconf_sent": "told to follow", "reconf_inprog": "synchronising"}
    return [text for flag, text in words.items() if flag in seen.flags]


def _state(seen: Seen) -> Text:
    if seen.refuses:
        return Text("refuses us", "bold red")
    if seen.down:
        return Text("down, agreed" if "o_down" in seen.flags else "down", "bold red")
    if seen.cut_off:
        return Text("no connection", "yellow")
    return Text("up", "green")


def _age(seen: Seen) -> Text:
    return Text("" if seen.last_ok_ping is None else f"{span(seen.last_ok_ping)} ago", "dim")


def _number(value: int | None) -> Text:
    return Text("" if value is None else in_ten(value))


def _finding(finding: Finding) -> Text:
    mark, style = ("!", "bold yellow") if finding.serious else ("-", "dim")
    return Text.assemble((f"{mark} ", style), (finding.text, "" if finding.serious else "dim"))


def span(millis: int) -> str:
    """A length of time for people: 0.3 s, 12 s, 4 min, 3 h, 5 days."""
    seconds = millis / 1000
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
