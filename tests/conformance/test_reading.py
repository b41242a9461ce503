"""The reader of harness output: which units ran, which checks failed, and what was said about it."""

from tests.conformance.reading import Failure, Reading


def _read(text: str) -> Reading:
    reading = Reading()
    for number, line in enumerate(text.strip().splitlines()):
        reading.feed(line, float(number))
    return reading


def test_a_unit_whose_checks_all_pass_is_ok() -> None:
    reading = _read(
        """
Starting sentinel #0 at port 20000
\x1b[0;33mTesting unit: 00-base.tcl\x1b[0m
10:00:00> the first thing: OK
10:00:01> a thing: with a colon: \x1b[0;32mOK\x1b[0m
Testing unit: 01-next.tcl
10:00:02> another: OK
Cleaning up...
killing stale instance 12
GOOD! No errors.
"""
    )
    assert [(unit.name, unit.passed, unit.ok, unit.seconds) for unit in reading.units] == [
        ("00-base", 2, True, 3.0),
        ("01-next", 1, True, 2.0),
    ]


def test_a_failed_assertion_is_told_with_its_check() -> None:
    reading = _read(
        """
Testing unit: 00-base.tcl
10:00:00> good: OK
10:00:01> bad: FAILED: Expected 1 == 2
(Jumping to next unit after error)
Testing unit: 01-next.tcl
10:00:02> good: OK
Cleaning up...
"""
    )
    assert reading.units[0].failures == [Failure("bad", ("Expected 1 == 2",))]
    assert [unit.ok for unit in reading.units] == [False, True]


def test_an_error_in_a_check_is_told_with_its_trace() -> None:
    reading = _read(
        """
Testing unit: 00-base.tcl
10:00:01> broken: FAILED: caught an error in the test ERR no such thing
ERR no such thing
    while executing
10:00:02> never mixed up: OK
"""
    )
    (failure,) = reading.units[0].failures
    assert failure.check == "broken"
    assert failure.detail == (
        "caught an error in the test ERR no such thing",
        "ERR no such thing",
        "    while executing",
    )


def test_a_check_may_print_lines_before_its_verdict() -> None:
    reading = _read(
        """
Testing unit: 00-base.tcl
10:00:01> chatty: Waiting for process 7 to exit...
Waiting for process 7 to exit...
OK
"""
    )
    assert reading.check == "chatty"
    assert reading.units[0].passed == 1


def test_leaked_descriptors_fail_the_unit() -> None:
    reading = _read(
        """
Testing unit: 00-base.tcl
10:00:00> good: OK
ERROR: Sentinel has leaked fds to scripts:
socket:[1234]
----
Testing unit: 01-next.tcl
"""
    )
    assert not reading.units[0].ok
    assert "socket:[1234]" in reading.units[0].failures[0].detail


def test_what_is_said_after_the_units_belongs_to_none_of_them() -> None:
    reading = _read(
        """
Testing unit: 00-base.tcl
10:00:00> good: OK
Cleaning up...
*** Crash report found in sentinel_0/log.txt ***
a line of the report
WARNING 1 test(s) failed.
"""
    )
    assert reading.units[0].ok
    assert "a line of the report" in reading.outside


def test_a_unit_that_never_ended_is_not_ok() -> None:
    reading = _read("Testing unit: 00-base.tcl\n10:00:00> good: OK")
    assert not reading.units[0].ok
