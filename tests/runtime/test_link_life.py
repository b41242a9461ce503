"""Proves how command links come to stand, fail, and end, on both event loops."""

import asyncio
import socket
from dataclasses import replace

import pytest

from quorate.core.inputs import LinkClosed, LinkOpened
from quorate.core.requests import Authenticate, MoveId, Ping, ResumeWrites, StepAside
from quorate.runtime import clock
from quorate.runtime.line import TOO_LATE
from quorate.runtime.links import CommandLink
from quorate.runtime.ports import Outward
from quorate.wire.encode import encode_command
from tests.runtime.stage import FarEnd, Stage, eventually, play
from tests.runtime.talk import CONN, OPENED, both_loops, talking


@both_loops
def test_the_end_of_the_far_end_is_reported_once(loop: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.writer.close()
            assert (await talk.stage.heard(2))[1:] == [LinkClosed(CONN, "Server closed the connection")]
            talk.link.hang_up()
            talk.link.hang_up()
            await asyncio.sleep(0.01)
            assert len(talk.stage.inputs) == 2

    play(loop, scene())


@both_loops
def test_hanging_up_is_not_reported_and_what_was_sent_still_leaves(loop: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.link.send(Ping())
            talk.link.hang_up()
            talk.link.hang_up()
            assert await talk.reader.read() == encode_command("PING")
            assert talk.stage.inputs == [OPENED]
            assert talk.stage.forgotten == [CONN]

    play(loop, scene())


@both_loops
def test_a_refused_connection_was_not_refused_immediately(loop: str) -> None:
    async def scene() -> None:
        far, stage = FarEnd(), Stage()
        far.sock.close()
        CommandLink(stage, far.order()).dial(asyncio.get_running_loop(), Outward())
        assert not stage.inputs
        assert await stage.heard(1) == [LinkClosed(CONN, "Connection refused", immediate=False, refused=True)]

    play(loop, scene())


@pytest.mark.parametrize(("ip", "source"), [("not an ip", ""), ("::1", "127.0.0.1"), ("127.0.0.1", "192.0.2.77")])
def test_an_address_that_cannot_be_dialled_fails_immediately_but_not_from_within(ip: str, source: str) -> None:
    async def scene() -> None:
        far, stage = FarEnd(), Stage()
        CommandLink(stage, replace(far.order(), ip=ip)).dial(asyncio.get_running_loop(), Outward(bind_source=source))
        assert not stage.inputs
        (closed,) = await stage.heard(1)
        assert isinstance(closed, LinkClosed)
        assert closed.immediate
        await far.close()

    play("uvloop", scene())


@both_loops
def test_a_host_that_swallows_packets_costs_nothing_and_can_be_given_up(loop: str) -> None:
    async def scene() -> None:
        # A full queue of waiting connections makes the kernel ignore further ones, as 10.0.0.1 does.
        far, stage = FarEnd(), Stage()
        far.sock.listen(0)
        crowd = [socket.socket() for _ in range(3)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", far.port))
        await asyncio.sleep(0.01)
        link = CommandLink(stage, far.order())
        link.dial(asyncio.get_running_loop(), Outward())
        link.send(Ping())
        await asyncio.sleep(0.05)
        link.hang_up()
        await asyncio.sleep(0.01)
        assert not stage.inputs
        for sock in crowd:
            sock.close()
        await far.close()

    play(loop, scene())


@both_loops
def test_links_leave_from_the_address_that_bind_source_names(loop: str) -> None:
    async def scene() -> None:
        async with talking(Outward(bind_source="127.0.0.2")) as talk:
            assert talk.stage.inputs == [LinkOpened(CONN, "127.0.0.2")]

    play(loop, scene())


@both_loops
def test_giving_up_at_any_moment_leaves_nothing_open(loop: str) -> None:
    async def scene() -> None:
        far, stage = FarEnd(), Stage()
        for turns in range(5):
            link = CommandLink(stage, far.order())
            link.dial(asyncio.get_running_loop(), Outward())
            for _ in range(turns):
                await asyncio.sleep(0)
            link.hang_up()
            reader, _ = await far.accept()
            assert await asyncio.wait_for(reader.read(), 2) == b""
        assert all(isinstance(event, LinkOpened) for event in stage.inputs)
        await far.close()

    play(loop, scene())


def test_a_far_end_that_does_not_read_is_given_up_before_it_costs_much() -> None:
    async def scene() -> None:
        async with talking() as talk:
            big = Authenticate("", "x" * (1 << 20))

            def flooded() -> bool:
                talk.link.send(big)
                return len(talk.stage.inputs) > 1

            await eventually(flooded)
            assert talk.stage.inputs[1:] == [LinkClosed(CONN, "Too many requests are waiting to be sent")]

    play("uvloop", scene())


@both_loops
def test_an_order_that_has_become_too_late_while_we_stood_still_does_not_leave(loop: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.link.send(Ping())
            talk.link.send(StepAside(MoveId(1), ("127.0.0.1", 6380), clock.now() - 1))
            talk.link.send(ResumeWrites())
            await talk.stage.heard(2)
            assert talk.stage.inputs[1:] == [LinkClosed(CONN, TOO_LATE)]
            assert await talk.reader.read() == b""

    play(loop, scene())


@both_loops
def test_an_order_in_time_leaves_and_the_next_ones_have_no_limit(loop: str) -> None:
    async def scene() -> None:
        async with talking() as talk:
            talk.link.send(StepAside(MoveId(1), ("127.0.0.1", 6380), clock.now() + 200))
            assert b"SLAVEOF" in await talk.reader.read(65536)
            await asyncio.sleep(0.25)
            talk.link.send(ResumeWrites())
            assert b"UNPAUSE" in await talk.reader.read(65536)

    play(loop, scene())
