"""What is sent again and again: PING, INFO and hello, each in its slots of the calendar.

A job names the slot for which it was booked; booking an instance into an earlier slot makes the older job stale.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from quorate.core import connecting
from quorate.core.calendar import SLOT, WIDE
from quorate.core.link import Link
from quorate.core.outcome import Send
from quorate.core.requests import PublishHello
from quorate.core.state import DataServer, FailoverState, Master, Reconf, Replica, Watched
from quorate.core.turn import Turn
from quorate.model.hello import Hello
from quorate.model.identity import MasterName
from quorate.model.info import Role
from quorate.model.millis import Millis

PENDING_PER_OWNER = 100
"""A link with this many unanswered requests per owner gets no more periodic ones."""

FAST_INFO: Millis = 1_000
"""INFO period of replicas while their master is down, failing over, or unreachable for them (spec 5.2), and of those
that call themselves master: nobody should be wrong for longer than need be."""

WATCHED_INFO: Millis = 300
"""INFO period of all servers of a master that somebody is moving while it is up."""


class Kind(Enum):
    """The three periodic sends."""

    PING = "ping"
    INFO = "info"
    HELLO = "hello"


# Python 3.11 takes its time to find the member of an enum.
_HELLO = Kind.HELLO


@dataclass(frozen=True, slots=True, eq=False)
class LinkJob:
    """PING over a link; with `due` at that very moment, where slots are too wide."""

    link: Link
    due: Millis = 0


@dataclass(frozen=True, slots=True, eq=False)
class WatchJob:
    """INFO or hello to an instance."""

    kind: Kind
    watched: Watched


def begin(turn: Turn, master: Master, watched: Watched) -> None:
    """Book the periodic sends of a new instance, spread over their periods."""
    chance, tuning = turn.state.chance, turn.state.tuning
    calendar = turn.state.calendar
    link = watched.link
    period = connecting.ping_period(turn, master, watched)
    if link.ping_slot < 0:
        link.ping_slot = calendar.every(turn.now + 1 + chance.below(period), LinkJob(link), _width(period))
    # Beside a PING: one write and one answer then serve both.
    pinged = calendar.begin(link.ping_slot)
    if isinstance(watched, DataServer):
        wait = tuning.info_period // 2 + chance.below(max(1, tuning.info_period // 2))
        when = max(pinged + wait - wait % period, turn.now + 1)
        watched.info_slot = calendar.every(when, WatchJob(Kind.INFO, watched), _width(tuning.info_period))
    when = max(pinged + tuning.publish_period - period, turn.now + 1)
    watched.hello_slot = calendar.every(when, WatchJob(Kind.HELLO, watched), _width(tuning.publish_period))


# A master says the same to everybody for days, and finding it again costs a third of making it anew.
_as_before = lru_cache(maxsize=4096)(Hello)


def info_period(turn: Turn, master: Master, server: DataServer) -> Millis:
    """How often a server is asked for INFO; every slot while a failover waits for what it will say."""
    normal = turn.state.tuning.info_period
    if master.sdown and master.settings.confirm_by_replicas and isinstance(server, Replica):
        # What replicas hear must be known while it counts (see `confirming`).
        normal = min(normal, max(SLOT, master.settings.down_after // 3))
    if turn.now < master.watched_until:
        normal = min(normal, WATCHED_INFO)
    if not isinstance(server, Replica):
        return normal
    failover = master.failover
    if failover and failover.promoted:
        awaited = server is failover.promoted and failover.state is FailoverState.WAIT_PROMOTION
        if awaited or server.reconf in (Reconf.SENT, Reconf.INPROG):
            return SLOT
    if master.sdown and master.link.denied:
        # It lives, so it is not objectively down; but an operator may want another one.
        return min(normal, FAST_INFO)
    if master.odown or failover or server.cut_off or server.role is Role.MASTER:
        return min(normal, FAST_INFO)
    return normal


def run(turn: Turn, slot: int, job: object) -> None:
    """Do a periodic job unless it is stale, and book the next."""
    if isinstance(job, LinkJob):
        if not job.link.gone and job.link.ping_slot == slot:
            _ping(turn, job)
    elif isinstance(job, WatchJob) and job.watched.id in turn.state.instances:
        master, watched = turn.state.instances[job.watched.id]
        if job.kind is _HELLO:
            if watched.hello_slot == slot:
                _hello(turn, slot, job, master)
        elif isinstance(watched, DataServer) and watched.info_slot == slot:
            _info(turn, slot, job, master, watched)


def ping_due(turn: Turn, job: LinkJob) -> None:
    """The moment of a PING that is not in a slot, unless another one has taken its place."""
    if not job.link.gone and job.link.ping_slot == -job.due:
        _ping(turn, job)


def _width(period: Millis) -> Millis:
    """The slots for what is done again after a period: wide ones where they keep the period as it is."""
    return WIDE if period >= 2 * WIDE and period % WIDE == 0 else SLOT


def _following(turn: Turn, slot: int, period: Millis) -> Millis:
    """The moment one period after a slot began, but in the future even after a stall."""
    begun = turn.state.calendar.begin(slot)
    return max(begun + max(SLOT, period), turn.now + 1)


def _beside_ping(turn: Turn, master: Master, watched: Watched, when: Millis) -> Millis:
    """The moment of the last PING up to `when`: what left its PING's slot in a hurry comes back to it."""
    pinged = turn.state.calendar.begin(watched.link.ping_slot)
    period = connecting.ping_period(turn, master, watched)
    if _width(period) != WIDE:
        return when
    when -= (when - pinged) % period
    return when if when > turn.now else when + period


def _ping(turn: Turn, job: LinkJob) -> None:
    link, slot, calendar = job.link, job.link.ping_slot, turn.state.calendar
    master, watched = turn.state.instances[min(link.owners)]
    connecting.drop_deaf(turn, link, _shortest_down_after(turn, link))
    if link.command_open and link.pending < PENDING_PER_OWNER * len(link.owners):
        connecting.ping(turn, link)
    if watched is master and master.settings.confirm_by_replicas:
        _ask_what_is_heard(turn, master)
    period = connecting.ping_period(turn, master, watched)
    if period < SLOT or (period % SLOT and turn.state.tuning.ping_period_set):
        # An operator's period is kept as it is; ours begin where slots do, so that masters are pinged together.
        due = (
            turn.now + period if turn.state.tuning.ping_period_set else calendar.slot_before(turn.now + period, period)
        )
        calendar.at(due, LinkJob(link, due))
        link.ping_slot = -due
        return
    begun = calendar.slot_of(turn.now) if slot < 0 else slot
    link.ping_slot = calendar.every(_following(turn, begun, period), LinkJob(link) if job.due else job, _width(period))


def _ask_what_is_heard(turn: Turn, master: Master) -> None:
    """In the middle of a silence: what replicas have by then is what they are measured by when it has lasted."""
    silent_since = master.link.silent_since
    if silent_since and master.confirm_asked < silent_since <= turn.now - master.settings.down_after // 2:
        master.confirm_asked = turn.now
        for replica in master.replicas:
            hurry_info(turn, master, replica)


def _shortest_down_after(turn: Turn, link: Link) -> Millis:
    if not link.silent_since or len(link.owners) == 1:
        return turn.state.instances[min(link.owners)][0].settings.down_after
    return min(turn.state.instances[owner][0].settings.down_after for owner in link.owners)


def _info(turn: Turn, slot: int, job: WatchJob, master: Master, server: DataServer) -> None:
    link = server.link
    period = info_period(turn, master, server)
    unanswered = link.info_asked and turn.now - link.info_asked < period
    if link.command_open and not unanswered and link.pending < PENDING_PER_OWNER:
        connecting.ask_info(turn, link)
    # Booked in a hurry it begins anywhere; only when nobody hurries any more it may wait for the next wide slot.
    width = _width(period) if period > FAST_INFO else SLOT
    when = _following(turn, slot, period)
    if width == WIDE and slot != link.ping_slot and turn.now - link.pinged > SLOT:
        when = _beside_ping(turn, master, server, when)
    server.info_slot = turn.state.calendar.every(when, job, width)


def hurry_info(turn: Turn, master: Master, server: DataServer) -> None:
    """Ask for INFO now, and from now on in the period that the situation calls for."""
    if server.link.command_open and not server.link.info_asked:
        connecting.ask_info(turn, server.link)
    when = turn.now + info_period(turn, master, server)
    server.info_slot = turn.state.calendar.every(when, WatchJob(Kind.INFO, server))


def _hello(turn: Turn, slot: int, job: WatchJob, master: Master) -> None:
    watched = job.watched
    state = turn.state
    period = state.tuning.publish_period
    if state.durable < turn.revision():
        # A hello tells epochs; what is not durable yet is not told, and the next slot is near.
        period = period if state.save_error else SLOT
    elif watched.link.command_open and watched.link.pending < PENDING_PER_OWNER * len(watched.link.owners):
        greeting = hello(turn, master, watched)
        if greeting is not None:
            turn.send(watched.link, PublishHello(watched.id, greeting))
            watched.link.pending += 1
    width, when = _width(period), _following(turn, slot, period)
    if width == WIDE and slot != watched.link.ping_slot and turn.now - watched.link.pinged > SLOT:
        when = _beside_ping(turn, master, watched, when)
    watched.hello_slot = state.calendar.every(when, job, width)


def hello(turn: Turn, master: Master, watched: Watched) -> Hello | None:
    """The hello for one instance; None while our own address there is unknown, the server holds what is written, or is
    another cluster's.
    """
    if (watched is master and master.paused) or (isinstance(watched, Replica) and watched.foreign):
        return None
    settings = turn.state.settings
    host = settings.announce_ip or watched.link.local_ip
    if not host:
        return None
    current = master.current.address
    return _as_before(
        host,
        settings.announce_port or settings.listen_port,
        settings.myid,
        turn.state.current_epoch,
        MasterName(master.name),
        current.shown(settings.announce_hostnames),
        current.port,
        master.config_epoch,
    )


def greet_everybody(turn: Turn, master: Master) -> None:
    """Send a hello to all instances of a master as soon as what it tells is durable: peers first."""
    ready = turn.state.durable >= turn.revision()
    for watched in reversed(master.instances()):
        greeting = hello(turn, master, watched)
        if greeting is not None and watched.link.command_open and watched.link.command is not None:
            watched.link.pending += 1
            if ready:
                turn.send(watched.link, PublishHello(watched.id, greeting))
            else:
                turn.promise(Send(watched.link.command, PublishHello(watched.id, greeting)))
