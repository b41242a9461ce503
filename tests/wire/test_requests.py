"""Requests are cut out of any stream, however it arrives, with Redis' limits and error texts and bounded memory."""

import sys
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.wire.encode import encode_command
from quorate.wire.requests import MAX_LINE, STRANGER_BUFFER, RequestParser
from tests.wire.feeding import cut, in_pieces, single_bytes

PING = b"*1\r\n$4\r\nPING\r\n"
GET_MASTER = encode_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")

GOOD = [
    (PING, [[b"PING"]]),
    (GET_MASTER, [[b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", b"mymaster"]]),
    (PING * 3, [[b"PING"]] * 3),
    (b"*2\r\n$4\r\nPING\r\n$4\r\n\r\n\r\n\r\n" + PING, [[b"PING", b"\r\n\r\n"], [b"PING"]]),
    (b"*2\r\n$4\r\nPING\r\n$0\r\n\r\n", [[b"PING", b""]]),
    (b"*2\r\n$4\r\nPING\r\n$3\r\n\x00\xff\n\r\n", [[b"PING", b"\x00\xff\n"]]),
    (encode_command("PING", b"a" * 5000), [[b"PING", b"a" * 5000]]),
    (encode_command(*"abcdefghijklmnop"), [[bytes((c,)) for c in b"abcdefghijklmnop"]]),
    (b"*0\r\n" + PING, [[b"PING"]]),
    (b"*-1\r\n" + PING, [[b"PING"]]),
    (b"*-5\r\n*0\r\n", []),
    (b"*1\rX$4\rYPINGZW" + PING, [[b"PING"], [b"PING"]]),
    (b"\r\n\n   \r\n" + PING, [[b"PING"]]),
    (b"PING\n", [[b"PING"]]),
    (b"PING\r\n\n", [[b"PING"]]),
    (b"  \t PING \t x  \r\n", [[b"PING", b"x"]]),
    (b"PING x\ry\r\n", [[b"PING", b"x", b"y"]]),
    (b"PING\x0bx\r\n", [[b"PING\x0bx"]]),
    (b" \x0bPING\r\n", [[b"PING"]]),
    (b"PING\r\n" + PING + b"PING\n", [[b"PING"]] * 3),
    (b'PING ""\r\n', [[b"PING", b""]]),
    (b'PING a"b"\r\n', [[b"PING", b"ab"]]),
    (b"PING a'b'\r\n", [[b"PING", b"ab"]]),
    (b'PING "a\\x41\\n\\r\\t\\b\\a\\q\\"z"\r\n', [[b"PING", b'aA\n\r\t\b\aq"z']]),
    (b'PING "\\x4" "\\xzz" "\\x" "\\x00"\r\n', [[b"PING", b"x4", b"xzz", b"x", b"\0"]]),
    (b"PING 'a\\x41\\n\\'b' '\\\\''\r\n", [[b"PING", b"a\\x41\\n'b", b"\\'"]]),
    (b"PING \\x41\r\n", [[b"PING", b"\\x41"]]),
    (b"\xff\xfe\r\n", [[b"\xff\xfe"]]),
    (b"PING " + b"a" * (MAX_LINE - 6) + b"\r\n", [[b"PING", b"a" * (MAX_LINE - 6)]]),
]

BAD = [
    (b"*x\r\n", "invalid multibulk length"),
    (b"*\r\n", "invalid multibulk length"),
    (b"*01\r\n", "invalid multibulk length"),
    (b"*+1\r\n", "invalid multibulk length"),
    (b"* 1\r\n", "invalid multibulk length"),
    (b"*-0\r\n", "invalid multibulk length"),
    (b"*1\n$4\nPING\n*1\r\n", "invalid multibulk length"),
    (b"*2147483648\r\n", "invalid multibulk length"),
    (b"*9223372036854775808\r\n", "invalid multibulk length"),
    (b"*-9999999999999999999\r\n", "invalid multibulk length"),
    (b"*1\x00\r\n", "invalid multibulk length"),
    (b"*1\r\n$x\r\n", "invalid bulk length"),
    (b"*1\r\n$\r\n", "invalid bulk length"),
    (b"*1\r\n$-1\r\n", "invalid bulk length"),
    (b"*1\r\n$04\r\nPING\r\n", "invalid bulk length"),
    (b"*1\r\n$536870913\r\n", "invalid bulk length"),
    (b"*1\r\nPING\r\n", "expected '$', got 'P'"),
    (b"*1\r\n\r\n", "expected '$', got ' '"),
    (b"*1\r\n\n\r\n", "expected '$', got ' '"),
    (b"*1\r\n*1\r\n", "expected '$', got '*'"),
    (b"*1\r\n\xffx\r\n", "expected '$', got '\udcff'"),
    (b'PING "a\r\n', "unbalanced quotes in request"),
    (b"PING 'a\r\n", "unbalanced quotes in request"),
    (b'PING "a"b\r\n', "unbalanced quotes in request"),
    (b"PING 'a'b\r\n", "unbalanced quotes in request"),
    (b'PING "abc\\"\r\n', "unbalanced quotes in request"),
    (b"PING 'abc\\'\r\n", "unbalanced quotes in request"),
    (b"A" * (MAX_LINE + 1), "too big inline request"),
    (b"PING " + b"a" * MAX_LINE + b"\r\n", "too big inline request"),
    (b"PING\x00\r\n" + b"\r\n" * MAX_LINE, "too big inline request"),
    (b"*" + b"1" * MAX_LINE, "too big mbulk count string"),
    (b"*1\r\n$" + b"1" * MAX_LINE, "too big bulk count string"),
    (b"*1\r\n" + b"P" * (MAX_LINE + 1), "too big bulk count string"),
]


@pytest.mark.parametrize(("data", "requests"), GOOD)
def test_requests_are_the_same_however_they_arrive(data: bytes, requests: list[list[bytes]]) -> None:
    whole, trickle, followed = RequestParser(), RequestParser(), RequestParser()
    assert whole.feed(data) == requests
    assert whole.error is None
    assert in_pieces(trickle.feed, single_bytes(data)) == requests
    assert trickle.error is None
    assert followed.feed(data + b"*1\r\n$4\r\nPI") == requests
    assert followed.feed(b"NG\r\n") == [[b"PING"]]
    assert (whole.buffered, trickle.buffered, followed.buffered) == (0, 0, 0)


@pytest.mark.parametrize(("data", "reason"), BAD)
def test_errors_are_the_same_however_the_bytes_arrive(data: bytes, reason: str) -> None:
    expected = f"ERR Protocol error: {reason}"
    pieces_of = [
        [PING + data],
        [PING, *single_bytes(data)],
        [PING + data + PING],
        cut(PING + data, range(0, 99999, 777)),
    ]
    for pieces in pieces_of:
        parser = RequestParser()
        assert in_pieces(parser.feed, pieces) == [[b"PING"]]
        assert parser.error == expected
        assert parser.feed(PING) == []
        assert parser.buffered == 0


@pytest.mark.parametrize(
    "data",
    [
        b"*1\r\nPING",
        b"*1\r\nPING\r",
        b"*2147483647\r\n",
        b"*1\r\n$536870912\r\n",
        b"PING\x00foo\r\nPING\r\n",
        b"A" * MAX_LINE,
    ],
)
def test_what_may_still_become_a_request_is_waited_for(data: bytes) -> None:
    for pieces in ([data], single_bytes(data)):
        parser = RequestParser()
        assert in_pieces(parser.feed, pieces) == []
        assert parser.error is None


class TestStrangers:
    """Before a client has authenticated it may send little."""

    def test_ten_arguments_pass_and_eleven_do_not(self) -> None:
        assert RequestParser(authenticated=False).feed(encode_command(*"abcdefghij"))
        parser = RequestParser(authenticated=False)
        assert parser.feed(encode_command(*"abcdefghijk")) == []
        assert parser.error == "ERR Protocol error: unauthenticated multibulk length"

    def test_sixteen_kilobytes_pass_and_one_byte_more_does_not(self) -> None:
        assert RequestParser(authenticated=False).feed(encode_command("PING", b"a" * 16384))
        parser = RequestParser(authenticated=False)
        assert parser.feed(b"*2\r\n$4\r\nPING\r\n$16385\r\n") == []
        assert parser.error == "ERR Protocol error: unauthenticated bulk length"

    def test_inline_requests_have_no_such_limits(self) -> None:
        assert RequestParser(authenticated=False).feed(b"PING " + b"a " * 20 + b"b" * 20000 + b"\r\n")

    @pytest.mark.parametrize("large", [encode_command(*"abcdefghijkl"), encode_command("PING", b"a" * 20000)])
    def test_a_request_behind_auth_is_judged_after_auth(self, large: bytes) -> None:
        parser = RequestParser(authenticated=False)
        assert parser.feed(encode_command("AUTH", "secret") + large + PING) == [[b"AUTH", b"secret"]]
        assert parser.held
        assert parser.error is None
        parser.authenticated = True
        assert len(parser.feed(b"")) == 2
        assert not parser.held

    @pytest.mark.parametrize("large", [encode_command(*"abcdefghijkl"), encode_command("PING", b"a" * 20000)])
    def test_and_fails_if_auth_failed(self, large: bytes) -> None:
        parser = RequestParser(authenticated=False)
        parser.feed(encode_command("AUTH", "wrong") + large)
        assert parser.feed(b"") == []
        assert parser.error is not None
        assert parser.error.startswith("ERR Protocol error: unauthenticated")

    def test_a_stranger_fills_no_more_than_a_mebibyte(self) -> None:
        parser = RequestParser(authenticated=True)
        parser.feed(b"*1\r\n$9999999\r\n")
        parser.authenticated = False
        parser.feed(b"a" * (STRANGER_BUFFER + 1))
        assert parser.error == ""


class TestMemory:
    """Memory follows what arrived."""

    @pytest.mark.parametrize("data", [b"*2147483647\r\n", b"*1\r\n$536870912\r\n"])
    def test_announced_sizes_reserve_nothing(self, data: bytes) -> None:
        tracemalloc.start()
        parser = RequestParser()
        parser.feed(data)
        assert tracemalloc.get_traced_memory()[1] < 20_000
        tracemalloc.stop()
        assert parser.error is None

    def test_a_request_that_never_ends_is_cut_off_without_a_word(self) -> None:
        parser = RequestParser(max_buffer=1_000_000)
        parser.feed(b"*1000000\r\n")
        fed = 0
        while parser.error is None:
            fed += 64_000
            parser.feed(b"$2\r\nab\r\n" * 8_000)
            held = len(parser._arguments) * (sys.getsizeof(b"ab") + 8) + len(parser._buffer)
            assert held < 1_100_000
        assert parser.error == ""
        assert fed < 1_000_000

    def test_a_large_bulk_up_to_the_buffer_is_taken(self) -> None:
        parser = RequestParser(max_buffer=1_000_000)
        data = encode_command("PING", b"x" * 900_000)
        assert in_pieces(parser.feed, cut(data, range(0, 900_000, 65_536))) == [[b"PING", b"x" * 900_000]]


words = st.lists(st.binary(max_size=40), min_size=1, max_size=14)


@settings(max_examples=100, deadline=None)
@given(st.lists(words, max_size=5), st.lists(st.integers(0, 2000), max_size=12))
def test_what_is_encoded_comes_back(requests: list[list[bytes]], places: list[int]) -> None:
    data = b"".join(encode_command(*request) for request in requests)
    parser = RequestParser()
    assert in_pieces(parser.feed, cut(data, places)) == requests
    assert parser.buffered == 0


shreds = st.lists(
    st.sampled_from(
        [b"*", b"$", b"\r\n", b"\r", b"\n", b"1", b"2", b"-1", b"PING", b'"', b"'", b"\\", b"\0", b" ", b"x41"]
    ),
    max_size=40,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(shreds, st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_garbage_gives_the_same_however_it_arrives(data: bytes, places: list[int], known: bool) -> None:
    whole, pieces = RequestParser(authenticated=known), RequestParser(authenticated=known)
    assert whole.feed(data) == in_pieces(pieces.feed, cut(data, places))
    assert whole.error == pieces.error
    assert all(request for request in RequestParser().feed(data))
