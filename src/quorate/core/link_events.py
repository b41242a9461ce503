"""What news of a link means: it opened, broke, answered a PING, an INFO, a hello or a question."""

from quorate.core import (
    asking,
    connecting,
    coordination,
    crashing,
    denial,
    discovery,
    failover,
    foreign,
    holding,
    inputs,
    mending,
    roster,
    tilt,
    watching,
)
from quorate.core.inputs import Pong
from quorate.core.link import Link
from quorate.core.requests import KillScript
from quorate.core.state import DataServer, Master, Peer, Replica, Watched
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.notice import Event, Level

UNTILT = "untilt"
"""Calendar key: TILT may be over."""

_NOAUTH = "NOAUTH"
_TOLD = 8
"""Different refusals of one link that the log is told: a far end that invents ever new ones must not fill the disk."""

PASSWORD_HINTS = {
    "WRONGPASS": " (our password for it is wrong: see auth-pass and auth-user, or sentinel-pass for sentinels)",
    "NOAUTH": " (it wants a password and we have none for it: see auth-pass, or sentinel-pass for sentinels)",
    "NOPERM": " (our user there lacks a right that sentinels need)",
}
"""What the first words of refusals mean for an operator."""

LinkInput = (
    inputs.LinkOpened
    | inputs.LinkClosed
    | inputs.InfoArrived
    | inputs.Published
    | inputs.PeerAnswered
    | inputs.KindAnswered
    | inputs.ConfigTold
    | inputs.GoneTold
    | inputs.Reconfigured
    | inputs.MoveAnswered
    | inputs.LinkRefused
)


def on_link(turn: Turn, link: Link, event: LinkInput) -> None:
    """News of a link that is still ours."""
    match event:
        case inputs.LinkOpened():
            _on_opened(turn, link, event)
        case inputs.LinkClosed():
            _on_closed(turn, link, event)
        case inputs.InfoArrived():
            _on_info(turn, link, event)
        case inputs.Published():
            _answered(link)
        case inputs.PeerAnswered():
            _answered(link)
            entry = turn.state.instances.get(event.about)
            if entry is not None and isinstance(entry[1], Peer):
                _on_peer_answered(turn, entry[0], entry[1], event)
        case inputs.KindAnswered():
            _answered(link)
            link.ours = event.ours
        case inputs.ConfigTold():
            _answered(link)
            entry = turn.state.instances.get(event.about)
            if entry is not None and isinstance(entry[1], Peer):
                mending.on_told(turn, entry[0], entry[1], event)
        case inputs.GoneTold():
            _answered(link)
            entry = turn.state.instances.get(event.about)
            if entry is not None and isinstance(entry[1], Peer):
                crashing.on_told(turn, entry[0], entry[1], event)
        case inputs.Reconfigured():
            _answered(link)
        case inputs.MoveAnswered():
            _answered(link)
            coordination.on_answered(turn, turn.state.instances[min(link.owners)][0], event)
        case inputs.LinkRefused():
            _refused(turn, link, event.text)
            if link.info_asked:
                _answered(link)
                _info_answered(link)


def _answered(link: Link) -> None:
    link.pending = max(0, link.pending - 1)


def _info_answered(link: Link) -> None:
    # A leader waits for what it asked itself: what was on its way before that is older than it thinks.
    link.infos = max(0, link.infos - 1)
    if not link.infos:
        link.info_asked = 0


def _refused(turn: Turn, link: Link, text: str) -> None:
    """The far end answers but will not have us: keep its words, and give them to the log once."""
    if denial.is_denial(text):
        link.denied = turn.now
    if text.startswith(_NOAUTH) and link.trouble:
        # Only the consequence of what it said about our password.
        return
    link.trouble = text
    if text in link.told or len(link.told) >= _TOLD:
        return
    link.told.add(text)
    _, watched = turn.state.instances[min(link.owners)]
    hint = PASSWORD_HINTS.get(text.partition(" ")[0], "")
    turn.remark(Level.WARNING, f"The {watched.kind} {watched.name} refuses us: {text}{hint}")


def _on_opened(turn: Turn, link: Link, event: inputs.LinkOpened) -> None:
    if event.conn == link.command:
        link.command_open = link.stood = True
        link.local_ip = event.local_ip
        link.reset = link.refused = link.refused_again = 0
        for master, _ in roster.owners(turn.state, link):
            if master.sdown or master.failover:
                turn.check(master)
    elif event.conn == link.pubsub:
        link.pubsub_open = True


def _on_closed(turn: Turn, link: Link, event: inputs.LinkClosed) -> None:
    del turn.state.links[event.conn]
    is_command = event.conn == link.command
    if event.immediate:
        kind = Event.CMD_LINK_RECONNECTION if is_command else Event.PUBSUB_LINK_RECONNECTION
        master, watched = turn.state.instances[min(link.owners)]
        turn.about(kind, master, watched, f" #{event.reason}")
    if is_command:
        # One attempt at once: a server that closes all connections is often there again in the same millisecond.
        # But one in a period only, for a server that closes every connection must not be dialled in a hot loop.
        if link.command_open and turn.now - link.command_retried > turn.state.tuning.ping_period:
            link.broke, link.command_retried = True, turn.now
        crashing.note_closed(turn, link, refused=event.refused)
        connecting.lost_command(turn, link)
    elif event.conn == link.pubsub:
        if link.pubsub_open and turn.now - link.pubsub_retried > turn.state.tuning.ping_period:
            link.broke, link.pubsub_retried = True, turn.now
        link.pubsub, link.pubsub_open = None, False
    connecting.reopen(turn, link)
    if is_command:
        watching.look_at_owners(turn, roster.owners(turn.state, link))


def on_pinged(turn: Turn, event: inputs.Pinged) -> None:
    """A reply to PING: who was silent or down may be back."""
    state = turn.state
    link = state.links.get(event.conn)
    if link is None:
        return
    was_silent = link.silent_since
    link.ponged_at(turn.now, well=event.pong in (Pong.PONG, Pong.LOADING, Pong.MASTERDOWN))
    if event.pong is Pong.PONG:
        link.trouble = ""
    else:
        if denial.is_denial(event.text):
            link.denied = turn.now
        if not (event.text.startswith(_NOAUTH) and link.trouble):
            link.trouble = event.text
    if state.tilt_since and link in state.tilt_unheard:
        state.tilt_unheard.discard(link)
        maybe_untilt(turn)
    if event.pong is Pong.PONG and not was_silent:
        return
    for master, watched in roster.owners(state, link):
        if watched is master and event.pong is Pong.PONG and master.rebooted:
            master.rebooted = 0
            watching.look(turn, master, master)
        if watched.sdown:
            _on_pinged_while_down(turn, link, master, watched, event.pong)


def _on_pinged_while_down(turn: Turn, link: Link, master: Master, watched: Watched, pong: Pong) -> None:
    if isinstance(watched, DataServer) and pong is Pong.BUSY and not watched.script_kill_sent:
        turn.send(link, KillScript())
        watched.script_kill_sent = True
    watching.look(turn, master, watched)


def _on_info(turn: Turn, link: Link, event: inputs.InfoArrived) -> None:
    _answered(link)
    _info_answered(link)
    link.informed += 1
    master, server = turn.state.instances[min(link.owners)]
    if not isinstance(server, DataServer):
        return
    discovery.on_info(turn, master, server, event.report)
    foreign.look(turn, master, server)
    if isinstance(server, Replica):
        holding.note(turn, master, server, event.report)
    if turn.state.tilt_since:
        return
    if isinstance(server, Replica):
        discovery.note_reconfigured(turn, master, server)
        mending.look(turn, master, server)
    if master.failover is not None or master.role is Role.SLAVE or _is_judged_by_replicas(master):
        turn.check(master)


def _is_judged_by_replicas(master: Master) -> bool:
    """Whether it matters at once what replicas say of their master (see `holding`, `crashing`)."""
    if master.odown and master.settings.confirm_by_replicas:
        return True
    return master.link.refused_again > 0 and connecting.seeks_crash(master, master)


def _on_peer_answered(turn: Turn, master: Master, peer: Peer, event: inputs.PeerAnswered) -> None:
    asking.on_answer(turn, master, peer, event)
    standing = master.failover
    if standing is not None and event.leader is not None and peer.leader_epoch > standing.epoch:
        failover.step_down(turn, master)


def maybe_untilt(turn: Turn) -> None:
    """Leave TILT if it is over, and look at everything anew."""
    state = turn.state
    if not state.tilt_since:
        return
    if tilt.is_over(turn.now, state.tilt_since, state.tuning.tilt_period, len(state.tilt_unheard)):
        state.tilt_since = 0
        state.tilt_unheard.clear()
        turn.tell(Event.TILT_OVER, "#tilt mode exited")
        for master, watched in list(state.instances.values()):
            watching.look(turn, master, watched)
            turn.check(master)
    else:
        state.calendar.at(state.tilt_since + state.tuning.tilt_period + 1, UNTILT)
