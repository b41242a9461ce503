"""Where a server or sentinel listens: a host as somebody wrote it, the number it stands for, a port."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """Host as given (name or number), its numeric form ("" while unresolved), and port (0 to 65535; 0: not dialled)."""

    host: str
    ip: str
    port: int

    def same_as(self, other: "Address") -> bool:
        """Equal ports, and equal numbers or equal names regardless of case (sentinel.c's notion of equality)."""
        if self.port != other.port:
            return False
        return (self.ip != "" and self.ip == other.ip) or self.host.lower() == other.host.lower()

    def shown(self, hostnames: bool) -> str:
        """The host as replies, events and files show it: the name if `announce-hostnames` says so, else the number."""
        return self.host if hostnames or not self.ip else self.ip

    def joined(self, hostnames: bool) -> str:
        """`host:port`, an IPv6 number in brackets: the name under which replicas are listed."""
        return join(self.shown(hostnames), self.port)


def join(host: str, port: int) -> str:
    """`host:port`, with brackets around a host that contains a colon."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@lru_cache(maxsize=8192)
def numeric(text: str) -> str | None:
    """The canonical form of a numeric address (127.1 becomes 127.0.0.1, 0:0::1 becomes ::1), None for a name.

    IPv4 in the forms that inet_aton takes; IPv6 with an optional zone (fe80::1%eth0), which is kept.
    """
    if not text or not text.isascii():
        return None
    if ":" not in text:
        return _ipv4(text)
    try:
        parsed = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped
    # Python 3.13 prints the dotted form that inet_ntop prints; earlier versions do not.
    return f"::ffff:{mapped}" if mapped is not None else str(parsed)


def of_text(host: str, port: int) -> Address:
    """An address from a host text: resolved if it is a number, with an empty number otherwise."""
    return Address(host, numeric(host) or "", port)


def _ipv4(text: str) -> str | None:
    parts = text.split(".")
    if len(parts) > 4:
        return None
    numbers = [_part(p) for p in parts]
    if any(n is None for n in numbers):
        return None
    *leading, last = (n for n in numbers if n is not None)
    if any(n > 255 for n in leading) or last >= 256 ** (4 - len(leading)):
        return None
    value = last
    for place, number in enumerate(leading):
        value += number << (8 * (3 - place))
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _part(text: str) -> int | None:
    try:
        if text[:2] in ("0x", "0X"):
            return int(text[2:], 16) if text[2:].isalnum() else None
        if not text.isdigit():
            return None
        return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)
    except ValueError:
        return None
