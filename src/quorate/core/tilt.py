"""TILT: when this process itself was late, its observations are worth nothing for a while (sentinel documentation,
"TILT mode"). Lateness is measured on the monotonic clock, so steps of the wall clock mean nothing.
"""

from quorate.model.millis import Millis


def is_late(now: Millis, expected: Millis, trigger: Millis) -> bool:
    """Whether we come too late for the deadline that we had set ourselves; `expected` is 0 when there was none."""
    return expected != 0 and now - expected > trigger


def is_over(now: Millis, since: Millis, period: Millis, unheard: int) -> bool:
    """TILT ends after its period, or as soon as every link has given a fresh reply."""
    return unheard == 0 or now - since > period
