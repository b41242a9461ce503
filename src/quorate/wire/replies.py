"""What servers and peers answer on our links: bytes to values, and values to the facts that the rules ask for.

hiredis is not used here: it does not tell a status from a bulk string, which the rule about PING's reply needs, and it
reserves memory for as many elements as a server announces.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from quorate.model.identity import EPOCH_LIMIT, Epoch, RunId, text_of
from quorate.wire.multibulk import short_arrays
from quorate.wire.values import Error, Map, NullArray, Push, Reply, Set, Simple, Verbatim

MAX_REPLY = 16 * 1024 * 1024
"""Bytes that one reply may hold. The largest honest one is INFO with a few hundred kilobytes."""

PONG: Reply = Simple("PONG")
"""The usual answer to PING; nearly always this very object."""

MAX_LINE = 64 * 1024
MAX_DEPTH = 8

# What an element costs beside its bytes: the object around them and its place in the list.
_ELEMENT_COST = 64
_SHOWN = 200
_LONGEST_USUAL = 16
"""Bytes up to the end of the first line of a reply that is usual: `$` and a length, a word, a number below 100."""
_NUMBER = re.compile(rb"-?[0-9]{1,19}")
_LEADER = re.compile(rb"[!-~]{1,64}")
_LINE_ENDS = str.maketrans("\r\n", "  ")
# What nearly all replies to PING and PUBLISH are: how many subscribers there are is a small number.
_USUAL: dict[bytes, Reply] = {b"+PONG": PONG, **{b":%d" % number: number for number in range(100)}}
_PING_WORDS = ("PONG", "LOADING", "MASTERDOWN", "BUSY")


class BrokenReply(Exception):  # noqa: N818
    """The far end does not speak RESP, or says more than it may. `replies` are those that came before."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.replies: list[Reply] = []


@dataclass(slots=True)
class _Frame:
    """An aggregate that is not complete yet. `missing` counts elements, two for each pair of a map."""

    kind: bytes
    missing: int
    items: list[Reply]


class ReplyReader:
    """Cuts the bytes from one server into replies. Memory grows with what arrived, up to `max_reply`, never with what
    was announced. After `BrokenReply` the connection is useless: close it.
    """

    def __init__(self, max_reply: int = MAX_REPLY) -> None:
        self._max_reply = max_reply
        self._buffer = bytearray()
        self._at = 0
        # Bytes from the current place on that are known to hold no line end: a trickling line is searched only once.
        self._searched = 0
        self._frames: list[_Frame] = []
        self._weight = 0

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes, in order. Raises BrokenReply.

        RESP3's null, boolean, double, big number and verbatim string come as None, 0 or 1, bytes, bytes, Verbatim.
        """
        if not self._buffer and not self._frames:
            usual = _usual_replies(data, self._max_reply)
            if usual is not None:
                return usual
            if data.startswith(b"*"):
                arrays = short_arrays(data)
                if arrays is not None:
                    return cast("list[Reply]", arrays)
        self._buffer += data
        replies: list[Reply] = []
        try:
            while self._item(replies):
                pass
        except BrokenReply as broken:
            broken.replies = replies
            raise
        finally:
            del self._buffer[: self._at]
            self._at = 0
        return replies

    def _item(self, replies: list[Reply]) -> bool:
        """Take one scalar or the head of one aggregate; False while bytes are missing."""
        end = self._buffer.find(b"\r\n", self._at + self._searched, self._at + MAX_LINE)
        if end < 0:
            self._searched = max(0, len(self._buffer) - self._at - 1)
            if len(self._buffer) - self._at >= MAX_LINE:
                raise BrokenReply("line too long")
            return False
        self._searched = 0
        kind, body = bytes(self._buffer[self._at : self._at + 1]), bytes(self._buffer[self._at + 1 : end])
        if kind in _BULKS:
            return self._bulk(kind, body, end + 2, replies)
        self._at = end + 2
        if kind in _AGGREGATES:
            self._open(kind, body, replies)
        else:
            self._place(_scalar(kind, body), len(body), replies)
        return True

    def _bulk(self, kind: bytes, body: bytes, start: int, replies: list[Reply]) -> bool:
        length = _count(body)
        if length < 0:
            self._at = start
            self._place(None, 0, replies)
            return True
        if self._weight + length > self._max_reply:
            raise BrokenReply(f"reply of more than {self._max_reply} bytes")
        end = start + length
        if end + 2 > len(self._buffer):
            return False
        if self._buffer[end : end + 2] != b"\r\n":
            raise BrokenReply("bulk string does not end where it should")
        text = bytes(self._buffer[start:end])
        self._at = end + 2
        self._place(_BULKS[kind](text), length, replies)
        return True

    def _open(self, kind: bytes, body: bytes, replies: list[Reply]) -> None:
        count = _count(body)
        if count < 0:
            self._place(NullArray(), 0, replies)
            return
        if kind == b"%":
            count *= 2
        if len(self._frames) >= MAX_DEPTH or self._weight + count * _ELEMENT_COST > self._max_reply:
            raise BrokenReply("reply too deep or too long")
        self._frames.append(_Frame(kind, count, []))
        self._close_full(replies)

    def _place(self, value: Reply, size: int, replies: list[Reply]) -> None:
        if not self._frames:
            replies.append(value)
            return
        self._weight += size + _ELEMENT_COST
        if self._weight > self._max_reply:
            raise BrokenReply(f"reply of more than {self._max_reply} bytes")
        frame = self._frames[-1]
        frame.items.append(value)
        frame.missing -= 1
        self._close_full(replies)

    def _close_full(self, replies: list[Reply]) -> None:
        while self._frames and not self._frames[-1].missing:
            value = _aggregate(self._frames.pop())
            if not self._frames:
                self._weight = 0
                replies.append(value)
                return
            parent = self._frames[-1]
            parent.items.append(value)
            parent.missing -= 1
            self._weight += _ELEMENT_COST


def ping_word(reply: Reply) -> tuple[str, str]:
    """What a reply to PING says: PONG, LOADING, MASTERDOWN, BUSY or "other", and the reply's first line (5.3).

    Only statuses and errors count; a word counts if the line begins with it.
    """
    if not isinstance(reply, Simple | Error):
        return "other", ""
    text = reply.text[:_SHOWN]
    return next((word for word in _PING_WORDS if text.startswith(word)), "other"), text


def vote_of(reply: Reply) -> tuple[bool, RunId | None, Epoch] | None:
    """Down, leader (None for `*`) and leader epoch of a reply to is-master-down-by-addr (6.4).

    None unless it is exactly [integer, bulk, integer], the epoch is one, and the leader is at most 64 printable ASCII
    characters. Those need not be a run id: a peer votes for whatever it was asked for, and that vote is gone.
    """
    if not isinstance(reply, list) or len(reply) != 3:
        return None
    down, leader, epoch = reply
    if not isinstance(down, int) or not isinstance(leader, bytes) or not isinstance(epoch, int):
        return None
    if not 0 <= epoch < EPOCH_LIMIT or not _LEADER.fullmatch(leader):
        return None
    return down == 1, None if leader == b"*" else RunId(text_of(leader)), Epoch(epoch)


def gone_of(reply: Reply) -> bool:
    """Whether one of ours answers SENTINEL QUORATE name ip port with the array [1]; anything else is no."""
    return isinstance(reply, list) and len(reply) == 1 and reply[0] == 1


def config_of(reply: Reply) -> tuple[Epoch | None, Epoch | None, Epoch | None]:
    """Config epoch, current epoch and leader epoch of a peer: ours answer SENTINEL QUORATE name with the three numbers.

    C Sentinel answers SENTINEL MASTER name with names and values in turn, and the first is all that we learn from it.
    All None for anything else.
    """
    if not isinstance(reply, list):
        return None, None, None
    if len(reply) == 3:
        config, current, leader = (_epoch(number) for number in reply)
        return config, current, leader
    for name, value in zip(reply[::2], reply[1::2], strict=False):
        if name == b"config-epoch" and isinstance(value, bytes) and _NUMBER.fullmatch(value):
            return _epoch(int(value)), None, None
    return None, None, None


def _epoch(value: Reply) -> Epoch | None:
    return Epoch(value) if isinstance(value, int) and 0 <= value < EPOCH_LIMIT else None


def _usual_replies(data: bytes, most: int) -> list[Reply] | None:
    """The replies in `data` if it is nothing but whole ones of the usual sort, else None: words and small numbers, and
    bulk strings, which INFO is answered with.
    """
    replies: list[Reply] = []
    at, size = 0, len(data)
    if size > most:
        return None
    while at < size:
        end = data.find(b"\r\n", at, at + _LONGEST_USUAL)
        line = data[at:end]
        at = end + 2
        if end < 0:
            return None
        if line in _USUAL:
            replies.append(_USUAL[line])
            continue
        if line[:1] != b"$" or not line[1:].isdigit():
            return None
        end = at + int(line[1:])
        if data[end : end + 2] != b"\r\n":
            return None
        replies.append(data[at:end])
        at = end + 2
    return replies


def _line(raw: bytes) -> str:
    return text_of(raw).translate(_LINE_ENDS)


def _count(body: bytes) -> int:
    """The length of a bulk string or aggregate, -1 for null."""
    if _NUMBER.fullmatch(body) is None or (count := int(body)) < -1:
        raise BrokenReply("length is no number")
    return count


def _scalar(kind: bytes, body: bytes) -> Reply:
    match kind:
        case b"+":
            return Simple(_line(body))
        case b"-":
            return Error(_line(body))
        case b":":
            if _NUMBER.fullmatch(body) is None:
                raise BrokenReply("integer is no number")
            return int(body)
        case b"_":
            return None
        case b"#":
            return int(body == b"t")
        case b"," | b"(":
            return body
        case _:
            raise BrokenReply(f"unknown type {text_of(kind)!r}")


def _aggregate(frame: _Frame) -> Reply:
    items = frame.items
    match frame.kind:
        case b"%":
            return Map(list(zip(items[::2], items[1::2], strict=True)))
        case b"~":
            return Set(items)
        case b">":
            return Push(items)
        case _:
            return items


_BULKS: dict[bytes, Callable[[bytes], Reply]] = {
    b"$": lambda text: text,
    b"!": lambda text: Error(_line(text)),
    b"=": lambda text: Verbatim(text[4:]),
}
_AGGREGATES = frozenset((b"*", b"~", b">", b"%"))
