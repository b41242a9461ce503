"""A peer's question goes to the core as it is, and the core's opinion comes back as three elements."""

from dataclasses import replace

import pytest

from quorate import __version__
from quorate.core.inputs import VoteRequested
from quorate.core.outcome import Opinion
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.settings import Mode
from tests.commands.support import CALLER, OTHER, World

NOT_AN_INTEGER = "-ERR value is not an integer or out of range\r\n"


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("word", ["is-master-down-by-addr", "IS-PRIMARY-DOWN-BY-ADDR"])
def test_the_question(mode: Mode, word: str) -> None:
    world = World(mode)
    session = world.connect()
    asked = world.asked(session, "SENTINEL", word, "127.0.0.1", "6379", "5", "*")
    assert asked == VoteRequested(CALLER, "127.0.0.1", 6379, Epoch(5), None)
    asked = world.asked(session, "SENTINEL", word, "::1", "0", "9223372036854775807", OTHER)
    assert asked == VoteRequested(CALLER, "::1", 0, Epoch((1 << 63) - 1), OTHER)
    asked = world.asked(session, "SENTINEL", word, "h\udcff".encode("utf-8", "surrogateescape"), "99999", "-1", "x")
    assert asked == VoteRequested(CALLER, "h\udcff", 99999, Epoch(-1), RunId("x")), "the core refuses what is no epoch"


@pytest.mark.parametrize(
    ("port", "epoch"),
    [("x", "0"), ("6379", "x"), ("6379", "01"), ("99999999999999999999", "0"), ("6379", "99999999999999999999")],
)
def test_port_and_epoch_are_integers(port: str, epoch: str) -> None:
    world = World()
    words = ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", port, epoch, "*")
    assert world.line(world.connect(), *words) == NOT_AN_INTEGER


@pytest.mark.parametrize(
    ("opinion", "reply"),
    [
        (Opinion(down=False, leader=None, leader_epoch=Epoch(0)), [0, b"*", 0]),
        (Opinion(down=True, leader=OTHER, leader_epoch=Epoch(7)), [1, OTHER.encode(), 7]),
        (Opinion(down=True, leader=None, leader_epoch=Epoch(7)), [1, b"*", 7]),
    ],
)
def test_the_answer(opinion: Opinion, reply: list[object]) -> None:
    world = World()
    words = ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "6379", "0", "*")
    assert world.rendered(world.connect(), opinion, *words) == reply


def test_one_of_ours_is_recognised_by_an_array_and_told_of_nowhere() -> None:
    world = World()
    assert world.reply(world.connect(), "SENTINEL", "QUORATE") == [b"quorate", __version__.encode()]


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("127.0.0.1", "6379"), [1]),
        (("127.0.0.1", "6380"), [0]),
        (("10.0.0.1", "6379"), [0]),
        (("127.0.0.1", "x"), [0]),
        (("127.0.0.1",), [0]),
        (("127.0.0.1", "6379", "more"), [0]),
    ],
)
def test_whether_a_process_is_gone(words: tuple[str, ...], reply: list[int]) -> None:
    world = World()
    name = MasterName("mymaster")
    world.seen.masters[name] = replace(world.seen.masters[name], gone_at=("127.0.0.1", 6379))
    assert world.reply(world.connect(), "SENTINEL", "QUORATE", "mymaster", *words) == reply


def test_no_process_is_gone_that_was_not_seen_to_be() -> None:
    world = World()
    assert world.reply(world.connect(), "SENTINEL", "QUORATE", "mymaster", "127.0.0.1", "6379") == [0]
