"""Proves that subscriptions are left alone only in calm times, lose nothing by it, and wake when something happens."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from quorate.core.inputs import HelloSeen, LinkClosed
from quorate.runtime.doze import CALM_SECONDS, LOOK_SECONDS, Doze
from tests.runtime.stage import LOOPS, eventually, play
from tests.runtime.test_links_pubsub import CONN, MYID, OTHER, SPOKE, SUBSCRIBED, Talk, hello, listening, message


class Hand:
    """A clock that is moved by hand, with room for one timer."""

    def __init__(self) -> None:
        self.clock = self.due = 0.0
        self.timer: Callable[[], None] | None = None

    def time(self) -> float:
        return self.clock

    def call_later(self, delay: float, callback: Callable[[], None], /) -> "Hand":
        self.due, self.timer = self.clock + delay, callback
        return self

    def cancel(self) -> None:
        self.timer = None

    def pass_time(self, seconds: float) -> None:
        end = self.clock + seconds
        while self.timer is not None and self.due <= end:
            self.clock, timer, self.timer = self.due, self.timer, None
            timer()
        self.clock = end


@dataclass
class Sleeper:
    """A subscription that counts what is asked of it."""

    over: bool = False
    asleep: bool = False
    looks: list[float] = field(default_factory=list)
    loop: Hand | None = None

    def doze(self) -> None:
        self.asleep = True

    def look(self) -> None:
        if self.asleep and self.loop is not None:
            self.looks.append(self.loop.time())

    def wake(self) -> None:
        self.asleep = False


def test_they_doze_after_a_calm_time_and_wake_at_a_stir() -> None:
    loop = Hand()
    doze, sleeper = Doze(loop), Sleeper(loop=loop)
    doze.add(sleeper)
    loop.pass_time(CALM_SECONDS - LOOK_SECONDS / 2)
    assert not sleeper.asleep
    loop.pass_time(2 * LOOK_SECONDS)
    assert sleeper.asleep
    doze.stir()
    assert not sleeper.asleep
    loop.pass_time(CALM_SECONDS - LOOK_SECONDS)
    assert not sleeper.asleep


@pytest.mark.parametrize("count", [1, 256, 257, 2000])
def test_each_is_looked_at_once_in_a_look_time(count: int) -> None:
    loop = Hand()
    doze, sleepers = Doze(loop), [Sleeper(loop=loop) for _ in range(count)]
    for sleeper in sleepers:
        doze.add(sleeper)
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
    doze, gone, other = Doze(loop), Sleeper(loop=loop), Sleeper(loop=loop)
    doze.add(gone)
    doze.add(other)
    gone.over = True
    loop.pass_time(CALM_SECONDS + LOOK_SECONDS)
    assert (gone.asleep, other.asleep) == (False, True)
    doze.allowed = False
    loop.pass_time(CALM_SECONDS)
    assert not other.asleep
    other.over = True
    loop.pass_time(2 * LOOK_SECONDS)
    assert loop.timer is None


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
                talk.link.look()
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
                talk.link.look()
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
            talk.link.look()
            await eventually(lambda: talk.stage.inputs == [LinkClosed(CONN, "Server closed the connection")])
            talk.link.look()
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
            talk.link.look()
            assert talk.link.over
            assert talk.stage.inputs == []

    play(loop, scene())
