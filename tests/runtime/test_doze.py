"""Proves that subscriptions are left alone only in calm times, lose nothing by it, and wake when something happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from quorate.core.inputs import HelloSeen, KindAnswered, LinkClosed, Pinged, Pong
from quorate.core.requests import AskKind, Ping
from quorate.runtime.doze import CALM_SECONDS, LOOK_SECONDS, MANY, TURN_SECONDS, Doze
from quorate.runtime.links import CommandLink
from quorate.runtime.ports import Outward
from tests.runtime.stage import LOOPS, FarEnd, Stage, eventually, play
from tests.runtime.test_links_pubsub import CONN, MYID, OTHER, SPOKE, SUBSCRIBED, Talk, hello, listening, message


class Hand:
    """A clock that is moved by hand, with room for one timer."""

    def __init__(self) -> None:
        self.clock = self.due = 0.0
        self.timer: Callable[[], None] | None = None
        self.readers: dict[int, Callable[[], None]] = {}

    def time(self) -> float:
        return self.clock

    def call_later(self, delay: float, callback: Callable[[], None], /) -> "Hand":
        self.due, self.timer = self.clock + delay, callback
        return self

    def cancel(self) -> None:
        self.timer = None

    def add_reader(self, fd: int, callback: Callable[[], None], /) -> None:
        self.readers[fd] = callback

    def remove_reader(self, fd: int, /) -> bool:
        return self.readers.pop(fd, None) is not None

    def pass_time(self, seconds: float) -> None:
        end = self.clock + seconds
        while self.timer is not None and self.due <= end:
            self.clock, timer, self.timer = self.due, self.timer, None
            timer()
        self.clock = end


@dataclass
class Sleeper:
    """A subscription that counts what is asked of it."""

    loop: Hand
    over: bool = False
    asleep: bool = False
    looks: list[float] = field(default_factory=list)

    def rest(self) -> int | None:
        if self.asleep:
            self.looks.append(self.loop.time())
        self.asleep = True
        return None

    def look(self, stamp: int) -> None:
        raise AssertionError(stamp)

    def wake(self) -> None:
        self.asleep = False


def crowd(loop: Hand, count: int = MANY) -> tuple[Doze, list[Sleeper]]:
    """So many sleepers, and who looks after them."""
    doze, sleepers = Doze(loop), [Sleeper(loop) for _ in range(count)]
    for sleeper in sleepers:
        doze.add(sleeper)
    return doze, sleepers


def test_they_doze_after_a_calm_time_and_wake_at_a_stir() -> None:
    loop = Hand()
    doze, sleepers = crowd(loop)
    loop.pass_time(CALM_SECONDS - LOOK_SECONDS / 2)
    assert not any(sleeper.asleep for sleeper in sleepers)
    loop.pass_time(2 * LOOK_SECONDS)
    assert all(sleeper.asleep for sleeper in sleepers)
    doze.stir()
    assert not any(sleeper.asleep for sleeper in sleepers)
    loop.pass_time(CALM_SECONDS - LOOK_SECONDS)
    assert not any(sleeper.asleep for sleeper in sleepers)


def test_a_few_are_always_awake() -> None:
    loop = Hand()
    _, sleepers = crowd(loop, MANY - 1)
    loop.pass_time(3 * CALM_SECONDS)
    assert not any(sleeper.asleep for sleeper in sleepers)


@pytest.mark.parametrize("count", [MANY, 256, 257, 2000])
def test_each_is_looked_at_once_in_a_look_time(count: int) -> None:
    loop = Hand()
    _, sleepers = crowd(loop, count)
    loop.pass_time(CALM_SECONDS + 2 * LOOK_SECONDS)
    for sleeper in sleepers:
        sleeper.looks.clear()
    loop.pass_time(10 * LOOK_SECONDS)
    for sleeper in sleepers:
        assert len(sleeper.looks) in {9, 10, 11}
        gaps = [later - earlier for earlier, later in zip(sleeper.looks, sleeper.looks[1:], strict=False)]
        assert max(gaps) < 1.5 * LOOK_SECONDS


def test_those_that_have_ended_are_forgotten_and_none_doze_where_that_is_not_allowed() -> None:
    loop = Hand()
    doze, (gone, *others) = crowd(loop, MANY + 1)
    gone.over = True
    loop.pass_time(CALM_SECONDS + LOOK_SECONDS)
    assert not gone.asleep
    assert all(other.asleep for other in others)
    doze.allowed = False
    loop.pass_time(CALM_SECONDS)
    assert not any(other.asleep for other in others)
    for other in others:
        other.over = True
    loop.pass_time(2 * LOOK_SECONDS)
    assert loop.timer is None


@dataclass
class Debtor:
    """A connection that owes an answer that takes a third of a turn to read, and another one after that."""

    doze: Doze
    spent: list[float]
    looks: int = 0

    def look(self, stamp: int) -> None:
        assert stamp == 7
        self.looks += 1
        self.spent.append(TURN_SECONDS / 3 + 1e-9)
        self.doze.owes(self)


def test_answers_are_read_in_portions_each_once_and_hurriedly_all_that_are_left() -> None:
    spent: list[float] = []
    doze = Doze(Hand(), lambda: sum(spent))
    debtors = [Debtor(doze, spent) for _ in range(8)]
    for debtor in debtors:
        doze.owes(debtor)
    assert [doze.look_on(7) for _ in range(3)] == [True, True, False]
    assert [debtor.looks for debtor in debtors] == [1] * len(debtors)
    assert doze.look_on(7)
    doze.look(7)
    assert [debtor.looks for debtor in debtors] == [3] * 3 + [2] * 5


async def _subscribed(talk: Talk) -> None:
    talk.writer.write(b"+OK\r\n+OK\r\n" + SUBSCRIBED)
    await talk.stage.heard(2)
    talk.stage.inputs.clear()


@pytest.mark.parametrize("loop", LOOPS)
def test_a_dozing_subscription_says_at_the_look_what_came_and_hears_at_once_when_awake(loop: str) -> None:
    async def scene() -> None:
        async with listening() as talk:
            await _subscribed(talk)
            talk.link.doze()
            await asyncio.sleep(0.02)
            talk.writer.write(message(hello(OTHER)) + message(hello(MYID)))
            await asyncio.sleep(0.05)
            assert talk.stage.inputs == []
            for _ in range(2):
                # The second time the same bytes need not be taken apart.
                talk.link.look(0)
                other, own = talk.stage.inputs
                assert isinstance(other, HelloSeen)
                assert own == SPOKE
                talk.stage.inputs.clear()
                talk.writer.write(message(hello(OTHER)) + message(hello(MYID)))
                await asyncio.sleep(0.05)
            talk.link.wake()
            await talk.stage.heard(2)

    play(loop, scene())


@pytest.mark.parametrize("loop", LOOPS)
def test_half_a_message_is_put_together_over_two_looks(loop: str) -> None:
    async def scene() -> None:
        async with listening() as talk:
            await _subscribed(talk)
            talk.link.doze()
            whole = message(hello(OTHER))
            for half in (whole[:50], whole[50:]):
                talk.writer.write(half)
                await asyncio.sleep(0.05)
                talk.link.look(0)
            (heard,) = talk.stage.inputs
            assert isinstance(heard, HelloSeen)

    play(loop, scene())


@pytest.mark.parametrize("loop", LOOPS)
def test_the_end_of_a_dozing_connection_is_seen_at_the_look(loop: str) -> None:
    async def scene() -> None:
        async with listening() as talk:
            await _subscribed(talk)
            talk.link.doze()
            await asyncio.sleep(0.02)
            talk.writer.close()
            await asyncio.sleep(0.05)
            assert talk.stage.inputs == []
            talk.link.look(0)
            await eventually(lambda: talk.stage.inputs == [LinkClosed(CONN, "Server closed the connection")])
            talk.link.look(0)
            talk.link.wake()

    play(loop, scene())


@pytest.mark.parametrize("loop", LOOPS)
def test_one_that_was_hung_up_is_never_read_again(loop: str) -> None:
    async def scene() -> None:
        async with listening() as talk:
            await _subscribed(talk)
            talk.link.doze()
            talk.writer.write(message(hello(OTHER)))
            await asyncio.sleep(0.05)
            talk.link.hang_up()
            talk.link.look(0)
            assert talk.link.over
            assert talk.stage.inputs == []

    play(loop, scene())


@pytest.mark.parametrize("loop", LOOPS)
def test_the_end_of_a_dozing_connection_wakes_it_at_once_and_bytes_do_not(loop: str) -> None:
    async def scene() -> None:
        doze = Doze(asyncio.get_running_loop())
        async with listening() as talk:
            await _subscribed(talk)
            descriptor = talk.link.doze()
            assert descriptor is not None
            doze.watch(descriptor, talk.link)
            talk.writer.write(message(hello(MYID)))
            await asyncio.sleep(0.05)
            assert talk.stage.inputs == []
            talk.writer.close()
            await eventually(lambda: talk.stage.inputs[-1:] == [LinkClosed(CONN, "Server closed the connection")])
            # What it said before its end is not lost.
            assert talk.stage.inputs[0] == SPOKE
            doze.close()

    play(loop, scene())


class Waiting:
    """A command link that dozes, with the far end of it."""

    def __init__(
        self, stage: Stage, link: CommandLink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.stage, self.link, self.reader, self.writer = stage, link, reader, writer


@asynccontextmanager
async def dozing() -> AsyncIterator[Waiting]:
    far, stage = FarEnd(), Stage()
    link = CommandLink(stage, far.order())
    link.dial(asyncio.get_running_loop(), Outward())
    reader, writer = await far.accept()
    await stage.heard(1)
    stage.inputs.clear()
    link.rest()
    try:
        yield Waiting(stage, link, reader, writer)
    finally:
        link.hang_up()
        await far.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_an_answer_to_a_dozing_link_is_read_when_the_world_looks(loop: str) -> None:
    async def scene() -> None:
        async with dozing() as one:
            one.link.send(Ping())
            assert one.stage.owing == [one.link]
            await one.reader.read(100)
            one.writer.write(b"+PO")
            await asyncio.sleep(0.05)
            one.link.look(5)
            assert one.stage.inputs == []
            # It still owes the rest.
            assert one.stage.owing == [one.link, one.link]
            one.writer.write(b"NG\r\n")
            await asyncio.sleep(0.05)
            assert one.stage.inputs == []
            one.link.look(6)
            assert one.stage.inputs == [Pinged(CONN, Pong.PONG, "PONG")]
            assert one.stage.owing == [one.link, one.link]

    play(loop, scene())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_question_that_matters_wakes_a_dozing_link(loop: str) -> None:
    async def scene() -> None:
        async with dozing() as one:
            one.link.send(AskKind())
            await one.reader.read(100)
            one.writer.write(b"*0\r\n")
            assert await one.stage.heard(1) == [KindAnswered(CONN, True)]

    play(loop, scene())
