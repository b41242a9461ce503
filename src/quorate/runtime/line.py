"""An outgoing connection: what command links and Pub/Sub links have in common, from dialling to the end."""

import asyncio
import os
from typing import cast

from quorate.core.inputs import LinkClosed, LinkOpened
from quorate.core.outcome import Connect
from quorate.core.requests import Request
from quorate.model.millis import Millis
from quorate.runtime import clock
from quorate.runtime.dial import REFUSED, Dial, Place
from quorate.runtime.ports import Outward, Station

MAX_UNREAD = 4 * 1024 * 1024
"""Bytes of one reply that may arrive before we call the far end broken: INFO texts are a hundredth of this."""

MAX_UNSENT = 4 * 1024 * 1024
"""Bytes that may wait for a far end that does not read."""

UNSOLICITED = "The server said something that nobody asked for"

GULP = 64 * 1024
_BREATH = 0.05
"""A read of so many bytes is followed by so many seconds in which nothing is read, so that a far end that talks without
end, such as a flooded hello channel, leaves us time for everybody else."""

TOO_LATE = "An order was not sent any more: we stood still meanwhile"

CLOSED_BY_PEER = "Server closed the connection"


class Line(asyncio.Protocol):
    """One connection that the core asked for. News goes to the station until the core hangs up or the line breaks.

    What is sent before the connection stands waits for it, in order. Bytes of one turn of the loop leave together.
    """

    def __init__(self, station: Station, order: Connect) -> None:
        self.conn = order.conn
        self.label = order.label
        self._station = station
        self._feed = station.feed
        self._feed_all = station.feed_all
        self._place = Place(order.ip, order.port)
        self._dial: Dial | None = None
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._over = False
        self._why = CLOSED_BY_PEER
        # What is unsent is worthless later than this; 0 for never.
        self._until: Millis = 0
        # The descriptor while nobody is woken by its bytes (see Doze).
        self._dozing = -1

    @property
    def over(self) -> bool:
        """Nothing will be reported any more."""
        return self._over

    @property
    def standing(self) -> asyncio.Transport | None:
        """The transport while the connection stands."""
        if self._over or self._transport is None or self._transport.is_closing():
            return None
        return self._transport

    def send(self, request: Request) -> None:
        """Put a request on its way."""
        raise NotImplementedError

    def use(self, renames: tuple[tuple[str, str], ...]) -> None:
        """Call commands by these names from now on."""
        raise NotImplementedError

    def receive(self, data: bytes, stamp: Millis) -> None:
        """Bytes from the far end."""
        raise NotImplementedError

    def doze(self) -> int | None:
        """Leave bytes where they are until the next look; the descriptor if so from now on. Not with TLS, whose bytes
        are not what was said.
        """
        transport = self.standing
        if self._dozing >= 0 or transport is None or transport.get_extra_info("ssl_object") is not None:
            return None
        self._dozing = cast("int", transport.get_extra_info("socket").fileno())
        transport.pause_reading()
        return self._dozing

    def look(self, stamp: Millis) -> None:
        """Read what came while dozing, until `stamp`. More than a few words is left to the usual way of reading."""
        transport = self._transport
        if self._dozing < 0 or self._over or transport is None or transport.is_closing():
            return
        try:
            data = os.read(self._dozing, GULP)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.receive(data, stamp)
        if not 0 < len(data) < GULP:
            self.wake()

    def wake(self) -> None:
        """Hear again as soon as something is said."""
        if self._dozing >= 0 and self.standing is not None:
            self.standing.resume_reading()
        self._dozing = -1

    def dial(self, loop: asyncio.AbstractEventLoop, outward: Outward) -> None:
        """Start connecting; never waits, never reports from within."""
        self._dial = Dial(loop, outward, self, self._unreachable)
        self._dial.start(self._place)

    def hang_up(self) -> None:
        """Close at the core's wish: what was sent still leaves if the far end takes it, and nothing is reported."""
        if self._over:
            return
        self.flush()
        self._over = True
        self._station.forget(self.conn)
        if self._transport is None:
            if self._dial is not None:
                self._dial.cancel()
        elif self._transport.get_write_buffer_size():
            # Closing politely would wait for somebody who does not read.
            self._transport.abort()
        else:
            self._transport.close()

    def fail(self, reason: str) -> None:
        """Give the connection up from our side and say why. Not for use from within an effect."""
        if self._transport is not None:
            self._transport.abort()
        self._end(reason)

    def write(self, data: bytes) -> None:
        """Have these bytes leave at the end of this turn of the loop."""
        if not self._unsent and self._transport is not None:
            self._station.touch(self)
        self._unsent.append(data)

    def flush(self) -> None:
        """Hand everything that waits to the transport in one write."""
        if self._transport is None or self._over or not self._unsent:
            return
        if self._until and self._is_too_late():
            return
        data = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
        self._unsent.clear()
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            # The transport reports its end in a later turn: we may be inside an effect.
            self._why = "Too many requests are waiting to be sent"
            self._transport.abort()

    def _is_too_late(self) -> bool:
        """We stood still, and what was decided before must not be done any more: the connection ends in its place."""
        assert self._transport is not None
        until, self._until = self._until, 0
        if clock.now() <= until:
            return False
        self._unsent.clear()
        self._why = TOO_LATE
        self._transport.abort()
        return True

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their ancestry.
        transport = cast("asyncio.Transport", transport)
        self._dial = None
        if self._over:
            transport.abort()
            return
        self._transport = transport
        local = transport.get_extra_info("sockname")
        if self._unsent:
            self._station.touch(self)
        self._feed(LinkOpened(self.conn, local[0] if isinstance(local, tuple) else ""), clock.now())

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        self.receive(data, clock.now())
        if len(data) >= GULP:
            self._take_breath()

    def _take_breath(self) -> None:
        if self.standing is not None:
            self.standing.pause_reading()
            asyncio.get_running_loop().call_later(_BREATH, self._read_on)

    def _read_on(self) -> None:
        if self.standing is not None:
            self.standing.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError) and exc.strerror:
            self._end(exc.strerror)
        else:
            self._end(str(exc) if exc else self._why)

    def _unreachable(self, reason: str, immediate: bool) -> None:
        self._end(reason, immediate=immediate)

    def _end(self, reason: str, *, immediate: bool = False) -> None:
        if self._over:
            return
        self._over = True
        self._unsent.clear()
        self._station.forget(self.conn)
        refused = self._transport is None and reason == REFUSED
        self._feed(LinkClosed(self.conn, reason, immediate, refused), clock.now())
