"""Which epochs from outside are believed. One that nobody can have reached by elections would burn all the others."""

from quorate.core.turn import Turn
from quorate.model.identity import EPOCH_JUMP, EPOCH_LIMIT, Epoch
from quorate.model.millis import Millis
from quorate.model.notice import Event

REFUSALS_TOLD_EVERY: Millis = 60_000


def is_acceptable(epoch: int, current: Epoch) -> bool:
    """Whether an epoch from outside may be believed: a number, and not absurdly far ahead of ours."""
    return 0 <= epoch < EPOCH_LIMIT and epoch - current <= EPOCH_JUMP


def refuse(turn: Turn, epoch: int, source: str) -> None:
    """Count an epoch that nobody can have reached by elections; say so once a minute."""
    state = turn.state
    state.refused_epochs += 1
    state.last_refused = f"{epoch} in {source}"
    if not state.refusal_told or turn.now - state.refusal_told > REFUSALS_TOLD_EVERY:
        state.refusal_told = turn.now
        turn.tell(Event.EPOCH_REFUSED, f"{epoch} {source} current {state.current_epoch}")
