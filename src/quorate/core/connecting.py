"""Keeping the connections of a link: opening what is missing, closing what has gone deaf."""

from quorate.core import crash
from quorate.core.calendar import SLOT
from quorate.core.link import Link
from quorate.core.outcome import Connect, LinkKind, Send
from quorate.core.requests import (
    AskInfo,
    AskKind,
    Authenticate,
    ConnId,
    NameClient,
    Ping,
    Request,
    SubscribeHello,
)
from quorate.core.state import Master, Peer, Replica, State, Watched
from quorate.core.turn import Turn
from quorate.model.evidence import Detection
from quorate.model.millis import Millis

PING, INFO = Ping(), AskInfo()

DEAF_AFTER_PERIODS = 3
"""Our own hellos come back on every subscription, so silence for this many publish-periods means a broken one."""

PINGS_PER_DOWN_AFTER = 10
PINGS_PER_DOWN_AFTER_OF_REPLICAS = 5
SHORTEST_PING: Millis = 50

OPENING: Millis = 3
"""What it costs a processor to open a link and to take in what is said first, with something to spare. Whoever asks
thousands at once reads the last answers when they are old, and takes servers for down that answered in time."""

OPENED_AT_ONCE: Millis = 1_000
"""Links that cost so much together need not wait for one another."""

PATIENT_ATTEMPT: Millis = 3_500
"""An attempt to connect that has not succeeded by then is begun anew: its packets are lost, and TCP would send the next
ones 7, 15 and 31 seconds after the first, however soon the far end is within reach again."""

JITTER: Millis = 100
"""Spread of reconnection attempts, so that a returning server is not greeted by everybody in one millisecond."""


def ping_period(turn: Turn, master: Master, watched: Watched) -> Millis:
    """How often a link is pinged: masters ten times per down-after, others as in C, never below 50 ms; but when an
    operator has turned the knob (SENTINEL DEBUG), everybody in that period.

    Nobody waits for the death of a replica: where down-after is long it is pinged half as often, together with hellos.
    """
    down_after = master.settings.down_after
    usual = turn.state.tuning.ping_period
    if turn.state.tuning.ping_period_set:
        return usual
    if watched is master:
        return master_ping_period(turn.state, master)
    period = min(usual, max(SHORTEST_PING, down_after))
    if isinstance(watched, Replica):
        return max(period, min(2 * usual, down_after // PINGS_PER_DOWN_AFTER_OF_REPLICAS))
    return period


def master_ping_period(state: State, master: Master) -> Millis:
    """How often a master is pinged."""
    usual = state.tuning.ping_period
    if state.tuning.ping_period_set:
        return usual
    period = min(usual, max(SHORTEST_PING, master.settings.down_after // PINGS_PER_DOWN_AFTER))
    # Whole slots, or half of one: many masters are pinged in one go.
    return period - period % (SLOT if period >= SLOT else SHORTEST_PING)


def seeks_crash(master: Master, watched: Watched) -> bool:
    """Whether it matters at once that this instance's process is gone."""
    return watched is master and master.settings.crash_detection is not Detection.NO


def reopen(turn: Turn, link: Link) -> None:
    """Open the connections that are missing, at once or when the next attempt is due."""
    if link.gone or not link.disconnected or not link.address.port:
        return
    _take_turn(turn, link)
    due = _next_attempt(turn, link)
    if due > turn.now:
        turn.state.calendar.at(due, link)
        return
    link.broke = link.stood = False
    if link.attempted is None:
        link.fell_silent(turn.now)
    link.attempted = turn.now
    if not link.address.ip:
        turn.resolve(link.address.host)
        turn.state.calendar.at(_next_attempt(turn, link), link)
        return
    if link.command is None:
        if link.address.host != link.address.ip:
            # The name may stand for another machine by now; the attempt goes to the number we have.
            turn.resolve(link.address.host)
        _open_command(turn, link)
    if link.wants_pubsub and link.pubsub is None:
        _open_pubsub(turn, link)


def _take_turn(turn: Turn, link: Link) -> None:
    """Give a server's link that is opened for the first time its moment: soon, but not in one go with thousands."""
    if link.attempted is not None or link.in_turn or not link.wants_pubsub:
        return
    link.in_turn = True
    begins = max(turn.now, turn.state.opening_until)
    turn.state.opening_until = begins + OPENING
    moment = begins - OPENED_AT_ONCE
    if moment > turn.now:
        # Nobody owes us an answer before we have asked.
        link.not_before, link.silent_since = max(link.not_before, moment), 0


def _next_attempt(turn: Turn, link: Link) -> Millis:
    if link.attempted is None or link.broke:
        return max(turn.now, link.not_before)
    if link.refused and not link.refused_again and seeks_crash(*_first_owner(turn, link)):
        # Whether nobody listens there for longer than a moment is not to be known later than need be.
        return max(turn.now, link.refused + crash.APART)
    period = turn.state.tuning.ping_period
    if not link.stood:
        # A master that is back before anybody called it down should be seen to be back. But one that accepts us and
        # breaks the connection again shows no health by doing so often.
        period = ping_period(turn, *_first_owner(turn, link))
    # The same attempt must give the same moment however often it is asked, so the spread comes from the past.
    return link.attempted + period + (link.attempted * 31 + link.address.port) % min(JITTER, period)


def _open_command(turn: Turn, link: Link) -> None:
    master, watched = _first_owner(turn, link)
    conn = ConnId(turn.state.next_id())
    link.command, link.command_open, link.command_since = conn, False, turn.now
    link.pending, link.info_asked, link.infos = 0, 0, 0
    link.trouble = ""
    turn.state.links[conn] = link
    label = f"{watched.kind} {watched.name}"
    address = link.address
    turn.effects.append(Connect(conn, LinkKind.COMMAND, address.ip, address.port, master.settings.renames, label))
    _introduce(turn, conn, master, watched, "cmd")
    ping(turn, link)
    if isinstance(watched, Peer):
        _send(turn, conn, AskKind())
    else:
        ask_info(turn, link)


def _open_pubsub(turn: Turn, link: Link) -> None:
    master, watched = _first_owner(turn, link)
    conn = ConnId(turn.state.next_id())
    link.pubsub, link.pubsub_open, link.pubsub_since, link.heard_pubsub = conn, False, turn.now, turn.now
    turn.state.links[conn] = link
    label = f"{watched.kind} {watched.name}"
    address = link.address
    turn.effects.append(Connect(conn, LinkKind.PUBSUB, address.ip, address.port, master.settings.renames, label))
    _introduce(turn, conn, master, watched, "pubsub")
    _send(turn, conn, SubscribeHello())


def _introduce(turn: Turn, conn: ConnId, master: Master, watched: Watched, kind: str) -> None:
    settings = turn.state.settings
    if isinstance(watched, Peer):
        user, password = settings.sentinel_user, settings.sentinel_pass
        if not password:
            user, password = "", settings.requirepass
    else:
        user, password = master.settings.auth_user, master.settings.auth_pass
    if password:
        _send(turn, conn, Authenticate(user, password))
    _send(turn, conn, NameClient(f"sentinel-{settings.myid[:8]}-{kind}"))


def _send(turn: Turn, conn: ConnId, request: Request) -> None:
    turn.effects.append(Send(conn, request))


def _first_owner(turn: Turn, link: Link) -> tuple[Master, Watched]:
    return turn.state.instances[min(link.owners)]


def ping(turn: Turn, link: Link) -> None:
    """Send a PING; silence begins with the first that stays unanswered."""
    turn.send(link, PING)
    link.pinged = turn.now
    link.pending += 1
    link.fell_silent(turn.now)


def ask_info(turn: Turn, link: Link) -> None:
    """Send an INFO."""
    turn.send(link, INFO)
    link.info_asked = turn.now
    link.infos += 1
    link.pending += 1


def close(turn: Turn, link: Link) -> None:
    """Close both connections; the link stays and may be opened again."""
    link.told.clear()
    link.reset = link.refused = link.refused_again = 0
    close_command(turn, link)
    close_pubsub(turn, link)


def close_command(turn: Turn, link: Link) -> None:
    """Close the command connection: what was asked on it will never be answered."""
    if link.command is not None:
        turn.disconnect(link.command)
        lost_command(turn, link)


def close_pubsub(turn: Turn, link: Link) -> None:
    """Close the Pub/Sub connection."""
    if link.pubsub is not None:
        turn.disconnect(link.pubsub)
        link.pubsub, link.pubsub_open = None, False


def lost_command(turn: Turn, link: Link) -> None:
    """Book the end of the command connection, whoever ended it."""
    link.command, link.command_open = None, False
    link.pending, link.info_asked, link.infos = 0, 0, 0
    link.fell_silent(turn.now)
    # The end of a link is fresh news of it, too.
    turn.state.tilt_unheard.discard(link)
    for owner in link.owners:
        watched = turn.state.instances[owner][1]
        if isinstance(watched, Peer):
            watched.asked = watched.config_asked = watched.gone_asked = 0


def retire(turn: Turn, link: Link) -> None:
    """Close for good."""
    close(turn, link)
    link.gone = True
    turn.state.calendar.forget(link)


def drop_deaf(turn: Turn, link: Link, down_after: Millis) -> None:
    """Close connections that have stopped carrying anything, so that they are made anew (spec 5.4; not in TILT)."""
    if turn.state.tilt_since:
        # The silence may be ours: what the far end said waits in a buffer that we have not read.
        return
    now = turn.now
    if link.command is not None and not link.command_open and now - link.command_since > PATIENT_ATTEMPT:
        close_command(turn, link)
    if link.pubsub is not None and not link.pubsub_open and now - link.pubsub_since > PATIENT_ATTEMPT:
        close_pubsub(turn, link)
    oldest = now - turn.state.tuning.min_link_reconnect_period
    if (
        link.command is not None
        and link.command_since < oldest
        and link.silence(now) > down_after // 2
        and now - link.ponged > down_after // 2
    ):
        close_command(turn, link)
    deaf = DEAF_AFTER_PERIODS * turn.state.tuning.publish_period
    # While saves fail our own hellos are held back, so silence means nothing.
    if (
        link.pubsub is not None
        and link.pubsub_since < oldest
        and now - link.heard_pubsub > deaf
        and not turn.state.save_error
    ):
        close_pubsub(turn, link)
    if link.disconnected:
        reopen(turn, link)
