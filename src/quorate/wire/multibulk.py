"""The shape that nearly all traffic has: whole arrays of short bulk strings, taken apart in a few fast steps.

Requests of clients and messages of a subscription are such arrays. What this file declines, for whatever reason, is
read byte for byte by the parser that asked, which also finds the right error.
"""

MOST_ITEMS = 10
"""Longest array taken here: also the longest that a client may send before it has authenticated."""

LONGEST_ITEM = 1100
"""Longest bulk string taken here, in bytes: a hello fits."""

LONGEST_CHUNK = 65536
"""Larger chunks are not even tried: they are bulk data."""

_HEADS = {b"*%d" % count: count for count in range(1, MOST_ITEMS + 1)}
_LENGTHS = tuple(b"$%d" % length for length in range(LONGEST_ITEM + 1))


def short_arrays(data: bytes) -> list[list[bytes]] | None:
    """The arrays in `data`, if it is nothing but whole arrays of 1 to 10 short bulk strings; else None.

    Cutting at every CRLF is safe although bulk strings may hold CRLF: such a piece then differs from its announced
    length, and the answer is None.
    """
    if len(data) > LONGEST_CHUNK:
        return None
    pieces = data.split(b"\r\n")
    if pieces.pop():
        return None
    arrays = []
    start, end = 0, len(pieces)
    try:
        while start < end:
            stop = start + 1 + 2 * _HEADS[pieces[start]]
            items = pieces[start + 2 : stop : 2]
            if [_LENGTHS[len(item)] for item in items] != pieces[start + 1 : stop : 2] or stop > end:
                return None
            arrays.append(items)
            start = stop
    except LookupError:
        return None
    return arrays
