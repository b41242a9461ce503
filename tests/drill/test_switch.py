"""The switch: frames go to whom they are addressed, unless a rule cuts, delays or loses them; order is kept."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quorate.drill.switch import Rule, Switch, among, cut, hardware


def frame(source: int, target: int, text: bytes) -> bytes:
    return hardware(target) + hardware(source) + b"\x08\x00" + text


@asynccontextmanager
async def lines(count: int) -> AsyncIterator[tuple[Switch, dict[int, int]]]:
    """A switch whose devices are datagram sockets; the far ends of its lines."""
    pairs = {port: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for port in range(1, count + 1)}
    for near, far in pairs.values():
        near.setblocking(False)
        far.setblocking(False)
    switch = Switch({port: near.fileno() for port, (near, _) in pairs.items()}, random.Random(1))
    try:
        yield switch, {port: far.fileno() for port, (_, far) in pairs.items()}
    finally:
        for near, far in pairs.values():
            asyncio.get_running_loop().remove_reader(near.fileno())
            near.close()
            far.close()


async def heard(device: int, seconds: float = 0.05) -> list[bytes]:
    await asyncio.sleep(seconds)
    found = []
    try:
        while True:
            found.append(os.read(device, 2048)[14:])
    except BlockingIOError:
        return found


def test_a_frame_reaches_its_host_and_nobody_else() -> None:
    async def check() -> None:
        async with lines(3) as (_, far):
            os.write(far[1], frame(1, 2, b"hello"))
            os.write(far[1], b"\xff" * 6 + hardware(1) + b"\x08\x00broadcast")
            assert await heard(far[2]) == [b"hello"]
            assert await heard(far[3], 0) == []

    asyncio.run(check())


def test_a_cut_may_be_one_way_and_heals() -> None:
    async def check() -> None:
        async with lines(2) as (switch, far):
            switch.follow(cut([1], [2], inward=False))
            os.write(far[1], frame(1, 2, b"out"))
            os.write(far[2], frame(2, 1, b"in"))
            assert await heard(far[2]) == []
            assert await heard(far[1], 0) == [b"in"]
            switch.follow([])
            os.write(far[1], frame(1, 2, b"again"))
            assert await heard(far[2]) == [b"again"]

    asyncio.run(check())


def test_delayed_frames_keep_their_order_also_when_the_delay_ends() -> None:
    async def check() -> None:
        async with lines(2) as (switch, far):
            switch.follow([Rule(1, 2, delay=0.1, jitter=0.05)])
            for number in range(5):
                os.write(far[1], frame(1, 2, b"%d" % number))
            assert await heard(far[2], 0.02) == []
            switch.follow([])
            os.write(far[1], frame(1, 2, b"5"))
            assert await heard(far[2], 0.3) == [b"0", b"1", b"2", b"3", b"4", b"5"]

    asyncio.run(check())


def test_loss_takes_its_share() -> None:
    async def check() -> None:
        async with lines(2) as (switch, far):
            switch.follow(among([1, 2], loss=0.5))
            kept = 0
            for _ in range(20):
                for _ in range(10):
                    os.write(far[1], frame(1, 2, b"x"))
                kept += len(await heard(far[2], 0.005))
            assert 60 < kept < 140

    asyncio.run(check())
