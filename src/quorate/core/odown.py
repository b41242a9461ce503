"""Whether a master is objectively down: enough sentinels see it down (sentinel documentation, SDOWN and ODOWN)."""

from collections.abc import Iterable
from dataclasses import dataclass

from quorate.model.millis import Millis

STALE_AFTER_PERIODS = 5
"""An opinion this many ask-periods old no longer counts."""


@dataclass(frozen=True, slots=True)
class PeerOpinion:
    """What a peer last said of the master, and when."""

    says_down: bool
    answered: Millis


def is_stale(now: Millis, answered: Millis, ask_period: Millis) -> bool:
    """Whether an answer is too old to count."""
    return now - answered > STALE_AFTER_PERIODS * ask_period


def votes_for_down(now: Millis, we_see_down: bool, opinions: Iterable[PeerOpinion], ask_period: Millis) -> int:
    """How many sentinels see the master down, ourselves included; 0 unless we do."""
    if not we_see_down:
        return 0
    return 1 + sum(1 for o in opinions if o.says_down and not is_stale(now, o.answered, ask_period))
