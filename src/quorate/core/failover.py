"""A failover from candidacy to the promotion, one function per state (spec 6.6 and 6.7); `repointing` has the rest.

The leader proceeds whenever something that it waits for has happened; nothing waits for a tick.
"""

from quorate.core import (
    asking,
    cadence,
    candidacy,
    choosing,
    conflict,
    connecting,
    crashing,
    finishing,
    handover,
    record,
    repointing,
    staying,
    voting,
)
from quorate.core.move import Phase
from quorate.core.outcome import Exit, Send
from quorate.core.phases import ABORTABLE, enter
from quorate.core.requests import ConnId, Reconfigure
from quorate.core.state import Failover, FailoverState, Master, Replica
from quorate.core.turn import Turn
from quorate.core.voting import Verdict
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Level
from quorate.model.record import Ending

CRASH_STATUS = 99
"""Exit status of both simulated crashes."""

FRESH_INFO_WAIT: Millis = 100
"""How long an elected leader waits for the replicas' answers to the INFO that it sent when it stood."""

LATE_INFO_WAIT: Millis = 5_000
"""How long it waits where nobody suits, and the only fault of some replica is that its last INFO is old and it has not
answered yet. It answers PING, or it would be refused for its silence; to give up would leave all without a master for
minutes."""

SETTLE_PATIENCE: Millis = 1_000
"""How long whoever is to settle two configurations waits for the INFO of both masters."""

REFUSED_PATIENCE: Millis = 100
"""A candidate whose epoch is too low for C voters waits for so long for the votes of the others."""

FIRST_RETRY: Millis = 100
LAST_RETRY: Millis = 2_000


def advance(turn: Turn, master: Master) -> Millis | None:
    """Take every step that can be taken now; the moment at which time alone allows another."""
    while True:
        failover = master.failover
        if failover is None or turn.state.crashed:
            return None
        before = failover.state
        if before in ABORTABLE and master.config_epoch >= failover.epoch:
            _overtaken(turn, master, failover)
            return None
        if before in ABORTABLE and failover.sent is None and crashing.is_refuted(turn, master, failover):
            abort(turn, master, Event.ABORT_ALIVE)
            # Should it be down after all, that is another matter.
            master.no_start_before = failover.owed
            return None
        deadline = _STEPS[before](turn, master, failover)
        if master.failover is failover and failover.state is before:
            return deadline


# --- being elected --------------------------------------------------------------------------------------------------


def _wait_start(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    votes = asking.votes_cast(turn, master)
    me = turn.state.settings.myid
    voters, refusals = master.voters(), asking.refusals(master)
    verdict = voting.tally(me, votes, voters, master.settings.quorum, refusals)
    if verdict is Verdict.NOBODY and set(votes.values()) - master.peers.keys() - {me}:
        # A vote for somebody unknown to us: there are more voters than we know of, and what we see proves nothing.
        verdict = Verdict.LOST
    if verdict is Verdict.WON:
        _elected(turn, master, failover)
        return None
    if failover.forced:
        return _insist(turn, master, failover, verdict)
    timeout = asking.election_time(turn, master)
    if verdict is Verdict.PENDING and refusals and not voting.others_may_win(me, votes, voters, refusals):
        # Those who refused can be won in a higher epoch, and nobody else is kept from winning this one.
        timeout = min(timeout, REFUSED_PATIENCE)
        verdict = Verdict.NOBODY if turn.now > failover.started + timeout else verdict
    if verdict is Verdict.NOBODY:
        master.lost_elections += 1
        longest = min(LAST_RETRY, FIRST_RETRY << min(master.lost_elections, 8))
        retry = turn.now + longest // 2 + turn.state.chance.below(longest // 2)
        abort(turn, master, Event.ABORT_NOT_ELECTED)
        # Who stood to end somebody's move did not wait for whoever was elected before, and still owes that.
        master.no_start_before = master.stand_at = max(retry, failover.owed)
        return None
    if turn.now > failover.started + timeout:
        abort(turn, master, Event.ABORT_NOT_ELECTED)
        master.no_start_before = max(turn.now + master.settings.failover_timeout, failover.owed)
        return None
    return failover.started + timeout + 1


def _insist(turn: Turn, master: Master, failover: Failover, verdict: Verdict) -> Millis | None:
    """An operator's failover is not elected yet: it goes on without a majority when there was time to find one."""
    if verdict is Verdict.LOST:
        # Somebody else may have won, so a promotion of ours would be the second one of this epoch.
        abort(turn, master, Event.ABORT_NOT_ELECTED)
        _leave_to_others(turn, master)
        return None
    me = turn.state.settings.myid
    votes = list(asking.votes_cast(turn, master).values())
    split = verdict is Verdict.NOBODY and (set(votes) != {me} or asking.refusals(master) > 0)
    if turn.now < failover.seek_votes_until and (split or verdict is Verdict.PENDING):
        # Whoever sees a split knows that nobody won and stands again soon: it would promote over the head of a leader
        # that went on in this epoch. In another one their votes can be had.
        return candidacy.stand_again(turn, master, failover) if split else failover.seek_votes_until
    failover.alone = True
    turn.about(Event.FORCED_WITHOUT_MAJORITY, master, master, f" #votes {votes.count(me)}/{master.voters()}")
    _elected(turn, master, failover)
    return None


def _elected(turn: Turn, master: Master, failover: Failover) -> None:
    master.lost_elections = 0
    turn.about(Event.ELECTED_LEADER, master, master)
    record.elected(turn, master, failover)
    if turn.state.crash_after_election:
        crash(turn)
        return
    enter(turn, failover, FailoverState.SELECT_SLAVE)
    turn.about(Event.STATE_SELECT_SLAVE, master, master)


def crash(turn: Turn) -> None:
    """SENTINEL SIMULATE-FAILURE: end the process when what was decided so far is on disk, or cannot be saved."""
    turn.remark(Level.WARNING, "Sentinel CRASH because of SENTINEL simulate-failure")
    turn.state.crashed = True
    turn.promise(Exit(CRASH_STATUS))


def abort(turn: Turn, master: Master, event: Event, why: str = "") -> None:
    """Give up before anybody was promoted; the delay until the next attempt stays as it is."""
    assert master.failover is not None
    assert master.failover.state in ABORTABLE
    turn.about(event, master, master, f" #{why}" if why else "")
    record.aborted(turn, master, master.failover, event)
    handover.undo(turn, master, master.failover)
    master.failover = None
    turn.check(master)


def step_down(turn: Turn, master: Master) -> None:
    """Somebody has a higher epoch for this master: stop, unless the promotion is already on its way."""
    failover = master.failover
    if failover is None or failover.state not in ABORTABLE or handover.is_committed(failover):
        return
    if failover.sent is None:
        abort(turn, master, Event.ABORT_NOT_ELECTED)
        _leave_to_others(turn, master)


def _overtaken(turn: Turn, master: Master, failover: Failover) -> None:
    """A newer configuration has come: ours would be ignored, so it must not be told."""
    # Where the order is out already the replica is mended like any other that calls itself master.
    abort(turn, master, Event.ABORT_SLAVE_TIMEOUT if failover.sent is not None else Event.ABORT_NOT_ELECTED)
    _leave_to_others(turn, master)


def _leave_to_others(turn: Turn, master: Master) -> None:
    """Do not stand while the winner may still be elected and then promote somebody."""
    master.no_start_before = turn.now + asking.election_time(turn, master) + master.settings.failover_timeout


# --- promoting ------------------------------------------------------------------------------------------------------


def _settle(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    """Elected to settle two configurations of one epoch: take the master with more data, under the new epoch."""
    patience = failover.entered + SETTLE_PATIENCE
    chosen = conflict.choose(turn, master, failover.started)
    if chosen is None or turn.state.durable < failover.needs:
        if turn.now < patience:
            return patience
        abort(turn, master, Event.ABORT_NO_GOOD_SLAVE)
        return None
    place = chosen.address.shown(turn.state.settings.announce_hostnames)
    turn.about(Event.CONFIG_SETTLED, master, master, f" #{place} {chosen.address.port} epoch {failover.epoch}")
    if isinstance(chosen, Replica):
        failover.promoted = chosen
        if chosen.role is Role.MASTER:
            _promoted(turn, master, failover, chosen)
        else:
            enter(turn, failover, FailoverState.SEND_SLAVEOF_NOONE)
        return None
    if chosen.role is not Role.MASTER and chosen.link.usable:
        # If that is lost it counts as down for everybody, now that all agree on it: a failover like any other.
        turn.send(chosen.link, Reconfigure(chosen.id, None))
        chosen.link.pending += 1
        connecting.ask_info(turn, chosen.link)
    staying.stay(turn, master, failover, Ending.DONE)
    return None


def _select_slave(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    if failover.settles:
        return _settle(turn, master, failover)
    if failover.restored:
        return _nobody_fit(turn, master, failover)
    patience = failover.entered + FRESH_INFO_WAIT
    if turn.now < patience and choosing.awaits_info(master):
        return patience
    if failover.only is not None and failover.move is None:
        if not finishing.is_left_over(turn, master, failover):
            abort(turn, master, Event.ABORT_NO_GOOD_SLAVE)
            return None
        failover.adopts = failover.only.role is Role.MASTER
    choice = choosing.choose(turn, master, failover.only)
    if choice.awaited and failover.only is None:
        # Its connection, or its being down, brings us back here sooner.
        return turn.now + choice.awaited
    patience = failover.entered + LATE_INFO_WAIT
    if turn.now < patience and choosing.may_yet_suit(master, choice):
        return patience
    record.chosen(turn, master, choice)
    for name, reason in choice.refused:
        turn.remark(Level.NOTICE, f"Replica {name} of {master.name} is not promoted: {reason.value}")
    chosen = next((r for r in master.replicas if r.name == choice.chosen), None)
    if chosen is None:
        return _nobody_fit(turn, master, failover)
    failover.promoted, failover.process = chosen, chosen.run_id
    turn.about(Event.SELECTED_SLAVE, master, chosen)
    if failover.adopts:
        _promoted(turn, master, failover, chosen)
        return None
    enter(turn, failover, FailoverState.SEND_SLAVEOF_NOONE)
    turn.about(Event.STATE_SEND_SLAVEOF_NOONE, master, chosen)
    return None


def _nobody_fit(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    due = staying.restore(turn, master, failover)
    if due is None and master.failover is failover:
        abort(turn, master, Event.ABORT_NO_GOOD_SLAVE)
    return due


def _send_slaveof_noone(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    chosen = failover.promoted
    assert chosen is not None
    if _is_another(failover, chosen):
        _choose_anew(turn, master, failover)
        return None
    limit = handover.time_limit(master, failover)
    if turn.now > limit:
        abort(turn, master, Event.ABORT_SLAVE_TIMEOUT)
        return None
    # Nobody is promoted on a vote that a crash could take back.
    ready = turn.state.durable >= failover.needs and chosen.link.usable
    move = failover.move
    if move is not None and (ready or move.phase is not Phase.READY):
        due = handover.clear_way(turn, master, move, chosen)
        if move.failed:
            abort(turn, master, Event.ABORT_MOVE, move.failed)
            return None
        if move.phase is not Phase.CLEAR:
            return due
    if not ready or chosen.link.command is None:
        return handover.time_limit(master, failover) + 1
    enter(turn, failover, FailoverState.WAIT_PROMOTION)
    turn.about(Event.STATE_WAIT_PROMOTION, master, chosen)
    _promote(turn, failover, chosen, chosen.link.command)
    cadence.hurry_info(turn, master, chosen)
    return None


def _promote(turn: Turn, failover: Failover, chosen: Replica, conn: ConnId) -> None:
    failover.sent = conn
    turn.effects.append(Send(conn, Reconfigure(chosen.id, None)))
    chosen.link.pending += 1
    connecting.ask_info(turn, chosen.link)
    # Answers come in order: those still under way were given before the order was obeyed.
    failover.proof = chosen.link.informed + chosen.link.infos


def _wait_promotion(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    chosen = failover.promoted
    assert chosen is not None
    if _is_another(failover, chosen):
        _choose_anew(turn, master, failover)
        return None
    # An old master calls itself one all the time: that alone does not show that it has the order. On another connection
    # than the one that carried it nothing does.
    told = chosen.link.command == failover.sent and chosen.link.informed >= failover.proof
    if told and chosen.role is Role.MASTER:
        _promoted(turn, master, failover, chosen)
        return None
    limit = handover.time_limit(master, failover)
    if turn.now > limit:
        abort(turn, master, Event.ABORT_SLAVE_TIMEOUT)
        return None
    if chosen.link.usable and chosen.link.command not in (None, failover.sent):
        # The order may have been lost with the connection that carried it, and does no harm a second time. But who
        # answers on the new one must say who it is first.
        if chosen.info_at >= chosen.link.command_since:
            _promote(turn, failover, chosen, chosen.link.command)
    return limit + 1


def _is_another(failover: Failover, chosen: Replica) -> bool:
    """Whether another process answers in the place of the chosen replica: restarted, or of another cluster."""
    return failover.process is not None and chosen.run_id != failover.process


def _choose_anew(turn: Turn, master: Master, failover: Failover) -> None:
    """Nobody knows what data it has, so the choice is void. Nothing was promoted that anybody heard of: stand again."""
    abort(turn, master, Event.ABORT_SLAVE_TIMEOUT)
    master.no_start_before = failover.owed


def _promoted(turn: Turn, master: Master, failover: Failover, chosen: Replica) -> None:
    failover.replaced_epoch, master.config_epoch = master.config_epoch, failover.epoch
    enter(turn, failover, FailoverState.RECONF_SLAVES)
    turn.touch(master)
    failover.needs = turn.revision()
    turn.about(Event.PROMOTED_SLAVE, master, chosen)
    if turn.state.crash_after_promotion:
        crash(turn)
        return
    turn.about(Event.STATE_RECONF_SLAVES, master, master)


_STEPS = {
    FailoverState.WAIT_START: _wait_start,
    FailoverState.SELECT_SLAVE: _select_slave,
    FailoverState.SEND_SLAVEOF_NOONE: _send_slaveof_noone,
    FailoverState.WAIT_PROMOTION: _wait_promotion,
    FailoverState.RECONF_SLAVES: repointing.reconf_slaves,
    FailoverState.UPDATE_CONFIG: repointing.update_config,
}
