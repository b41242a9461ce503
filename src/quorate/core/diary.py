"""What a failover under way has noted about itself so far, in points in time of the core."""

from dataclasses import dataclass, field

from quorate.model.millis import Millis
from quorate.model.record import Contender, Vote, Voter


@dataclass(slots=True, eq=False)
class Diary:
    """Filled in by `core.record` and read by nobody else: no decision depends on it."""

    steps: list[tuple[str, Millis]] = field(default_factory=list)
    down: tuple[Voter, ...] = ()
    votes: tuple[Vote, ...] = ()
    known_offset: int | None = None
    contenders: tuple[Contender, ...] = ()
    closed: bool = False
