"""Integers as the server reads them in requests: strictly, or not at all."""

LOWEST = -(1 << 63)
HIGHEST = (1 << 63) - 1

NOT_AN_INTEGER = "ERR value is not an integer or out of range"


def integer(raw: bytes) -> int | None:
    """A signed 64-bit number written the only way: no spaces, no plus, no leading zeros, no `-0`. None for all else."""
    digits = raw[1:] if raw[:1] == b"-" else raw
    # Bytes count as digits only in ASCII, so no other script slips through.
    if not digits.isdigit() or len(digits) > 19:
        return None
    if digits[:1] == b"0" and raw != b"0":
        return None
    number = int(raw)
    return number if LOWEST <= number <= HIGHEST else None
