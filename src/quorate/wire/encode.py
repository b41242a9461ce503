"""Values to bytes: replies in RESP2 and RESP3, and the commands that we send ourselves."""

from typing import assert_never

from quorate.model.identity import bytes_of
from quorate.wire.values import Double, Error, Map, NullArray, Push, Reply, Set, Simple, Verbatim

_LINE_ENDS = str.maketrans("\r\n", "  ")


def encode(reply: Reply, protocol: int) -> bytes:
    """The bytes of `reply` for a connection that speaks RESP `protocol` (2 or 3).

    Lines stay lines: CR and LF in a status or error become blanks, at the end of an error they vanish, as in Redis.
    """
    out: list[bytes] = []
    _write(out, reply, protocol == 3)
    return b"".join(out)


def encode_command(*parts: bytes | str | int) -> bytes:
    """A command as an array of bulk strings; texts give back the bytes they were decoded from."""
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        raw = part if isinstance(part, bytes) else bytes_of(str(part))
        out.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(out)


def _write(out: list[bytes], reply: Reply, resp3: bool) -> None:
    match reply:
        case bytes():
            out.append(b"$%d\r\n%b\r\n" % (len(reply), reply))
        case int():
            out.append(b":%d\r\n" % reply)
        case list():
            _write_items(out, b"*", reply, resp3)
        case Simple(text):
            out.append(b"+%b\r\n" % bytes_of(text.translate(_LINE_ENDS)))
        case Error(text):
            out.append(b"-%b\r\n" % bytes_of(text.rstrip("\r\n").translate(_LINE_ENDS)))
        case None:
            out.append(b"_\r\n" if resp3 else b"$-1\r\n")
        case NullArray():
            out.append(b"_\r\n" if resp3 else b"*-1\r\n")
        case Map(pairs):
            out.append(b"%%%d\r\n" % len(pairs) if resp3 else b"*%d\r\n" % (2 * len(pairs)))
            for key, value in pairs:
                _write(out, key, resp3)
                _write(out, value, resp3)
        case Set(items):
            _write_items(out, b"~" if resp3 else b"*", items, resp3)
        case Push(items):
            _write_items(out, b">" if resp3 else b"*", items, resp3)
        case Verbatim(text):
            out.append(
                b"=%d\r\ntxt:%b\r\n" % (len(text) + 4, text) if resp3 else b"$%d\r\n%b\r\n" % (len(text), text),
            )
        case Double(value):
            digits = repr(value).removesuffix(".0").encode()
            out.append(b",%b\r\n" % digits if resp3 else b"$%d\r\n%b\r\n" % (len(digits), digits))
        case _:
            assert_never(reply)


def _write_items(out: list[bytes], kind: bytes, items: list[Reply], resp3: bool) -> None:
    out.append(b"%b%d\r\n" % (kind, len(items)))
    for item in items:
        _write(out, item, resp3)
