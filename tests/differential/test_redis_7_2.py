"""Mode redis-7.2, for which there is no binary to compare with: it answers as 7.0 and Valkey 8 do where they agree.

Where the two differ, both having been compared with their binaries, the table says which of them 7.2 goes with, and
why. Redis 7.2's public documentation is all that those rows rest on. Not to be seen here, and from there too: ACL LOG
entries with an id and two times, and HELLO that does nothing before all its options are good.
"""

from dataclasses import dataclass
from enum import Enum

from quorate.commands.contract import Later, Now
from quorate.model.settings import Mode
from quorate.wire.encode import encode
from tests.commands.support import CALLER, World
from tests.differential.requests import steps


class Like(Enum):
    """Which answer 7.2 gives where the others differ."""

    REDIS_7_0 = "the answer of 7.0"
    VALKEY_8 = "the answer of Valkey 8"
    NEITHER = "an answer of its own"


@dataclass(frozen=True, slots=True)
class Row:
    """What the documentation says of a group of requests, those that begin with one of `requests`."""

    like: Like
    why: str
    requests: tuple[str, ...]


_ROWS = (
    Row(
        Like.REDIS_7_0,
        "Several filters of CLIENT LIST are Valkey 8.1's.",
        (
            "CLIENT LIST ID",
            "CLIENT LIST USER",
            "CLIENT LIST ADDR",
            "CLIENT LIST LADDR",
            "CLIENT LIST MAXAGE",
            "CLIENT LIST SKIPME",
            "CLIENT LIST TYPE slave M",
            "CLIENT LIST TYPE foo U",
        ),
    ),
    Row(
        Like.REDIS_7_0, "The client type `primary` is Valkey 8.0's.", ("CLIENT LIST TYPE prim", "CLIENT KILL TYPE prim")
    ),
    Row(
        Like.REDIS_7_0,
        "Several ids in CLIENT KILL are Valkey 8.1's, and the other error comes with them.",
        ("CLIENT KILL ID",),
    ),
    Row(Like.REDIS_7_0, "Words too many are errors in every Redis.", ("CLIENT PAUSE 10 WRITE foo", "CLIENT UNBLOCK")),
    Row(Like.REDIS_7_0, "The texts name Redis.", ("ACL LOAD", "ACL SAVE")),
    Row(
        Like.REDIS_7_0,
        "The PRIMARY forms are Valkey 8.0's, so their names are not listed.",
        (
            "ACL CAT admin",
            "ACL CAT DANGEROUS",
            "COMMAND LIST FILTERBY ACLCAT ADMIN",
            "COMMAND LIST FILTERBY ACLCAT dangerous",
            "COMMAND LIST FILTERBY PATTERN *a*e*",
        ),
    ),
    Row(
        Like.VALKEY_8,
        "CLIENT SETINFO is 7.2's.",
        (
            "ACL CAT connection",
            "COMMAND LIST FILTERBY ACLCAT connection",
            "COMMAND LIST FILTERBY PATTERN client*",
            "COMMAND INFO client",
        ),
    ),
    Row(Like.VALKEY_8, "7.2 names the user in NOPERM and in ACL DRYRUN.", ("ACL DRYRUN bob",)),
    Row(
        Like.VALKEY_8, "7.2 shows command rules as they were given, and sanitize-payload.", ("ACL LIST", "ACL GETUSER")
    ),
    Row(
        Like.VALKEY_8,
        "Arguments have a display_text, and clean names, since 7.2.",
        ("COMMAND DOCS auth", "COMMAND DOCS client|", "COMMAND DOCS info", "COMMAND DOCS ping"),
    ),
    Row(
        Like.VALKEY_8,
        "The least number of words of COMMAND GETKEYS, and the tips of ACL and CLIENT, are 7.2's.",
        ("COMMAND GETKEYS ping", "COMMAND INFO acl", "COMMAND INFO command"),
    ),
    Row(
        Like.VALKEY_8,
        "SENTINEL CONFIG takes several parameters, and knows loglevel, since 7.2.",
        ("SENTINEL CONFIG", "COMMAND INFO sentinel|config"),
    ),
    Row(
        Like.NEITHER,
        "7.2 lists SETINFO and no PRIMARY forms: 73 names.",
        ("ACL CAT slow", "COMMAND", "SENTINEL HELP", "CLIENT HELP"),
    ),
    Row(
        Like.NEITHER,
        "7.2 has its own fields: listener0, total_blocking_keys, eventloop, lib-name.",
        ("CLIENT INFO", "CLIENT LIST", "INFO"),
    ),
    Row(Like.NEITHER, "The version is its own.", ("HELLO",)),
    Row(Like.NEITHER, "Changed settings carry the mode with them.", ("SENTINEL CONFIG SET",)),
)


def _answers(mode: Mode, protocol: int) -> list[tuple[str, bytes]]:
    """What each request is answered, those aside that are about bytes and not about commands."""
    world = World(mode)
    world.seen.add("alone")
    session = world.connect(protocol)
    found = []
    for step in steps({"master": 6379, "replica": 6380, "alone": 6381}):
        if step.mark in "|>":
            continue
        answer = world.call(session, *step.words)
        if isinstance(answer, Now):
            heard = b"".join(encode(reply, protocol) for reply in answer.replies)
        else:
            assert isinstance(answer, Later), step
            heard = repr(answer.ask(CALLER)).encode()
        found.append((step.text, heard))
    return found


def _like(old: bytes, own: bytes, new: bytes) -> Like:
    if own == old:
        return Like.REDIS_7_0
    return Like.VALKEY_8 if own == new else Like.NEITHER


def test_redis_7_2_agrees_with_both_or_as_documented() -> None:
    unknown, used = set(), set()
    for protocol in (2, 3):
        answers = (_answers(mode, protocol) for mode in (Mode.REDIS_7_0, Mode.REDIS_7_2, Mode.VALKEY_8))
        for (text, old), (_, own), (_, new) in zip(*answers, strict=True):
            if old == new:
                assert own == old, text
                continue
            like = _like(old, own, new)
            rows = [row for row in _ROWS if row.like is like and text.startswith(row.requests)]
            used.update(rows)
            if not rows:
                unknown.add(f"{text}: {like.value}")
    assert unknown == set()
    assert [row.why for row in _ROWS if row not in used] == [], "nothing differs there"
