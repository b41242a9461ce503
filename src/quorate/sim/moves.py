"""What sentinels and operators of the simulator say in planned moves."""

from quorate.core.inputs import MoveAnswered, Step
from quorate.core.requests import AskOffset, ConnId, HandOver, PauseWrites, Rehearse, RehearseHandOver, StepAside
from quorate.sim.messages import Offset, Wrong

_STEPS = {
    Rehearse: Step.REHEARSED,
    RehearseHandOver: Step.REHEARSED,
    HandOver: Step.HANDED_OVER,
    PauseWrites: Step.PAUSED,
    AskOffset: Step.OFFSET,
    StepAside: Step.STEPPED_ASIDE,
}


Answered = Rehearse | RehearseHandOver | HandOver | PauseWrites | AskOffset | StepAside
ANSWERED = (Rehearse, RehearseHandOver, HandOver, PauseWrites, AskOffset, StepAside)
"""Requests of a move whose answers the core awaits."""


def move_answer(conn: ConnId, request: Answered, message: object) -> MoveAnswered:
    """A server's answer as the core takes it."""
    offset = message.value if isinstance(message, Offset) else None
    error = message.text if isinstance(message, Wrong) else ""
    return MoveAnswered(conn, request.move, _STEPS[type(request)], offset, error)
