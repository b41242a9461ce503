"""What SENTINEL changes: the checks of the C servers in their order, then one input for the core, then its reply."""

import pytest

from quorate.core.inputs import (
    FailoverRequested,
    FailureSimulated,
    FlushRequested,
    MonitorRequested,
    MoveRequested,
    RemoveRequested,
    ResetRequested,
    TuningChanged,
)
from quorate.core.outcome import Count, Done, Refused
from quorate.model.identity import MasterName
from quorate.model.settings import Tuning
from quorate.wire.values import Error, Map, Simple
from tests.commands.support import CALLER, World

NAME = MasterName("mymaster")
DEBUG_BAD = "Unknown option or number of arguments for SENTINEL DEBUG"


def test_failover_remove_and_flushconfig_ask_the_core() -> None:
    world = World()
    session = world.connect()
    assert world.asked(session, "SENTINEL", "FAILOVER", "mymaster") == FailoverRequested(CALLER, NAME)
    assert world.asked(session, "SENTINEL", "REMOVE", "mymaster") == RemoveRequested(CALLER, NAME)
    assert world.asked(session, "SENTINEL", "FLUSHCONFIG") == FlushRequested(CALLER)


def test_failover_coordinated_asks_the_core_for_a_move() -> None:
    world = World()
    session = world.connect()
    head = ("SENTINEL", "FAILOVER", "mymaster", "Coordinated")
    assert world.asked(session, *head) == MoveRequested(CALLER, NAME, None, None)
    assert world.asked(session, *head, "TO", "db-1", "6380") == MoveRequested(CALLER, NAME, ("db-1", 6380), None)
    moved = MoveRequested(CALLER, NAME, ("db-1", 6380), 250)
    assert world.asked(session, *head, "timeout", "250", "to", "db-1", "6380") == moved
    assert world.asked(session, *head, "Via", "Server") == MoveRequested(CALLER, NAME, None, None, via_server=True)
    moved = MoveRequested(CALLER, NAME, None, 250, via_server=True)
    assert world.asked(session, *head, "VIA", "SERVER", "TIMEOUT", "250") == moved


_SYNTAX = "ERR syntax error: COORDINATED [TO host port] [TIMEOUT milliseconds] [VIA SERVER]"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["FORCE"], "ERR wrong number of arguments for 'sentinel|failover' command"),
        (["TO", "db-1", "6380"], "ERR wrong number of arguments for 'sentinel|failover' command"),
        (["COORDINATED", "TO", "db-1"], _SYNTAX),
        (["COORDINATED", "TO", "db-1", "0"], "ERR Invalid port number."),
        (["COORDINATED", "TO", "a", "1", "TO", "b", "2"],
         _SYNTAX),
        (["COORDINATED", "VIA"], _SYNTAX),
        (["COORDINATED", "VIA", "PIGEON"], _SYNTAX),
        (["COORDINATED", "VIA", "SERVER", "VIA", "SERVER"], _SYNTAX),
        (["COORDINATED", "TIMEOUT", "0"], "ERR TIMEOUT is a positive number of milliseconds"),
        (["COORDINATED", "TIMEOUT", "x"], "ERR TIMEOUT is a positive number of milliseconds"),
    ],
)  # fmt: skip
def test_other_words_after_a_failover_are_refused(words: list[str], error: str) -> None:
    world = World()
    assert world.reply(world.connect(), "SENTINEL", "FAILOVER", "mymaster", *words) == Error(error)


@pytest.mark.parametrize(
    ("result", "reply"),
    [
        (Done(), Simple("OK")),
        (Refused("NOGOODSLAVE No suitable replica to promote"), Error("NOGOODSLAVE No suitable replica to promote")),
        (Refused("INPROG Failover already in progress"), Error("INPROG Failover already in progress")),
        (Refused("No such master with that name"), Error("ERR No such master with that name")),
        (Refused("ERR once is enough"), Error("ERR once is enough")),
    ],
)
def test_errors_keep_their_code_or_get_one(result: Done | Refused, reply: object) -> None:
    world = World()
    assert world.rendered(world.connect(), result, "SENTINEL", "FAILOVER", "mymaster") == reply


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["x", "127.0.0.1", "1", "x"], "Invalid quorum"),
        (["x", "127.0.0.1", "x", "x"], "Invalid quorum"),
        (["x", "127.0.0.1", "x", "1"], "Invalid port"),
        (["x", "127.0.0.1", "1", "0"], "Quorum must be 1 or greater."),
        (["mymaster", "foo", "1", "-1"], "Quorum must be 1 or greater."),
        (["x", "127.0.0.1", "+1", "1"], "Invalid port"),
        # C takes such names, and a line break in one becomes a line of its configuration and of its log.
        (["x\ny", "127.0.0.1", "x", "x"],
         "Invalid argument at index 2 for SENTINEL MONITOR: control characters are not allowed"),
        (["x\0", "127.0.0.1", "1", "1"],
         "Invalid argument at index 2 for SENTINEL MONITOR: control characters are not allowed"),
    ],
)  # fmt: skip
def test_monitor_checks_its_numbers_first(words: list[str], error: str) -> None:
    world = World()
    assert world.line(world.connect(), "SENTINEL", "MONITOR", *words) == f"-ERR {error}\r\n"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["x", "127.1", "1", "2"], ("x", "127.1", 1, 2)),
        (["a b \"'\\#", "host", "99999", "1"], ("a b \"'\\#", "host", 99999, 1)),
        ([b"\xff", "::1", "-1", "1"], ("\udcff", "::1", -1, 1)),
        (["", "::1", "0", "99999999999"], ("", "::1", 0, 2**31 - 1)),
    ],
)
def test_monitor_leaves_address_port_and_name_to_the_core(words: list[str | bytes], asked: tuple[object, ...]) -> None:
    world = World()
    found = world.asked(world.connect(), "SENTINEL", "MONITOR", *words)
    assert isinstance(found, MonitorRequested)
    assert (found.name, found.host, found.port, found.quorum) == asked


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("m*", ("mymaster", "m2")), ("M*", ()), ("*", ("mymaster", "other", "m2")), ("m[0-9]", ("m2",)), ("", ())],
)
def test_reset_matches_names_case_sensitively(pattern: str, names: tuple[str, ...]) -> None:
    world = World()
    world.seen.add("other")
    world.seen.add("m2")
    session = world.connect()
    assert world.asked(session, "SENTINEL", "RESET", pattern) == ResetRequested(
        CALLER, tuple(MasterName(name) for name in names)
    )
    assert world.rendered(session, Count(len(names)), "SENTINEL", "RESET", pattern) == len(names)


ELECTION, PROMOTION = "crash-after-election", "crash-after-promotion"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([ELECTION], (True, False, None)),
        ([ELECTION, PROMOTION.upper()], (True, True, None)),
        ([PROMOTION, "foo", ELECTION], (False, True, "Unknown failure simulation specified")),
    ],
)
def test_simulated_failures(words: list[str], asked: tuple[bool, bool, str | None]) -> None:
    world = World()
    found = world.asked(world.connect(), "SENTINEL", "SIMULATE-FAILURE", *words)
    assert found == FailureSimulated(CALLER, *asked)


@pytest.mark.parametrize("words", [["help"], ["HELP"], [ELECTION, "help", "foo"]])
def test_simulate_failure_help(words: list[str]) -> None:
    world = World()
    shown = world.rendered(world.connect(), Done(), "SENTINEL", "SIMULATE-FAILURE", *words)
    assert shown == [ELECTION.encode(), PROMOTION.encode()]


def test_simulate_failure_help_keeps_only_what_stands_before_it() -> None:
    world = World()
    found = world.asked(world.connect(), "SENTINEL", "SIMULATE-FAILURE", ELECTION, "help", PROMOTION)
    assert found == FailureSimulated(CALLER, True, False, None)


def test_debug_shows_13_knobs_as_bulk_strings() -> None:
    world = World()
    knobs = {
        "INFO-PERIOD": 10_000,
        "PING-PERIOD": 1_000,
        "ASK-PERIOD": 1_000,
        "PUBLISH-PERIOD": 2_000,
        "DEFAULT-DOWN-AFTER": 30_000,
        "DEFAULT-FAILOVER-TIMEOUT": 180_000,
        "TILT-TRIGGER": 2_000,
        "TILT-PERIOD": 30_000,
        "SLAVE-RECONF-TIMEOUT": 10_000,
        "MIN-LINK-RECONNECT-PERIOD": 15_000,
        "ELECTION-TIMEOUT": 10_000,
        "SCRIPT-MAX-RUNTIME": 60_000,
        "SCRIPT-RETRY-DELAY": 30_000,
    }
    shown = world.reply(world.connect(), "SENTINEL", "DEBUG")
    assert shown == Map([(knob.encode(), b"%d" % value) for knob, value in knobs.items()])


@pytest.mark.parametrize(
    ("words", "tuning", "error"),
    [
        (["INFO-period", "12000"], Tuning(info_period=12000), None),
        (["ping-period", "1", "tilt-trigger", "2"], Tuning(ping_period=1, tilt_trigger=2, ping_period_set=True), None),
        (["info-period", "1", "foo", "1"], Tuning(info_period=1), f"{DEBUG_BAD} 'foo'"),
        (["info-period", "1", "PING-period"], Tuning(info_period=1), f"{DEBUG_BAD} 'PING-period'"),
        (["info-period", "0"], Tuning(), "Invalid argument '0' for SENTINEL DEBUG 'info-period'"),
        (["info-period", "-5"], Tuning(), "Invalid argument '-5' for SENTINEL DEBUG 'info-period'"),
        (["INFO-period", "x"], Tuning(), "Invalid argument 'x' for SENTINEL DEBUG 'INFO-period'"),
        (["info-period", "1" * 20], Tuning(), f"Invalid argument '{'1' * 20}' for SENTINEL DEBUG 'info-period'"),
    ],
)
def test_debug_keeps_the_pairs_before_a_bad_one(words: list[str], tuning: Tuning, error: str | None) -> None:
    world = World()
    assert world.asked(world.connect(), "SENTINEL", "DEBUG", *words) == TuningChanged(CALLER, tuning, error)
