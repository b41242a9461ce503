"""The ACL file and the `user` lines of sentinel.conf: what is written is read back, and errors change nothing."""

import pytest

from quorate.commands.acl import AclFileError, Book
from quorate.model.settings import Mode
from tests.commands.support import World

UNCHANGED = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"
UNKNOWN = "Unknown command or category name in ACL"
HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
KEYWORD = "should start with user keyword followed by the username. "


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("foo\n", f"f:1 {KEYWORD}"),
        ("user\n", f"f:1 {KEYWORD}"),
        ("user \n", f"f:1 {KEYWORD}"),
        ("USER h on\n", f"f:1 {KEYWORD}"),
        ("# comment\nuser d on\n", f"f:1 {KEYWORD}"),
        ("user a on\nuser a off\n", "WARNING: Duplicate user 'a' found on line 2. "),
        ("user a foo\n", "f:1: Syntax error. "),
        ("user a foo bar\n", "f:1: Syntax error. "),
        ("user e on # x\n", f"f:1: {HASH}. "),
        ("user a +@foo +@bar\n", (f"f:1: Error in applying operation '+@foo': {UNKNOWN}. "
                                  f"f:1: Error in applying operation '+@bar': {UNKNOWN}. ")),
        ("user a +foo\n\nuser b xx\nyy\n",
         f"f:1: Error in applying operation '+foo': {UNKNOWN}. f:3: Syntax error. f:4 {KEYWORD}"),
        ("user h (~a +ping on\n", "f:1: Unmatched parenthesis in selector definition."),
        ("user h\ton\n", "'f:1: username 'h\ton' contains invalid characters. "),
        ("user h +sentinel|set|x\n", "f:1: Allowing first-arg of a subcommand is not supported. "),
    ],
)  # fmt: skip
def test_every_bad_line_is_told_and_nothing_changes(text: str, error: str) -> None:
    book = Book(Mode.REDIS_7_0)
    book.set_user("old", [b"on"])
    before = book.file_text()
    with pytest.raises(AclFileError) as caught:
        book.load_file(text.encode(), "f")
    assert str(caught.value) == error + UNCHANGED
    assert book.file_text() == before


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["user default on nopass ~* &* +@all"]),
        ("\n\n  user c on nopass   +ping   \r\n", ["user c on nopass resetchannels -@all +ping"]),
        ('user "f" on\n', ['user "f" on resetchannels -@all']),
        ("user h (~a +ping) on\n", ["user h on resetchannels -@all (~a resetchannels -@all +ping)"]),
        ("user default off\n", ["user default off resetchannels -@all"]),
    ],
)
def test_good_files(text: str, lines: list[str]) -> None:
    book = Book(Mode.REDIS_7_0)
    book.load_file(text.encode(), "f")
    found = [user.describe() for user in book.sorted()]
    assert [line for line in found if line in lines] == lines


def test_loading_keeps_users_that_stay_and_returns_those_that_went() -> None:
    book = Book(Mode.REDIS_7_2)
    stays, goes = book.set_user("stays", [b"on"]), book.set_user("goes", [b"on"])
    default = book.default
    assert book.load_file(b"user stays off +ping\nuser new on\n", "f") == [goes]
    assert book.users["stays"] is stays
    assert not stays.enabled
    assert book.default is default is book.users["default"]
    assert set(book.users) == {"default", "stays", "new"}


def test_acl_load_and_save_go_through_the_file() -> None:
    world = World(Mode.REDIS_7_0)
    world.path = "/etc/users.acl"
    world.file = b"user a on nopass +@all &x\n"
    session = world.connect()
    assert world.line(session, "ACL", "LOAD") == "+OK\r\n"
    listener, gone = world.connect(), world.connect()
    world.reply(listener, "AUTH", "a", "")
    world.replies(listener, "SUBSCRIBE", "x")
    world.reply(gone, "AUTH", "a", "")
    assert world.line(session, "ACL", "SAVE") == "+OK\r\n"
    assert world.file == b"user a on nopass resetchannels &x +@all\nuser default on nopass ~* &* +@all\n"
    world.file = b"user a on nopass +@all\n"
    assert world.line(session, "ACL", "LOAD") == "+OK\r\n"
    assert world.closed == [listener], "it may not listen to x any more"
    world.file = b""
    assert world.line(session, "ACL", "LOAD") == "+OK\r\n"
    assert world.closed == [listener, listener, gone], "their user is no more"


def test_a_bad_or_missing_file_is_told() -> None:
    world = World()
    world.path, world.file = "/etc/users.acl", b"nonsense"
    session = world.connect()
    assert world.line(session, "ACL", "LOAD") == f"-ERR /etc/users.acl:1 {KEYWORD}{UNCHANGED}\r\n"
    world.file, world.disk_error = None, OSError(28, "No space left on device")
    assert world.line(session, "ACL", "LOAD") == (
        "-ERR Error loading ACLs, opening file '/etc/users.acl': No such file or directory\r\n"
    )
    assert world.line(session, "ACL", "SAVE") == (
        "-ERR There was an error trying to save the ACLs. Please check the server logs for more information\r\n"
    )


def test_user_lines_of_the_configuration() -> None:
    book = Book(Mode.REDIS_7_0)
    book.require_password("secret")
    book.load_lines([("default", "on", "nopass", "+ping"), ("a", "on", "(+ping", "~k)")])
    assert book.config_lines() == [
        "a on resetchannels -@all (~k resetchannels -@all +ping)",
        "default on nopass resetchannels -@all +ping",
    ]
    assert book.users["default"] is book.default


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([("a", "on"), ("a", "off")], "Duplicate user found. A user can only be defined once in config files"),
        ([("a", "nonsense")], "Error in user declaration 'nonsense': Syntax error"),
    ],
)
def test_bad_user_lines(lines: list[tuple[str, ...]], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Book(Mode.REDIS_7_2).load_lines(lines)


def test_words_that_the_configuration_would_misread_are_quoted() -> None:
    book = Book(Mode.REDIS_7_0)
    book.set_user('a"b', [b'~"x"\\', b"&\xff'", b"(~p'q)"])
    assert book.config_lines()[0] == (
        r""""a\"b" off "~\"x\"\\" resetchannels "&\xff'" -@all "(~p'q" resetchannels -@all)"""
    )
