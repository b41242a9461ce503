"""SENTINEL CANDIDATES: the shape that `quorate status --why` reads, in every mode, and who may ask."""

import pytest

from quorate.core.view import CandidateView, OutlookView, QuorumCheck, Verdict
from quorate.model.evidence import Detection
from quorate.model.identity import MasterName
from quorate.model.settings import MasterSettings, Mode
from quorate.wire.values import Map
from tests.commands.support import World

CHOSEN = CandidateView("127.0.0.1:6381", "127.0.0.1", 6381, 100, 900, 0, "prefer", Verdict.CHOSEN, "")
STRANGER = CandidateView("127.0.0.1:6382", "127.0.0.1", 6382, 100, 999, None, "", Verdict.REFUSED, "of another history")


@pytest.mark.parametrize("mode", Mode)
def test_the_reply(mode: Mode) -> None:
    world = World(mode)
    settings = MasterSettings(2, down_after=3000, crash_detection=Detection.ALWAYS)
    view = OutlookView(QuorumCheck(2, 3, 2), (CHOSEN, STRANGER), False, 1500, 4096, settings, "NOAUTH no")
    world.seen.outlooks[MasterName("mymaster")] = view
    reply = world.reply(world.connect(3), "SENTINEL", "candidates", "mymaster")
    assert reply == Map(
        [
            (b"chosen", b"127.0.0.1:6381"),
            (b"usable-sentinels", b"2"),
            (b"voters", b"3"),
            (b"quorum", b"2"),
            (b"majority", b"2"),
            (b"failover-in-progress", b"0"),
            (b"wait", b"1500"),
            (b"candidate-max-lag", b"4096"),
            (b"crash-detection", b"always"),
            (b"confirm-by-replicas", b"no"),
            (b"confirm-timeout", b"6000"),
            (b"refused", b"NOAUTH no"),
            (b"candidates", [_map(CHOSEN, b"0"), _map(STRANGER, b"")]),
        ]
    )


def _map(view: CandidateView, behind: bytes) -> Map:
    return Map(
        [
            (b"name", view.name.encode()),
            (b"ip", b"127.0.0.1"),
            (b"port", b"%d" % view.port),
            (b"slave-priority", b"100"),
            (b"slave-repl-offset", b"%d" % view.offset),
            (b"behind", behind),
            (b"tag", view.tag.encode()),
            (b"verdict", view.verdict.value.encode()),
            (b"reason", view.reason.encode()),
        ]
    )


def test_nobody_suits() -> None:
    world = World()
    world.seen.outlooks[MasterName("mymaster")] = OutlookView(QuorumCheck(1, 1, 1), (), True, 0, 0, MasterSettings(1))
    line = world.line(world.connect(), "SENTINEL", "CANDIDATES", "mymaster")
    assert line.startswith("*26\r\n$6\r\nchosen\r\n$0\r\n\r\n")
    assert line.endswith("$10\r\ncandidates\r\n*0\r\n")


def test_an_unknown_master_and_too_many_words() -> None:
    world = World()
    session = world.connect()
    assert world.line(session, "SENTINEL", "CANDIDATES", "nobody") == "-ERR No such master with that name\r\n"
    assert "wrong number of arguments" in world.line(session, "SENTINEL", "CANDIDATES")
