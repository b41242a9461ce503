"""Proves that command links write what the protocol says and turn every kind of reply into the right input."""

import asyncio
from dataclasses import replace

import pytest

from quorate.core.inputs import (
    ConfigTold,
    GoneTold,
    InfoArrived,
    Input,
    KindAnswered,
    LinkClosed,
    LinkRefused,
    MoveAnswered,
    PeerAnswered,
    Pinged,
    Pong,
    Published,
    Reconfigured,
    Step,
)
from quorate.core.requests import (
    AskConfig,
    AskDown,
    AskGone,
    AskInfo,
    AskKind,
    AskOffset,
    Authenticate,
    HandOver,
    InstanceId,
    KillScript,
    MoveId,
    NameClient,
    PauseWrites,
    Ping,
    PublishHello,
    Reconfigure,
    Rehearse,
    RehearseHandOver,
    Request,
    ResumeWrites,
    StepAside,
    StopHandOver,
)
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.runtime import clock
from quorate.runtime.line import MAX_UNREAD
from quorate.runtime.links import CommandLink
from quorate.runtime.ports import Outward
from quorate.wire.encode import encode_command
from tests.runtime.stage import FarEnd, Stage, play
from tests.runtime.talk import CONN, OPENED, both_loops, talking

ABOUT = InstanceId(3)
RUN_ID = RunId("a" * 40)
HELLO = Hello("127.0.0.1", 26379, RUN_ID, Epoch(1), MasterName("m"), "127.0.0.1", 6379, Epoch(1))
GONE = AskGone(ABOUT, MasterName("m"), "127.0.0.1", 6379)
CONFIG = AskConfig(ABOUT, MasterName("m"), ours=True)
ASK = AskDown(ABOUT, "127.0.0.1", 6379, Epoch(5), None)
PUBLISH = PublishHello(ABOUT, HELLO)
ORDER = Reconfigure(ABOUT, None)
MOVE = MoveId(12)
AS_MASTER = b"role:master\r\nmaster_repl_offset:77\r\n"
AS_REPLICA = b"role:slave\r\nslave_repl_offset:55\r\nmaster_repl_offset:66\r\n"


def bulk(text: bytes) -> bytes:
    """A bulk string."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


@both_loops
def test_requests_made_before_the_connection_stands_leave_in_order_and_in_one_write(loop: str) -> None:
    async def scene() -> None:
        far, stage = FarEnd(), Stage()
        link = CommandLink(stage, far.order())
        link.dial(asyncio.get_running_loop(), Outward())
        for request in (Authenticate("", "pw"), NameClient("sentinel-aaaaaaaa-cmd"), Ping(), AskInfo()):
            link.send(request)
        reader, _ = await far.accept()
        wanted = (
            encode_command("AUTH", "pw")
            + encode_command("CLIENT", "SETNAME", "sentinel-aaaaaaaa-cmd")
            + encode_command("PING")
            + encode_command("INFO")
        )
        assert await reader.read(65536) == wanted
        assert await stage.heard(1) == [OPENED]
        link.hang_up()
        await far.close()

    play(loop, scene())


SPELLED: list[tuple[Request, bytes]] = [
    (Authenticate("joe", "p w"), encode_command("AUTH", "joe", "p w")),
    (KillScript(), encode_command("SCRIPT", "KILL")),
    (AskKind(), encode_command("SENTINEL", "QUORATE")),
    (CONFIG, encode_command("SENTINEL", "QUORATE", "m")),
    (GONE, encode_command("SENTINEL", "QUORATE", "m", "127.0.0.1", 6379)),
    (replace(CONFIG, ours=False), encode_command("SENTINEL", "MASTER", "m")),
    (ASK, encode_command("SENTINEL", "is-master-down-by-addr", "127.0.0.1", 6379, 5, "*")),
    (
        replace(ASK, candidate=RUN_ID),
        encode_command("SENTINEL", "is-master-down-by-addr", "127.0.0.1", 6379, 5, RUN_ID),
    ),
    (PUBLISH, encode_command("PUBLISH", "__sentinel__:hello", f"127.0.0.1,26379,{RUN_ID},1,m,127.0.0.1,6379,1")),
    (
        Reconfigure(ABOUT, ("10.0.0.9", 6380)),
        encode_command("MULTI")
        + encode_command("SLAVEOF", "10.0.0.9", 6380)
        + encode_command("CONFIG", "REWRITE")
        + encode_command("CLIENT", "KILL", "TYPE", "normal")
        + encode_command("CLIENT", "KILL", "TYPE", "pubsub")
        + encode_command("EXEC"),
    ),
    (ResumeWrites(), encode_command("CLIENT", "UNPAUSE")),
    (AskOffset(MOVE), encode_command("INFO", "replication")),
    (
        PauseWrites(MOVE, 750),
        encode_command("MULTI")
        + encode_command("CLIENT", "PAUSE", 750, "WRITE")
        + encode_command("INFO", "replication")
        + encode_command("EXEC"),
    ),
    (
        StepAside(MOVE, ("10.0.0.9", 6380), clock.now() + 10**12),
        encode_command("MULTI")
        + encode_command("INFO", "replication")
        + encode_command("SLAVEOF", "10.0.0.9", 6380)
        + encode_command("CONFIG", "REWRITE")
        + encode_command("CLIENT", "KILL", "TYPE", "normal")
        + encode_command("CLIENT", "KILL", "TYPE", "pubsub")
        + encode_command("EXEC"),
    ),
    (
        Rehearse(MOVE),
        encode_command("MULTI")
        + encode_command("CLIENT", "PAUSE", 0, "WRITE")
        + encode_command("CLIENT", "UNPAUSE")
        + encode_command("INFO", "replication")
        + encode_command("SLAVEOF", "127.0.0.1", "rehearsal")
        + encode_command("CONFIG", "REWRITE")
        + encode_command("CLIENT", "KILL", "TYPE", "rehearsal")
        + encode_command("EXEC"),
    ),
    (
        RehearseHandOver(MOVE),
        encode_command("MULTI")
        + encode_command("FAILOVER", "TIMEOUT", 0)
        + encode_command("INFO", "replication")
        + encode_command("SLAVEOF", "127.0.0.1", "rehearsal")
        + encode_command("CONFIG", "REWRITE")
        + encode_command("CLIENT", "KILL", "TYPE", "rehearsal")
        + encode_command("EXEC"),
    ),
    (HandOver(MOVE, ("10.0.0.9", 6380), 250), encode_command("FAILOVER", "TO", "10.0.0.9", 6380, "TIMEOUT", 250)),
    (StopHandOver(), encode_command("FAILOVER", "ABORT")),
]


@pytest.mark.parametrize(("request_", "wanted"), SPELLED)
def test_each_request_is_spelled_as_c_sentinel_spells_it(request_: Request, wanted: bytes) -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.link.send(request_)
            assert await talk.reader.read(65536) == wanted

    play("uvloop", scene())


def test_renamed_commands_go_out_under_their_new_names() -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.link.use((("slaveof", "S1"), ("MULTI", "M1"), ("config", "C1"), ("ping", "P1")))
            talk.link.send(Ping())
            talk.link.send(ORDER)
            sent = await talk.reader.read(65536)
            assert sent.startswith(encode_command("P1") + encode_command("M1") + encode_command("S1", "NO", "ONE"))
            assert encode_command("C1", "REWRITE") in sent

    play("uvloop", scene())


QUEUED = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
ANSWERS: list[tuple[Request, bytes, list[Input]]] = [
    (Ping(), b"+PONG\r\n", [Pinged(CONN, Pong.PONG, "PONG")]),
    (Ping(), b"-LOADING wait\r\n", [Pinged(CONN, Pong.LOADING, "LOADING wait")]),
    (Ping(), b"-MASTERDOWN Link down\r\n", [Pinged(CONN, Pong.MASTERDOWN, "MASTERDOWN Link down")]),
    (Ping(), b"-BUSY script\r\n", [Pinged(CONN, Pong.BUSY, "BUSY script")]),
    (Ping(), b"-NOAUTH no\r\n", [Pinged(CONN, Pong.OTHER, "NOAUTH no")]),
    (Ping(), b"$4\r\nPONG\r\n", [Pinged(CONN, Pong.OTHER, "")]),
    (Authenticate("", "x"), b"-WRONGPASS no\r\n", [LinkRefused(CONN, "WRONGPASS no")]),
    (AskInfo(), b"-NOAUTH no\r\n", [LinkRefused(CONN, "NOAUTH no")]),
    (PUBLISH, b":1\r\n", [Published(CONN, ABOUT, ok=True)]),
    (PUBLISH, b"-NOPERM no\r\n", [LinkRefused(CONN, "NOPERM no"), Published(CONN, ABOUT, ok=False)]),
    (ASK, b"*3\r\n:1\r\n$1\r\n*\r\n:0\r\n", [PeerAnswered(CONN, ABOUT, True, None, Epoch(0))]),
    (
        ASK,
        b"*3\r\n:0\r\n$40\r\n%b\r\n:9\r\n" % RUN_ID.encode(),
        [PeerAnswered(CONN, ABOUT, False, RUN_ID, Epoch(9))],
    ),
    (CONFIG, b"*3\r\n:3\r\n:5\r\n:4\r\n", [ConfigTold(CONN, ABOUT, Epoch(3), Epoch(5), Epoch(4))]),
    (CONFIG, b"*2\r\n:3\r\n:5\r\n", [ConfigTold(CONN, ABOUT, None, None, None)]),
    (
        CONFIG,
        b"*4\r\n$4\r\nname\r\n$1\r\nm\r\n$12\r\nconfig-epoch\r\n$1\r\n3\r\n",
        [ConfigTold(CONN, ABOUT, Epoch(3), None, None)],
    ),
    (
        CONFIG,
        b"*3\r\n:-1\r\n:9223372036854775807\r\n:0\r\n",
        [ConfigTold(CONN, ABOUT, None, Epoch(2**63 - 1), Epoch(0))],
    ),
    (CONFIG, b"-ERR No such master with that name\r\n", [ConfigTold(CONN, ABOUT, None, None, None)]),
    (GONE, b"*1\r\n:1\r\n", [GoneTold(CONN, ABOUT, gone=True)]),
    (GONE, b"*1\r\n:0\r\n", [GoneTold(CONN, ABOUT, gone=False)]),
    (GONE, b"*3\r\n:1\r\n:1\r\n:1\r\n", [GoneTold(CONN, ABOUT, gone=False)]),
    (GONE, b"-ERR No such master with that name\r\n", [GoneTold(CONN, ABOUT, gone=False)]),
    (AskKind(), b"*1\r\n:3\r\n", [KindAnswered(CONN, ours=True)]),
    (AskKind(), b"-ERR Unknown subcommand\r\n", [KindAnswered(CONN, ours=False)]),
    (ORDER, QUEUED + b"*4\r\n+OK\r\n-ERR no file\r\n:1\r\n:0\r\n", [Reconfigured(CONN, ABOUT, "")]),
    (ORDER, QUEUED + b"*4\r\n-ERR wrong\r\n+OK\r\n:1\r\n:0\r\n", [Reconfigured(CONN, ABOUT, "ERR wrong")]),
    (ORDER, QUEUED + b"*-1\r\n", [Reconfigured(CONN, ABOUT, "EXEC was not carried out")]),
    (
        ORDER,
        b"-NOPERM multi\r\n-ERR x\r\n-ERR x\r\n-ERR x\r\n-ERR x\r\n-ERR EXEC without MULTI\r\n",
        [Reconfigured(CONN, ABOUT, "NOPERM multi")],
    ),
    (
        Rehearse(MOVE),
        b"+OK\r\n" + b"+QUEUED\r\n" * 6 + b"*2\r\n+OK\r\n-ERR port\r\n",
        [MoveAnswered(CONN, MOVE, Step.REHEARSED, None, "")],
    ),
    (
        Rehearse(MOVE),
        b"+OK\r\n" + b"+QUEUED\r\n" * 4 + b"-NOPERM config\r\n" + b"+QUEUED\r\n" + b"-EXECABORT\r\n",
        [MoveAnswered(CONN, MOVE, Step.REHEARSED, None, "NOPERM config")],
    ),
    (
        PauseWrites(MOVE, 9),
        b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n" + bulk(AS_MASTER),
        [MoveAnswered(CONN, MOVE, Step.PAUSED, 77, "")],
    ),
    (
        PauseWrites(MOVE, 9),
        b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n" + bulk(AS_REPLICA),
        [MoveAnswered(CONN, MOVE, Step.PAUSED, None, "")],
    ),
    (
        PauseWrites(MOVE, 9),
        b"+OK\r\n-ERR syntax\r\n+QUEUED\r\n-EXECABORT\r\n",
        [MoveAnswered(CONN, MOVE, Step.PAUSED, None, "ERR syntax")],
    ),
    (
        RehearseHandOver(MOVE),
        b"+OK\r\n" + b"+QUEUED\r\n" * 5 + b"*2\r\n-ERR FAILOVER timeout\r\n-ERR port\r\n",
        [MoveAnswered(CONN, MOVE, Step.REHEARSED, None, "")],
    ),
    (
        RehearseHandOver(MOVE),
        b"+OK\r\n-NOPERM failover\r\n" + b"+QUEUED\r\n" * 4 + b"-EXECABORT\r\n",
        [MoveAnswered(CONN, MOVE, Step.REHEARSED, None, "NOPERM failover")],
    ),
    (HandOver(MOVE, ("h", 1), 9), b"+OK\r\n", [MoveAnswered(CONN, MOVE, Step.HANDED_OVER, None, "")]),
    (HandOver(MOVE, ("h", 1), 9), b"-ERR busy\r\n", [MoveAnswered(CONN, MOVE, Step.HANDED_OVER, None, "ERR busy")]),
    (AskOffset(MOVE), bulk(AS_REPLICA), [MoveAnswered(CONN, MOVE, Step.OFFSET, 55, "")]),
    (AskOffset(MOVE), b"-NOPERM info\r\n", [MoveAnswered(CONN, MOVE, Step.OFFSET, None, "NOPERM info")]),
    (
        StepAside(MOVE, ("h", 1), clock.now() + 10**12),
        b"+OK\r\n" + b"+QUEUED\r\n" * 5 + b"*5\r\n" + bulk(AS_MASTER) + b"+OK\r\n-ERR no file\r\n:1\r\n:0\r\n",
        [MoveAnswered(CONN, MOVE, Step.STEPPED_ASIDE, 77, "")],
    ),
    (
        StepAside(MOVE, ("h", 1), clock.now() + 10**12),
        b"+OK\r\n" + b"+QUEUED\r\n" * 5 + b"*5\r\n" + bulk(AS_MASTER) + b"-ERR in cluster\r\n+OK\r\n:1\r\n:0\r\n",
        [MoveAnswered(CONN, MOVE, Step.STEPPED_ASIDE, 77, "ERR in cluster")],
    ),
]


@pytest.mark.parametrize("piecemeal", [False, True])
@pytest.mark.parametrize(("request_", "reply", "wanted"), ANSWERS)
def test_each_reply_becomes_its_input(request_: Request, reply: bytes, wanted: list[Input], *, piecemeal: bool) -> None:
    async def scene() -> None:
        async with talking() as talk:
            follow: list[Input] = [Pinged(CONN, Pong.PONG, "PONG")]
            got = await talk.after([request_, Ping()], reply + b"+PONG\r\n", len(wanted) + 1, piecemeal=piecemeal)
            assert got == wanted + follow

    play("uvloop", scene())


def test_the_same_info_again_is_the_same_report() -> None:
    async def scene() -> None:
        async with talking() as talk:
            text = b"# Replication\r\nrole:master\r\n"
            bulk = b"$%d\r\n%b\r\n" % (len(text), text)
            got = await talk.after([AskInfo(), AskInfo(), AskInfo()], bulk + bulk + b"$6\r\nrole:x\r\n", 3)
            first, second, third = (event.report for event in got if isinstance(event, InfoArrived))
            assert first.text == text
            assert first is second
            assert third is not second

    play("uvloop", scene())


@pytest.mark.parametrize(
    ("request_", "reply", "what"),
    [(ASK, b"*2\r\n:0\r\n:0\r\n", "vote reply"), (ASK, b"+OK\r\n", "vote reply"), (AskInfo(), b":12\r\n", "INFO")],
)
def test_malformed_answers_are_counted_and_nothing_else(request_: Request, reply: bytes, what: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            got = await talk.after([request_, Ping()], reply + b"+PONG\r\n", 1)
            assert got == [Pinged(CONN, Pong.PONG, "PONG")]
            assert talk.stage.drops == [(what, "master mymaster")]

    play("uvloop", scene())


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"-ERR max number of clients reached\r\n", "ERR max number of clients reached"),
        (b"+hello\r\n", "The server said something that nobody asked for"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "Protocol error: unknown type 'H'"),
        (b"*1000000000\r\n", "Protocol error: reply too deep or too long"),
    ],
)
def test_what_nobody_asked_for_ends_the_connection(reply: bytes, reason: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            assert await talk.after([], reply, 1) == [LinkClosed(CONN, reason)]
            assert talk.stage.forgotten == [CONN]
            talk.link.send(Ping())
            await asyncio.sleep(0.01)
            assert len(talk.stage.inputs) == 2

    play("uvloop", scene())


def test_an_endless_reply_is_cut_off() -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.link.send(AskInfo())
            got = await talk.after([], b"$%d\r\n" % (MAX_UNREAD + 1), 1)
            assert isinstance(got[0], LinkClosed)

    play("uvloop", scene())
