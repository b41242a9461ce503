"""Numbers and hosts out of foreign text: refused here unless they are harmless wherever they end up.

What passes can be written into a configuration line, a log line or a script's argument without quoting.
"""

import re

from quorate.model.address import MAX_PORT

# Printable ASCII without blanks, quotes, comma and backslash: names, IPv4, IPv6 with a zone.
_HOST = re.compile(rb"[!#-&(-+\--\[\]-~]{1,255}")
_NUMBER = re.compile(rb"-?[0-9]{1,18}")
_LENIENT = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]{1,40})")


def host_of(raw: bytes) -> str | None:
    """A host name or number of at most 255 characters, or None."""
    return raw.decode("ascii") if _HOST.fullmatch(raw) else None


def number_of(raw: bytes) -> int | None:
    """A decimal number of at most 18 digits with nothing around it, or None."""
    return int(raw) if _NUMBER.fullmatch(raw) else None


def port_of(raw: bytes) -> int | None:
    """A port that can be dialled, 1 to 65535, or None."""
    port = number_of(raw)
    return port if port is not None and 1 <= port <= MAX_PORT else None


def leading_number(raw: bytes) -> int:
    """The number at the start of a text, 0 if there is none: C's atoi and strtoull, but without their overflow."""
    match = _LENIENT.match(raw)
    return int(match.group(1)) if match else 0
