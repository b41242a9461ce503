"""SENTINEL FAILOVERS: a map per failover, newest first, in both protocols; told of in no list."""

from dataclasses import replace

import pytest

from quorate.commands.table import TABLES
from quorate.model.identity import MasterName
from quorate.model.settings import Mode
from quorate.wire import history
from quorate.wire.values import Map
from tests.commands.support import World
from tests.records import FULL

NAME = MasterName("mymaster")


@pytest.fixture
def world() -> World:
    world = World()
    world.seen.add(NAME)
    return world


def test_each_failover_is_a_map_whose_values_are_bulk_strings(world: World) -> None:
    older = replace(FULL, began=1)
    world.remembered[NAME] = [FULL, older]
    reply = world.reply(world.connect(), "SENTINEL", "FAILOVERS", NAME)
    assert isinstance(reply, list)
    assert len(reply) == 2
    first = reply[0]
    assert isinstance(first, Map)
    told = dict(first.pairs)
    assert list(told) == [name.encode() for name in history.plain(FULL)]
    assert (told[b"epoch"], told[b"trailed"], told[b"new"]) == (b"7", b"50", b"127.0.0.1:6381")
    assert told[b"votes"] == [[b"a" * 40, b"", b"a" * 40], [b"b" * 40, b"127.0.0.1:26380", b"a" * 40]]
    steps = told[b"steps"]
    assert isinstance(steps, Map)
    assert steps.pairs[0] == (b"silent", b"-1002")


def test_resp2_gives_flat_arrays_and_resp3_maps(world: World) -> None:
    world.remembered[NAME] = [FULL]
    session = world.connect()
    fields = len(history.plain(FULL))
    assert world.line(session, "SENTINEL", "FAILOVERS", NAME).startswith(f"*1\r\n*{2 * fields}\r\n$6\r\nmaster\r\n")
    session.protocol = 3
    assert world.line(session, "SENTINEL", "FAILOVERS", NAME).startswith(f"*1\r\n%{fields}\r\n$6\r\nmaster\r\n")


def test_no_failover_yet_and_no_such_master(world: World) -> None:
    session = world.connect()
    assert world.reply(session, "SENTINEL", "FAILOVERS", NAME) == []
    assert world.line(session, "SENTINEL", "FAILOVERS", "other") == "-ERR No such master with that name\r\n"
    assert "wrong number of arguments" in world.line(session, "SENTINEL", "FAILOVERS")


def test_a_master_that_was_removed_still_has_its_history(world: World) -> None:
    world.remembered[MasterName("gone")] = [FULL]
    assert len(world.reply(world.connect(), "SENTINEL", "FAILOVERS", "gone")) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", list(Mode))
def test_it_works_in_every_mode_and_is_listed_in_our_own(mode: Mode) -> None:
    ours = mode is Mode.QUORATE
    assert ("sentinel|failovers" in {command.name for command in TABLES[mode].listed()}) is ours
    world = World(mode)
    world.seen.add(NAME)
    session = world.connect()
    assert world.reply(session, "sentinel", "failovers", NAME) == []
    assert ("FAILOVERS" in world.line(session, "SENTINEL", "HELP")) is ours
    assert ("failovers" in world.line(session, "COMMAND", "DOCS")) is ours
