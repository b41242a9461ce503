"""Told to end: what is done with the failovers that we lead (SIGTERM, SHUTDOWN)."""

from quorate.core import coordination, failover, handover
from quorate.core.phases import ABORTABLE
from quorate.core.turn import Turn
from quorate.model.notice import Event


def leave(turn: Turn) -> None:
    """Give up what has promoted nobody yet; the rest is brought to its end soon."""
    turn.state.stopping = True
    for master in turn.state.masters.values():
        coordination.cancel(turn, master, "ERR This sentinel is about to leave")
        led = master.failover
        if led is None:
            continue
        begun = led.sent is not None or handover.is_committed(led)
        if led.state in ABORTABLE and not begun:
            failover.abort(turn, master, Event.ABORT_LEAVING)
        turn.check(master)
