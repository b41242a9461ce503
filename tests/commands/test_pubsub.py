"""SUBSCRIBE and its kin answer a line per name, and messages reach exactly those who listen."""

import pytest

from quorate.commands.contract import Now
from quorate.commands.pubsub import deliver
from quorate.core.inputs import HelloSeen
from quorate.wire.hello import parse_hello
from quorate.wire.values import Error, Push
from tests.commands.support import World

HELLO = f"127.0.0.1,26380,{'f' * 40},0,mymaster,127.0.0.1,6379,0"


def test_each_name_is_confirmed_with_the_count_of_all_subscriptions() -> None:
    world = World()
    client = world.connect()
    assert world.replies(client, "SUBSCRIBE", "a", "b", "a") == (
        Push([b"subscribe", b"a", 1]),
        Push([b"subscribe", b"b", 2]),
        Push([b"subscribe", b"a", 2]),
    )
    assert world.replies(client, "PSUBSCRIBE", "a*") == (Push([b"psubscribe", b"a*", 3]),)
    assert world.replies(client, "UNSUBSCRIBE", "x", "a") == (
        Push([b"unsubscribe", b"x", 3]),
        Push([b"unsubscribe", b"a", 2]),
    )
    assert world.replies(client, "UNSUBSCRIBE") == (Push([b"unsubscribe", b"b", 1]),)
    assert world.replies(client, "UNSUBSCRIBE") == (Push([b"unsubscribe", None, 1]),)
    assert world.replies(client, "PUNSUBSCRIBE") == (Push([b"punsubscribe", b"a*", 0]),)
    assert world.replies(client, "PUNSUBSCRIBE") == (Push([b"punsubscribe", None, 0]),)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [(2, "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"), (3, ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n")],
)
def test_confirmations_are_pushes_in_resp3(protocol: int, expected: str) -> None:
    world = World()
    assert world.line(world.connect(protocol), "UNSUBSCRIBE") == expected


def test_messages_go_to_channels_and_to_every_matching_pattern() -> None:
    world = World()
    by_name, by_pattern, both, nobody = (world.connect() for _ in range(4))
    world.replies(by_name, "SUBSCRIBE", "+sdown")
    world.replies(by_pattern, "PSUBSCRIBE", "+s*", "*", "-*")
    world.replies(both, "SUBSCRIBE", "+sdown")
    world.replies(both, "PSUBSCRIBE", "+[st]down")
    heard = list(deliver(world.clients, b"+sdown", b"x y"))
    assert heard == [
        (by_name, Push([b"message", b"+sdown", b"x y"])),
        (by_pattern, Push([b"pmessage", b"+s*", b"+sdown", b"x y"])),
        (by_pattern, Push([b"pmessage", b"*", b"+sdown", b"x y"])),
        (both, Push([b"message", b"+sdown", b"x y"])),
        (both, Push([b"pmessage", b"+[st]down", b"+sdown", b"x y"])),
    ]
    assert nobody not in {session for session, _ in heard}
    assert list(deliver(world.clients, b"+SDOWN", b"")) == [
        (by_pattern, Push([b"pmessage", b"*", b"+SDOWN", b""])),
    ]


def test_publish_takes_hellos_and_nothing_else() -> None:
    world = World()
    client = world.connect()
    assert world.reply(client, "PUBLISH", "news", "x") == Error(
        "ERR Only HELLO messages are accepted by Sentinel instances."
    )
    assert world.call(client, "PUBLISH", "__sentinel__:hello", "nonsense") == Now((1,))
    hello = parse_hello(HELLO.encode())
    assert hello is not None
    assert world.call(client, "PUBLISH", "__sentinel__:hello", HELLO) == Now((1,), inputs=(HelloSeen(None, hello),))
