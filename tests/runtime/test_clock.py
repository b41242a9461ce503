"""The runtime's clock goes on while the machine is suspended, and never comes near zero, which means "never"."""

import sys
import time

import pytest

from quorate.runtime import clock

HOUR = 3_600_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a clock that counts since boot")
def test_an_hour_asleep_is_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    before, told = clock.now(), time.clock_gettime_ns

    def after_an_hour_asleep(which: int) -> int:
        return told(which) + (HOUR * 1_000_000 if which == time.CLOCK_BOOTTIME else 0)

    monkeypatch.setattr(time, "clock_gettime_ns", after_an_hour_asleep)
    assert clock.now() - before >= HOUR


def test_no_time_out_reaches_back_to_zero() -> None:
    assert clock.now() > 24 * HOUR * 100
