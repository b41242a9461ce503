"""The states of a failover, and the legal moves between them (spec 6.6 to 6.8)."""

from quorate.core import record
from quorate.core.state import Failover, FailoverState
from quorate.core.turn import Turn

MOVES: dict[FailoverState, frozenset[FailoverState]] = {
    FailoverState.WAIT_START: frozenset({FailoverState.SELECT_SLAVE}),
    FailoverState.SELECT_SLAVE: frozenset({FailoverState.SEND_SLAVEOF_NOONE, FailoverState.RECONF_SLAVES}),
    FailoverState.SEND_SLAVEOF_NOONE: frozenset({FailoverState.WAIT_PROMOTION}),
    FailoverState.WAIT_PROMOTION: frozenset({FailoverState.RECONF_SLAVES}),
    FailoverState.RECONF_SLAVES: frozenset({FailoverState.UPDATE_CONFIG}),
    FailoverState.UPDATE_CONFIG: frozenset(),
}
"""Legal moves; every state but the last two may also be left by an abort, all by a newer configuration. From
select_slave to reconf_slaves leads the settling of two configurations: whom it chooses is mostly a master already."""

ABORTABLE = frozenset(MOVES) - {FailoverState.RECONF_SLAVES, FailoverState.UPDATE_CONFIG}


def enter(turn: Turn, failover: Failover, state: FailoverState) -> None:
    """Move to the next state."""
    assert state in MOVES[failover.state], f"{failover.state} -> {state}"
    failover.state = state
    failover.entered = turn.now
    record.entered(turn, failover)
