"""Words of a line as C reads them, and quoting from which C reads the same bytes back, whatever they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.conf.lines import arguments, joined, plain, quoted, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b"  a\t b  ", [b"a", b"b"]),
        (b'a "b c" d', [b"a", b"b c", b"d"]),
        (rb'a "x\n\r\t\b\a\x41\"\\\q"', [b"a", b'x\n\r\t\b\aA"\\q']),
        (rb'a "\x4" "\xg1"', [b"a", b"x4", b"xg1"]),
        (rb"a 'it\'s' 'c:\d'", [b"a", b"it's", rb"c:\d"]),
        (b"a ''", [b"a", b""]),
        (b'a b"c d"', [b"a", b"bc d"]),
        (rb"a b\nc", [b"a", rb"b\nc"]),
        (b"a\xff\xfe b", [b"a\xff\xfe", b"b"]),
        (b"a b\0c d", [b"a", b"b"]),
        (b'a "b', None),
        (b"a 'b", None),
        (b'a "b"c', None),
        (b"a 'b'c", None),
        (b'a "b\0"', None),
        (b'a "b\\', None),
    ],
)
def test_words_of_a_line(line: bytes, words: list[bytes] | None) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("word", "written"),
    [
        (b"abc", b"abc"),
        (b"p#w;$\\", b"p#w;$\\"),
        (b"", b'""'),
        (b"a b", b'"a b"'),
        (b'say "hi"', rb'"say \"hi\""'),
        (b"it's", b'"it\'s"'),
        (b"a\nsentinel monitor evil 6.6.6.6 1 1", rb'"a\nsentinel monitor evil 6.6.6.6 1 1"'),
        (b"\x00\x7f\xff\r", rb'"\x00\x7f\xff\r"'),
    ],
)
def test_a_word_is_quoted_only_where_it_must_be(word: bytes, written: bytes) -> None:
    assert plain(word) == written


@given(st.lists(st.binary(), min_size=1))
def test_every_word_survives_and_stays_on_its_line(words: list[bytes]) -> None:
    line = joined(words)
    assert split(line) == words
    assert not {b"\n", b"\r", b"\0"} & {bytes((byte,)) for byte in line}
    assert split(b" ".join(map(quoted, words))) == words


@pytest.mark.parametrize(
    ("argv", "directives"),
    [
        ("--port 1 --bind a b", [("port", "1"), ("bind", "a", "b")]),
        ("--sentinel --port 1", [("sentinel",), ("port", "1")]),
        ("--sentinel monitor m 1.1.1.1 1 1 --hz 2", [("sentinel", "monitor", "m", "1.1.1.1", "1", "1"), ("hz", "2")]),
        ("--requirepass --odd --port 1", [("requirepass", "--odd"), ("port", "1")]),
        ("--save --port 1", [("save",), ("port", "1")]),
        ("x y --port 1", [("x", "y"), ("port", "1")]),
        ("--requirepass -- --port 1", [("requirepass", "--"), ("port", "1")]),
        ("", []),
    ],
)
def test_directives_of_the_command_line(argv: str, directives: list[tuple[str, ...]]) -> None:
    expected = tuple(tuple(word.encode() for word in words) for words in directives)
    assert arguments([word.encode() for word in argv.split()]) == expected
