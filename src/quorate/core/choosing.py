"""Whom we would promote now: the rule of selection, fed with what we know of the replicas."""

from dataclasses import replace

from quorate.core import selection
from quorate.core.selection import Candidate, Selection
from quorate.core.state import Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis

LATE_INFO: Millis = 5_000
"""A replica whose INFO is older is no witness of when its master went."""


def choose(turn: Turn, master: Master, only: Replica | None = None) -> Selection:
    """Whom we would promote now, and why not the others. With `only`: that one, if it is fit for it."""
    tuning = turn.state.tuning
    down_for = _outage(turn, master) if master.sdown else None
    limits = selection.limits(down_for, master.settings.down_after, tuning.ping_period, tuning.info_period)
    if master.info is not None and master.info.role is Role.MASTER and master.info.histories:
        limits = replace(limits, history=master.info.histories[0])
    choice = selection.select((_candidate(turn, r) for r in master.replicas), limits)
    if only is None:
        return choice
    fit = only in master.replicas and only.name not in dict(choice.refused)
    return Selection(only.name if fit else None, choice.refused)


def _outage(turn: Turn, master: Master) -> Millis:
    heard = master.link.available > master.link.created
    fresh = turn.now - LATE_INFO
    cut_off = [
        r.link_down_for if r.role is Role.SLAVE and not r.sdown and r.info is not None and r.info_at >= fresh else None
        for r in master.replicas
    ]
    # One that has become a replica is no master from then on, though it is borne for a while before it counts as down.
    gone = min(master.sdown_since, master.role_since) if master.role is Role.SLAVE else master.sdown_since
    return selection.outage(turn.now - gone, heard, cut_off, master.settings.down_after)


def _candidate(turn: Turn, replica: Replica) -> Candidate:
    return Candidate(
        name=replica.name,
        run_id=replica.run_id or "",
        priority=replica.priority,
        offset=replica.offset,
        is_down=replica.sdown,
        is_disconnected=replica.link.disconnected or not replica.link.usable,
        ping_age=turn.now - replica.link.available,
        info_age=turn.now - replica.info_at if replica.info is not None else None,
        link_down_for=replica.link_down_for,
        histories=frozenset(replica.info.histories) if replica.info is not None else frozenset(),
    )
