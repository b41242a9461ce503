"""One client's connection: requests in, replies out in their order, and no more memory than a client deserves.

A client that does not read its replies is no longer read from, so what it may cause is bounded by one chunk of requests
and one reply. Only Pub/Sub messages grow beyond that; they have the limits of client-output-buffer-limit.
"""

import asyncio
from collections import deque
from typing import cast

from quorate.commands.basic import heard
from quorate.commands.contract import Later, Now, Postponed, Session
from quorate.commands.debts import Debts, goes_along
from quorate.core.inputs import HelloSeen, Input
from quorate.core.outcome import Result
from quorate.model.millis import Millis
from quorate.runtime import clock
from quorate.runtime.house import House
from quorate.wire.encode import encode
from quorate.wire.requests import RequestParser
from quorate.wire.values import Error, Reply

MAX_OUTPUT = 64 * 1024 * 1024
"""Bytes that may wait for a client for which the configuration sets no limit; C Sentinel has none at all."""

_FLUSH_AT = 64 * 1024
"""Bytes of replies after which they are handed on in the middle of a pipeline, to learn whether the client reads."""

_TURN: Millis = 2
"""How long one client may have itself served before everybody else has a turn. A pipeline goes on after that."""

_BITE = 16 * 1024
"""Bytes of a pipeline that are taken apart at a time."""

_TAKEN: tuple[Reply, ...] = (1,)
"""What a hello is answered with."""

_GOODBYE_SECONDS = 5.0
"""How long a connection that is to be closed may take to read its last reply."""


class Connection(asyncio.Protocol):
    """The protocol object of one client."""

    __slots__ = (
        "_backlog", "_choked", "_closing", "_executing", "_held", "_house", "_listed", "_loop", "_out", "_out_size",
        "_owed", "_parser", "_postponed", "_queue", "_reading", "_resting", "_soft_since", "_transport", "_waiting",
        "session", "total_in", "total_out",
    )  # fmt: skip

    session: Session

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        self.total_in = 0
        self.total_out = 0
        self._house = house
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = RequestParser(max_buffer=house.max_query)
        self._queue: deque[list[bytes]] = deque()
        self._backlog = b""
        self._resting = False
        self._out: list[bytes] = []
        self._out_size = 0
        self._held: list[bytes] = []
        self._owed: Debts[bytes] = Debts()
        self._executing = False
        self._waiting = False
        self._postponed = False
        self._closing = False
        self._choked = False
        self._reading = True
        self._listed = False
        self._soft_since: Millis = 0

    # --- what the transport says ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's in all but their ancestry.
        transport = cast("asyncio.Transport", transport)
        session = self._house.admit(self, transport)
        if session is None:
            self._closing = True
            transport.close()
            return
        self.session = session
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._closing or self._transport is None:
            return
        now = clock.now()
        size = len(data)
        self.total_in += size
        self._house.bytes_in += size
        self.session.last_active = now
        if size > _BITE or self._backlog:
            self._backlog += data
        else:
            self._parse(data)
        self._run(now)
        # Not at the end of the turn: whoever asks need not wait behind what goes to hundreds of links.
        self.flush()

    def eof_received(self) -> bool:
        """The client has said its last word; what it was already answered still leaves."""
        self.flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # Why a client left is its own affair.
        self._closing = True
        self._queue.clear()
        self._backlog = b""
        self._out.clear()
        self._held.clear()
        self._owed.forget()
        if self._transport is not None:
            self._transport = None
            self._house.leave(self)

    def pause_writing(self) -> None:
        self._choked = True
        self._mind_reading()

    def resume_writing(self) -> None:
        self._choked = False
        self._soft_since = 0
        self._loop.call_soon(self._continue)

    # --- requests ---------------------------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        parser.authenticated = self.session.authenticated or not self._house.acl.login_required
        self._queue.extend(parser.feed(data))
        if self._house.too_much_buffered(self, parser.buffered + len(self._backlog)):
            self._house.closed_for(self.session, "too many unfinished requests")
            self.kill()

    def _run(self, now: Millis) -> None:
        """Execute what has arrived, until something has to be waited for."""
        if self._executing or self._resting:
            return
        self._executing = True
        queue = self._queue
        try:
            while not (self._closing or self._choked):
                if self._waiting and (self._postponed or not queue or not goes_along(queue[0])):
                    break
                if queue:
                    self._execute(queue.popleft(), now)
                elif self._parser.held:
                    # That depended on whether the last request was a good AUTH.
                    self._parse(b"")
                elif self._backlog:
                    # Cut where a request seems to end: whole requests are taken apart much faster than halves.
                    end = self._backlog.rfind(b"\n*", 0, _BITE) + 1 if len(self._backlog) > _BITE else 0
                    bite, self._backlog = self._backlog[: end or _BITE], self._backlog[end or _BITE :]
                    self._parse(bite)
                else:
                    break
                if (queue or self._backlog) and clock.now() - now >= _TURN:
                    self._rest()
                    break
        finally:
            self._executing = False
        stopped = self._waiting or self._closing or self._choked or self._resting
        if self._parser.error is not None and not (queue or stopped):
            self._violated(self._parser.error)
        if self._closing:
            self._finish()
        else:
            self._mind_reading()

    def _execute(self, request: list[bytes], now: Millis) -> None:
        house, session = self._house, self.session
        house.commands_processed += 1
        answer = house.dispatch(session, request)
        if type(answer) is Now:
            for reply in answer.replies:
                self._say(encode(reply, session.protocol))
            if self._held and not self._owed:
                self._release()
            if session.subscribed is not self._listed:
                self._listed = session.subscribed
                house.listens(self, subscribed=self._listed)
            if answer.close:
                self._closing = True
            for event in answer.inputs:
                house.feed(event, now)
            if answer.inputs:
                self._hear_on(request, answer, now)
            elif len(request) > 1:
                house.asked(now)
        elif isinstance(answer, Later):
            self._waiting = True
            self._owed.owe(answer)
            house.ask(self, answer, now)
        elif isinstance(answer, Postponed):
            house.commands_processed -= 1
            self._queue.appendleft(request)
            self._waiting = self._postponed = True
            house.postpone(self)

    def _hear_on(self, request: list[bytes], answer: Now, now: Millis) -> None:
        """Take the hellos behind one that was taken: peers send hundreds of them in one breath. They are the same
        request but for what they tell, so what was found of the first holds for all.
        """
        if type(answer.inputs[0]) is not HelloSeen or answer.replies != _TAKEN or self._owed or self._closing:
            return
        queue, words = self._queue, request[:2]
        events: list[Input] = []
        count = 0
        while queue and len(queue[0]) == len(request) and queue[0][:2] == words:
            events.extend(heard(queue.popleft()[2]))
            count += 1
        if count:
            self._house.commands_processed += count
            self.session.commands += count
            self._write(encode(_TAKEN[0], self.session.protocol) * count)
            self._house.feed_all(events, now)

    def answered(self, later: Later, result: Result) -> None:
        """The result of the question that this connection waits for."""
        due = self._owed.pay(later, b"" if later.silent else encode(later.render(result), self.session.protocol))
        self._waiting = self._postponed or bool(self._owed)
        if self._transport is None:
            return
        for reply in filter(None, due):
            self._write(reply)
        if not self._owed:
            self._release()
        if not (self._owed or self._executing):
            # Not from within an effect: the next request may be another question.
            self._loop.call_soon(self._continue)

    def _rest(self) -> None:
        """Let everybody else have a turn, and go on then."""
        self._resting = True
        self._loop.call_soon(self._rested)

    def _rested(self) -> None:
        self._resting = False
        self._continue()

    def retry(self) -> None:
        """The pause is over."""
        if self._postponed:
            self._postponed = False
            self._waiting = bool(self._owed)
            self._continue()

    def _continue(self) -> None:
        if self._transport is not None:
            self._run(clock.now())

    def _violated(self, error: str) -> None:
        self._house.protocol_errors += 1
        if error:
            self._write(encode(Error(error), self.session.protocol))
        self._closing = True

    # --- replies ----------------------------------------------------------------------------------------------------

    def push(self, message: Reply) -> None:
        """A Pub/Sub message. It follows the reply to a command in execution, which may have caused it."""
        data = encode(message, self.session.protocol)
        if self._executing or self._owed:
            self._held.append(data)
            self._out_size += len(data)
        else:
            self._write(data)
        self._check_output()

    def flush(self) -> None:
        """Hand all waiting bytes to the transport in one write."""
        if not self._out or self._transport is None or self._transport.is_closing():
            return
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        self._out_size -= len(data)
        self.total_out += len(data)
        self._house.bytes_out += len(data)
        self._transport.write(data)

    def _say(self, data: bytes) -> None:
        if self._owed:
            self._owed.add(data)
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if not self._out:
            self._house.touch(self)
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size > _FLUSH_AT:
            self.flush()
            self._check_output()

    def _release(self) -> None:
        held, self._held = self._held, []
        for data in held:
            self._out_size -= len(data)
            self._write(data)

    # --- limits and ends --------------------------------------------------------------------------------------------

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client to read."""
        return self._out_size + (self._transport.get_write_buffer_size() if self._transport is not None else 0)

    @property
    def unread(self) -> int:
        """Bytes of requests that are not executed yet."""
        queued = sum(len(word) for request in self._queue for word in request)
        return self._parser.buffered + len(self._backlog) + queued

    @property
    def waiting(self) -> bool:
        """True while a request has no reply yet."""
        return self._waiting

    def close_after_reply(self) -> None:
        """Close; but if our own request is the one being executed, after its reply."""
        if self._executing:
            self._closing = True
        else:
            self.kill()

    def kill(self) -> None:
        """Close now, whatever is unsaid."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def say_goodbye(self) -> None:
        """Close; what was already said leaves first if the client takes it."""
        self._closing = True
        self._finish()

    def look_again(self) -> None:
        """The soft limit's time may be over."""
        self._check_output()

    def _check_output(self) -> None:
        limit = self._house.output_limit(subscribed=self._listed)
        size = self.unsent
        hard = limit.hard or MAX_OUTPUT
        if size > hard:
            self._overcome()
        elif limit.soft and size > limit.soft:
            now = clock.now()
            if not self._soft_since:
                self._soft_since = now
                self._house.later(limit.soft_seconds, self)
            elif now - self._soft_since >= limit.soft_seconds * 1000:
                self._overcome()
        else:
            self._soft_since = 0

    def _overcome(self) -> None:
        if not self._closing:
            self._house.closed_for(self.session, "overcoming of output buffer limits")
            self.kill()

    def _mind_reading(self) -> None:
        """Read only from a client that reads, and whose requests we can execute: the rest waits in the kernel."""
        wanted = not (self._waiting or self._choked or self._closing or self._resting)
        if wanted is not self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _finish(self) -> None:
        """Let the last reply leave, but not for ever."""
        self.flush()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            self._loop.call_later(_GOODBYE_SECONDS, transport.abort)
        transport.close()
