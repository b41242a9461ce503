"""Whom we would promote now: the rule of selection, fed with what we know of the replicas."""

from dataclasses import replace

from quorate.core import selection
from quorate.core.selection import Candidate, Reason, Selection
from quorate.core.state import Master, Replica, State
from quorate.core.turn import Turn
from quorate.model.address import Address
from quorate.model.candidates import Tag
from quorate.model.info import Role
from quorate.model.millis import Millis

LATE_INFO: Millis = 5_000
"""A replica whose INFO is older is no witness of when its master went."""

NO_GOOD_REPLICA = "NOGOODSLAVE No suitable replica to promote"
"""The words of C Sentinel; behind a colon follow the reasons, if there is any replica."""

MOST_REASONS = 8
"""Refused replicas that one error names."""


def choose(turn: Turn, master: Master, only: Replica | None = None) -> Selection:
    """Whom to promote now, and why not the others. With `only`: that one, if it is fit for it."""
    choice = _select(turn.state, turn.now, master, is_up=not master.sdown)
    if only is None:
        return choice
    fit = only in master.replicas and only.name not in dict(choice.refused)
    return replace(choice, chosen=only.name if fit else None)


def awaits_info(master: Master) -> bool:
    """Whether a server that may answer yet has not said how far it is since we stood."""
    # One that is down because it has become a replica answers all the same.
    servers = (master, *master.replicas)
    living = [s for s in servers if not s.sdown or (s is master and s.role is Role.SLAVE)]
    return any(s.link.usable and s.link.info_asked for s in living)


def may_yet_suit(master: Master, choice: Selection) -> bool:
    """Whether nobody suits, but somebody will if the answer to our question says nothing against it."""
    reasons = dict(choice.refused)
    late = (r for r in master.replicas if reasons.get(r.name) is Reason.STALE_INFO)
    return choice.chosen is None and any(r.link.usable and r.link.info_asked for r in late)


def look(state: State, now: Millis, master: Master) -> Selection:
    """Whom we would promote if the master were lost now."""
    return _select(state, now, master, is_up=False)


def _select(state: State, now: Millis, master: Master, *, is_up: bool) -> Selection:
    tuning, settings = state.tuning, master.settings
    down_for = _outage(state, now, master) if master.sdown else None
    limits = selection.limits(down_for, settings.down_after, tuning.ping_period, tuning.info_period)
    limits = replace(limits, max_lag=settings.max_lag, is_up=is_up)
    if master.info is not None and master.info.role is Role.MASTER:
        history = master.info.histories[0] if master.info.histories else ""
        limits = replace(limits, history=history, offset=master.info.offset)
    return selection.select((_candidate(state, now, master, r) for r in master.replicas), limits)


def refusals(choice: Selection) -> str:
    """Why nobody suits, in one line to follow an error; "" where there is no replica to speak of."""
    told = [f"{name}: {reason.value}" for name, reason in choice.refused[:MOST_REASONS]]
    if len(choice.refused) > len(told):
        told.append(f"and {len(choice.refused) - len(told)} more")
    return ": " + "; ".join(told) if told else ""


def _outage(state: State, now: Millis, master: Master) -> Millis:
    heard = master.link.available > master.link.created
    fresh = now - LATE_INFO
    cut_off = [
        r.link_down_for if r.role is Role.SLAVE and not r.sdown and r.info is not None and r.info_at >= fresh else None
        for r in master.replicas
        if not r.foreign
    ]
    # One that has become a replica is no master from then on, though it is borne for a while before it counts as down.
    gone = min(master.sdown_since, master.role_since) if master.role is Role.SLAVE else master.sdown_since
    if master.link.available < state.late_at <= gone:
        # It went while we stood still. Its silence counts from our waking, but its replicas lost it when it went, and
        # all that we know of that moment is that its last good answer was before.
        gone = master.link.available
    return selection.outage(now - gone, heard, cut_off, master.settings.down_after)


def tag_of(state: State, master: Master, address: Address) -> Tag | None:
    """What the operator has said of the server at an address; a tag may name it by its number or by a name."""
    for tag in master.settings.tags:
        if state.placed(tag.host, tag.port).same_as(address):
            return tag.tag
    return None


def _candidate(state: State, now: Millis, master: Master, replica: Replica) -> Candidate:
    return Candidate(
        name=replica.name,
        run_id=replica.run_id or "",
        priority=replica.priority,
        offset=replica.offset,
        is_down=replica.sdown,
        is_disconnected=replica.link.disconnected or not replica.link.usable,
        ping_age=now - replica.link.available,
        info_age=now - replica.info_at if replica.info is not None else None,
        link_down_for=replica.link_down_for,
        histories=frozenset(replica.info.histories) if replica.info is not None else frozenset(),
        tag=tag_of(state, master, replica.address),
        is_master=replica.role is Role.MASTER,
        is_foreign=replica.foreign,
    )
