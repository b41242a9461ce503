"""Feeding a codec the same bytes in different pieces."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")


def in_pieces(feed: Callable[[bytes], Iterable[Item]], pieces: Iterable[bytes]) -> list[Item]:
    """Everything that came out, in order."""
    return [item for piece in pieces for item in feed(piece)]


def single_bytes(data: bytes) -> list[bytes]:
    """The data byte by byte."""
    return [data[at : at + 1] for at in range(len(data))]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The data cut at the given places (taken modulo its length)."""
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(marks)]
