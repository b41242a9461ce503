"""Requests typed by hand: one line, words between blanks, quotes as in a configuration file."""

import re

_BLANKS = re.compile(rb"[ \t\n\v\f\r]*")
_PLAIN = re.compile(rb"[^ \t\n\r\"']*")
_DOUBLE = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
# A backslash protects only the single quote, and always does: there is no way back, hence possessive.
_SINGLE = re.compile(rb"'((?:\\'|[^'])*+)'")
_AFTER_QUOTE = re.compile(rb"[ \t\n\v\f\r]|\Z")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def split_inline(line: bytes) -> list[bytes] | None:
    r"""The words of an inline request; None where quotes are unbalanced or something sticks to a closing quote.

    In double quotes \n \r \t \b \a and \xHH have their meaning and any other escaped byte stands for itself; in single
    quotes only \' is an escape. A vertical tab or form feed separates words only where a word has not begun. (As
    Redis 7.0.15 does, which also ends a line at a zero byte; Valkey 9 in addition joins `"a"b` to one word.)
    """
    line = line.partition(b"\0")[0]
    words = []
    at = _skip(line, 0)
    while at < len(line):
        taken = _word(line, at)
        if taken is None:
            return None
        word, at = taken
        words.append(word)
        at = _skip(line, at)
    return words


def _skip(line: bytes, at: int) -> int:
    match = _BLANKS.match(line, at)
    return match.end() if match else at


def _word(line: bytes, at: int) -> tuple[bytes, int] | None:
    plain = _PLAIN.match(line, at)
    assert plain is not None
    word, at = plain.group(), plain.end()
    quote = line[at : at + 1]
    if quote == b'"':
        quoted = _DOUBLE.match(line, at)
    elif quote == b"'":
        quoted = _SINGLE.match(line, at)
    else:
        return word, at
    if quoted is None or not _AFTER_QUOTE.match(line, quoted.end()):
        return None
    body = quoted.group(1)
    body = _ESCAPE.sub(_meaning, body) if quote == b'"' else body.replace(b"\\'", b"'")
    return word + body, quoted.end()


def _meaning(escape: re.Match[bytes]) -> bytes:
    digits, letter = escape.groups()
    return bytes((int(digits, 16),)) if digits else _LETTERS.get(letter, letter)
