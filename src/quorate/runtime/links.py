"""Command links: PING, INFO, hellos, questions to peers and orders to servers, and what comes back."""

from collections import deque
from enum import Enum, auto
from typing import TypeAlias, assert_never

from quorate.core.inputs import (
    ConfigTold,
    GoneTold,
    InfoArrived,
    KindAnswered,
    LinkRefused,
    MoveAnswered,
    PeerAnswered,
    Pinged,
    Pong,
    Published,
    Reconfigured,
    Step,
)
from quorate.core.outcome import Connect
from quorate.core.requests import (
    AskConfig,
    AskDown,
    AskGone,
    AskInfo,
    AskKind,
    AskOffset,
    Authenticate,
    HandOver,
    InstanceId,
    KillScript,
    MoveId,
    MoveRequest,
    NameClient,
    PauseWrites,
    Ping,
    PublishHello,
    Reconfigure,
    Rehearse,
    RehearseHandOver,
    Request,
    ResumeWrites,
    StepAside,
    StopHandOver,
    SubscribeHello,
)
from quorate.model.identity import Epoch
from quorate.model.millis import Millis
from quorate.runtime import transactions
from quorate.runtime.line import MAX_UNREAD, UNSOLICITED, Line
from quorate.runtime.ports import Station
from quorate.runtime.spelling import spelling
from quorate.wire.info import InfoReader
from quorate.wire.replies import PONG, BrokenReply, ReplyReader, config_of, gone_of, ping_word, vote_of
from quorate.wire.values import Error, Reply


class _Kind(Enum):
    """What a reply that is still to come will be about."""

    SETUP = auto()
    IGNORED = auto()
    PING = auto()
    INFO = auto()
    PUBLISH = auto()
    ASK = auto()
    KIND = auto()
    CONFIG = auto()
    GONE = auto()
    QUEUED = auto()
    EXEC = auto()
    REHEARSED = auto()
    PAUSED = auto()
    OFFSET = auto()
    STEPPED_ASIDE = auto()
    HANDED_OVER = auto()


_Expected: TypeAlias = tuple[_Kind, InstanceId]

_NOBODY = InstanceId(0)
_SETUP: _Expected = (_Kind.SETUP, _NOBODY)
_IGNORED: _Expected = (_Kind.IGNORED, _NOBODY)
_PING: _Expected = (_Kind.PING, _NOBODY)
_INFO: _Expected = (_Kind.INFO, _NOBODY)
_QUEUED: _Expected = (_Kind.QUEUED, _NOBODY)
_KIND: _Expected = (_Kind.KIND, _NOBODY)

# Python 3.11 takes its time to find the member of an enum.
_PUBLISH = _Kind.PUBLISH

_PONG = b"+PONG\r\n"

_USUAL: dict[bytes, list[Reply]] = {
    **{b":%d\r\n" % heard: [heard] for heard in range(100)},
    **{b"+PONG\r\n:%d\r\n" % heard: [PONG, heard] for heard in range(100)},
}
"""What comes back for a hello, alone or beside a PING."""

_PONGS = {pong.value: pong for pong in Pong}

_ROUTINE = {Ping, PublishHello, AskInfo}
"""What is asked again and again; nobody waits for the answers in a hurry."""


class CommandLink(Line):
    """One command connection. Replies come in the order of requests, so a queue tells what each one is about."""

    def __init__(self, station: Station, order: Connect) -> None:
        super().__init__(station, order)
        self._spelling = spelling(order.renames)
        self._expected: deque[_Expected] = deque()
        self._ballots: deque[Epoch] = deque()
        self._reader = ReplyReader(MAX_UNREAD)
        # Nearly every reply is this one, so it is made once.
        self._pinged = Pinged(order.conn, Pong.PONG, "PONG")
        self._published = Published(order.conn, _NOBODY, True)
        self._partial = False
        self._infos = InfoReader()
        self._first_error = ""

    def use(self, renames: tuple[tuple[str, str], ...]) -> None:
        self._spelling = spelling(renames)

    def send(self, request: Request) -> None:
        data, expected = self._spelled(request)
        self.write(data)
        if self._dozing >= 0:
            self._asked(request)
        before = transactions.BEFORE_LAST.get(type(request))
        if before is not None:
            self._expected.extend([_QUEUED] * before)
        self._expected.append(expected)

    def rest(self) -> int | None:
        """In calm times answers are read when the core is woken for something else."""
        descriptor = self.doze()
        if descriptor is not None and self._expected:
            self._station.owes(self)
        return descriptor

    def look(self, stamp: Millis) -> None:
        super().look(stamp)
        if self._dozing >= 0 and self._expected:
            self._station.owes(self)

    def _asked(self, request: Request) -> None:
        if type(request) not in _ROUTINE:
            self.wake()
        elif not self._expected:
            self._station.owes(self)

    def _spelled(self, request: Request) -> tuple[bytes, _Expected]:
        match request:
            case Ping():
                return self._spelling.ping, _PING
            case PublishHello():
                return self._spelling.publish(request), (_PUBLISH, request.about)
            case AskInfo():
                return self._spelling.info, _INFO
            case AskDown():
                self._ballots.append(Epoch(0) if request.candidate is None else request.epoch)
                return self._spelling.ask_down(request), (_Kind.ASK, request.about)
            case Authenticate():
                return self._spelling.authenticate(request), _SETUP
            case NameClient():
                return self._spelling.name_client(request.name), _SETUP
            case Reconfigure():
                return self._spelling.reconfigure(request), (_Kind.EXEC, request.about)
            case AskKind():
                return self._spelling.kind, _KIND
            case AskConfig():
                return self._spelling.ask_config(request), (_Kind.CONFIG, request.about)
            case AskGone():
                return self._spelling.ask_gone(request), (_Kind.GONE, request.about)
            case KillScript():
                return self._spelling.script_kill, _IGNORED
            case SubscribeHello():
                raise AssertionError("subscriptions have a connection of their own")
            case _:
                return self._spelled_move(request)

    def _spelled_move(self, request: MoveRequest) -> tuple[bytes, _Expected]:
        match request:
            case Rehearse():
                return self._spelling.rehearse(), (_Kind.REHEARSED, InstanceId(request.move))
            case PauseWrites():
                return self._spelling.pause_writes(request), (_Kind.PAUSED, InstanceId(request.move))
            case AskOffset():
                return self._spelling.offset, (_Kind.OFFSET, InstanceId(request.move))
            case StepAside():
                self._until = request.until
                return self._spelling.step_aside(request), (_Kind.STEPPED_ASIDE, InstanceId(request.move))
            case ResumeWrites():
                return self._spelling.resume_writes, _IGNORED
            case RehearseHandOver():
                return self._spelling.rehearse_hand_over(), (_Kind.REHEARSED, InstanceId(request.move))
            case HandOver():
                return self._spelling.hand_over(request), (_Kind.HANDED_OVER, InstanceId(request.move))
            case StopHandOver():
                return self._spelling.stop_hand_over, _IGNORED
            case _:
                assert_never(request)

    def receive(self, data: bytes, stamp: Millis) -> None:
        if data == _PONG and not self._partial and self._expected and self._expected[0] is _PING:
            self._expected.popleft()
            self._feed(self._pinged, stamp)
            return
        if not self._partial and (usual := _USUAL.get(data)) is not None:
            expected = self._expected
            if len(usual) > 1 < len(expected) and expected[0] is _PING and expected[1][0] is _PUBLISH:
                expected.popleft()
                self._feed_all((self._pinged, self._was_published(expected.popleft()[1])), stamp)
                return
            self._take(usual, stamp)
            return
        try:
            replies = self._reader.feed(data)
        except BrokenReply as broken:
            self._take(broken.replies, stamp)
            self.fail(f"Protocol error: {broken}")
            return
        self._partial = not replies or not data.endswith(b"\r\n")
        self._take(replies, stamp)

    def _take(self, replies: list[Reply], stamp: Millis) -> None:
        for reply in replies:
            if self._over:
                return
            if not self._expected:
                self.fail(reply.text if isinstance(reply, Error) else UNSOLICITED)
                return
            kind, about = expected = self._expected.popleft()
            if expected is _PING and reply is PONG:
                self._feed(self._pinged, stamp)
            elif kind is _PUBLISH and type(reply) is int:
                self._feed(self._was_published(about), stamp)
            else:
                self._answered(kind, about, reply, stamp)

    def _was_published(self, about: InstanceId) -> Published:
        """The same again and again for a server; a peer has an instance for each master."""
        if self._published.about != about:
            self._published = Published(self.conn, about, True)
        return self._published

    def _answered(self, kind: _Kind, about: InstanceId, reply: Reply, stamp: Millis) -> None:
        match kind:
            case _Kind.PING:
                word, text = ping_word(reply)
                self._feed(Pinged(self.conn, _PONGS[word], text), stamp)
            case _Kind.INFO:
                self._informed(reply, stamp)
            case _Kind.PUBLISH:
                self._refused(reply, stamp)
                self._feed(Published(self.conn, about, not isinstance(reply, Error)), stamp)
            case _Kind.ASK:
                self._voted(about, reply, stamp)
            case _Kind.KIND:
                self._feed(KindAnswered(self.conn, isinstance(reply, list)), stamp)
            case _Kind.CONFIG:
                self._feed(ConfigTold(self.conn, about, *config_of(reply)), stamp)
            case _Kind.GONE:
                self._feed(GoneTold(self.conn, about, gone_of(reply)), stamp)
            case _Kind.QUEUED:
                if isinstance(reply, Error) and not self._first_error:
                    self._first_error = reply.text
            case _Kind.EXEC:
                error, self._first_error = transactions.turned(reply, self._first_error), ""
                self._feed(Reconfigured(self.conn, about, error), stamp)
            case _Kind.REHEARSED:
                self._moved(Step.REHEARSED, about, transactions.rehearsed(reply, self._first_error), stamp)
            case _Kind.PAUSED:
                self._moved(Step.PAUSED, about, transactions.paused(reply, self._first_error), stamp)
            case _Kind.OFFSET:
                self._moved(Step.OFFSET, about, transactions.offset(reply), stamp)
            case _Kind.STEPPED_ASIDE:
                self._moved(Step.STEPPED_ASIDE, about, transactions.stepped_aside(reply, self._first_error), stamp)
            case _Kind.HANDED_OVER:
                self._moved(Step.HANDED_OVER, about, transactions.handed_over(reply), stamp)
            case _Kind.SETUP:
                self._refused(reply, stamp)
            case _Kind.IGNORED:
                pass
            case _:
                assert_never(kind)

    def _moved(self, step: Step, about: InstanceId, told: transactions.Told, stamp: Millis) -> None:
        self._first_error = ""
        self._feed(MoveAnswered(self.conn, MoveId(about), step, *told), stamp)

    def _refused(self, reply: Reply, stamp: Millis) -> None:
        if isinstance(reply, Error):
            self._feed(LinkRefused(self.conn, reply.text), stamp)

    def _informed(self, reply: Reply, stamp: Millis) -> None:
        if isinstance(reply, bytes):
            self._feed(InfoArrived(self.conn, self._infos.read(reply)), stamp)
        elif isinstance(reply, Error):
            self._refused(reply, stamp)
        else:
            self._station.drop("INFO", self.label)

    def _voted(self, about: InstanceId, reply: Reply, stamp: Millis) -> None:
        asked = self._ballots.popleft()
        if isinstance(reply, Error):
            # A peer that does not let us in: AUTH has already said so.
            return
        vote = vote_of(reply)
        if vote is None:
            self._station.drop("vote reply", self.label)
        else:
            self._feed(PeerAnswered(self.conn, about, *vote, asked), stamp)
