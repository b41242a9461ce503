"""When a member that died is started again. Pure; times in seconds on a monotonic clock.

A dead master must stay down until the sentinels have moved on: started at once it would answer again before anybody
missed it, and nobody would see what the sentinels are for. It comes back as a replica of its successor.
"""

from dataclasses import dataclass
from enum import Enum

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
STABLE_AFTER = 20.0
"""Seconds of life after which a death counts as the first again."""

SETTLE = 1.0
"""Seconds between the switch and the return of the old master, so that the switch can be seen."""

PATIENCE = 5.0
"""Seconds beyond down-after that a failover may take to begin."""

FAILOVER_PATIENCE = 30.0
"""Seconds that a failover which has begun may take."""


class Wait(Enum):
    """Why a dead member is not started yet."""

    PAUSE = "restart"
    FAILOVER = "failover"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Death:
    """A dead member. `deaths` counts those in quick succession, this one included."""

    at: float
    deaths: int


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around a dead master.

    `successor_since`: when the sentinels began to name another master, None while they name the dead one.
    `can_move`: enough sentinels live and some replica lives, so a failover can be expected.
    `failing_over`: some sentinel is leading one now. `would_wipe`: its data is gone and others have some.
    """

    down_after: float
    successor_since: float | None
    can_move: bool
    failing_over: bool
    would_wipe: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait` None: start it now. Otherwise `at` is the earliest moment as far as it is known."""

    wait: Wait | None
    at: float


def pause(deaths: int) -> float:
    """Seconds before a restart: 1, 2, 4, ... at most 15."""
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(max(0, deaths - 1), 10)))


def of_other(death: Death, now: float) -> Verdict:
    """A replica or a sentinel."""
    at = death.at + pause(death.deaths)
    return Verdict(None if now >= at else Wait.PAUSE, at)


def of_master(death: Death, scene: Scene, now: float) -> Verdict:
    """The server that was master when it died."""
    earliest = death.at + pause(death.deaths)
    if scene.successor_since is not None:
        at = max(earliest, scene.successor_since + SETTLE)
        return Verdict(None if now >= at else Wait.PAUSE, at)
    if scene.would_wipe:
        return Verdict(Wait.EMPTY, earliest)
    if not scene.can_move:
        return Verdict(None if now >= earliest else Wait.PAUSE, earliest)
    limit = death.at + scene.down_after + (FAILOVER_PATIENCE if scene.failing_over else PATIENCE)
    at = max(earliest, limit)
    return Verdict(None if now >= at else Wait.FAILOVER, at)
