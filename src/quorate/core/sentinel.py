"""The door: one input in, one outcome out."""

from collections.abc import Mapping, Sequence

from quorate.core import (
    administration,
    asking,
    cadence,
    candidacy,
    connecting,
    coordination,
    crashing,
    failover,
    finishing,
    foreign,
    gossip,
    inputs,
    leaving,
    link_events,
    roster,
    routine,
    tilt,
    watching,
)
from quorate.core.calendar import WIDE, Calendar
from quorate.core.chance import Chance
from quorate.core.inputs import Input
from quorate.core.link import Link
from quorate.core.outcome import Exit, Outcome
from quorate.core.snapshot import Snapshot
from quorate.core.state import Master, Peer, Replica, State
from quorate.core.turn import Turn
from quorate.core.view import SentinelView
from quorate.model.address import Address, numeric
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event
from quorate.model.saved import SavedMaster, SavedState
from quorate.model.settings import Tuning

DECIDE = "decide"
"""Calendar key, with a master: take the decisions about it anew."""


class Sentinel:
    """Every decision of one sentinel. Feed it inputs in the order in which they were read.

    `saved` is the durable state, `now` the present moment, `seed` the source of all chance, `names` what host names
    stand for as far as the world knows already. What the start itself calls for (connections, +monitor events) comes
    with the outcome of the first input; `wake_at` asks for that input at once.
    """

    def __init__(self, saved: SavedState, now: Millis, seed: int, names: Mapping[str, str]) -> None:
        chance = Chance(seed)
        self._state = State(saved.settings, Tuning(), Calendar(chance.below(WIDE)), chance)
        self._state.current_epoch = saved.current_epoch
        self._state.names = {host.lower(): ip for host, ip in names.items()}
        self._saved: SavedState | None = saved
        self._wake: Millis | None = now

    def take(self, now: Millis, event: Input) -> bool:
        """Take in an input from which nothing follows; False, with nothing done, if `handle` must."""
        return self._wake is not None and now < self._wake and routine.take(self._state, now, event)

    def take_some(self, now: Millis, events: Sequence[Input]) -> int:
        """The same with inputs that came together; how many were taken before the first that `handle` must."""
        if self._wake is None or now >= self._wake:
            return 0
        return routine.take_some(self._state, now, events)

    def handle(self, now: Millis, event: Input) -> Outcome:
        """What follows from an input."""
        turn = Turn(self._state, now)
        if self._saved is not None:
            _recall(turn, self._saved)
            self._saved = None
        self._mind_lateness(turn)
        if not self._state.crashed or isinstance(event, (inputs.Saved, inputs.SaveFailed)):
            _react(turn, event)
            if self._state.tilt_since and not self._state.tilt_unheard:
                link_events.maybe_untilt(turn)
            if self._wake is not None and self._wake <= now:
                # While periodic jobs are left, what was heard was read for the moment that we named and no later one.
                _run_calendar(turn, self._wake if self._state.calendar.behind else now)
            if turn.checks:
                _decide_all(turn)
        # After a simulated crash only the save's end is waited for: no deadline is ours to keep any more.
        self._wake = None if self._state.crashed else self._state.calendar.next(now)
        self._state.expected = self._wake or 0
        return turn.outcome()

    def wake_at(self) -> Millis | None:
        """The next moment at which something may have to be done without any news."""
        return self._wake

    def view(self, now: Millis) -> SentinelView:
        """The present state, for queries."""
        return Snapshot(self._state, now)

    def _mind_lateness(self, turn: Turn) -> None:
        state = self._state
        if tilt.is_late(turn.now, state.expected, state.tuning.tilt_trigger):
            state.tilt_since = state.late_at = turn.now
            state.tilt_unheard = {
                watched.link
                for _, watched in state.instances.values()
                if watched.link.command is not None and not watched.sdown
            }
            for _, watched in state.instances.values():
                # Nobody was heard while we slept, so nobody's silence counts from before.
                if watched.link.silent_since and not watched.sdown:
                    watched.link.silent_since = turn.now
            turn.tell(Event.TILT, "#tilt mode entered")
            state.calendar.at(turn.now + state.tuning.tilt_period + 1, link_events.UNTILT)


def _recall(turn: Turn, saved: SavedState) -> None:
    """Take up what the file says; nothing is new, so only the masters are announced."""
    turn.state.raised_at = turn.now
    for record in saved.masters:
        address = Address(record.host, numeric(record.host) or "", record.port)
        if not address.ip:
            address = turn.address(record.host, record.port) or address
        master = roster.add_master(turn, record.name, address, record.settings)
        master.config_epoch = record.config_epoch
        master.leader_epoch, master.voted_at = record.leader_epoch, turn.now
        if not record.leader_epoch:
            # It may have been removed and monitored anew since we voted for one of this name.
            master.watched_from = saved.current_epoch
        turn.state.current_epoch = max(turn.state.current_epoch, record.config_epoch, record.leader_epoch)
        master.durable_vote = (None, record.leader_epoch)
        _recall_others(turn, master, record)
        finishing.recall(turn, master)
        administration.look_up_tags(turn, master)
        administration.announce_monitored(turn, master)


def _recall_others(turn: Turn, master: Master, record: SavedMaster) -> None:
    for host, port in record.replicas:
        place = turn.address(host, port)
        if place is not None and not place.same_as(master.address) and roster.find_replica(master, place) is None:
            roster.add_replica(turn, master, place)
    for peer in record.peers:
        place = turn.address(peer.host, peer.port)
        if place is not None and peer.run_id not in master.peers and peer.run_id != turn.state.settings.myid:
            roster.add_peer(turn, master, peer.run_id, place)


# --- inputs ---------------------------------------------------------------------------------------------------------


def _react(turn: Turn, event: Input) -> None:
    match event:
        case inputs.Woke():
            pass
        case inputs.Pinged():
            link_events.on_pinged(turn, event)
        case inputs.HelloSeen() if foreign.is_hearsay(turn, event):
            pass
        case inputs.HelloSeen():
            if event.conn is not None:
                routine.heard(turn.state, turn.now, event.conn)
            gossip.on_hello(turn, event.hello)
        case inputs.PubSubSpoke():
            routine.heard(turn.state, turn.now, event.conn)
        case inputs.VoteRequested():
            outvoted = asking.on_vote_requested(turn, event)
            if outvoted is not None:
                failover.step_down(turn, outvoted)
                finishing.watch(turn, outvoted)
        case inputs.Saved():
            _on_saved(turn, event)
        case inputs.SaveFailed():
            _on_save_failed(turn, event)
        case inputs.Resolved():
            administration.on_resolved(turn, event.host, event.ip)
        case inputs.Stopping():
            leaving.leave(turn)
        case (
            inputs.LinkOpened()
            | inputs.LinkClosed()
            | inputs.InfoArrived()
            | inputs.Published()
            | inputs.PeerAnswered()
            | inputs.KindAnswered()
            | inputs.ConfigTold()
            | inputs.GoneTold()
            | inputs.Reconfigured()
            | inputs.MoveAnswered()
            | inputs.LinkRefused()
        ):
            link = turn.state.links.get(event.conn)
            if link is not None:
                link_events.on_link(turn, link, event)
        case _:
            administration.on_change(turn, event)


def _on_saved(turn: Turn, event: inputs.Saved) -> None:
    state = turn.state
    before, waiting = state.durable, {master for _, master, _, _ in state.votes_under_way}
    state.durable = max(before, event.revision)
    asking.votes_became_durable(turn)
    waiting -= {master for _, master, _, _ in state.votes_under_way}
    if state.save_error:
        state.save_error = ""
        turn.tell(Event.SAVE_ERROR_OVER, "the configuration is saved again")
        for master in state.masters.values():
            turn.check(master)
    # Questions are put off until all is durable. Before that only those are looked at that waited for this very save:
    # a hundred that fail over together must not all be looked at whenever one of them was saved.
    at_rest = state.durable >= state.revision
    for master in state.masters.values():
        failover = master.failover
        ready = failover is not None and before < failover.needs <= state.durable
        if ready or master in waiting or (at_rest and (failover is not None or master.sdown)):
            turn.check(master)


def _on_save_failed(turn: Turn, event: inputs.SaveFailed) -> None:
    if not turn.state.save_error:
        turn.tell(Event.SAVE_ERROR, event.reason)
    turn.state.save_error = event.reason
    if turn.state.crashed:
        # A simulated crash takes nothing back any more (see `repointing.take_back`). It would wait for as long as the
        # disk is full, and then save a promotion that others may have given up long ago; so it ends, as in C Sentinel.
        turn.effects.append(Exit(failover.CRASH_STATUS))


# --- time and decisions ---------------------------------------------------------------------------------------------


def _run_calendar(turn: Turn, until: Millis) -> None:
    """Decide on what was due until then, and do the next portion of what is periodic."""
    calendar = turn.state.calendar
    for key in calendar.due(until):
        match key:
            case Link():
                connecting.reopen(turn, key)
            case cadence.LinkJob():
                cadence.ping_due(turn, key)
            case (name, master) if name == DECIDE and isinstance(master, Master):
                turn.check(master)
            case Master() | Replica() | Peer():
                entry = turn.state.instances.get(key.id)
                if entry is not None:
                    watching.look(turn, *entry)
            case _:
                link_events.maybe_untilt(turn)
    for slot, job in calendar.periodic(turn.now):
        cadence.run(turn, slot, job)


def _decide_all(turn: Turn) -> None:
    while turn.checks and not turn.state.tilt_since:
        master = next(iter(turn.checks))
        del turn.checks[master]
        if turn.state.masters.get(MasterName(master.name)) is master:
            _decide(turn, master)


def _decide(turn: Turn, master: Master) -> None:
    """Everything that may follow for one master: objectively down? stand? next step? whom to ask?"""
    moments = [crashing.look(turn, master)]
    _judge_odown(turn, master)
    moments += [candidacy.maybe_stand(turn, master), failover.advance(turn, master)]
    moments += [candidacy.maybe_settle(turn, master), coordination.advance(turn, master)]
    moments.append(finishing.maybe_finish(turn, master))
    if turn.state.masters.get(MasterName(master.name)) is master:
        moments.append(asking.ask_peers(turn, master))
    if master.sdown:
        # Opinions grow stale by themselves.
        moments.append(turn.now + turn.state.tuning.ask_period)
    due = [m for m in moments if m is not None]
    if due:
        turn.state.calendar.at(max(min(due), turn.now + 1), (DECIDE, master))


def _judge_odown(turn: Turn, master: Master) -> None:
    votes = asking.down_votes(turn, master)
    down = votes >= master.settings.quorum
    if master.sdown and master.sdown_since == turn.now and not master.odown:
        master.ask_fast_until = turn.now + asking.FAST_ASKING
        asking.begin_asking(turn, master)
        if asking.is_denied(turn, master):
            for replica in master.replicas:
                cadence.hurry_info(turn, master, replica)
    if down == master.odown:
        return
    master.odown = down
    if down:
        master.odown_since = turn.now
        turn.about(Event.ODOWN, master, master, f" #quorum {votes}/{master.settings.quorum}")
    else:
        turn.about(Event.ODOWN_OVER, master, master)
    for replica in master.replicas:
        cadence.hurry_info(turn, master, replica)
