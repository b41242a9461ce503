"""Glob patterns decide as Redis' own matcher does, and a hostile one costs little.

The table was answered by redis-server 7.0.15 and Valkey 9.1.2 (KEYS, and CONFIG GET for `nocase`); the property
compares with a plain recursive matcher.
"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.wire.glob import MAX_PATTERN, matches

TABLE = [
    (b"", b"", True),
    (b"*", b"", False),
    (b"**", b"", False),
    (b"", b"a", False),
    (b"*", b"a", True),
    (b"a*", b"a", True),
    (b"a**", b"a", True),
    (b"+s*", b"+switch-master", True),
    (b"+s*", b"-sdown", False),
    (b"*down", b"+sdown", True),
    (b"*o*o*", b"odown", True),
    (b"*o*o*", b"down", False),
    (b"*d*w*", b"+odown", True),
    (b"?sdown", b"-sdown", True),
    (b"?sdown", b"sdown", False),
    (b"[-+]sdown", b"-sdown", True),
    (b"[+-]sdown", b"-sdown", False),
    (b"[a-c]x", b"bx", True),
    (b"[c-a]x", b"bx", True),
    (b"[^a-c]x", b"bx", False),
    (b"[^a-c]x", b"dx", True),
    (b"[]a", b"a", False),
    (b"[]a]", b"a", False),
    (b"[^]a", b"ba", True),
    (b"[abc", b"c", True),
    (b"[^abc", b"d", True),
    (b"[", b"a", False),
    (b"[a-]", b"-", False),
    (b"[a-]", b"^", True),
    (b"[\\]]", b"]", True),
    (b"[\\a-c]", b"-", True),
    (b"[\\a-c]", b"b", False),
    (b"[a\\", b"\\", True),
    (b"\\*", b"*", True),
    (b"\\*", b"a", False),
    (b"\\", b"\\", True),
    (b"a\\", b"a\\", True),
    (b"[a-\xff]", b"_", True),
    (b"[a-\xff]", b"z", False),
    (b"\xff?", b"\xff\n", True),
    (b"A", b"a", False),
]

TABLE_NOCASE = [
    (b"MaxM*", b"maxmemory", True),
    (b"[M]ax*", b"maxmemory", True),
    (b"[A-Z]ax*", b"maxmemory", True),
    (b"[Z-a]ax*", b"maxmemory", False),
    (b"[\\M]ax*", b"maxmemory", False),
    (b"[\\m]ax*", b"maxmemory", True),
    (b"\\Max*", b"maxmemory", True),
    (b"[^M]ax*", b"maxmemory", False),
    (b"[^\\M]ax*", b"maxmemory", True),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), TABLE)
def test_as_redis_decides(pattern: bytes, text: bytes, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(("pattern", "text", "expected"), TABLE_NOCASE)
def test_as_redis_decides_regardless_of_case(pattern: bytes, text: bytes, expected: bool) -> None:
    assert matches(pattern, text, nocase=True) is expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (b"*a" * 200 + b"b", b"a" * 300),
        (b"*" * MAX_PATTERN, b"+switch-master"),
        (b"[" + b"a-z" * 21_000, b"+switch-master"),
        (b"*[" + b"\xff-z" * 16_000, b"+switch-master"),
        (b"*" + b"?" * 100 + b"b", b"a" * 300),
        (b"a" * (MAX_PATTERN + 1), b"a" * (MAX_PATTERN + 1)),
    ],
)
def test_hostile_patterns_cost_little(pattern: bytes, text: bytes) -> None:
    start = time.process_time()
    matches(pattern, text)
    assert time.process_time() - start < 0.5


def naive(pattern: bytes, text: bytes) -> bool:
    """The dumb twin: letters, stars and question marks only."""
    if not pattern:
        return not text
    if pattern[:1] == b"*":
        return any(naive(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[:1] in (b"?", text[:1]) and naive(pattern[1:], text[1:])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"*", b"?", b"a", b"b"]), max_size=8).map(b"".join),
    st.lists(st.sampled_from([b"a", b"b"]), min_size=1, max_size=8).map(b"".join),
)
def test_like_the_dumb_twin(pattern: bytes, text: bytes) -> None:
    assert matches(pattern, text) is naive(pattern, text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=20), st.binary(max_size=20), st.booleans())
def test_any_bytes_are_a_pattern(pattern: bytes, text: bytes, nocase: bool) -> None:
    matches(pattern, text, nocase)
    assert not text or matches(b"*", text)
    escaped = b"".join(b"\\" + bytes((byte,)) for byte in text)
    assert matches(escaped, text)
