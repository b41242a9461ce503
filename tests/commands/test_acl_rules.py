"""ACL rules change a user as the C servers do, are described as they describe them, and fail with their words."""

import hashlib

import pytest

from quorate.commands.acl import Book, RuleError, check_line
from quorate.commands.acl_rules import joined_selectors
from quorate.model.settings import Mode


def digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def described(rules: str, mode: Mode = Mode.REDIS_7_0) -> str:
    """What ACL LIST says, after the name, of a new user with these rules (7.0 shows no flag that nobody gave)."""
    book = Book(mode)
    return book.set_user("t", joined_selectors(rules.encode().split(b" "))).describe().removeprefix("user t ")


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ("", "off resetchannels -@all"),
        ("on nopass allkeys allchannels allcommands", "on nopass ~* &* +@all"),
        ("ON NOPASS ALLKEYS", "on nopass ~* resetchannels -@all"),
        ("+sentinel|masters", "off resetchannels -@all +sentinel|masters"),
        ("+PING +Sentinel|Masters", "off resetchannels -@all +ping +sentinel|masters"),
        ("+ping|x", "off resetchannels -@all +ping|x"),
        ("+ping +ping -ping +ping", "off resetchannels -@all +ping"),
        ("+@all -@admin +sentinel|masters", "off resetchannels +@all -@admin +sentinel|masters"),
        ("+@all -sentinel|set -client", "off resetchannels +@all -sentinel|set -client"),
        ("+@connection -@connection", "off resetchannels -@all -@connection"),
        ("+@All +@all", "off resetchannels +@all"),
        ("+@all -ping allcommands", "off resetchannels +@all"),
        ("+@all -@all +info", "off resetchannels -@all +info"),
        ("+@admin -role -@fast +role", "off resetchannels -@all +@admin -@fast +role"),
        ("+sentinel +sentinel|masters", "off resetchannels -@all +sentinel +sentinel|masters"),
        ("+client|id -client +client", "off resetchannels -@all +client"),
        ("+ping|a +ping", "off resetchannels -@all +ping"),
        ("+@read", "off resetchannels -@all +@read"),
        ("~a ~a ~b", "off ~a ~b resetchannels -@all"),
        ("~", "off ~ resetchannels -@all"),
        ("%R~a %W~b %rw~c", "off %R~a %W~b ~c resetchannels -@all"),
        ("%R~a %W~a", "off ~a resetchannels -@all"),
        ("%R", "off %R~ resetchannels -@all"),
        ("~* resetkeys ~b", "off ~b resetchannels -@all"),
        ("&a &a &b", "off resetchannels &a &b -@all"),
        ("&a resetchannels", "off resetchannels -@all"),
        ("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all"),
        ("on nopass ~a &b +ping (+info) reset", "off sanitize-payload resetchannels -@all"),
        ("()", "off resetchannels -@all (resetchannels -@all)"),
        (
            "(+ping) (+info ~x &y)",
            "off resetchannels -@all (resetchannels -@all +ping) (~x resetchannels &y -@all +info)",
        ),
        ("(+ping) clearselectors", "off resetchannels -@all"),
        ("(allkeys allchannels allcommands)", "off resetchannels -@all (~* &* +@all)"),
    ],
)
def test_rules_become_the_line_of_acl_list(rules: str, line: str) -> None:
    assert described(rules) == line


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ("on >a off", f"off #{digest('a')} resetchannels -@all"),
        (">", f"off #{digest('')} resetchannels -@all"),
        (">a >b >a", f"off #{digest('a')} #{digest('b')} resetchannels -@all"),
        (f">a #{digest('a')}", f"off #{digest('a')} resetchannels -@all"),
        ("nopass >a", f"off #{digest('a')} resetchannels -@all"),
        (">a nopass", "off nopass resetchannels -@all"),
        (">a resetpass", "off resetchannels -@all"),
        (">a <a", "off resetchannels -@all"),
        (f">a !{digest('a')}", "off resetchannels -@all"),
    ],
)
def test_passwords_are_kept_as_sha256(rules: str, line: str) -> None:
    assert described(rules) == line


HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
GONE = "The password you are trying to remove from the user does not exist"
UNKNOWN = "Unknown command or category name in ACL"
USELESS = "Adding a pattern after the * pattern (or the '{0}' flag) is not valid and does not have any effect. Try "


@pytest.mark.parametrize(
    ("rules", "rule", "error"),
    [
        ("foo", "foo", "Syntax error"),
        ("on foo >a", "foo", "Syntax error"),
        ("+get", "+get", UNKNOWN),
        ("-get", "-get", UNKNOWN),
        ("+", "+", UNKNOWN),
        ("+@", "+@", UNKNOWN),
        ("+@foo", "+@foo", UNKNOWN),
        ("-@foo", "-@foo", UNKNOWN),
        ("+@foo|x", "+@foo|x", UNKNOWN),
        ("+sentinel|foo", "+sentinel|foo", UNKNOWN),
        ("-sentinel|foo", "-sentinel|foo", UNKNOWN),
        ("+ping|x|y", "+ping|x|y", UNKNOWN),
        ("+|a", "+|a", UNKNOWN),
        ("+ping|a -ping|a", "-ping|a", UNKNOWN),
        ("+sentinel|", "+sentinel|", "Syntax error"),
        ("+ping|", "+ping|", "Syntax error"),
        ("+sentinel|masters|x", "+sentinel|masters|x", "Allowing first-arg of a subcommand is not supported"),
        ("#x", "#x", HASH),
        ("#" + "A" * 64, "#" + "A" * 64, HASH),
        ("!x", "!x", HASH),
        ("<x", "<x", GONE),
        ("nopass <a", "<a", GONE),
        ("%X~a", "%X~a", "Syntax error"),
        ("%RR~a", "%RR~a", "Syntax error"),
        ("%~a", "%~a", "Syntax error"),
        ("%", "%", "Syntax error"),
        ("allkeys ~a", "~a", USELESS.format("allkeys") + "'resetkeys' to start with an empty list of patterns"),
        ("~* %R~a", "%R~a", USELESS.format("allkeys") + "'resetkeys' to start with an empty list of patterns"),
        (
            "allchannels &a",
            "&a",
            USELESS.format("allchannels") + "'resetchannels' to start with an empty list of channels",
        ),
        ("(foo)", "(foo)", "Syntax error"),
        ("(on)", "(on)", "Syntax error"),
        ("(>a)", "(>a)", "Syntax error"),
        ("((+ping))", "((+ping))", "Syntax error"),
    ],
)
def test_a_bad_rule_is_named_and_nothing_changes(rules: str, rule: str, error: str) -> None:
    book = Book(Mode.REDIS_7_2)
    with pytest.raises(RuleError) as caught:
        book.set_user("t", joined_selectors(rules.encode().split()))
    assert str(caught.value) == error
    assert caught.value.rule == rule.encode()
    assert "t" not in book.users


@pytest.mark.parametrize("rule", [b"~a b", b"~a\tb", b"~a\nb", b"~a\0b", b"&a b"])
def test_patterns_have_no_blanks(rule: bytes) -> None:
    with pytest.raises(RuleError, match="Syntax error"):
        Book(Mode.REDIS_7_2).set_user("t", [rule])


def test_a_bad_rule_leaves_an_existing_user_as_it_was() -> None:
    book = Book(Mode.REDIS_7_2)
    user = book.set_user("t", [b"on", b"+ping"])
    before = user.describe()
    with pytest.raises(RuleError):
        book.set_user("t", [b"off", b"nonsense"])
    assert user.describe() == before


def test_selectors_may_be_split_over_words() -> None:
    assert joined_selectors([b"on", b"(+ping", b"~a", b")", b"off"]) == [b"on", b"(+ping ~a )", b"off"]


@pytest.mark.parametrize("words", [[b"(+ping"], [b"x", b"(+ping", b"~a"], [b"(+ping)x"]])
def test_a_selector_that_never_ends_is_named_by_its_beginning(words: list[bytes]) -> None:
    with pytest.raises(ValueError, match="^" + "\\(\\+ping") as caught:
        joined_selectors(words)
    assert str(caught.value) == next(word for word in words if word.startswith(b"(")).decode()


def test_later_servers_show_the_flag_that_a_new_user_has() -> None:
    assert described("on +ping", Mode.REDIS_7_2) == "on sanitize-payload resetchannels -@all +ping"
    assert Book(Mode.REDIS_7_2).default.describe() == "user default on nopass sanitize-payload ~* &* +@all"
    assert Book(Mode.REDIS_7_0).default.describe() == "user default on nopass ~* &* +@all"


def test_channels_by_default_follow_acl_pubsub_default() -> None:
    book = Book(Mode.REDIS_7_0, channels_by_default=True)
    assert book.set_user("t", [b"(+ping)"]).describe() == "user t off &* -@all (&* -@all +ping)"


def test_bytes_that_are_no_text_survive() -> None:
    book = Book(Mode.REDIS_7_0)
    book.set_user("t", [b"~\x01\xff", b"&\xfe"])
    again = Book(Mode.REDIS_7_0)
    again.load_file(book.file_text(), "users.acl")
    assert again.file_text() == book.file_text()
    assert b"~\x01\xff resetchannels &\xfe" in book.file_text()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("a", "foo"), "Error in user declaration 'foo': Syntax error"),
        (("a", "+foo"), f"Error in user declaration '+foo': {UNKNOWN}"),
        (("a", "(on"), "Error in user declaration '(on': Unmatched parenthesis in selector definition."),
        (("a b", "on"), "Spaces not allowed in ACL usernames"),
        (("", "on"), "Spaces not allowed in ACL usernames"),
        (("a", "on", "(+ping", "~a)"), None),
    ],
)
def test_a_user_line_is_checked_while_the_configuration_is_read(words: tuple[str, ...], error: str | None) -> None:
    assert check_line(words, Mode.REDIS_7_2) == error
