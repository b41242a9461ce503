"""Elections after which the configured master stays what it is, under the epoch of the election.

One settles two configurations of one epoch. The other gives a master its role back that follows a server which nobody
knows or which does not take it: a move may have ended half way, and those who knew of it have forgotten.

When may an old master be one again? Never beside another one to which clients are, or will be, led:

- Only an elected leader does it, with a majority, when its vote is on disk. Whoever led before has a lower epoch.
- The server is told to everybody under this epoch once it has confirmed. So it outranks what any earlier leader has
  promoted that is cut off from us or is told late: when the cut heals that one is corrected, as after every failover.
- An earlier leader that still works promotes, or takes back, at the latest one second after its order to step aside
  (`handover.AFTER_ASIDE` and `TOO_LATE`). Nothing is restored sooner than `SETTLED` after the role was seen to change.
- A replica that calls itself master has been promoted, be it by hand and though it is unfit; and a server from which
  the old master copies takes writes of its own. Nothing is restored beside either, unless an operator has said that
  this one is never to be the master: then nobody is ever led to it, and the old master has its data.

What is left is what every promotion risks: an order that is under way for longer than all this, because the network
keeps it, makes a master that no sentinel tells of. It is corrected like any that calls itself master (`mending`).
"""

from quorate.core import cadence, choosing, connecting, record
from quorate.core.requests import Reconfigure
from quorate.core.selection import Reason
from quorate.core.state import Failover, Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event
from quorate.model.record import Ending

SETTLED: Millis = 1_200
"""So long the old master must have been a replica: by then nobody who made it one is still at work."""

BARRED = (Reason.NO_FAILOVER, Reason.NEVER_PROMOTE)
"""Refusals by which an operator has said who must never be the master."""

CONFIRMED_WITHIN: Millis = 700
"""The server must say that it is a master again within this time."""


def stay(turn: Turn, master: Master, failover: Failover, ending: Ending) -> None:
    """The configuration begins anew under the epoch of the election: everybody is told of it."""
    master.config_epoch = failover.epoch
    record.close(turn, master, ending)
    master.failover = None
    master.alone = False
    master.no_start_before = 0
    turn.touch(master)
    cadence.greet_everybody(turn, master)
    turn.check(master)


def restore(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    """Elected, and nobody is fit to be promoted: give the old master its role back if that harms nobody.

    Returns the moment until which its answer is waited for; None if there is nothing to wait for (any more).
    """
    if failover.restored:
        if master.role is Role.MASTER and master.info_at >= failover.restored:
            stay(turn, master, failover, Ending.RESTORED)
            return None
        until = failover.restored + CONFIRMED_WITHIN
        return until if turn.now < until else None
    if failover.alone or failover.only is not None or turn.state.durable < failover.needs:
        return None
    if not _is_lone(turn, master, failover) or not master.link.usable:
        return None
    failover.restored = turn.now
    turn.send(master.link, Reconfigure(master.id, None))
    master.link.pending += 1
    connecting.ask_info(turn, master.link)
    turn.about(Event.MOVE_UNDONE, master, master)
    return turn.now + CONFIRMED_WITHIN


def _is_lone(turn: Turn, master: Master, failover: Failover) -> bool:
    """Whether it is a replica of nobody who may be the master, and nobody else calls itself one."""
    report = master.info
    if report is None or master.role is not Role.SLAVE or master.info_at < failover.started:
        return False
    if report.slave.syncing or turn.now < master.role_since + SETTLED:
        return False
    others = [r for r in master.replicas if r.role is Role.MASTER and r.info is not None and not r.sdown]
    if report.slave.link_up is False:
        return not others
    return bool(others) and all(_is_barred(turn, master, other) for other in others)


def _is_barred(turn: Turn, master: Master, other: Replica) -> bool:
    """Whether an operator does not want a server for a master that is one, and ours follows it and has its data.

    A sentinel with an old configuration may have turned the two.
    """
    assert master.info is not None
    assert other.info is not None
    said = master.info.slave
    place = turn.state.placed(said.master_host or "", said.master_port or 0)
    unwanted = dict(choosing.choose(turn, master).refused).get(other.name) in BARRED
    kin = set(master.info.histories) & set(other.info.histories)
    return unwanted and bool(kin) and other.address.same_as(place)
