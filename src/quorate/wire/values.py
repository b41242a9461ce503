"""Replies as values, before a protocol version turns them into bytes.

A bulk string is `bytes`, an integer `int`, the null `None`, an array `list`; the rest have a class of their own.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Simple:
    """A status line (+OK). No CR or LF inside."""

    text: str


@dataclass(frozen=True, slots=True)
class Error:
    """An error line as on the wire but for the dash: `ERR syntax error`, `NOAUTH Authentication required.`"""

    text: str


@dataclass(frozen=True, slots=True)
class NullArray:
    """The null that RESP2 writes as *-1 (RESP3: _)."""


@dataclass(frozen=True, slots=True)
class Map:
    """Pairs in order: RESP3 map, RESP2 flat array."""

    pairs: "list[tuple[Reply, Reply]]"


@dataclass(frozen=True, slots=True)
class Set:
    """RESP3 set, RESP2 array."""

    items: "list[Reply]"


@dataclass(frozen=True, slots=True)
class Push:
    """RESP3 push, RESP2 array: Pub/Sub messages and confirmations."""

    items: "list[Reply]"


@dataclass(frozen=True, slots=True)
class Verbatim:
    """RESP3 verbatim string of type txt, RESP2 bulk."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Double:
    """RESP3 double, RESP2 bulk of the same digits: as few as tell the number apart, and no point in a whole number."""

    value: float


Reply: TypeAlias = (
    "Simple | Error | NullArray | Map | Set | Push | Verbatim | Double | bytes | int | list[Reply] | None"
)

OK = Simple("OK")
