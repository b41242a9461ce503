"""Bringing to its end a planned move whose leader died on the way.

A replica calls itself master, and the configured master calls itself a replica of it: nobody takes writes where clients
are sent to. Or each calls itself a replica of the other. Any sentinel of ours that has seen this for a while stands for
election, and can promote nobody but that replica.
"""

from quorate.core import asking, cadence, candidacy, choosing
from quorate.core.state import DataServer, Failover, Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event

FINISH_AFTER: Millis = 1_200
"""The leader itself goes on, or takes everything back, well before this (`handover.AFTER_ASIDE`)."""

FRESH: Millis = 2 * cadence.WATCHED_INFO
"""What both servers said must not be older."""

WATCH: Millis = 10_000
"""After a vote for the leader of a move, its servers are asked often for so long."""


def watch(turn: Turn, master: Master) -> None:
    """Somebody got our vote though the master is up: it is being moved, and the leader may die on the way."""
    if master.sdown:
        return
    master.watched_until = turn.now + WATCH
    master.finish_after = turn.now + FINISH_AFTER
    for server in (master, *master.replicas):
        cadence.hurry_info(turn, master, server)


def recall(turn: Turn, master: Master) -> None:
    """After a start: what our last vote was for was never announced, so it may be a move that ended with us."""
    if master.leader_epoch > master.config_epoch:
        watch(turn, master)


def maybe_finish(turn: Turn, master: Master) -> Millis | None:
    """Stand for the rest of a move that nobody leads any more. The moment at which to look again."""
    state = turn.state
    if master.failover or master.role is not Role.SLAVE or master.sdown:
        return None
    heir = _heir(turn, master)
    if heir is None:
        return None
    settled = max(master.role_since, heir.role_since) + FINISH_AFTER
    due = max(settled, master.finish_after) + candidacy.turn_of(turn, master)
    if turn.now < due:
        return due
    busy = state.stopping or state.save_error or asking.awaits_disk(turn, master)
    stale = min(master.info_at, heir.info_at) < turn.now - FRESH
    if busy or stale or choosing.choose(turn, master, heir).chosen is None:
        return turn.now + cadence.WATCHED_INFO
    place = f"{heir.address.shown(state.settings.announce_hostnames)} {heir.address.port}"
    turn.about(Event.MOVE_LEFT_OVER, master, master, f" #{place}")
    master.finish_after = turn.now + 2 * FINISH_AFTER
    candidacy.stand_for(turn, master, heir)
    return None


def is_left_over(turn: Turn, master: Master, failover: Failover) -> bool:
    """Elected to end a move: whether both servers say, since we stood, that it is half way.

    Its leader may have been slow and not dead, and have taken everything back meanwhile.
    """
    heir = failover.only
    assert heir is not None
    if master.role is not Role.SLAVE or master.sdown or min(master.info_at, heir.info_at) < failover.started:
        return False
    return _heir(turn, master) is heir


def _heir(turn: Turn, master: Master) -> Replica | None:
    """The replica that the configured master follows, if it has all that the master has."""
    if master.info is None:
        return None
    said = master.info.slave
    if not said.master_host or not said.master_port:
        return None
    address = turn.address(said.master_host, said.master_port)
    if address is None or not address.ip:
        return None
    heir = next((r for r in master.replicas if r.address.same_as(address)), None)
    if heir is None or heir.sdown or not heir.link.usable or heir.info is None:
        return None
    if not _kin(master, heir):
        return None
    if heir.role is Role.MASTER:
        return heir
    # A replica of a replica may have been made by hand; and what is to be promoted may lack what the master had.
    return heir if turn.now < master.watched_until and heir.offset >= (said.offset or 0) else None


def _kin(master: DataServer, heir: DataServer) -> bool:
    """Whether the data of one are the continuation of the other's."""
    assert master.info is not None
    assert heir.info is not None
    return bool(set(master.info.histories) & set(heir.info.histories))
