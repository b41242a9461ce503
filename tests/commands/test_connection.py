"""AUTH, HELLO, and the names that a connection gives itself."""

from dataclasses import replace

import pytest

from quorate.commands.acl_rules import Reason
from quorate.commands.contract import Session
from quorate.model.settings import Mode
from quorate.wire.values import Error, Map, Reply, Simple
from tests.commands.support import World

OK = Simple("OK")
WRONGPASS = Error("WRONGPASS invalid username-password pair or user is disabled.")
NOT_SET = Error(
    "ERR AUTH <password> called without any password configured for the default user. "
    "Are you sure your configuration is correct?"
)


@pytest.fixture
def world() -> World:
    return World()


def test_auth_without_a_password_set(world: World) -> None:
    client = world.connect()
    assert world.reply(client, "AUTH", "x") == NOT_SET
    assert world.reply(client, "AUTH", "default", "x") == OK
    assert world.reply(client, "AUTH", "nobody", "x") == WRONGPASS
    assert world.reply(client, "AUTH", "a", "b", "c") == Error("ERR syntax error")
    world.acl.default.apply(b"off")
    assert world.reply(client, "AUTH", "x") == NOT_SET


def test_a_failed_auth_changes_nothing_and_is_remembered(world: World) -> None:
    world.acl.require_password("secret")
    client = world.connect()
    assert world.reply(client, "AUTH", "bad") == WRONGPASS
    assert world.reply(client, "PING") == Error("NOAUTH Authentication required.")
    assert world.reply(client, "AUTH", "secret") == OK
    assert world.reply(client, "auth", "bob", "bad") == WRONGPASS
    assert world.reply(client, "PING") == Simple("PONG")
    entry = world.acl.log.entries[0]
    assert (entry.reason, entry.object, entry.username) == (Reason.AUTH, b"auth", "bob")


def greeting(client: Session, protocol: int, server: bytes = b"redis", version: bytes = b"7.2.11") -> Map:
    pairs: list[tuple[Reply, Reply]] = [
        (b"server", server),
        (b"version", version),
        (b"proto", protocol),
        (b"id", client.id),
        (b"mode", b"sentinel"),
        (b"modules", []),
    ]
    return Map(pairs)


@pytest.mark.parametrize(
    ("mode", "server", "version"),
    [
        (Mode.REDIS_7_0, b"redis", b"7.0.15"),
        (Mode.REDIS_7_2, b"redis", b"7.2.11"),
        (Mode.VALKEY_8, b"valkey", b"8.1.1"),
    ],
)
def test_hello_has_six_pairs_and_no_role(mode: Mode, server: bytes, version: bytes) -> None:
    world = World(mode)
    client = world.connect()
    assert world.reply(client, "HELLO") == greeting(client, 2, server, version)
    assert world.reply(client, "HELLO", "3") == greeting(client, 3, server, version)
    assert world.reply(client, "HELLO") == greeting(client, 3, server, version)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["1"], "NOPROTO unsupported protocol version"),
        (["4"], "NOPROTO unsupported protocol version"),
        (["x"], "ERR Protocol version is not an integer or out of range"),
        (["3", "foo"], "ERR Syntax error in HELLO option 'foo'"),
        (["3", "AUTH", "a"], "ERR Syntax error in HELLO option 'AUTH'"),
        (["3", "SETNAME"], "ERR Syntax error in HELLO option 'SETNAME'"),
        (["3", "AUTH", "a", "b"], WRONGPASS.text),
        (["3", "SETNAME", "a b"], "ERR Client names cannot contain spaces, newlines or special characters."),
        (["3", "SETNAME", "n", "foo"], "ERR Syntax error in HELLO option 'foo'"),
    ],
)
def test_an_error_of_hello_switches_nothing(world: World, words: list[str], error: str) -> None:
    client = world.connect()
    assert world.reply(client, "HELLO", *words) == Error(error)
    assert (client.protocol, client.name) == (2, "")


def test_hello_can_log_in_and_name_the_connection(world: World) -> None:
    world.acl.require_password("secret")
    client = world.connect()
    assert world.reply(client, "HELLO", "3") == Error(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> "
        "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
    )
    assert world.reply(client, "HELLO", "3", "SETNAME", "me", "AUTH", "default", "secret") == greeting(client, 3)
    assert world.reply(client, "CLIENT", "GETNAME") == b"me"


@pytest.mark.parametrize("mode", Mode)
def test_valkey_tells_its_zone_and_calls_itself_redis_if_told_to(mode: Mode) -> None:
    world = World(mode)
    world.process = replace(world.process, extended_redis_compatibility=True, availability_zone="za")
    client = world.connect()
    shown = world.line(client, "HELLO") + world.line(client, "INFO", "server")
    assert ("availability_zone" in shown and "availability_zone:za" in shown) is (mode is Mode.VALKEY_8)
    assert "redis_mode:sentinel" in shown
    if mode is Mode.VALKEY_8:
        assert world.reply(client, "HELLO") == Map(
            [*greeting(client, 2, b"redis", b"7.2.4").pairs, (b"availability_zone", b"za")]
        )


_MIXED = ("HELLO", "3", "SETNAME", "me", "AUTH", "default", "secret", "foo")


@pytest.mark.parametrize(("mode", "name"), [(Mode.REDIS_7_0, b"me"), (Mode.REDIS_7_2, None), (Mode.VALKEY_8, None)])
def test_only_the_old_redis_does_what_a_refused_hello_says_before_its_error(mode: Mode, name: bytes | None) -> None:
    world = World(mode)
    world.acl.require_password("secret")
    client = world.connect()
    assert world.reply(client, *_MIXED) == Error("ERR Syntax error in HELLO option 'foo'")
    assert client.authenticated is (mode is Mode.REDIS_7_0)
    assert client.protocol == 2
    world.replies(client, "AUTH", "secret")
    assert world.reply(client, "CLIENT", "GETNAME") == name


def test_the_old_redis_words_its_refusal_differently() -> None:
    world = World(Mode.REDIS_7_0)
    world.acl.require_password("secret")
    reply = world.reply(world.connect(), "HELLO")
    assert isinstance(reply, Error)
    assert "otherwise the HELLO AUTH <user> <pass> option" in reply.text


@pytest.mark.parametrize("bad", ["a b", "a\n", "é", "\x7f"])
def test_names_are_visible_ascii(world: World, bad: str) -> None:
    client = world.connect()
    assert world.reply(client, "CLIENT", "SETNAME", bad) == Error(
        "ERR Client names cannot contain spaces, newlines or special characters."
    )
    assert world.reply(client, "CLIENT", "SETINFO", "Lib-Name", bad) == Error(
        "ERR Lib-Name cannot contain spaces, newlines or special characters."
    )


def test_names_can_be_given_and_taken_away(world: World) -> None:
    client = world.connect()
    assert world.reply(client, "CLIENT", "GETNAME") is None
    assert world.reply(client, "CLIENT", "SETNAME", "a~") == OK
    assert world.reply(client, "CLIENT", "GETNAME") == b"a~"
    assert world.reply(client, "CLIENT", "SETNAME", "") == OK
    assert world.reply(client, "CLIENT", "GETNAME") is None
    assert world.reply(client, "CLIENT", "SETINFO", "LIB-VER", "1.2") == OK
    assert world.reply(client, "CLIENT", "SETINFO", "foo", "x") == Error("ERR Unrecognized option 'foo'")
    assert client.library_version == "1.2"
