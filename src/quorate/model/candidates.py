"""What an operator says about who may be promoted: tags of single replicas, and sizes as directives spell them."""

import re
from dataclasses import dataclass
from enum import Enum

_SIZE = re.compile(rb"([0-9]+)(b|k|kb|m|mb|g|gb)?", re.IGNORECASE)
_UNITS = {b"": 1, b"b": 1, b"k": 1000, b"kb": 1 << 10, b"m": 10**6, b"mb": 1 << 20, b"g": 10**9, b"gb": 1 << 30}
_MOST = (1 << 63) - 1
MOST_TAGS = 1024
"""Tagged replicas of one master; each is looked at in every choice."""

NO_LAG = "candidate-max-lag takes a number of bytes, such as 1048576 or 1mb; 0 is no limit"
NO_TAG = "a replica-tag is nofailover or prefer"


class Tag(Enum):
    """The words of `sentinel replica-tag`."""

    NOFAILOVER = "nofailover"
    PREFER = "prefer"


@dataclass(frozen=True, slots=True)
class ReplicaTag:
    """One tag of the server at an address; `host` as the operator wrote it, a number in its canonical form."""

    host: str
    port: int
    tag: Tag


def size(value: bytes) -> int | None:
    """A number of bytes: k, m, g are powers of 1000; kb, mb, gb of 1024."""
    found = _SIZE.fullmatch(value)
    return int(found[1]) * _UNITS[(found[2] or b"").lower()] if found else None


def lag(value: bytes) -> int | None:
    """The value of candidate-max-lag in bytes, None if it is none (an offset has 63 bits)."""
    amount = size(value[:32])
    return amount if amount is not None and len(value) <= 32 and amount <= _MOST else None


def tag(value: bytes) -> Tag | None:
    """A tag by its word, in any case."""
    return next((known for known in Tag if known.value.encode() == value.lower()), None)


def tagged(tags: tuple[ReplicaTag, ...], host: str, port: int, word: Tag | None) -> tuple[ReplicaTag, ...]:
    """The tags when this server has `word` alone, or none: a later word replaces an earlier one."""
    kept = tuple(t for t in tags if (t.host.lower(), t.port) != (host.lower(), port))
    return (*kept, ReplicaTag(host, port, word)) if word is not None else kept
