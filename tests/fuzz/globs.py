"""A dumb twin of the glob matcher: the pattern is taken apart first, then every way is tried."""

from collections.abc import Callable

Element = Callable[[int], bool]


def naive(pattern: bytes, text: bytes) -> bool:
    """Whether the whole text fits; the empty text fits nothing but the empty pattern."""
    if not text:
        return not pattern
    return _fits(_elements(pattern), text)


def _fits(elements: list[Element | None], text: bytes) -> bool:
    if not elements:
        return not text
    first, rest = elements[0], elements[1:]
    if first is None:
        return any(_fits(rest, text[at:]) for at in range(len(text) + 1))
    return bool(text) and first(text[0]) and _fits(rest, text[1:])


def _elements(pattern: bytes) -> list[Element | None]:
    """One test for each byte of a text that must be there; None for a star."""
    found: list[Element | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == b"*":
            if not found or found[-1] is not None:
                found.append(None)
        elif char == b"?":
            found.append(lambda _: True)
        elif char == b"[":
            at, element = _set(pattern, at + 1)
            found.append(element)
            continue
        else:
            at += char == b"\\" and at + 1 < len(pattern)
            found.append(pattern[at].__eq__)
        at += 1
    return found


def _set(pattern: bytes, at: int) -> tuple[int, Element]:
    """The set that begins there, and where the pattern goes on behind it."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members: set[int] = set()
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            members.add(pattern[at + 1])
            at += 2
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((_signed(pattern[at]), _signed(pattern[at + 2])))
            members |= {byte for byte in range(256) if low <= _signed(byte) <= high}
            at += 3
        else:
            members.add(pattern[at])
            at += 1
    return min(at + 1, len(pattern)), lambda byte: (byte in members) is not negated


def _signed(byte: int) -> int:
    """As C's char on x86: bytes from 128 on are below zero."""
    return byte - 256 if byte >= 128 else byte
