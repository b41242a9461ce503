"""What a planned move of a master remembers, and its phases. What is done in each of them is in `handover`."""

from dataclasses import dataclass, field
from enum import Enum

from quorate.core.inputs import Caller
from quorate.core.requests import ConnId, MoveId
from quorate.model.millis import Millis


class Phase(Enum):
    """How far the old master has been brought. An operator's plain failover does not pause writes."""

    READY = "ready"
    PAUSING = "pausing"
    CATCHING_UP = "catching_up"
    HANDING_OVER = "handing_over"
    STEPPING_ASIDE = "stepping_aside"
    DRAINING = "draining"
    CLEAR = "clear"


PHASES: dict[Phase, frozenset[Phase]] = {
    Phase.READY: frozenset({Phase.PAUSING, Phase.HANDING_OVER, Phase.STEPPING_ASIDE, Phase.CLEAR}),
    Phase.PAUSING: frozenset({Phase.CATCHING_UP}),
    Phase.CATCHING_UP: frozenset({Phase.STEPPING_ASIDE}),
    Phase.HANDING_OVER: frozenset({Phase.CLEAR}),
    Phase.STEPPING_ASIDE: frozenset({Phase.DRAINING, Phase.CLEAR}),
    Phase.DRAINING: frozenset({Phase.CLEAR}),
    Phase.CLEAR: frozenset(),
}
"""Legal moves from phase to phase; whoever gives up does so from any of them."""

PAUSED = frozenset({Phase.PAUSING, Phase.CATCHING_UP, Phase.HANDING_OVER})


@dataclass(slots=True, eq=False)
class Move:
    """One move. `timeout` bounds the pause of writes; it is 0 for a plain failover, which pauses nothing."""

    id: MoveId
    timeout: Millis = 0
    via_server: bool = False
    """The old master is told to change places with the replica by itself (`delegation`)."""
    phase: Phase = Phase.READY
    deadline: Millis = 0
    """The phase under way, and once the master was told to step aside the promotion too, must be over by then."""
    conn: ConnId | None = None
    """The connection on which the old master got its orders."""
    goal: int = 0
    """How far the replica's data must go."""
    reached: int = -1
    """How far they went when it was asked last."""
    asked: ConnId | None = None
    """The connection on which it is asked now."""
    ask_at: Millis = 0
    stepped_aside: bool = False
    """The old master has acknowledged that it is a replica."""
    ordered_aside: bool = False
    """It was told to be one."""
    failed: str = ""
    """Why the move is given up."""

    @property
    def coordinated(self) -> bool:
        """Whether it was asked for by COORDINATED, and nothing may be lost."""
        return self.timeout > 0

    @property
    def paused(self) -> bool:
        """Writes are, or may be, held at the old master."""
        return self.phase in PAUSED

    def enter(self, phase: Phase) -> None:
        """Go on to the next phase."""
        assert phase in PHASES[self.phase], f"{self.phase} -> {phase}"
        self.phase = phase


@dataclass(slots=True, eq=False)
class Rehearsal:
    """A move that an operator asked for: both servers are asked whether they would obey, and how far their data go."""

    id: MoveId
    caller: Caller
    timeout: Millis
    replica: str
    """Name of the replica that is to be promoted."""
    ends: Millis
    master_conn: ConnId
    replica_conn: ConnId
    via_server: bool = False
    willing: set[ConnId] = field(default_factory=set)
    """Connections on which the rehearsal was answered well."""
    offsets: dict[ConnId, int] = field(default_factory=dict)
    """How far the data of each server go."""
    trouble: tuple[ConnId, str] | None = None
    """Who would not obey, and in which words."""
