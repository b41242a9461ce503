"""What sentinels and operators of the simulator say in planned moves."""

from quorate.core.inputs import MoveAnswered, Step
from quorate.core.requests import AskOffset, ConnId, PauseWrites, Rehearse, StepAside
from quorate.sim.messages import Offset, Wrong

_STEPS = {
    Rehearse: Step.REHEARSED,
    PauseWrites: Step.PAUSED,
    AskOffset: Step.OFFSET,
    StepAside: Step.STEPPED_ASIDE,
}


def move_answer(conn: ConnId, request: Rehearse | PauseWrites | AskOffset | StepAside, message: object) -> MoveAnswered:
    """A server's answer as the core takes it."""
    offset = message.value if isinstance(message, Offset) else None
    error = message.text if isinstance(message, Wrong) else ""
    return MoveAnswered(conn, request.move, _STEPS[type(request)], offset, error)
