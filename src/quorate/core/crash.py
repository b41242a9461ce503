"""When the process of a master counts as gone, and not only as silent.

A connection that carried good answers was reset, and since then nobody listens at the same address. One sentinel may
see that of a firewall; so a majority must see it, and every replica that can be reached must have lost its master, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from quorate.model.millis import Millis

APART: Millis = 100
"""Between the first refusal and the one that counts: whoever only restarts is often back sooner."""

GOOD_PERIODS = 2
"""A good answer must not be older than so many ping periods when the connection is reset: who hung before may hang."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What befell our connection to a master. Points in time, 0 for never: the last good answer, the reset behind it,
    the first refusal after that, and one that came at least `APART` later.
    """

    answered: Millis
    reset: Millis
    refused: Millis
    refused_again: Millis


@dataclass(frozen=True, slots=True)
class Witness:
    """A replica that can be reached: when it last answered INFO, and whether it said that it has lost its master."""

    told: Millis
    lost_it: bool


def is_gone(traces: Traces, ping_period: Millis) -> bool:
    """Whether one sentinel has seen enough to call the process gone."""
    if not traces.reset or not traces.answered or not traces.refused:
        return False
    fresh = traces.reset - traces.answered <= GOOD_PERIODS * ping_period
    return fresh and traces.refused >= traces.reset and traces.refused_again - traces.refused >= APART


def is_agreed(seen_by: int, quorum: int, voters: int) -> bool:
    """Whether that many sentinels suffice: the quorum, and more than half of all that are known."""
    return seen_by >= max(quorum, voters // 2 + 1)


def is_confirmed(witnesses: Iterable[Witness], reset: Millis) -> bool:
    """Whether the replicas have lost it too: all that can be reached, at least one, by what they said since."""
    said = list(witnesses)
    return bool(said) and all(one.lost_it and one.told >= reset for one in said)
