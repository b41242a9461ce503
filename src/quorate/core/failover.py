"""A failover from candidacy to the new configuration: states, legal moves, one function per state (spec 6.6 to 6.8).

The leader proceeds whenever something that it waits for has happened; nothing waits for a tick.
"""

from quorate.core import (
    asking,
    cadence,
    choosing,
    conflict,
    connecting,
    discovery,
    finishing,
    handover,
    reconfiguration,
    record,
    staying,
    switching,
    voting,
)
from quorate.core.move import Phase
from quorate.core.outcome import Exit, Send
from quorate.core.reconfiguration import Follower, Progress
from quorate.core.requests import ConnId, Reconfigure
from quorate.core.state import Failover, FailoverState, Master, Reconf, Replica
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

SETTLE_PATIENCE: Millis = 1_000
"""How long whoever is to settle two configurations waits for the INFO of both masters."""

FIRST_RETRY: Millis = 100
LAST_RETRY: Millis = 2_000

MOVES: dict[FailoverState, frozenset[FailoverState]] = {
    FailoverState.WAIT_START: frozenset({FailoverState.SELECT_SLAVE}),
    FailoverState.SELECT_SLAVE: frozenset({FailoverState.SEND_SLAVEOF_NOONE, FailoverState.RECONF_SLAVES}),
    FailoverState.SEND_SLAVEOF_NOONE: frozenset({FailoverState.WAIT_PROMOTION}),
    FailoverState.WAIT_PROMOTION: frozenset({FailoverState.RECONF_SLAVES}),
    FailoverState.RECONF_SLAVES: frozenset({FailoverState.UPDATE_CONFIG}),
    FailoverState.UPDATE_CONFIG: frozenset(),
}
"""Legal moves; every state but the last two may also be left by an abort, all by a newer configuration. From
select_slave to reconf_slaves leads the settling of two configurations: whom it chooses is a master already."""

ABORTABLE = frozenset(MOVES) - {FailoverState.RECONF_SLAVES, FailoverState.UPDATE_CONFIG}


def enter(turn: Turn, failover: Failover, state: FailoverState) -> None:
    """Move to the next state."""
    assert state in MOVES[failover.state], f"{failover.state} -> {state}"
    failover.state = state
    failover.entered = turn.now
    record.entered(turn, failover)


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
        deadline = _STEPS[before](turn, master, failover)
        if master.failover is failover and failover.state is before:
            return deadline


# --- being elected --------------------------------------------------------------------------------------------------


def _wait_start(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    votes = asking.votes_cast(turn, master)
    me = turn.state.settings.myid
    verdict = voting.tally(me, votes, master.voters(), master.settings.quorum)
    if verdict is Verdict.NOBODY and set(votes.values()) - master.peers.keys() - {me}:
        # A vote for somebody unknown to us: there are more voters than we know of, and what we see proves nothing.
        verdict = Verdict.LOST
    if verdict is Verdict.WON:
        _elected(turn, master, failover)
        return None
    if failover.forced:
        if verdict is Verdict.LOST:
            # Somebody else may have won, so a promotion of ours would be the second one of this epoch.
            abort(turn, master, Event.ABORT_NOT_ELECTED)
            _leave_to_others(turn, master)
            return None
        if verdict is Verdict.NOBODY or turn.now >= failover.seek_votes_until:
            failover.alone = True
            mine = sum(1 for candidate in votes.values() if candidate == turn.state.settings.myid)
            turn.about(Event.FORCED_WITHOUT_MAJORITY, master, master, f" #votes {mine}/{master.voters()}")
            _elected(turn, master, failover)
            return None
        return failover.seek_votes_until
    timeout = asking.election_time(turn, master)
    if verdict is Verdict.NOBODY:
        master.lost_elections += 1
        longest = min(LAST_RETRY, FIRST_RETRY << min(master.lost_elections, 8))
        retry = turn.now + longest // 2 + turn.state.chance.below(longest // 2)
        abort(turn, master, Event.ABORT_NOT_ELECTED)
        master.no_start_before = master.stand_at = retry
        return None
    if turn.now > failover.started + timeout:
        abort(turn, master, Event.ABORT_NOT_ELECTED)
        master.no_start_before = turn.now + master.settings.failover_timeout
        return None
    return failover.started + timeout + 1


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
    """SENTINEL SIMULATE-FAILURE: end the process, with what was decided so far on disk."""
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
        _promoted(turn, master, failover, chosen)
        return None
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
    record.chosen(turn, master, choice)
    for name, reason in choice.refused:
        turn.remark(Level.NOTICE, f"Replica {name} of {master.name} is not promoted: {reason.value}")
    chosen = next((r for r in master.replicas if r.name == choice.chosen), None)
    if chosen is None:
        return _nobody_fit(turn, master, failover)
    failover.promoted = chosen
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


def _wait_promotion(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    chosen = failover.promoted
    assert chosen is not None
    if chosen.role is Role.MASTER and chosen.info_at >= failover.entered:
        _promoted(turn, master, failover, chosen)
        return None
    limit = handover.time_limit(master, failover)
    if turn.now > limit:
        abort(turn, master, Event.ABORT_SLAVE_TIMEOUT)
        return None
    if chosen.link.usable and chosen.link.command not in (None, failover.sent):
        # The order may have been lost with the connection that carried it, and does no harm a second time.
        _promote(turn, failover, chosen, chosen.link.command)
    return limit + 1


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


def _tell(turn: Turn, master: Master, failover: Failover, promoted: Replica) -> None:
    """The promotion is on disk: from now on clients, peers and scripts hear of it."""
    failover.told = True
    record.told(turn, failover)
    hostnames = turn.state.settings.announce_hostnames
    old = (master.address.shown(hostnames), master.address.port)
    new = (promoted.address.shown(hostnames), promoted.address.port)
    switching.reconfig_script(turn, master, "leader", old, new)
    cadence.greet_everybody(turn, master)


def take_back(turn: Turn, master: Master, failover: Failover) -> None:
    """The promotion could not be saved, so nobody has heard of it: leave the master to who can write.

    Whoever is elected next finds the promoted server among the replicas. Told without a save, it would be forgotten
    with the process, and with it every write that clients have made there.
    """
    turn.about(Event.ABORT_SLAVE_TIMEOUT, master, master)
    record.close(turn, master, Ending.NOT_SAVED)
    master.config_epoch = failover.replaced_epoch
    master.failover = None
    turn.touch(master)
    turn.check(master)


# --- re-pointing ----------------------------------------------------------------------------------------------------


def _reconf_slaves(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    promoted = failover.promoted
    assert promoted is not None
    if not turn.state.is_durable(failover.needs):
        deadline = failover.entered + master.settings.failover_timeout
        if turn.now > deadline or promoted.role is Role.SLAVE:
            take_back(turn, master, failover)
            return None
        return deadline + 1
    if not failover.told:
        _tell(turn, master, failover, promoted)
    others = [r for r in master.replicas if r is not promoted]
    give_up_after = turn.state.tuning.slave_reconf_timeout
    plan = reconfiguration.plan([_follower(turn, r) for r in others], master.settings.parallel_syncs, give_up_after)
    for i in plan.give_up:
        turn.about(Event.SLAVE_RECONF_SENT_TIMEOUT, master, others[i])
        others[i].reconf = Reconf.DONE
    for i in plan.repoint:
        _send_reconf(turn, others[i], promoted)
        others[i].reconf, others[i].reconf_sent = Reconf.SENT, turn.now
        turn.about(Event.SLAVE_RECONF_SENT, master, others[i])
        cadence.hurry_info(turn, master, others[i])
    deadline = failover.entered + master.settings.failover_timeout
    # Who leaves does not wait for the others to follow: all are told, and each sentinel sees to the rest.
    timed_out = turn.now > deadline or turn.state.stopping
    # While the promoted server is down nobody can be done; but when the time is up it is for the next failover.
    if (plan.finished and not promoted.sdown) or timed_out:
        _end(turn, master, failover, others, timed_out and not plan.finished)
        return None
    given_up = [r.reconf_sent + give_up_after + 1 for r in others if r.reconf is Reconf.SENT]
    return min([deadline + 1, *given_up])


def _follower(turn: Turn, replica: Replica) -> Follower:
    progress = {
        Reconf.NONE: Progress.WAITING,
        Reconf.SENT: Progress.UNDER_WAY,
        Reconf.INPROG: Progress.UNDER_WAY,
        Reconf.DONE: Progress.DONE,
    }[replica.reconf]
    sent_for = turn.now - replica.reconf_sent if replica.reconf is Reconf.SENT else 0
    return Follower(progress, replica.sdown, not replica.link.usable, sent_for)


def _send_reconf(turn: Turn, replica: Replica, promoted: Replica) -> None:
    discovery.repoint(turn, replica, promoted.address)
    if replica.link.command is not None:
        connecting.ask_info(turn, replica.link)


def _end(turn: Turn, master: Master, failover: Failover, others: list[Replica], timed_out: bool) -> None:
    if timed_out:
        turn.about(Event.FAILOVER_END_FOR_TIMEOUT, master, master)
    turn.about(Event.FAILOVER_END, master, master)
    enter(turn, failover, FailoverState.UPDATE_CONFIG)
    if timed_out and failover.promoted is not None:
        for replica in others:
            if replica.reconf in (Reconf.NONE, Reconf.INPROG) and replica.link.usable:
                discovery.repoint(turn, replica, failover.promoted.address)
                turn.about(Event.SLAVE_RECONF_SENT_BE, master, replica)


def _update_config(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    assert failover.promoted is not None
    address = failover.promoted.address
    shown = address.shown(turn.state.settings.announce_hostnames)
    switching.switch_master(turn, master, address, shown, "leader")
    master.alone = failover.alone
    return None


_STEPS = {
    FailoverState.WAIT_START: _wait_start,
    FailoverState.SELECT_SLAVE: _select_slave,
    FailoverState.SEND_SLAVEOF_NOONE: _send_slaveof_noone,
    FailoverState.WAIT_PROMOTION: _wait_promotion,
    FailoverState.RECONF_SLAVES: _reconf_slaves,
    FailoverState.UPDATE_CONFIG: _update_config,
}
