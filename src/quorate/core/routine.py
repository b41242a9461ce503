"""Inputs from which nothing follows but that somebody was heard: nearly all, so they must cost little.

Whatever is not plainly of that kind is declined, and goes through a turn like everything else.
"""

from collections.abc import Sequence

from quorate.core.inputs import HelloSeen, Input, Pinged, Pong, Published, PubSubSpoke
from quorate.core.requests import ConnId
from quorate.core.state import State
from quorate.model.millis import Millis

# Python 3.11 takes its time to find the member of an enum.
_PONG = Pong.PONG


def take(state: State, now: Millis, event: Input) -> bool:
    """Note who was heard, and when; False, with nothing changed, if more than that may follow."""
    return not state.tilt_since and _take(state, now, event)


def take_some(state: State, now: Millis, events: Sequence[Input]) -> int:
    """The same with inputs that came together; how many of them were taken before the first that is declined."""
    if state.tilt_since:
        return 0
    for number, event in enumerate(events):
        if not _take(state, now, event):
            return number
    return len(events)


def _take(state: State, now: Millis, event: Input) -> bool:
    # Most of what a sentinel does, in the order of how often it comes; a `match` looks at each class more slowly.
    if type(event) is Pinged:
        return event.pong is _PONG and _pong(state, now, event.conn)
    if type(event) is HelloSeen:
        return _hello(state, now, event)
    if type(event) is Published:
        return event.ok and _published(state, event)
    if type(event) is PubSubSpoke:
        heard(state, now, event.conn)
        return True
    return False


def heard(state: State, now: Millis, conn: ConnId) -> None:
    """Something was said on a subscription, so it works."""
    link = state.links.get(conn)
    if link is not None:
        link.heard_pubsub = now


def _hello(state: State, now: Millis, event: HelloSeen) -> bool:
    """Word for word what this peer said last time; epochs only grow, so there is nothing in it for us."""
    hello = event.hello
    master = state.masters.get(hello.master)
    peer = master.peers.get(hello.sender_id) if master is not None else None
    if peer is None or peer.hello is not hello:
        return False
    peer.last_hello = now
    if event.conn is not None:
        heard(state, now, event.conn)
    return True


def _pong(state: State, now: Millis, conn: ConnId) -> bool:
    """A server that answers as ever, and about which nothing is in doubt."""
    link = state.links.get(conn)
    if link is None or len(link.owners) != 1:
        return False
    (owner,) = link.owners
    master, watched = state.instances[owner]
    if watched.sdown or master.rebooted:
        return False
    link.ponged_at(now, well=True)
    link.trouble = ""
    return True


def _published(state: State, event: Published) -> bool:
    link = state.links.get(event.conn)
    if link is not None:
        link.pending = max(0, link.pending - 1)
    return True
