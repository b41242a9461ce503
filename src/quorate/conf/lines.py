"""One line of sentinel.conf ↔ its words: quotes and escapes as every Redis and Valkey reads them.

Bytes throughout: names, passwords and comments may be in any encoding, or in none.
"""

from collections.abc import Iterable, Sequence

BLANKS = b" \t\r\n"
"""What is trimmed from both ends of a line."""

_SPACES = frozenset(b" \t\n\v\f\r")
_HEX = frozenset(b"0123456789abcdefABCDEF")
_ESCAPES = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("b"): 8, ord("a"): 7}
_NAMED = {10: b"\\n", 13: b"\\r", 9: b"\\t", 8: b"\\b", 7: b"\\a", 34: b'\\"', 92: b"\\\\"}
_DOUBLE, _SINGLE, _BACKSLASH, _NUL = b"\"'\\\0"
_PLAIN = frozenset(range(0x21, 0x7F)) - {_DOUBLE, _SINGLE}


def split(line: bytes) -> list[bytes] | None:
    r"""The words of a line; None when quotes do not balance (an end quote must be followed by a blank).

    "Double" quotes know the escapes of C and \xHH, 'single' quotes only \'. A NUL ends the line, as in C.
    """
    words: list[bytes] = []
    at, end = 0, len(line)
    while True:
        while at < end and line[at] in _SPACES:
            at += 1
        if at >= end or line[at] == _NUL:
            return words
        word = bytearray()
        while at < end and line[at] not in _SPACES and line[at] != _NUL:
            if line[at] not in {_DOUBLE, _SINGLE}:
                word.append(line[at])
                at += 1
                continue
            closed = (_double if line[at] == _DOUBLE else _single)(line, at + 1, word)
            if closed is None or (closed < end and line[closed] not in _SPACES and line[closed] != _NUL):
                return None
            at = closed
        words.append(bytes(word))


def _double(line: bytes, at: int, word: bytearray) -> int | None:
    """Read up to the closing double quote; the position after it, None if there is none."""
    end = len(line)
    while at < end:
        byte = line[at]
        if byte == _DOUBLE:
            return at + 1
        if byte == _BACKSLASH and at + 1 < end:
            digits = line[at + 2 : at + 4]
            if line[at + 1] == ord("x") and len(digits) == 2 and _HEX.issuperset(digits):
                word.append(int(digits, 16))
                at += 4
            else:
                word.append(_ESCAPES.get(line[at + 1], line[at + 1]))
                at += 2
            continue
        if byte == _NUL:
            return None
        word.append(byte)
        at += 1
    return None


def _single(line: bytes, at: int, word: bytearray) -> int | None:
    """Read up to the closing single quote; the position after it, None if there is none."""
    end = len(line)
    while at < end:
        byte = line[at]
        if byte == _SINGLE:
            return at + 1
        if byte == _BACKSLASH and line[at + 1 : at + 2] == b"'":
            word.append(_SINGLE)
            at += 2
            continue
        if byte == _NUL:
            return None
        word.append(byte)
        at += 1
    return None


def quoted(word: bytes) -> bytes:
    """The word in double quotes, everything but printable ASCII escaped: it cannot end its line, whatever it holds."""
    inner = b"".join(_NAMED.get(b) or (bytes((b,)) if 0x20 <= b < 0x7F else b"\\x%02x" % b) for b in word)
    return b'"' + inner + b'"'


def plain(word: bytes) -> bytes:
    """The word as it is where C reads the same bytes back, else quoted."""
    return word if word and _PLAIN.issuperset(word) else quoted(word)


def joined(words: Iterable[bytes]) -> bytes:
    """A line from words, each quoted if it must be."""
    return b" ".join(map(plain, words))


def arguments(argv: Sequence[bytes]) -> tuple[tuple[bytes, ...], ...]:
    """Command-line words `--port 26379 --sentinel monitor m 127.0.0.1 6379 2 ...` as directives (name, value, ...).

    A word that begins with two dashes starts a directive, unless the directive before still has no value: then it is
    that value (`--requirepass --odd`), except after `--sentinel` and `--save`, which may stand alone. Words before
    the first directive make one of their own, which loading will refuse or accept like any other.
    """
    found: list[list[bytes]] = []
    for word in argv:
        starts = word.startswith(b"--") and len(word) > 2
        hungry = bool(found) and len(found[-1]) == 1 and found[-1][0].lower() not in {b"sentinel", b"save"}
        if starts and not hungry:
            found.append([word[2:]])
        elif found:
            found[-1].append(word)
        else:
            found.append([word])
    return tuple(tuple(words) for words in found)
