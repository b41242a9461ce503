"""Holding a failover back while replicas prove that they hear the master (see `confirming` for what proves it)."""

from quorate.core import confirming, discovery
from quorate.core.confirming import Heard
from quorate.core.state import Master, Replica
from quorate.core.turn import Turn
from quorate.model.evidence import confirm_time
from quorate.model.info import InfoReport, Role
from quorate.model.millis import Millis
from quorate.model.notice import Event

FRESH_WAIT: Millis = 100
"""How long the answers of replicas that were asked when the master became objectively down are waited for."""


def note(turn: Turn, master: Master, replica: Replica, report: InfoReport) -> None:
    """A replica has answered INFO, and its books are up to date: what does that prove of its master?"""
    if not master.settings.confirm_by_replicas:
        replica.heard, replica.alive = None, 0
        return
    said = report.slave
    follows = report.role is Role.SLAVE and not replica.foreign and discovery.follows(turn, replica, master.address)
    if not follows:
        replica.heard, replica.alive = None, 0
        return
    place = (replica.master_host, replica.master_port)
    heard = Heard(turn.now, report.run_id, place, said.link_up is True, said.offset or 0, said.last_io)
    if replica.heard is not None and (replica.heard.run_id, replica.heard.master) != (heard.run_id, heard.master):
        replica.alive = 0
    replica.alive = max(replica.alive, confirming.proven(replica.heard, heard))
    replica.heard = heard


def wait(turn: Turn, master: Master) -> Millis | None:
    """Until when nobody is to stand, as things are now; None if nothing is to be waited for.

    A process that is gone needs no such proof: its replicas have told that they lost it.
    """
    settings = master.settings
    if not settings.confirm_by_replicas or master.crashed:
        return None
    if turn.now < master.odown_since + FRESH_WAIT and any(
        r.link.usable and r.link.info_asked and not r.sdown for r in master.replicas
    ):
        return master.odown_since + FRESH_WAIT
    begun = master.confirm_told >= master.odown_since
    proof = _proof(turn, master)
    if proof == 0:
        if begun:
            master.confirm_told = 0
            turn.about(Event.CONFIRM_OVER, master, master)
        return None
    limit = master.odown_since + confirm_time(settings.confirm_timeout, settings.down_after)
    if turn.now >= limit:
        if begun:
            master.confirm_told = 0
            turn.about(Event.CONFIRM_TIMEOUT, master, master, f" #after {turn.now - master.odown_since} ms")
        return None
    if not begun:
        master.confirm_told = turn.now
        turn.about(Event.CONFIRM_WAIT, master, master, f" #until {limit - turn.now} ms from now")
    return min(limit, max(proof + confirming.lasts(settings.down_after), turn.now) + 1)


def _proof(turn: Turn, master: Master) -> Millis:
    """The last moment at which the master lived by what replicas hear; 0 if nothing speaks against a failover."""
    proof = max((r.alive for r in master.replicas if not r.sdown), default=0)
    alive = confirming.is_alive(turn.now, proof, master.link.available, master.settings.down_after)
    return proof if alive else 0
