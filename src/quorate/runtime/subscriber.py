"""Pub/Sub links: one subscription to the hello channel of a server, on a connection of its own."""

from quorate.core.inputs import HelloSeen, LinkRefused, PubSubSpoke
from quorate.core.outcome import Connect
from quorate.core.requests import Authenticate, NameClient, Request, SubscribeHello
from quorate.model.identity import RunId, bytes_of
from quorate.model.millis import Millis
from quorate.runtime.line import MAX_UNREAD, Line
from quorate.runtime.ports import Station
from quorate.runtime.spelling import spelling
from quorate.wire.hello import parse_hello
from quorate.wire.replies import BrokenReply, ReplyReader
from quorate.wire.values import Error, Push, Reply


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
        try:
            replies = self._reader.feed(data)
        except BrokenReply as broken:
            self._take(broken.replies, stamp)
            self.fail(f"Protocol error: {broken}")
            return
        self._take(replies, stamp)

    def _take(self, replies: list[Reply], stamp: Millis) -> None:
        for reply in replies:
            if self._over:
                return
            items = reply.items if isinstance(reply, Push) else reply
            if isinstance(items, list) and len(items) == 3 and items[0] == b"message":
                self._heard(items[2], stamp)
            else:
                self._answered(reply, stamp)

    def _heard(self, payload: Reply, stamp: Millis) -> None:
        if isinstance(payload, bytes) and self._myid not in payload:
            hello = parse_hello(payload)
            if hello is not None:
                self._feed(HelloSeen(self.conn, hello), stamp)
                return
            self._station.drop("hello", self.label)
        # Our own hello, or nonsense: in both cases the channel is alive.
        self._feed(self._spoke, stamp)

    def _answered(self, reply: Reply, stamp: Millis) -> None:
        """The reply to a command; the confirmation of SUBSCRIBE is one, and shows that the channel works."""
        subscribing = self._expected.pop(0) if self._expected else True
        if not isinstance(reply, Error):
            if subscribing:
                self._feed(self._spoke, stamp)
            return
        self._feed(LinkRefused(self.conn, reply.text), stamp)
        if subscribing and not self._over:
            self.fail(reply.text)
