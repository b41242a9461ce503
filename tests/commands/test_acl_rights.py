"""Who may do what: commands, subcommands, categories, first words and channels; and what the log keeps of refusals."""

import pytest

from quorate.commands.acl import Book, Denial, Reason
from quorate.commands.acl_log import AclLog
from quorate.commands.acl_rules import joined_selectors
from quorate.commands.table import TABLES
from quorate.model.settings import Mode
from tests.commands.support import World

MODE = Mode.REDIS_7_2


def denied(rules: str, request: str, mode: Mode = MODE) -> Denial | None:
    user = Book(mode).set_user("t", joined_selectors(rules.encode().split()))
    words = request.encode().split()
    command = TABLES[mode].find(words)
    assert command is not None
    return user.denies(command, words)


@pytest.mark.parametrize(
    ("rules", "request_"),
    [
        ("+@all", "PING"),
        ("+ping", "PING"),
        ("+sentinel", "SENTINEL MASTERS"),
        ("+sentinel|masters", "sentinel Masters"),
        ("+@admin", "SENTINEL MASTERS"),
        ("+@admin", "SENTINEL HELP"),
        ("+@all -@dangerous +info", "INFO"),
        ("+ping|hello", "PING HELLO"),
        ("-@all", "AUTH x"),
        ("-@all", "HELLO 3"),
        ("-@all (+ping)", "PING"),
        ("+@all", "UNSUBSCRIBE x"),
        ("+subscribe &foo*", "SUBSCRIBE foo1 foo2"),
        ("+psubscribe &foo*", "PSUBSCRIBE foo*"),
        ("+publish &__sentinel__:hello", "PUBLISH __sentinel__:hello x"),
        ("+publish (+publish &a)", "PUBLISH a x"),
        ("allcommands allchannels", "SUBSCRIBE anything"),
    ],
)
def test_allowed(rules: str, request_: str) -> None:
    assert denied(rules, request_) is None


@pytest.mark.parametrize(
    ("rules", "request_", "object_"),
    [
        ("", "PING", "ping"),
        ("+sentinel|masters", "SENTINEL MYID", "sentinel|myid"),
        ("+@all -sentinel", "SENTINEL MYID", "sentinel|myid"),
        ("+@all -sentinel|set", "SENTINEL SET a b c", "sentinel|set"),
        ("+sentinel -@admin", "SENTINEL HELP", "sentinel|help"),
        ("+@all -@slow", "CLIENT ID", "client|id"),
        ("+ping|hello", "PING", "ping"),
        ("+ping|hello -ping", "PING hello", "ping"),
        ("(+ping)", "INFO", "info"),
    ],
)
def test_denied_commands(rules: str, request_: str, object_: str) -> None:
    assert denied(rules, request_) == Denial(Reason.COMMAND, object_.encode())


@pytest.mark.parametrize(
    ("rules", "request_", "object_"),
    [
        ("+@all", "PUBLISH __sentinel__:hello x", "__sentinel__:hello"),
        ("+subscribe &foo*", "SUBSCRIBE foo1 bar baz", "bar"),
        ("+psubscribe &foo*", "PSUBSCRIBE foo1", "foo1"),
        ("+subscribe (+psubscribe &b)", "SUBSCRIBE b", "b"),
    ],
)
def test_denied_channels(rules: str, request_: str, object_: str) -> None:
    assert denied(rules, request_) == Denial(Reason.CHANNEL, object_.encode())


@pytest.mark.parametrize("mode", list(Mode))
def test_the_primary_forms_follow_the_right_to_the_master_forms(mode: Mode) -> None:
    listed = mode is Mode.VALKEY_8
    assert (denied("+sentinel|master", "SENTINEL PRIMARY a", mode) is None) is not listed
    assert denied("+sentinel", "SENTINEL PRIMARY a", mode) is None
    assert denied("+sentinel|myid", "SENTINEL PRIMARY a", mode) is not None


def test_passwords_open_only_users_that_are_on() -> None:
    book = Book(MODE)
    user = book.set_user("u", [b"on", b">one", b">two"])
    assert book.authenticate(b"u", b"two") is user
    assert book.authenticate(b"u", b"three") is None
    assert book.authenticate(b"nobody", b"two") is None
    book.set_user("u", [b"off"])
    assert book.authenticate(b"u", b"two") is None
    book.set_user("u", [b"on", b"nopass"])
    assert book.authenticate(b"u", b"whatever") is user


def test_requirepass_is_the_password_of_the_default_user() -> None:
    book = Book(MODE)
    assert not book.login_required
    book.require_password("s\udcffcret")
    assert book.login_required
    assert book.authenticate(b"default", b"s\xffcret") is book.default
    book.require_password("")
    assert not book.login_required


def test_a_disabled_default_user_forces_a_login() -> None:
    book = Book(MODE)
    book.set_user("default", [b"off"])
    assert book.login_required


def test_the_log_groups_repetitions_within_a_minute() -> None:
    log = AclLog(3)
    log.add(Reason.COMMAND, b"ping", "u", b"first", 1_000)
    log.add(Reason.COMMAND, b"info", "u", b"other", 2_000)
    log.add(Reason.COMMAND, b"ping", "u", b"second", 61_000)
    newest, older = log.entries
    assert (newest.id, newest.count, newest.client, newest.created, newest.updated) == (0, 2, b"second", 1_000, 61_000)
    assert (older.id, older.count) == (1, 1)
    log.add(Reason.COMMAND, b"ping", "u", b"third", 121_001)
    assert [entry.id for entry in log.entries] == [2, 0, 1]
    log.add(Reason.AUTH, b"AUTH", "u", b"fourth", 121_002)
    assert [entry.id for entry in log.entries] == [3, 2, 0], "no more than acllog-max-len"
    assert log.denied[Reason.COMMAND] == 4


def test_a_log_of_no_entries_still_counts() -> None:
    log = AclLog(0)
    log.add(Reason.CHANNEL, b"c", "u", b"", 1)
    assert not log.entries
    assert log.denied[Reason.CHANNEL] == 1


def test_acl_log_has_the_fields_of_the_mode() -> None:
    for mode, fields in (
        (Mode.REDIS_7_0, ["count", "reason", "context", "object", "username", "age-seconds", "client-info"]),
        (Mode.REDIS_7_2, [*("count", "reason", "context", "object", "username", "age-seconds", "client-info"),
                          "entry-id", "timestamp-created", "timestamp-last-updated"]),
    ):  # fmt: skip
        world = World(mode)
        session = world.connect()
        world.acl.log.add(Reason.COMMAND, b"ping", "u", b"id=1", world.facts().wall_clock_us // 1000 - 1)
        lines = world.line(session, "ACL", "LOG").split("\r\n")
        assert lines[0] == "*1"
        assert [word for word in lines if word in fields] == fields
        assert "0.001" in lines


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        ("ACL LOG", "*1\r\n"),
        ("ACL LOG 0", "*0\r\n"),
        ("ACL LOG -1", "*0\r\n"),
        ("ACL LOG foo", "-ERR value is not an integer or out of range\r\n"),
        ("ACL LOG 1 2", "-ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.\r\n"),
        ("ACL LOG reset", "+OK\r\n"),
    ],
)
def test_acl_log_replies(request_: str, reply: str) -> None:
    world = World(Mode.REDIS_7_0)
    session = world.connect()
    world.acl.log.add(Reason.COMMAND, b"ping", "u", b"id=1", 5)
    assert world.line(session, *request_.split()).startswith(reply)


def test_resp3_tells_the_age_as_a_double() -> None:
    world = World()
    session = world.connect(protocol=3)
    world.acl.log.add(Reason.COMMAND, b"ping", "u", b"id=1", world.facts().wall_clock_us // 1000 - 2_500)
    assert "\r\n,2.5\r\n" in world.line(session, "ACL", "LOG")
