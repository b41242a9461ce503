"""The cluster at one moment, as rows for a table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from quorate.client.picture import Seen, SentinelPicture, Unreadable
from quorate.local.observer import Observer, ServerSight
from quorate.local.plan import Kind, Member, Plan


class State(Enum):
    """How a member is. The words are those of the table."""

    UP = "up"
    STARTING = "starting"
    SYNCING = "syncing"
    LOADING = "loading"
    UNLINKED = "no link"
    SILENT = "no answer"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Watcher:
    """A sentinel's number and what it thinks of the member: True up, False down."""

    number: int
    up: bool


@dataclass(frozen=True, slots=True)
class Process:
    """What `up` knows of a member's process. `pid` None while it is dead; `note` says what will be done about it."""

    pid: int | None
    note: str = ""
    young: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One member. `role` master, replica or sentinel; `lag` in bytes; `offset` None where there is none."""

    member: Member
    role: str
    state: State
    offset: int | None
    lag: int | None
    watchers: tuple[Watcher, ...]
    process: Process


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything to show. `master` is the port that the sentinels name, None before they do."""

    plan: Plan
    master: int | None
    failing_over: bool
    rows: tuple[Row, ...]


def take(observer: Observer, processes: Mapping[Member, Process]) -> Snapshot:
    """The state of now."""
    plan = observer.plan
    master = observer.master_port()
    members = plan.members()
    pictures = [(m, observer.sentinels.get(m.port)) for m in members if m.kind is Kind.SENTINEL]
    views = [(m.number, p) for m, p in pictures if isinstance(p, SentinelPicture) and processes[m].pid is not None]
    rows = []
    for member in members:
        watchers = _watchers(member, plan.name, views)
        if member.kind is Kind.SERVER:
            rows.append(_server(member, observer.servers, master, watchers, processes[member]))
        else:
            state = _state_of_sentinel(observer.sentinels.get(member.port), processes[member])
            rows.append(Row(member, "sentinel", state, None, None, watchers, processes[member]))
    return Snapshot(plan, master, observer.failing_over(), tuple(rows))


def _server(
    member: Member,
    sights: Mapping[int, ServerSight | Unreadable],
    master: int | None,
    watchers: tuple[Watcher, ...],
    process: Process,
) -> Row:
    sight = sights.get(member.port)
    expected = "master" if member.port == master else "replica"
    if process.pid is None or not isinstance(sight, ServerSight):
        return Row(member, expected, _silence(sight, process), None, None, watchers, process)
    return Row(
        member,
        sight.role,
        _state_of_server(sight),
        sight.offset,
        _lag(sight, member, sights, master),
        watchers,
        process,
    )


def _state_of_server(sight: ServerSight) -> State:
    if sight.loading:
        return State.LOADING
    if sight.role == "master" or sight.link_up:
        return State.UP
    return State.SYNCING if sight.syncing else State.UNLINKED


def _state_of_sentinel(sight: SentinelPicture | Unreadable | None, process: Process) -> State:
    return State.UP if process.pid is not None and isinstance(sight, SentinelPicture) else _silence(sight, process)


def _silence(sight: object, process: Process) -> State:
    if process.pid is None:
        return State.DOWN
    return State.STARTING if sight is None or process.young else State.SILENT


def _lag(
    sight: ServerSight, member: Member, sights: Mapping[int, ServerSight | Unreadable], master: int | None
) -> int | None:
    """Bytes behind the master: the smaller of two estimates, since either is too high for a moment.

    The master knows only what a replica acknowledged up to a second ago; the offsets that both report themselves
    were not read at the same moment.
    """
    if sight.role == "master":
        return None
    leader = sights.get(-1 if master is None else master)
    if not isinstance(leader, ServerSight) or leader.role != "master" or not sight.link_up:
        return None
    estimates = []
    if member.place in leader.replication.lags:
        estimates.append(leader.replication.lags[member.place].behind)
    if leader.offset is not None and sight.offset is not None:
        estimates.append(max(0, leader.offset - sight.offset))
    return min(estimates, default=None)


def _watchers(member: Member, name: str, views: Sequence[tuple[int, SentinelPicture]]) -> tuple[Watcher, ...]:
    found = []
    for number, view in views:
        master = view.master(name)
        if master is None:
            continue
        seen: list[Seen] = [master.seen, *(r.seen for r in master.replicas), *(p.seen for p in master.peers)]
        ours = next((s for s in seen if s.place == member.place), None)
        if ours is not None:
            found.append(Watcher(number, not ours.down))
    return tuple(found)
