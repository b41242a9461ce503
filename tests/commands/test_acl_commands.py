"""The subcommands of ACL answer as the C servers do, and close the connections of those who lost their rights."""

import pytest

from quorate.commands.table import CATEGORIES
from quorate.model.settings import Mode
from quorate.wire.values import Reply, Simple
from tests.commands.support import World


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (["WHOAMI"], "$7\r\ndefault\r\n"),
        (["USERS"], "*1\r\n$7\r\ndefault\r\n"),
        (["LIST"], "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"),
        (["GETUSER", "nope"], "$-1\r\n"),
        (["GETUSER", "Default"], "$-1\r\n"),
        (["CAT", "foo"], "-ERR Unknown category 'foo'\r\n"),
        (["CAT", "keyspace"], "*0\r\n"),
        (["CAT", "a", "b"], "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.\r\n"),
        (["GENPASS", "5"], "$2\r\n00\r\n"),
        (["GENPASS", "12"], "$3\r\n000\r\n"),
        (["GENPASS", "4096x"], "-ERR value is not an integer or out of range\r\n"),
        (["GENPASS", "1", "2"],
         "-ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.\r\n"),
        (["DELUSER", "default"], "-ERR The 'default' user cannot be removed\r\n"),
        (["DELUSER", "nope"], ":0\r\n"),
        (["DRYRUN", "nope", "ping"], "-ERR User 'nope' not found\r\n"),
        (["DRYRUN", "default", "foo"], "-ERR Command 'foo' not found\r\n"),
        (["DRYRUN", "default", "sentinel", "foo"], "-ERR Command 'sentinel' not found\r\n"),
        (["DRYRUN", "default", "sentinel"], "-ERR wrong number of arguments for 'sentinel' command\r\n"),
        (["DRYRUN", "default", "SENTINEL", "masters"], "+OK\r\n"),
        (["SETUSER", "a"], "+OK\r\n"),
        (["SETUSER", "a b", "on"], "-ERR Usernames can't contain spaces or null characters\r\n"),
        (["SETUSER", "a\0", "on"], "-ERR Usernames can't contain spaces or null characters\r\n"),
        (["SETUSER", "a\tb", "on"], "-ERR Usernames can't contain spaces or null characters\r\n"),
        # C takes a user without a name, and then writes a line that makes its next start fail.
        (["SETUSER", "", "on"], "-ERR Usernames can't contain spaces or null characters\r\n"),
        (["SETUSER", "a", "", "on"], "+OK\r\n"),
        (["SETUSER", "a", "foo"], "-ERR Error in ACL SETUSER modifier 'foo': Syntax error\r\n"),
        (["SETUSER", "a", "x\r\ny"], "-ERR Error in ACL SETUSER modifier 'x  y': Syntax error\r\n"),
        (["SETUSER", "a", "~x\0y"], "-ERR Error in ACL SETUSER modifier '~x': Syntax error\r\n"),
        (["SETUSER", "a", "x", "(+ping"], "-ERR Unmatched parenthesis in acl selector starting at '(+ping'.\r\n"),
    ],
)  # fmt: skip
def test_replies(request_: list[str], reply: str) -> None:
    world = World(Mode.REDIS_7_0)
    assert world.line(world.connect(), "ACL", *request_) == reply


@pytest.mark.parametrize("bits", ["0", "-1", "4097"])
def test_genpass_makes_1_to_4096_bits(bits: str) -> None:
    world = World()
    assert world.line(world.connect(), "ACL", "GENPASS", bits) == (
        "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096\r\n"
    )
    assert len(world.line(world.connect(), "ACL", "GENPASS")) == len("$64\r\n\r\n") + 64


def test_getuser_is_a_map_with_a_set_of_flags() -> None:
    world = World(Mode.REDIS_7_0)
    world.acl.set_user("a", [b"on", b">x", b"~k", b"&c", b"+ping", b"(%R~q +info)"])
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert world.line(world.connect(3), "ACL", "GETUSER", "a") == (
        "%6\r\n$5\r\nflags\r\n~1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$64\r\n"
        f"{digest}\r\n$8\r\ncommands\r\n$11\r\n-@all +ping\r\n$4\r\nkeys\r\n$2\r\n~k\r\n$8\r\nchannels\r\n$2\r\n&c\r\n"
        "$9\r\nselectors\r\n*1\r\n%3\r\n$8\r\ncommands\r\n$11\r\n-@all +info\r\n$4\r\nkeys\r\n$4\r\n%R~q\r\n"
        "$8\r\nchannels\r\n$0\r\n\r\n"
    )
    assert world.line(world.connect(), "ACL", "GETUSER", "a").startswith("*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n")


@pytest.mark.parametrize("mode", list(Mode))
def test_every_category_is_listed_and_knows_its_commands(mode: Mode) -> None:
    world = World(mode)
    session = world.connect()
    assert world.reply(session, "ACL", "CAT") == [name.encode() for name in CATEGORIES]
    assert len(CATEGORIES) == 21
    members = {name: _words(world.reply(session, "ACL", "CAT", name.upper())) for name in CATEGORIES}
    empty = {name for name, commands in members.items() if not commands}
    assert set(CATEGORIES) - empty == {"pubsub", "admin", "fast", "slow", "dangerous", "connection"}
    assert members["fast"] == {b"auth", b"hello", b"ping", b"publish", b"role"}
    assert (b"sentinel|primary" in members["admin"]) is (mode is Mode.VALKEY_8)
    assert b"sentinel|help" not in members["admin"]


def _words(reply: Reply) -> set[bytes]:
    assert isinstance(reply, list)
    return {word for word in reply if isinstance(word, bytes)}


@pytest.mark.parametrize(
    ("mode", "command", "channel"),
    [
        (Mode.REDIS_7_0, b"This user has no permissions to run the 'ping' command",
         b"This user has no permissions to access the 'bar' channel"),
        (Mode.REDIS_7_2, b"User u has no permissions to run the 'ping' command",
         b"User u has no permissions to access the 'bar' channel"),
        (Mode.VALKEY_8, b"User u has no permissions to run the 'ping' command",
         b"User u has no permissions to access the 'bar' channel"),
    ],
)  # fmt: skip
def test_dryrun_explains(mode: Mode, command: bytes, channel: bytes) -> None:
    world = World(mode)
    session = world.connect()
    world.acl.set_user("u", [b"+subscribe", b"&foo"])
    assert world.reply(session, "ACL", "DRYRUN", "u", "PING") == command
    assert world.reply(session, "ACL", "DRYRUN", "u", "subscribe", "foo", "bar") == channel
    assert world.reply(session, "ACL", "DRYRUN", "u", "subscribe", "foo") == Simple("OK")


def test_help_has_the_lines_of_the_server() -> None:
    world = World()
    lines = world.reply(world.connect(), "ACL", "HELP")
    assert isinstance(lines, list)
    assert len(lines) == 29
    assert lines[0] == Simple("ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")


def test_deleting_a_user_closes_its_connections() -> None:
    world = World()
    world.acl.set_user("u", [b"on", b"nopass", b"+@all"])
    mine, theirs, other = world.connect(), world.connect(), world.connect()
    for session in (mine, theirs):
        world.reply(session, "AUTH", "u", "x")
    assert world.reply(mine, "ACL", "DELUSER", "u", "u", "zz") == 1
    assert world.closed == [mine, theirs]
    assert mine.user is world.acl.default
    assert not mine.authenticated
    assert other.authenticated


def test_losing_a_channel_closes_the_connections_that_listen_to_it() -> None:
    world = World()
    world.acl.set_user("u", [b"on", b"nopass", b"+@all", b"&foo*", b"&p*"])
    session, idle = world.connect(), world.connect()
    for one in (session, idle):
        world.reply(one, "AUTH", "u", "x")
    world.replies(session, "SUBSCRIBE", "foo1")
    world.replies(session, "PSUBSCRIBE", "p*")
    world.reply(idle, "ACL", "SETUSER", "u", "resetchannels", "&foo1", "(&p*)")
    assert world.closed == []
    world.reply(idle, "ACL", "SETUSER", "u", "resetchannels", "clearselectors", "&foo1")
    assert world.closed == [session]


def test_a_user_that_was_switched_off_keeps_its_connections_and_cannot_come_again() -> None:
    world = World()
    world.acl.set_user("u", [b"on", b"nopass", b"+@all"])
    session = world.connect()
    world.reply(session, "AUTH", "u", "x")
    world.reply(world.connect(), "ACL", "SETUSER", "u", "off", "-acl|whoami")
    assert world.reply(session, "PING") == Simple("PONG")
    assert world.line(session, "ACL", "WHOAMI") == (
        "-NOPERM User u has no permissions to run the 'acl|whoami' command\r\n"
    )
    assert world.line(session, "AUTH", "u", "x").startswith("-WRONGPASS")


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode.REDIS_7_2, ("This Redis instance", "a Redis configuration file set", "in the Redis configuration.")),
        (Mode.VALKEY_8, ("This instance", "a configuration file set", "in the configuration.")),
    ],
)
@pytest.mark.parametrize("verb", ["LOAD", "SAVE"])
def test_without_an_acl_file_there_is_nothing_to_load_or_save(mode: Mode, words: tuple[str, ...], verb: str) -> None:
    world = World(mode)
    assert world.line(world.connect(), "ACL", verb) == (
        f"-ERR {words[0]} is not configured to use an ACL file. You may want to specify users via the ACL SETUSER "
        f"command and then issue a CONFIG REWRITE (assuming you have {words[1]}) in order to store users {words[2]}\r\n"
    )
