"""Hellos that a peer sends in one breath have the consequences, and the answers, that they have one by one."""

from collections.abc import Callable

import pytest

from quorate.commands.contract import Session
from quorate.core.inputs import HelloSeen, Input
from quorate.runtime import clock
from quorate.wire.encode import encode_command
from tests.runtime.manor import Manor, open_house
from tests.runtime.stage import eventually, play

Ports = Callable[[int], list[int]]

CHANNEL = "__sentinel__:hello"
PING = encode_command("PING")
PONG = b"+PONG\r\n"
REFUSED = b"-ERR Only HELLO messages are accepted by Sentinel instances.\r\n"


def hello(number: int) -> bytes:
    payload = f"10.0.0.{number},26379,{number:040x},{number},mymaster,127.0.0.1,1,0"
    return encode_command("PUBLISH", CHANNEL, payload)


NONSENSE = encode_command("PUBLISH", CHANNEL, "nonsense")
ELSEWHERE = encode_command("PUBLISH", "elsewhere", "x")
LOWER = hello(7).replace(b"PUBLISH", b"publish")
MUTE = encode_command("CLIENT", "REPLY", "SKIP")


@pytest.mark.parametrize(
    ("requests", "answers"),
    [
        ([hello(n) for n in range(1, 6)], b":1\r\n" * 5),
        ([hello(1), NONSENSE, hello(2), hello(2)], b":1\r\n" * 4),
        ([hello(1), ELSEWHERE, hello(2)], b":1\r\n" + REFUSED + b":1\r\n"),
        ([hello(1), hello(2), PING, hello(3)], b":1\r\n:1\r\n" + PONG + b":1\r\n"),
        ([hello(1), LOWER, hello(2)], b":1\r\n" * 3),
        ([MUTE, hello(1), hello(2)], b":1\r\n"),
    ],
)
def test_in_one_breath_or_one_by_one(requests: list[bytes], answers: bytes, free_ports: Ports) -> None:
    async def told(*pieces: bytes) -> tuple[list[Input], int, int, str | None]:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            for number, piece in enumerate(pieces, 1):
                guest.say(piece)
                wanted = number if len(pieces) > 1 else len(requests)
                await eventually(executed(manor, wanted))
            session, commands = only(manor), manor.world.clients.commands_processed
            return manor.driver.seen(HelloSeen), commands, session.commands, session.last_command

    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            guest.say(b"".join(requests))
            await guest.hears(answers)
        assert await told(b"".join(requests)) == await told(*requests)

    play("uvloop", scene())


def executed(manor: Manor, count: int) -> Callable[[], bool]:
    return lambda: only(manor).commands == count


def only(manor: Manor) -> Session:
    """The session of the one client."""
    (session,) = manor.world.sessions()
    return session


def test_a_pause_holds_all_of_them(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0]) as manor:
            guest = await manor.visit()
            manor.world.pause(clock.now() + 200)
            guest.say(hello(1) + hello(2) + hello(3))
            await eventually(lambda: only(manor).held)
            assert not manor.driver.seen(HelloSeen)
            await guest.hears(b":1\r\n" * 3)
            assert len(manor.driver.seen(HelloSeen)) == 3

    play("uvloop", scene())
