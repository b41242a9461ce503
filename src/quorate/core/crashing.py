"""Gathering the evidence that a master's process is gone: our own, that of our peers, that of its replicas.

What follows from it is the ordinary way: it is subjectively down, objectively down, and somebody stands for election.
"""

from collections.abc import Iterator

from quorate.core import asking, cadence, connecting, crash, discovery, odown, roster, watching
from quorate.core.crash import Traces, Witness
from quorate.core.inputs import GoneTold
from quorate.core.link import Link
from quorate.core.outcome import Send
from quorate.core.requests import AskGone
from quorate.core.state import Failover, Master, Peer, Replica, State
from quorate.core.turn import Turn
from quorate.model.evidence import Detection
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event


def note_closed(turn: Turn, link: Link, *, refused: bool) -> None:
    """The command connection of a link ended, or one that was to be made was not."""
    if link.command_open:
        link.reset, link.refused, link.refused_again = turn.now, 0, 0
    elif not refused:
        # Nobody said that nobody is there.
        link.refused = link.refused_again = 0
    elif not link.refused:
        link.refused = turn.now
    elif turn.now - link.refused >= crash.APART:
        link.refused_again = turn.now
    for master, watched in roster.owners(turn.state, link):
        if not connecting.seeks_crash(master, watched):
            continue
        if link.command_open:
            for peer in master.peers.values():
                peer.gone, peer.gone_again = False, 0
        if refused:
            for replica in master.replicas:
                cadence.hurry_info(turn, master, replica)
        turn.check(master)


def is_gone_for_us(state: State, master: Master) -> bool:
    """Whether we have seen ourselves that its process is gone."""
    link = master.link
    if not link.refused_again or not connecting.seeks_crash(master, master):
        return False
    period = connecting.master_ping_period(state, master)
    return crash.is_gone(Traces(link.available, link.reset, link.refused, link.refused_again), period)


def look(turn: Turn, master: Master) -> Millis | None:
    """Notice that a master has crashed, or that it has not; the moment at which to look again."""
    if not is_gone_for_us(turn.state, master):
        _over(turn, master)
        return None
    due = _ask(turn, master)
    if master.crashed:
        if any(r.link_up and r.info_at >= master.crashed for r in _followers(turn, master)):
            _over(turn, master)
        return due
    seen_by = 1 + sum(1 for peer in master.peers.values() if _agrees(turn, peer))
    enough = crash.is_agreed(seen_by, master.settings.quorum, master.voters())
    if enough and not _is_elsewhere(turn, master) and crash.is_confirmed(_witnesses(master), master.link.reset):
        master.crashed = turn.now
        turn.about(Event.CRASHED, master, master, f" #refused {seen_by}/{master.voters()}")
        watching.look(turn, master, master)
    return due


def _over(turn: Turn, master: Master) -> None:
    if master.crashed:
        master.crashed = 0
        turn.about(Event.CRASHED_OVER, master, master)
        watching.look(turn, master, master)


def is_refuted(turn: Turn, master: Master, failover: Failover) -> bool:
    """Whether the process was not gone after all, for a leader that stood because it seemed so.

    It answers under the run id that it had, or a replica hears it. One with another run id has been restarted: that is
    no sign that all was well.
    """
    if not failover.crash:
        return False
    link = master.link
    if link.command_open and master.info_at >= link.command_since and master.run_id == failover.crashed_run:
        return True
    return any(r.link_up and r.info_at >= failover.started for r in _followers(turn, master))


# --- peers ----------------------------------------------------------------------------------------------------------


def _ask(turn: Turn, master: Master) -> Millis:
    """Ask peers of ours, and replicas, often in the first second: they are about to notice."""
    link, period = master.link, turn.state.tuning.ask_period
    soon = asking.FAST_PERIOD if turn.now < link.refused + asking.FAST_ASKING else period
    moments = [turn.now + soon]
    for peer in master.peers.values():
        if not peer.link.ours or not peer.link.usable:
            continue
        due = peer.gone_asked + period if peer.gone_asked else peer.gone_again
        if due <= turn.now:
            peer.gone_asked, peer.gone_again = turn.now, turn.now + (period if peer.gone else soon)
            peer.link.pending += 1
            assert peer.link.command is not None
            question = AskGone(peer.id, roster.name_of(master), master.address.ip, master.address.port)
            turn.effects.append(Send(peer.link.command, question))
            due = turn.now + soon
        moments.append(due)
    if not master.crashed:
        for replica in master.replicas:
            if replica.info_at < turn.now - asking.FAST_PERIOD:
                cadence.hurry_info(turn, master, replica)
    return max(min(moments), turn.now + 1)


def on_told(turn: Turn, master: Master, peer: Peer, answer: GoneTold) -> None:
    """A peer said whether the process is gone for it."""
    peer.gone, peer.gone_told = answer.gone, peer.gone_asked or turn.now
    peer.gone_asked = 0
    turn.check(master)


def _agrees(turn: Turn, peer: Peer) -> bool:
    return peer.gone and not odown.is_stale(turn.now, peer.gone_told, turn.state.tuning.ask_period)


# --- replicas -------------------------------------------------------------------------------------------------------


def _reachable(master: Master) -> Iterator[Replica]:
    for replica in master.replicas:
        if not replica.sdown and replica.link.usable and not replica.foreign:
            yield replica


def _witnesses(master: Master) -> Iterator[Witness]:
    for replica in _reachable(master):
        lost_it = replica.role is Role.SLAVE and replica.info is not None and replica.info.slave.link_up is False
        yield Witness(replica.info_at, lost_it)


def _followers(turn: Turn, master: Master) -> Iterator[Replica]:
    for replica in _reachable(master):
        if replica.role is Role.SLAVE and discovery.follows(turn, replica, master.address):
            yield replica


def _is_elsewhere(turn: Turn, master: Master) -> bool:
    """Whether what listens at the address that we dial may be something in between, and the operator did not say that
    this is all right: it is a name, or replicas follow another address.
    """
    if master.settings.crash_detection is Detection.ALWAYS:
        return False
    address = master.address
    return address.host != address.ip or any(
        not discovery.follows(turn, replica, address) for replica in _reachable(master) if replica.role is Role.SLAVE
    )
