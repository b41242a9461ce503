"""Every kind of reply becomes the bytes that Redis sends, in RESP2 and RESP3."""

import hiredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.wire.encode import encode, encode_command
from quorate.wire.values import OK, Double, Error, Map, NullArray, Push, Reply, Set, Simple, Verbatim

TABLE: list[tuple[Reply, bytes, bytes]] = [
    (OK, b"+OK\r\n", b"+OK\r\n"),
    (Simple("two\r\nlines"), b"+two  lines\r\n", b"+two  lines\r\n"),
    (Error("ERR syntax error"), b"-ERR syntax error\r\n", b"-ERR syntax error\r\n"),
    (Error("ERR a\r\nb\nc\r\n"), b"-ERR a  b c\r\n", b"-ERR a  b c\r\n"),
    (Error("ERR '\udcff'"), b"-ERR '\xff'\r\n", b"-ERR '\xff'\r\n"),
    (b"a\r\n\0", b"$4\r\na\r\n\0\r\n", b"$4\r\na\r\n\0\r\n"),
    (b"", b"$0\r\n\r\n", b"$0\r\n\r\n"),
    (0, b":0\r\n", b":0\r\n"),
    (-1, b":-1\r\n", b":-1\r\n"),
    (None, b"$-1\r\n", b"_\r\n"),
    (NullArray(), b"*-1\r\n", b"_\r\n"),
    ([], b"*0\r\n", b"*0\r\n"),
    ([b"127.0.0.1", b"6379"], b"*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n", b"*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"),
    (
        Map([(b"a", 1), (b"b", None)]),
        b"*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n$-1\r\n",
        b"%2\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n_\r\n",
    ),
    (Map([]), b"*0\r\n", b"%0\r\n"),
    (Set([Simple("fast")]), b"*1\r\n+fast\r\n", b"~1\r\n+fast\r\n"),
    (Push([b"pong", b""]), b"*2\r\n$4\r\npong\r\n$0\r\n\r\n", b">2\r\n$4\r\npong\r\n$0\r\n\r\n"),
    (Verbatim(b"id=1\n"), b"$5\r\nid=1\n\r\n", b"=9\r\ntxt:id=1\n\r\n"),
    (Double(0.5), b"$3\r\n0.5\r\n", b",0.5\r\n"),
    (Double(3.0), b"$1\r\n3\r\n", b",3\r\n"),
    ([Map([(b"k", [1])])], b"*1\r\n*2\r\n$1\r\nk\r\n*1\r\n:1\r\n", b"*1\r\n%1\r\n$1\r\nk\r\n*1\r\n:1\r\n"),
]


@pytest.mark.parametrize(("reply", "resp2", "resp3"), TABLE)
def test_replies(reply: Reply, resp2: bytes, resp3: bytes) -> None:
    assert encode(reply, 2) == resp2
    assert encode(reply, 3) == resp3


def test_commands_take_bytes_texts_and_numbers() -> None:
    assert (
        encode_command("SET", b"\xff", 12, "\udcff") == b"*4\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n12\r\n$1\r\n\xff\r\n"
    )
    assert encode_command("PING") == b"*1\r\n$4\r\nPING\r\n"


plain = st.recursive(
    st.none() | st.binary(max_size=20) | st.integers(-(2**63), 2**63 - 1),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(plain, st.sampled_from([2, 3]))
def test_an_independent_reader_reads_them_back(reply: Reply, protocol: int) -> None:
    reader = hiredis.Reader()
    reader.feed(encode(reply, protocol))
    assert reader.gets() == reply
    assert reader.gets() is False
