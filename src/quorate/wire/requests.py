"""What clients send: RESP arrays of bulk strings and inline lines, cut out of a stream of bytes.

Limits and error texts are those of Redis 7.0.15, tried against its binary; where the outcome there depends on how the
bytes were cut into packets, ours does not.
"""

import re

from quorate.model.identity import text_of
from quorate.wire.inline import split_inline
from quorate.wire.multibulk import short_arrays

MAX_LINE = 64 * 1024
"""Bytes of an inline request or of a header line."""

MAX_ITEMS = (1 << 31) - 1
MAX_BULK = 512 * 1024 * 1024
"""Redis' proto-max-bulk-len; a sentinel has no directive for it."""

DEFAULT_MAX_BUFFER = 16 * 1024 * 1024
"""Bytes that one unfinished request may hold. Redis allows a gibibyte, for values; a sentinel has none to store."""

STRANGER_ITEMS = 10
STRANGER_BULK = 16384
STRANGER_BUFFER = 1024 * 1024
"""What a client may send before it has authenticated, where authentication is required."""

# What an argument costs beside its bytes: the object around them and its place in the list.
_ARGUMENT_COST = 48
_UNKNOWN = -1
_NUMBER = re.compile(rb"-?[1-9][0-9]{0,18}|0")
_CR, _LF, _STAR, _DOLLAR = b"\r", b"\n", ord("*"), ord("$")


class _Violation(Exception):  # noqa: N818
    """The stream cannot be followed any further. `mended_by_auth`: it would be fine from an authenticated client."""

    def __init__(self, reason: str, *, mended_by_auth: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mended_by_auth = mended_by_auth


class RequestParser:
    """Cuts one client's bytes into requests. Memory grows with what arrived, never with what was announced.

    `authenticated` may be changed at any time; False applies the limits for strangers.

    `error`, once not None, ends the conversation: after the replies to all requests returned so far, send it as an
    error line ("" means: send nothing) and close.

    `held` is True when the bytes after the last request would be an error from a stranger. That request may have been
    AUTH, so the judgement waits: execute what was returned, update `authenticated`, then call `feed(b"")`.
    """

    def __init__(self, *, authenticated: bool = True, max_buffer: int = DEFAULT_MAX_BUFFER) -> None:
        self.authenticated = authenticated
        self.max_buffer = max_buffer
        self.error: str | None = None
        self.held = False
        self._buffer = bytearray()
        self._at = 0
        self._missing = 0
        self._bulk = _UNKNOWN
        self._arguments: list[bytes] = []
        self._weight = 0

    @property
    def buffered(self) -> int:
        """Bytes kept for a request that is not complete yet (CLIENT LIST shows them as qbuf)."""
        return len(self._buffer) + self._weight

    def feed(self, data: bytes) -> list[list[bytes]]:
        """The requests that `data` completes, in order, none of them empty. After an error: nothing."""
        if self.error is not None:
            return []
        if not self._buffer and not self._missing:
            requests = short_arrays(data)
            if requests is not None:
                return requests
        self._buffer += data
        requests = []
        self.held = False
        try:
            while (request := self._next()) is not None:
                if request:
                    requests.append(request)
        except _Violation as violation:
            if violation.mended_by_auth and requests:
                self.held = True
            else:
                self._fail(f"ERR Protocol error: {violation.reason}")
        del self._buffer[: self._at]
        self._at = 0
        if self.buffered > (self.max_buffer if self.authenticated else min(STRANGER_BUFFER, self.max_buffer)):
            self._fail("")
        return requests

    def _fail(self, error: str) -> None:
        if self.error is None:
            self.error = error
        self._buffer.clear()
        self._arguments = []
        self._at = self._weight = 0

    def _next(self) -> list[bytes] | None:
        """The next request, [] for one that asks nothing, None while bytes are missing."""
        if not self._missing:
            if self._at >= len(self._buffer):
                return None
            if self._buffer[self._at] != _STAR:
                return self._inline()
            line = self._header("too big mbulk count string")
            if line is None:
                return None
            self._missing = self._count(line)
            self._at += len(line) + 2
            if not self._missing:
                return []
        while self._missing:
            if not self._argument():
                return None
        request, self._arguments, self._weight = self._arguments, [], 0
        return request

    def _inline(self) -> list[bytes] | None:
        # One byte more than the limit is looked at, so that the outcome is the same however the bytes arrive.
        end = self._buffer.find(_LF, self._at, self._at + MAX_LINE + 1)
        line = bytes(self._buffer[self._at : end]) if end >= 0 else b""
        if end < 0 or 0 in line:
            # A zero byte hides the end of its line, in Redis as here: such a line can only become too long.
            if len(self._buffer) - self._at > MAX_LINE:
                raise _Violation("too big inline request")
            return None
        words = split_inline(line)
        if words is None:
            raise _Violation("unbalanced quotes in request")
        self._at = end + 1
        return words

    def _header(self, complaint: str) -> bytes | None:
        """The line at the current place without its end (CR and any byte), None while it is incomplete."""
        end = self._buffer.find(_CR, self._at, self._at + MAX_LINE + 1)
        if end < 0:
            if len(self._buffer) - self._at > MAX_LINE:
                raise _Violation(complaint)
            return None
        return bytes(self._buffer[self._at : end]) if end + 1 < len(self._buffer) else None

    def _count(self, line: bytes) -> int:
        number = _number(line[1:])
        if number is None or number > MAX_ITEMS:
            raise _Violation("invalid multibulk length")
        if number > STRANGER_ITEMS and not self.authenticated:
            raise _Violation("unauthenticated multibulk length", mended_by_auth=True)
        return max(number, 0)

    def _argument(self) -> bool:
        """Take one argument; False while it is incomplete."""
        if self._bulk == _UNKNOWN:
            line = self._header("too big bulk count string")
            if line is None:
                return False
            self._bulk = self._length(line)
            self._at += len(line) + 2
        end = self._at + self._bulk
        if end + 2 > len(self._buffer):
            return False
        self._arguments.append(bytes(self._buffer[self._at : end]))
        self._weight += self._bulk + _ARGUMENT_COST
        self._at = end + 2
        self._bulk = _UNKNOWN
        self._missing -= 1
        return True

    def _length(self, line: bytes) -> int:
        if not line or line[0] != _DOLLAR:
            # The byte in question may be the CR that ended an empty line; error lines show line ends as blanks.
            got = line[:1].replace(_LF, b" ") or b" "
            raise _Violation(f"expected '$', got '{text_of(got)}'")
        number = _number(line[1:])
        if number is None or not 0 <= number <= MAX_BULK:
            raise _Violation("invalid bulk length")
        if number > STRANGER_BULK and not self.authenticated:
            raise _Violation("unauthenticated bulk length", mended_by_auth=True)
        return number


def _number(digits: bytes) -> int | None:
    """A signed 64-bit number in its one canonical spelling, else None."""
    if _NUMBER.fullmatch(digits) is None:
        return None
    number = int(digits)
    return number if -(1 << 63) <= number < 1 << 63 else None
