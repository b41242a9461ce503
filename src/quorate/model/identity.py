"""Who is meant: run ids, master names, epochs.

Texts that come from files or sockets may hold any byte. They are kept as `str` decoded from UTF-8 with
`surrogateescape`, so every byte survives the way in and out; `text_of` and `bytes_of` are the only two doors.
"""

from typing import NewType

RunId = NewType("RunId", str)
"""Forty lower-case hexadecimal digits naming one sentinel or one run of a server."""

MasterName = NewType("MasterName", str)
"""The name under which a master and its replicas are monitored; case-sensitive."""

Epoch = NewType("Epoch", int)
"""A configuration or election number, 0 <= e < 2**63."""

EPOCH_LIMIT = 1 << 63
"""First number that is no epoch."""

EPOCH_JUMP = 1 << 32
"""An epoch further than this above our own is refused: nobody gets there by elections, only by mistake or malice."""

RUN_ID_LENGTH = 40
_HEX = frozenset("0123456789abcdef")


def is_run_id(text: str) -> bool:
    """True for forty lower-case hexadecimal digits."""
    return len(text) == RUN_ID_LENGTH and _HEX.issuperset(text)


def text_of(raw: bytes) -> str:
    """Decode bytes so that `bytes_of` gives the same bytes back."""
    return raw.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """The bytes a text was decoded from."""
    return text.encode("utf-8", "surrogateescape")
