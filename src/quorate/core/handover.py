"""Bringing the old master out of the way before a replica is promoted, so that no write is acknowledged in between.

A coordinated move holds the writes, waits until the chosen replica has them all, and only then makes the old master a
replica; a plain SENTINEL FAILOVER makes it one without more ado. Nobody is promoted before the old master has
acknowledged that, and what it had by then has reached the replica. Whatever goes wrong is taken back.
"""

from quorate.core import connecting, delegation, record
from quorate.core.inputs import MoveAnswered, Step
from quorate.core.move import Move, Phase
from quorate.core.requests import AskOffset, PauseWrites, Reconfigure, ResumeWrites, StepAside
from quorate.core.state import Failover, FailoverState, Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Level
from quorate.model.record import Phase as Noted

AFTER_ASIDE: Millis = 700
"""From the order to step aside until the replica is master: after that the old master gets its role back."""

PLAIN_PATIENCE: Millis = 350
"""So long a plain failover waits for the old master, and for the replica to have its data; then it goes on."""

OFFSET_PERIOD: Millis = 2
"""A replica that has not caught up is asked again after this."""

TOO_LATE: Millis = 300
"""Who stood still for so long beyond a deadline leaves the rest to others: they may have acted."""


def clear_way(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    """Go on as far as possible: the moment at which to look again, None when the replica may be promoted.

    `move.failed` says why if the failover is to be given up.
    """
    while True:
        before = move.phase
        due = _STEPS[before](turn, master, move, chosen)
        if move.failed or move.phase is before:
            return due


def time_limit(master: Master, failover: Failover) -> Millis:
    """Until when the promotion may take: not long while the old master is no master any more."""
    move = failover.move
    if move is not None and move.ordered_aside:
        return move.deadline
    return failover.entered + master.settings.failover_timeout


def is_committed(failover: Failover) -> bool:
    """Whether going on is the shortest way out: the old master may already be a replica, or be none any more."""
    return failover.restored > 0 or (failover.move is not None and failover.move.ordered_aside)


def on_answered(turn: Turn, master: Master, move: Move, answer: MoveAnswered) -> None:
    """What a server answered to an order of this move."""
    match answer.step:
        case Step.OFFSET:
            if answer.conn == move.asked:
                move.asked, move.ask_at = None, turn.now + OFFSET_PERIOD
                move.reached = -1 if answer.offset is None else answer.offset
        case Step.PAUSED if move.phase is Phase.PAUSING and answer.conn == move.conn:
            _paused(turn, master, move, answer)
        case Step.HANDED_OVER if move.phase is Phase.HANDING_OVER and answer.conn == move.conn:
            delegation.on_begun(turn, master, move, answer)
        case Step.STEPPED_ASIDE if move.ordered_aside and answer.conn == move.conn:
            _stepped_aside(turn, master, move, answer)
        case _:
            pass
    turn.check(master)


def _paused(turn: Turn, master: Master, move: Move, answer: MoveAnswered) -> None:
    if answer.error or answer.offset is None:
        move.failed = f"the master would not hold its writes: {answer.error or 'it is none'}"
        return
    move.goal = answer.offset
    record.moved(turn, master, Noted.PAUSED)
    turn.about(Event.MOVE_PAUSED, master, master, f" #offset {answer.offset}")
    move.enter(Phase.CATCHING_UP)


def _stepped_aside(turn: Turn, master: Master, move: Move, answer: MoveAnswered) -> None:
    if answer.error or answer.offset is None:
        # It is still what it was, so there is nothing to take back but the pause.
        move.ordered_aside = False
        if move.coordinated:
            move.failed = f"the master would not become a replica: {answer.error or 'it was none'}"
        elif move.phase is not Phase.CLEAR:
            turn.remark(Level.WARNING, f"The old master of {master.name} would not become a replica: {answer.error}")
            move.phase = Phase.CLEAR
        return
    move.stepped_aside = True
    move.goal = answer.offset
    record.moved(turn, master, Noted.STEPPED_ASIDE)
    if move.coordinated:
        turn.about(Event.MOVE_STEPPED_ASIDE, master, master, f" #offset {answer.offset}")
    if move.phase is Phase.STEPPING_ASIDE:
        move.enter(Phase.DRAINING)


# --- phases ---------------------------------------------------------------------------------------------------------


def _ready(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    conn = master.link.command
    if not master.link.command_open or conn is None or master.sdown or master.role is Role.SLAVE:
        if move.coordinated:
            move.failed = "the master cannot be reached any more"
        else:
            move.enter(Phase.CLEAR)
        return None
    if not move.coordinated:
        return _order_aside(turn, master, move, chosen)
    if move.via_server:
        return delegation.begin(turn, master, move, chosen)
    move.conn, move.deadline = conn, turn.now + move.timeout
    turn.send(master.link, PauseWrites(move.id, move.timeout))
    master.link.pending += 1
    move.enter(Phase.PAUSING)
    return move.deadline


def _pausing(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    del chosen
    if master.link.command != move.conn:
        move.failed = "the connection to the master broke"
    elif turn.now >= move.deadline:
        move.failed = "the master did not hold its writes in time"
    return move.deadline


def _catching_up(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    if master.link.command != move.conn:
        move.failed = "the connection to the master broke"
    elif turn.now >= move.deadline:
        move.failed = (
            f"the replica did not catch up in time: {max(0, move.goal - max(0, move.reached))} bytes are missing"
        )
    elif _has_all(move):
        record.moved(turn, master, Noted.CAUGHT_UP)
        turn.about(Event.MOVE_CAUGHT_UP, master, chosen, f" #offset {move.reached}")
        return _order_aside(turn, master, move, chosen)
    else:
        return min(move.deadline, _ask_offset(turn, move, chosen))
    return None


def _has_all(move: Move) -> bool:
    """Whether the replica has everything that the master had when it was asked last."""
    return move.reached >= move.goal


def _order_aside(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    assert master.link.command is not None
    until = move.deadline if move.coordinated else turn.now + PLAIN_PATIENCE
    move.conn, move.deadline = master.link.command, turn.now + AFTER_ASIDE
    move.ordered_aside = True
    target = (chosen.address.shown(turn.state.settings.announce_hostnames), chosen.address.port)
    turn.send(master.link, StepAside(move.id, target, until))
    master.link.pending += 1
    if move.coordinated:
        # Its clients are cut by then, and others learn at once that it takes no writes. Had it refused, writes go on.
        turn.send(master.link, ResumeWrites())
        master.link.pending += 1
    connecting.ask_info(turn, master.link)
    move.enter(Phase.STEPPING_ASIDE)
    return _patience(move)


def _patience(move: Move) -> Millis:
    return move.deadline if move.coordinated else move.deadline - PLAIN_PATIENCE


def _stepping_aside(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    del chosen
    if move.coordinated:
        if master.link.command != move.conn:
            move.failed = "the connection to the master broke while it became a replica"
        elif turn.now >= move.deadline:
            move.failed = "the master did not become a replica in time"
    elif master.link.command != move.conn or turn.now >= _patience(move):
        turn.remark(Level.WARNING, f"The old master of {master.name} did not become a replica; going on without it")
        move.enter(Phase.CLEAR)
    return _patience(move)


def _draining(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    if _has_all(move):
        move.enter(Phase.CLEAR)
        return None
    if turn.now >= _patience(move):
        if move.coordinated:
            move.failed = f"the replica lacks {move.goal - max(0, move.reached)} bytes of what the master had"
        else:
            missing = move.goal - max(0, move.reached)
            turn.remark(Level.WARNING, f"{chosen.name} lacks {missing} bytes of what the master of {master.name} had")
            move.enter(Phase.CLEAR)
        return _patience(move)
    return min(_patience(move), _ask_offset(turn, move, chosen))


def _clear(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    del chosen
    if move.ordered_aside and turn.now >= move.deadline:
        move.failed = "the replica could not be told to become master in time"
    del master
    return None


def _ask_offset(turn: Turn, move: Move, chosen: Replica) -> Millis:
    """Ask the replica how far it is, one question at a time; the moment at which the next one is due."""
    conn = chosen.link.command
    if move.asked is not None and move.asked == conn:
        return move.deadline
    if turn.now < move.ask_at:
        return move.ask_at
    if not chosen.link.command_open or conn is None:
        return move.deadline
    move.asked = conn
    turn.send(chosen.link, AskOffset(move.id))
    chosen.link.pending += 1
    return move.deadline


_STEPS = {
    Phase.READY: _ready,
    Phase.PAUSING: _pausing,
    Phase.CATCHING_UP: _catching_up,
    Phase.HANDING_OVER: delegation.hand_over,
    Phase.STEPPING_ASIDE: _stepping_aside,
    Phase.DRAINING: _draining,
    Phase.CLEAR: _clear,
}


# --- taking it back -------------------------------------------------------------------------------------------------


def undo(turn: Turn, master: Master, failover: Failover) -> None:
    """The failover is given up before anybody was seen to be promoted: the old master is to go on as it was."""
    move = failover.move
    moved = move is not None and (move.paused or move.ordered_aside)
    if (moved or failover.only is not None) and failover.state is not FailoverState.WAIT_START:
        # Whoever voted for us leaves the master to us for a while, a C Sentinel for twice failover-timeout. Nobody but
        # us knows that nothing comes of it: if the master dies now it is for us to stand again.
        master.no_start_before = failover.owed
    if move is None or not moved:
        return
    if move.via_server:
        delegation.stop(turn, master, move)
        return
    link = master.link
    if link.command is None:
        turn.remark(Level.WARNING, f"The master of {master.name} cannot be told to go on: no connection to it")
        return
    if move.ordered_aside and turn.now > move.deadline + TOO_LATE:
        turn.remark(Level.WARNING, f"We stood still while {master.name} was moved; the rest is left to an election")
        return
    if move.ordered_aside:
        turn.send(link, Reconfigure(master.id, None))
        link.pending += 1
    if move.coordinated:
        turn.send(link, ResumeWrites())
        link.pending += 1
    connecting.ask_info(turn, link)
    turn.about(Event.MOVE_UNDONE, master, master)
