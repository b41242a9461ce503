"""How many masters have gone down of late: who loses a rack has more to say than its peers can hear at once."""

from quorate.core.turn import Turn
from quorate.model.millis import Millis

LATELY: Millis = 5_000
"""An election that began longer ago is hardly in anybody's way any more."""


def note(turn: Turn) -> None:
    """A master has just gone down for us."""
    turn.state.fallen.append(turn.now)
    count(turn)


def count(turn: Turn) -> int:
    """Masters that went down for us within the last seconds."""
    moments = turn.state.fallen
    while moments and moments[0] < turn.now - LATELY:
        moments.popleft()
    return len(moments)
