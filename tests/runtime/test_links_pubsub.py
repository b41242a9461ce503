"""Proves that a Pub/Sub link subscribes as C does, passes on hellos that are worth it, and ends when it must."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from quorate.core.inputs import HelloSeen, Input, LinkClosed, LinkOpened, LinkRefused, PubSubSpoke
from quorate.core.outcome import LinkKind
from quorate.core.requests import Authenticate, ConnId, NameClient, SubscribeHello
from quorate.model.identity import RunId
from quorate.runtime.ports import Outward
from quorate.runtime.subscriber import Subscriber
from quorate.wire.encode import encode_command
from tests.runtime.stage import LOOPS, FarEnd, Stage, play

CONN, MYID, OTHER = ConnId(7), RunId("c" * 40), RunId("d" * 40)
CHANNEL = b"__sentinel__:hello"
SUBSCRIBED = b"*3\r\n$9\r\nsubscribe\r\n$18\r\n%b\r\n:1\r\n" % CHANNEL
SPOKE = PubSubSpoke(CONN)


@dataclass
class Talk:
    """A Pub/Sub link that stands and has sent its set-up, and the far end of it."""

    stage: Stage
    link: Subscriber
    sent: bytes
    writer: asyncio.StreamWriter

    async def after(self, data: bytes, count: int, size: int = 1 << 20) -> list[Input]:
        """The inputs after LinkOpened that come of `data`."""
        for start in range(0, len(data), size):
            self.writer.write(data[start : start + size])
            await self.writer.drain()
            await asyncio.sleep(0)
        return (await self.stage.heard(count + 1))[1:]


@asynccontextmanager
async def listening(renames: tuple[tuple[str, str], ...] = ()) -> AsyncIterator[Talk]:
    far, stage = FarEnd(), Stage()
    link = Subscriber(stage, far.order(LinkKind.PUBSUB, renames), MYID)
    link.dial(asyncio.get_running_loop(), Outward())
    for request in (Authenticate("", "pw"), NameClient("sentinel-cccccccc-pubsub"), SubscribeHello()):
        link.send(request)
    reader, writer = await far.accept()
    sent = await reader.read(65536)
    assert await stage.heard(1) == [LinkOpened(CONN, "127.0.0.1")]
    try:
        yield Talk(stage, link, sent, writer)
    finally:
        link.hang_up()
        await far.close()


def message(payload: bytes) -> bytes:
    return b"*3\r\n$7\r\nmessage\r\n$18\r\n%b\r\n$%d\r\n%b\r\n" % (CHANNEL, len(payload), payload)


def hello(run_id: str) -> bytes:
    return f"127.0.0.1,26379,{run_id},4,mymaster,127.0.0.1,6379,4".encode()


@pytest.mark.parametrize("loop", LOOPS)
def test_it_introduces_itself_and_subscribes(loop: str) -> None:
    async def scene() -> None:
        async with listening((("subscribe", "S1"),)) as talk:
            assert talk.sent == (
                encode_command("AUTH", "pw")
                + encode_command("CLIENT", "SETNAME", "sentinel-cccccccc-pubsub")
                + encode_command("S1", CHANNEL)
            )

    play(loop, scene())


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_hellos_of_others_are_passed_on_and_our_own_only_show_life(size: int) -> None:
    async def scene() -> None:
        async with listening() as talk:
            stream = (
                b"+OK\r\n+OK\r\n" + SUBSCRIBED + message(hello(OTHER)) + message(hello(MYID)) + message(hello(OTHER))
            )
            first, second, third, fourth = await talk.after(stream, 4, size)
            assert (first, third) == (SPOKE, SPOKE)
            assert isinstance(second, HelloSeen)
            assert (second.conn, second.hello.sender_id) == (CONN, OTHER)
            assert isinstance(fourth, HelloSeen)
            assert fourth.hello is second.hello
            assert not talk.stage.drops

    play("uvloop", scene())


@pytest.mark.parametrize(
    "payload", [b"", b"a,b", hello("short"), hello(OTHER).replace(b",4", b",18446744073709551615")]
)
def test_malformed_hellos_are_counted_and_show_life(payload: bytes) -> None:
    async def scene() -> None:
        async with listening() as talk:
            assert await talk.after(b"+OK\r\n+OK\r\n" + SUBSCRIBED + message(payload), 2) == [SPOKE, SPOKE]
            assert talk.stage.drops == [("hello", "master mymaster")]

    play("uvloop", scene())


def test_refused_set_up_is_reported_and_a_refused_subscription_ends_the_connection() -> None:
    async def scene() -> None:
        async with listening() as talk:
            got = await talk.after(b"-WRONGPASS a\r\n-NOAUTH b\r\n-NOAUTH c\r\n+more\r\n", 4)
            assert got == [
                LinkRefused(CONN, "WRONGPASS a"),
                LinkRefused(CONN, "NOAUTH b"),
                LinkRefused(CONN, "NOAUTH c"),
                LinkClosed(CONN, "NOAUTH c"),
            ]

    play("uvloop", scene())


@pytest.mark.parametrize("data", [b"-ERR max number of clients reached\r\n", b"SSH-2.0-x\r\n", b"*9999999999\r\n"])
def test_errors_out_of_turn_and_garbage_end_the_connection(data: bytes) -> None:
    async def scene() -> None:
        async with listening() as talk:
            await talk.after(b"+OK\r\n+OK\r\n" + SUBSCRIBED + message(b"x"), 2)
            await talk.after(data, 3)
            assert isinstance(talk.stage.inputs[-1], LinkClosed)

    play("uvloop", scene())
