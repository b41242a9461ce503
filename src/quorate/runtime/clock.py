"""Time as the runtime tells it: a monotonic clock for every decision, the wall clock for people only."""

import sys
import time

from quorate.model.millis import Millis

_NS_PER_MILLI = 1_000_000

# Zero means "never" to the core, and a machine that has just booted would be close to it: points in time start late
# enough that subtracting any time-out from "now" stays above it.
_BASE: Millis = 10_000_000_000


def now() -> Millis:
    """The present on the monotonic clock, in milliseconds. Its zero means nothing."""
    # A machine that was suspended has been away: what it heard before is old, and its own lateness must show. Linux's
    # monotonic clock stands still meanwhile, the one since boot goes on.
    passed = time.clock_gettime_ns(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic_ns()
    return passed // _NS_PER_MILLI + _BASE


def wall_us() -> int:
    """Microseconds since 1970, for INFO."""
    return time.time_ns() // 1_000
