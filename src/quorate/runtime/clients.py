"""All clients together: who may connect, who waits for what, who listens, and what they may hold at most."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from quorate.commands.acl import Book
from quorate.commands.contract import Answer, Later, Session
from quorate.commands.pubsub import deliver
from quorate.conf.options import ClientOptions, OutputLimit
from quorate.core.inputs import Caller, Input
from quorate.core.outcome import Reply as ReplyEffect
from quorate.model.address import join
from quorate.model.millis import Millis
from quorate.model.notice import Level
from quorate.runtime import clock
from quorate.runtime.ports import Flushable, Log
from quorate.runtime.session import Connection
from quorate.wire.requests import DEFAULT_MAX_BUFFER

RESERVED = 32
"""Places beyond maxclients that only the addresses of known peers may take."""

MAX_BUFFERED = 256 * 1024 * 1024
"""Bytes of unfinished requests that all clients may hold together."""

_HEAVY = 64 * 1024
"""Unfinished requests below this are not counted: ten thousand of them still fit anywhere."""

_LONGEST_SLEEP: Millis = 86_400_000

_FULL = b"-ERR max number of clients reached\r\n"
_PROTECTED = (
    b"-DENIED This sentinel runs in protected mode and its default user has no password, so it only answers "
    b"connections from its own machine. Set a password (requirepass), or protected-mode no, in its configuration.\r\n"
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What clients need of the world: the core, the commands, the writer of output, who minds that they ask, and the
    addresses of peers.
    """

    feed: Callable[[Input, Millis | None], None]
    feed_all: Callable[[Sequence[Input], Millis], None]
    dispatch: Callable[[Session, list[bytes]], Answer]
    touch: Callable[[Flushable], None]
    asked: Callable[[Millis], None]
    peers: Callable[[], frozenset[str]]
    log: Log


class Clients:
    """Every client connection, and the counters of INFO that are about them."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        around: Neighbours,
        acl: Book,
        options: ClientOptions,
        maxclients: int,
        protected_mode: bool,
    ) -> None:
        self.acl = acl
        self.max_query = min(options.query_limit, DEFAULT_MAX_BUFFER)
        self.commands_processed = 0
        self.connections_received = 0
        self.connections_rejected = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.protocol_errors = 0
        self.paused_until: Millis = 0
        self.paused_writes_only = False
        self._loop = loop
        self._options = options
        self._maxclients = maxclients
        self._protected_mode = protected_mode
        self._around = around
        self.dispatch = around.dispatch
        self.touch = around.touch
        self.asked = around.asked
        self.feed_all = around.feed_all
        self._connections: dict[int, Connection] = {}
        self._listening: dict[int, Connection] = {}
        self._heavy: dict[int, int] = {}
        self._postponed: list[Connection] = []
        self._pause_timer: asyncio.TimerHandle | None = None
        self._asked: dict[Caller, tuple[Connection, Later]] = {}
        self._ids = itertools.count(1)
        self._callers = itertools.count(1)
        if options.timeout:
            self._loop.call_later(1.0, self._sweep)

    def protocol(self) -> Connection:
        """The protocol object for a connection that is being accepted."""
        return Connection(self, self._loop)

    # --- coming and going -------------------------------------------------------------------------------------------

    def admit(self, connection: Connection, transport: asyncio.Transport) -> Session | None:
        """A session, or None after telling a client that is one too many, or from outside in protected mode."""
        peer, ours = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        host = peer[0] if isinstance(peer, tuple) else ""
        if self._full_for(host):
            self.connections_rejected += 1
            transport.write(_FULL)
            return None
        self.connections_received += 1
        if self._protected_mode and self.acl.default.nopass and not _is_local(host):
            self.connections_rejected += 1
            transport.write(_PROTECTED)
            return None
        sock, now = transport.get_extra_info("socket"), clock.now()
        session = Session(
            id=next(self._ids),
            address=_shown(peer) if host else _shown(ours),
            local_address=_shown(ours),
            fd=sock.fileno() if sock is not None else -1,
            opened=now,
            user=self.acl.default,
            authenticated=not self.acl.login_required,
            last_active=now,
        )
        self._connections[session.id] = connection
        return session

    def leave(self, connection: Connection) -> None:
        """The connection has ended."""
        number = connection.session.id
        self._connections.pop(number, None)
        self._listening.pop(number, None)
        self._heavy.pop(number, None)
        if connection in self._postponed:
            self._postponed.remove(connection)

    def sessions(self) -> Iterator[Session]:
        """All sessions in the order of their ids, their sizes up to date."""
        for connection in list(self._connections.values()):
            session, buffers = connection.session, connection.session.buffers
            buffers.query = connection.unread
            buffers.output = buffers.output_memory = connection.unsent
            buffers.total_in, buffers.total_out = connection.total_in, connection.total_out
            yield session

    def close(self, session: Session) -> None:
        """End a session; if its own command asks for it, after the reply."""
        connection = self._connections.get(session.id)
        if connection is not None:
            connection.close_after_reply()

    def close_all(self) -> None:
        """End every session; what was said leaves if the client takes it."""
        for connection in list(self._connections.values()):
            connection.say_goodbye()

    # --- questions to the core --------------------------------------------------------------------------------------

    def ask(self, connection: Connection, later: Later, stamp: Millis) -> None:
        """Put a question to the core; its answer comes back through `resolve`, perhaps before this returns."""
        caller = Caller(next(self._callers))
        self._asked[caller] = connection, later
        self._around.feed(later.ask(caller), stamp)

    def feed(self, event: Input, stamp: Millis | None = None) -> None:
        """Hand an input to the core."""
        self._around.feed(event, stamp)

    def resolve(self, reply: ReplyEffect) -> None:
        """Bring an answer to whoever asked, if still there."""
        asked = self._asked.pop(reply.caller, None)
        if asked is not None:
            connection, later = asked
            connection.answered(later, reply.result)

    # --- Pub/Sub ----------------------------------------------------------------------------------------------------

    def listens(self, connection: Connection, *, subscribed: bool) -> None:
        """Remember who has subscriptions, so that an event costs nothing when nobody has."""
        if subscribed:
            self._listening[connection.session.id] = connection
        else:
            self._listening.pop(connection.session.id, None)

    def publish(self, channel: bytes, payload: bytes) -> None:
        """Deliver an event to everybody who listens to it."""
        if not self._listening:
            return
        listening = dict(self._listening)
        for session, message in deliver([one.session for one in listening.values()], channel, payload):
            listening[session.id].push(message)

    # --- CLIENT PAUSE -----------------------------------------------------------------------------------------------

    def postpone(self, connection: Connection) -> None:
        """Have the connection try again when the pause is over."""
        self._postponed.append(connection)

    def pause(self, until: Millis, *, writes_only: bool = False) -> None:
        """Hold commands back until then, or only those that write; 0 lifts the pause."""
        self.paused_until, self.paused_writes_only = until, writes_only
        if self._pause_timer is not None:
            self._pause_timer.cancel()
        self._pause_timer = self._loop.call_later(self._pause_left() / 1000, self._resume)

    def _pause_left(self) -> Millis:
        """How long to sleep before looking whether the pause is over: a client may ask for millions of years."""
        return max(0, min(self.paused_until - clock.now(), _LONGEST_SLEEP))

    def _resume(self) -> None:
        rest = self._pause_left()
        if rest:
            self._pause_timer = self._loop.call_later(rest / 1000, self._resume)
            return
        self.paused_until, self._pause_timer = 0, None
        waiting, self._postponed = self._postponed, []
        for connection in waiting:
            connection.retry()

    # --- limits -----------------------------------------------------------------------------------------------------

    def output_limit(self, *, subscribed: bool) -> OutputLimit:
        """The class of client-output-buffer-limit that applies."""
        return self._options.pubsub if subscribed else self._options.normal

    def too_much_buffered(self, connection: Connection, size: int) -> bool:
        """Count a connection's unfinished requests; True if it is the one that goes too far."""
        number = connection.session.id
        if size < _HEAVY:
            if self._heavy:
                self._heavy.pop(number, None)
            return False
        self._heavy[number] = size
        return sum(self._heavy.values()) > MAX_BUFFERED

    def closed_for(self, session: Session, reason: str) -> None:
        """Tell the log why a client was closed."""
        self._around.log.write(Level.WARNING, f"Client id={session.id} addr={session.address} closed for {reason}.")

    def later(self, seconds: float, connection: Connection) -> None:
        """Have the connection's limits looked at again."""
        self._loop.call_later(seconds, connection.look_again)

    def _full_for(self, host: str) -> bool:
        count, limit = len(self._connections), self._maxclients
        if count < limit:
            return False
        return count >= limit + RESERVED or host not in self._around.peers()

    def _sweep(self) -> None:
        """Close clients that were silent for `timeout` seconds. Subscribers and those who wait for us may be silent."""
        oldest = clock.now() - self._options.timeout * 1000
        for connection in list(self._connections.values()):
            session = connection.session
            if session.last_active < oldest and not session.subscribed and not connection.waiting:
                connection.kill()
        self._loop.call_later(1.0, self._sweep)


def _is_local(host: str) -> bool:
    """True for the loopback interface and for Unix sockets, which have no host."""
    return not host or host.startswith("127.") or host in {"::1", "::ffff:127.0.0.1"}


def _shown(name: object) -> str:
    """An end of a connection as Redis prints it: ip:port, or the path of a Unix socket and port 0."""
    if isinstance(name, tuple):
        return join(str(name[0]), int(name[1]))
    path = name.decode(errors="surrogateescape") if isinstance(name, bytes) else str(name or "")
    return f"{path}:0"
