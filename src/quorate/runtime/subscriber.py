"""Pub/Sub links: one subscription to the hello channel of a server, on a connection of its own."""

from collections.abc import Sequence

from quorate.core.inputs import HelloSeen, LinkRefused, PubSubSpoke
from quorate.core.outcome import Connect
from quorate.core.requests import Authenticate, NameClient, Request, SubscribeHello
from quorate.model.hello import HELLO_CHANNEL
from quorate.model.identity import RunId, bytes_of
from quorate.model.millis import Millis
from quorate.runtime import clock
from quorate.runtime.line import MAX_UNREAD, UNSOLICITED, Line
from quorate.runtime.ports import Station
from quorate.runtime.spelling import spelling
from quorate.wire.encode import encode_command
from quorate.wire.hello import parse_hello
from quorate.wire.replies import BrokenReply, ReplyReader
from quorate.wire.values import Error, Push, Reply

_HEAD = encode_command("message", HELLO_CHANNEL, "")[: -len(b"$0\r\n\r\n")]
_FRAME = b"$%d\r\n%b\r\n"
"""A message as it comes, after a head that all have: RESP writes it as it writes a command."""

_KEPT = 64
"""Messages remembered by one link. A server with N sentinels around it hears N different ones again and again."""


class Subscriber(Line):
    """One Pub/Sub connection. An error reply to SUBSCRIBE ends it, as in C (spec 5.1); others are only reported."""

    def __init__(self, station: Station, order: Connect, myid: RunId) -> None:
        super().__init__(station, order)
        self._spelling = spelling(order.renames)
        self._myid = bytes_of(myid)
        self._reader = ReplyReader(MAX_UNREAD)
        # What is unanswered, in order: False for set-up commands, True for SUBSCRIBE.
        self._expected: list[bool] = []
        self._spoke = PubSubSpoke(order.conn)
        # Sentinels repeat their hellos every two seconds, so the usual packet has been taken apart before. The key is
        # what follows the head. (No server sends exactly such a packet in the middle of another message, so the reader
        # need not be asked.)
        self._known: dict[bytes, HelloSeen | PubSubSpoke] = {}
        self._confirmed = False

    def use(self, renames: tuple[tuple[str, str], ...]) -> None:
        self._spelling = spelling(renames)

    def send(self, request: Request) -> None:
        match request:
            case Authenticate():
                self.write(self._spelling.authenticate(request))
            case NameClient():
                self.write(self._spelling.name_client(request.name))
            case SubscribeHello():
                self.write(self._spelling.subscribe)
            case _:
                raise AssertionError(f"{type(request).__name__} does not belong on a Pub/Sub link")
        self._expected.append(type(request) is SubscribeHello)

    def receive(self, data: bytes, stamp: Millis) -> None:
        first, *messages = data.split(_HEAD)
        if not first:
            known = self._known
            try:
                events = [known[message] for message in messages]
            except KeyError:
                pass
            else:
                self._feed_all(events, stamp)
                return
        try:
            replies = self._reader.feed(data)
        except BrokenReply as broken:
            self._take(broken.replies, stamp)
            self.fail(f"Protocol error: {broken}")
            return
        self._take(replies, stamp, [] if first else messages)

    def rest(self) -> int | None:
        """In calm times nobody waits for what is said here, so that it is enough to look now and then."""
        self.look(clock.now())
        return self.doze() if self._confirmed else None

    def _take(self, replies: list[Reply], stamp: Millis, packets: Sequence[bytes] = ()) -> None:
        """Report replies; `packets` are the bytes that came, cut where messages may begin."""
        whole = len(replies) == len(packets)
        for number, reply in enumerate(replies):
            if self._over:
                return
            items = reply.items if isinstance(reply, Push) else reply
            if isinstance(items, list) and len(items) == 3 and items[0] == b"message":
                self._heard(items[2], stamp, packets[number] if whole else b"")
            else:
                self._answered(reply, stamp)

    def _heard(self, payload: Reply, stamp: Millis, packet: bytes) -> None:
        event: HelloSeen | PubSubSpoke = self._spoke
        # Our own hello, or nonsense: in both cases the channel is alive.
        if isinstance(payload, bytes) and self._myid not in payload:
            hello = parse_hello(payload)
            if hello is not None:
                event = HelloSeen(self.conn, hello)
            else:
                self._station.drop("hello", self.label)
                packet = b""
        if packet and isinstance(payload, bytes) and packet == _FRAME % (len(payload), payload):
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[packet] = event
        self._feed(event, stamp)

    def _answered(self, reply: Reply, stamp: Millis) -> None:
        """The reply to a command; the confirmation of SUBSCRIBE is one, and shows that the channel works."""
        if not self._expected:
            self.fail(reply.text if isinstance(reply, Error) else UNSOLICITED)
            return
        subscribing = self._expected.pop(0)
        if not isinstance(reply, Error):
            if subscribing:
                self._confirmed = True
                self._feed(self._spoke, stamp)
            return
        self._feed(LinkRefused(self.conn, reply.text), stamp)
        if subscribing and not self._over:
            self.fail(reply.text)
