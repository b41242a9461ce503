"""Kinds of values that standard directives take: what is wrong with one, and how it is written canonically.

The error texts are those that servers print; operators search for them.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, assert_never

from quorate.conf.lines import joined, quoted
from quorate.conf.options import Values
from quorate.model.candidates import size

COUNT = "wrong number of arguments"
_INT64 = 1 << 63
_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_TITLE_WORDS = {b"title", b"listen-addr", b"server-mode", b"port", b"tls-port", b"unixsocket", b"config-file"}
_BRACES = re.compile(rb"\{([^{}]*)\}")


class Kind(Enum):
    """The shape of a directive's value."""

    FLAG = "yes or no"
    NUMBER = "integer within limits"
    SIZE = "bytes with a unit"
    PERCENT = "bytes with a unit, or a percentage"
    OCTAL = "permission bits"
    WORD = "one of some words"
    WORDS = "one or more of some words"
    TEXT = "any text"
    OPTIONAL = "any text, empty for none"
    SPECIAL = "has functions of its own"
    ANYTHING = "not looked at"


class Row(NamedTuple):
    """One directive: name, kind, a server's default, and its limits (`low high`) or words."""

    name: str
    kind: Kind
    default: str = ""
    limits: str = ""


def fault(row: Row, values: Values) -> str | None:
    """What a server would say against these values, or None. Not for SPECIAL rows."""
    kind = row.kind
    if kind is Kind.ANYTHING:
        return None
    if kind is Kind.WORDS:
        return _not_among(row, b" ".join(values).split())
    if len(values) != 1:
        return COUNT
    value = values[0]
    match kind:
        case Kind.FLAG:
            return None if value.lower() in {b"yes", b"no"} else "argument must be 'yes' or 'no'"
        case Kind.NUMBER:
            number = integer(value)
            return "argument couldn't be parsed into an integer" if number is None else _outside(row, number)
        case Kind.SIZE:
            amount = size(value)
            return "argument must be a memory value" if amount is None else _outside(row, amount)
        case Kind.PERCENT:
            good = size(value) is not None or re.fullmatch(rb"[0-9]{1,2}%|100%", value)
            return None if good else "argument must be a memory or percent value"
        case Kind.OCTAL:
            if not re.fullmatch(rb"[0-7]{1,20}", value):
                return "argument couldn't be parsed as an octal number"
            return None if int(value, 8) <= 0o777 else "argument must be between 0 and 777 inclusive"
        case Kind.WORD:
            return _not_among(row, [value])
        case Kind.TEXT | Kind.OPTIONAL:
            check = _TEXT_CHECKS.get(row.name)
            return check(value) if check else None
        case Kind.SPECIAL:
            raise AssertionError(row.name)
        case _:
            assert_never(kind)


def canonical(row: Row, values: Values) -> bytes | None:
    """The line that C's rewriter would write for valid values; None where it writes nothing."""
    name = row.name.encode()
    match row.kind:
        case Kind.ANYTHING:
            return joined((name, *values))
        case Kind.TEXT:
            return name + b" " + quoted(values[0])
        case Kind.OPTIONAL:
            return name + b" " + quoted(values[0]) if values[0] else None
        case Kind.SIZE | Kind.PERCENT:
            amount = size(values[0])
            return name + b" " + (values[0] if amount is None else size_text(amount))
        case Kind.OCTAL:
            return name + b" %o" % int(values[0], 8)
        case Kind.FLAG | Kind.WORD | Kind.WORDS | Kind.NUMBER:
            return name + b" " + b" ".join(values).lower()
        case Kind.SPECIAL:
            raise AssertionError(row.name)
        case _:
            assert_never(row.kind)


def is_default(row: Row, values: Values) -> bool:
    """True if the values are a server's default, so that a file without the line means the same."""
    return canonical(row, values) == canonical(row, (row.default.encode(),))


def integer(value: bytes) -> int | None:
    """A decimal integer of 64 bits without blanks, plus sign or leading zeros."""
    if not _INTEGER.fullmatch(value):
        return None
    number = int(value)
    return number if -_INT64 <= number < _INT64 else None


def size_text(amount: int) -> bytes:
    """A number of bytes in the largest unit that divides it."""
    for unit, name in ((1 << 30, b"gb"), (1 << 20, b"mb"), (1 << 10, b"kb")):
        if amount and amount % unit == 0:
            return b"%d%s" % (amount // unit, name)
    return b"%d" % amount


def _outside(row: Row, number: int) -> str | None:
    low, high = (int(limit) for limit in row.limits.split())
    return None if low <= number <= high else f"argument must be between {low} and {high} inclusive"


def _not_among(row: Row, given: list[bytes]) -> str | None:
    allowed = row.limits.split()
    known = {word.lower().encode() for word in allowed}
    if given and all(word.lower() in known for word in given):
        return None
    return "argument(s) must be one of the following: " + ", ".join(allowed)


def _no_path(name: str, what: str) -> Callable[[bytes], str | None]:
    return lambda value: f"{name} can't be a path, just a {what}" if b"/" in value else None


def _title(value: bytes) -> str | None:
    known = all(word in _TITLE_WORDS for word in _BRACES.findall(value))
    balanced = not {b"{", b"}"} & {bytes((b,)) for b in _BRACES.sub(b"", value)}
    return None if value and known and balanced else "template format is invalid or contains unknown variables"


def _host_name(value: bytes) -> str | None:
    good = all(chr(b).isalnum() or b in b"-." for b in value) and value.isascii()
    return None if good else "Hostnames may only contain alphanumeric characters, hyphens or dots"


_TEXT_CHECKS: dict[str, Callable[[bytes], str | None]] = {
    "appenddirname": _no_path("appenddirname", "dirname"),
    "appendfilename": _no_path("appendfilename", "filename"),
    "cluster-announce-hostname": _host_name,
    "dbfilename": _no_path("dbfilename", "filename"),
    "proc-title-template": _title,
}
