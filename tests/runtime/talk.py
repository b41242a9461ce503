"""A command link that stands, and the far end of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from quorate.core.inputs import Input, LinkOpened
from quorate.core.requests import ConnId, Request
from quorate.runtime.links import CommandLink
from quorate.runtime.ports import Outward
from tests.runtime.stage import LOOPS, FarEnd, Stage

CONN = ConnId(7)
OPENED = LinkOpened(CONN, "127.0.0.1")

both_loops = pytest.mark.parametrize("loop", LOOPS)


@dataclass
class Talk:
    """A command link that stands, and the far end of it."""

    stage: Stage
    link: CommandLink
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def after(self, requests: list[Request], reply: bytes, count: int, *, piecemeal: bool = False) -> list[Input]:
        """The inputs (without LinkOpened) that come when `requests` are answered by `reply`."""
        for request in requests:
            self.link.send(request)
        if requests:
            await self.reader.read(65536)
        for start in range(0, len(reply), 1 if piecemeal else len(reply)):
            self.writer.write(reply[start : start + 1] if piecemeal else reply)
            await self.writer.drain()
            if piecemeal:
                await asyncio.sleep(0.0005)
        return (await self.stage.heard(count + 1))[1:]


@asynccontextmanager
async def talking(outward: Outward | None = None) -> AsyncIterator[Talk]:
    far, stage = FarEnd(), Stage()
    link = CommandLink(stage, far.order())
    link.dial(asyncio.get_running_loop(), outward or Outward())
    reader, writer = await far.accept()
    await stage.heard(1)
    try:
        yield Talk(stage, link, reader, writer)
    finally:
        link.hang_up()
        await far.close()
