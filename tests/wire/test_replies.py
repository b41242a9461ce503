"""Replies of servers are cut out of any stream; what is broken or too large ends the link, not the process."""

import tracemalloc
from contextlib import suppress

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.wire.encode import encode, encode_command
from quorate.wire.replies import MAX_DEPTH, MAX_LINE, BrokenReply, ReplyReader, ping_word, vote_of
from quorate.wire.values import OK, Double, Error, Map, NullArray, Push, Reply, Set, Simple, Verbatim
from tests.wire.feeding import cut, in_pieces, single_bytes

ID = "187b7f66eafcf0790f96f665227edb78b0d559d0"

GOOD: list[tuple[bytes, list[Reply]]] = [
    (b"+PONG\r\n", [Simple("PONG")]),
    (b"+PONG\r\n+PONG\r\n", [Simple("PONG"), Simple("PONG")]),
    (b"$4\r\nPONG\r\n", [b"PONG"]),
    (b"+\r\n", [Simple("")]),
    (b"+a\nb\rc\r\n", [Simple("a b c")]),
    (b"-LOADING Redis is loading\r\n", [Error("LOADING Redis is loading")]),
    (b"-\xff\r\n", [Error("\udcff")]),
    (b":-12\r\n", [-12]),
    (b"$0\r\n\r\n", [b""]),
    (b"$-1\r\n*-1\r\n_\r\n", [None, NullArray(), None]),
    (b"$6\r\n\r\n\r\n\r\n\r\n", [b"\r\n\r\n\r\n"]),
    (b"*0\r\n*2\r\n*0\r\n*1\r\n:1\r\n", [[], [[], [1]]]),
    (b"*3\r\n:1\r\n$1\r\n*\r\n:0\r\n", [[1, b"*", 0]]),
    (encode_command("message", "ch", "a\r\nb"), [[b"message", b"ch", b"a\r\nb"]]),
    (b">2\r\n$1\r\na\r\n:1\r\n", [Push([b"a", 1])]),
    (b"%1\r\n+k\r\n~1\r\n:1\r\n", [Map([(Simple("k"), Set([1]))])]),
    (b"=6\r\ntxt:ab\r\n!5\r\nERR x\r\n", [Verbatim(b"ab"), Error("ERR x")]),
    (b"#t\r\n#f\r\n,1.5\r\n(123\r\n", [1, 0, b"1.5", b"123"]),
    (b"+" + b"a" * (MAX_LINE - 3) + b"\r\n", [Simple("a" * (MAX_LINE - 3))]),
]

BROKEN = [
    b"HTTP/1.1 400 Bad Request\r\n",
    b"\x00\x00\r\n",
    b"\r\n",
    b":x\r\n",
    b":\r\n",
    b"$x\r\n",
    b"$-2\r\n",
    b"*-2\r\n",
    b"$1\r\nab\r\n",
    b"$99999999999\r\n",
    b"*4294967295\r\n",
    b"%4294967295\r\n",
    b"*1\r\n*99999999999999999999999\r\n",
    b"*1\r\n" * 9,
    b"+" + b"a" * MAX_LINE,
    b"|1\r\n+a\r\n+b\r\n",
]


@pytest.mark.parametrize(("data", "replies"), GOOD)
def test_replies_are_the_same_however_they_arrive(data: bytes, replies: list[Reply]) -> None:
    assert ReplyReader().feed(data) == replies
    assert in_pieces(ReplyReader().feed, single_bytes(data)) == replies
    followed = ReplyReader()
    assert followed.feed(data + b"$5\r\nabc") == replies
    assert followed.feed(b"de\r\n") == [b"abcde"]


def outcome(pieces: list[bytes]) -> tuple[list[Reply], str]:
    """What came out, and why it ended ("" if it did not)."""
    reader = ReplyReader()
    seen: list[Reply] = []
    try:
        for piece in pieces:
            seen += reader.feed(piece)
    except BrokenReply as broken:
        return seen + broken.replies, str(broken)
    return seen, ""


@pytest.mark.parametrize("data", BROKEN)
def test_what_is_broken_says_so(data: bytes) -> None:
    for pieces in ([b"+OK\r\n" + data], [b"+OK\r\n", *single_bytes(data)]):
        replies, reason = outcome(pieces)
        assert replies == [OK]
        assert reason


class TestMemory:
    """A server cannot make us hold more than the limit."""

    @pytest.mark.parametrize("data", [b"*200000\r\n", b"$16000000\r\n", b"*1000000000\r\n", b"$1000000000\r\n"])
    def test_announced_sizes_reserve_nothing(self, data: bytes) -> None:
        reader = ReplyReader()
        tracemalloc.start()
        with suppress(BrokenReply):
            reader.feed(data)
        assert tracemalloc.get_traced_memory()[1] < 20_000
        tracemalloc.stop()

    def test_many_small_elements_count(self) -> None:
        reader = ReplyReader(max_reply=100_000)
        assert reader.feed(b"*2\r\n*1500\r\n" + b"+\r\n" * 1500) == []
        with pytest.raises(BrokenReply):
            reader.feed(b"*200\r\n")

    def test_the_limit_is_for_one_reply(self) -> None:
        reader = ReplyReader(max_reply=10_000)
        for _ in range(5):
            assert reader.feed(b"*1\r\n$9000\r\n" + b"x" * 9000 + b"\r\n") == [[b"x" * 9000]]
        with pytest.raises(BrokenReply):
            reader.feed(b"$10001\r\n")

    def test_a_large_info_is_taken(self) -> None:
        text = b"x:1\r\n" * 200_000
        data = encode(text, 2)
        assert in_pieces(ReplyReader().feed, cut(data, range(0, len(data), 65_536))) == [text]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Simple("PONG"), ("PONG", "PONG")),
        (Simple("PONGO"), ("PONG", "PONGO")),
        (
            Error("LOADING Redis is loading the dataset in memory"),
            ("LOADING", "LOADING Redis is loading the dataset in memory"),
        ),
        (Error("MASTERDOWN Link with MASTER is down"), ("MASTERDOWN", "MASTERDOWN Link with MASTER is down")),
        (Error("BUSY Redis is busy"), ("BUSY", "BUSY Redis is busy")),
        (Error("NOAUTH Authentication required."), ("other", "NOAUTH Authentication required.")),
        (Simple("pong"), ("other", "pong")),
        (Simple(" PONG"), ("other", " PONG")),
        (b"PONG", ("other", "")),
        ([b"pong", b""], ("other", "")),
        (None, ("other", "")),
        (1, ("other", "")),
    ],
)
def test_ping_words(reply: Reply, expected: tuple[str, str]) -> None:
    assert ping_word(reply) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ([1, b"*", 0], (True, None, 0)),
        ([0, b"*", 5], (False, None, 5)),
        ([2, b"*", 5], (False, None, 5)),
        ([1, ID.encode(), 2**63 - 1], (True, ID, 2**63 - 1)),
        ([1, b"somebody", 3], (True, "somebody", 3)),
        ([1, b"*", -1], None),
        ([1, b"*", 2**63], None),
        ([1, b"*"], None),
        ([1, b"*", 0, 0], None),
        ([b"1", b"*", 0], None),
        ([1, Simple("*"), 0], None),
        ([1, None, 0], None),
        ([1, b"*", b"0"], None),
        ([1, b"", 0], None),
        ([1, b"a\nb", 0], None),
        ([1, b"x" * 65, 0], None),
        (Push([1, b"*", 0]), None),
        (Error("ERR No such master"), None),
        (None, None),
    ],
)
def test_votes(reply: Reply, expected: object) -> None:
    assert vote_of(reply) == expected


texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=10)
leaves = (
    st.none()
    | st.binary(max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.builds(Simple, texts)
    | st.builds(Error, texts)
)
replies3 = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(Set, st.lists(inner, max_size=3))
        | st.builds(Push, st.lists(inner, max_size=3))
        | st.builds(Map, st.lists(st.tuples(inner, inner), max_size=2))
    ),
    max_leaves=8,
)


def depth(reply: Reply) -> int:
    match reply:
        case list(items) | Set(items) | Push(items):
            return 1 + max(map(depth, items), default=0)
        case Map(pairs):
            return 1 + max((depth(item) for pair in pairs for item in pair), default=0)
        case _:
            return 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(replies3.filter(lambda reply: depth(reply) <= MAX_DEPTH), max_size=4),
    st.lists(st.integers(0, 500), max_size=8),
)
def test_what_is_encoded_comes_back(replies: list[Reply], places: list[int]) -> None:
    data = b"".join(encode(reply, 3) for reply in replies)
    assert in_pieces(ReplyReader().feed, cut(data, places)) == replies


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"+", b"-", b":", b"$", b"*", b"%", b"\r\n", b"1\r\n", b"2\r\n", b"0\r\n", b"-1", b"ab", b"\0"]
        ),
        max_size=30,
    ).map(b"".join),
    st.lists(st.integers(0, 100), max_size=5),
)
def test_garbage_is_the_same_however_it_arrives(data: bytes, places: list[int]) -> None:
    assert outcome([data]) == outcome(cut(data, places))


def plain(reply: Reply) -> object:
    """As hiredis shows it: kinds of text are not told apart."""
    match reply:
        case Simple(text):
            return text.encode()
        case NullArray():
            return None
        case list():
            return [plain(item) for item in reply]
        case Error() | Map() | Set() | Push() | Verbatim() | Double():
            raise AssertionError(reply)
        case _:
            return reply


@pytest.mark.parametrize("data", [encode([1, b"a", [None, OK]], 2), b"*2\r\n*-1\r\n$2\r\n\r\n\r\n", b":0\r\n"])
def test_an_independent_reader_agrees(data: bytes) -> None:
    reader = hiredis.Reader()
    reader.feed(data)
    assert plain(ReplyReader().feed(data)[0]) == reader.gets()
