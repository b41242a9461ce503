"""Proves that links talk to real servers: set-up, PING, INFO, hellos, new roles, passwords and renamed commands."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from quorate.core.inputs import HelloSeen, InfoArrived, LinkClosed, LinkRefused, Pinged, Pong, Published, Reconfigured
from quorate.core.outcome import Connect, LinkKind
from quorate.core.requests import (
    AskInfo,
    Authenticate,
    ConnId,
    InstanceId,
    NameClient,
    Ping,
    PublishHello,
    Reconfigure,
    Request,
    SubscribeHello,
)
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.info import Role
from quorate.runtime.links import CommandLink
from quorate.runtime.ports import Outward
from quorate.runtime.subscriber import Subscriber
from tests.runtime.stage import Stage, eventually, play

pytestmark = pytest.mark.real

Ports = Callable[[int], list[int]]
ABOUT, MYID = InstanceId(3), RunId("c" * 40)
HELLO = Hello("127.0.0.1", 26379, RunId("d" * 40), Epoch(4), MasterName("m"), "127.0.0.1", 6379, Epoch(4))
RENAMES = (("SLAVEOF", "slaveof1"), ("CONFIG", "config1"))


@contextmanager
def server(binary: Path, port: int, folder: Path, *words: str) -> Iterator[None]:
    """One real server on loopback, which ends with the test."""
    base = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--logfile", "log"]
    process = subprocess.Popen([str(binary), *base, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def linked(
    port: int, kind: LinkKind, renames: tuple[tuple[str, str], ...] = ()
) -> AsyncIterator[tuple[Stage, CommandLink | Subscriber]]:
    """A link to the server; the first ones are refused while it starts."""
    order = Connect(ConnId(7), kind, "127.0.0.1", port, renames, "master m")
    while True:
        stage = Stage()
        link = CommandLink(stage, order) if kind is LinkKind.COMMAND else Subscriber(stage, order, MYID)
        link.dial(asyncio.get_running_loop(), Outward())
        await stage.heard(1)
        if not isinstance(stage.inputs[0], LinkClosed):
            break
        await asyncio.sleep(0.05)
    try:
        yield stage, link
    finally:
        link.hang_up()
        await asyncio.sleep(0.01)


def say(link: CommandLink | Subscriber, *requests: Request) -> None:
    for request in requests:
        link.send(request)


@pytest.mark.parametrize("which", ["redis_server", "valkey_server"])
def test_a_whole_conversation(which: str, request: pytest.FixtureRequest, tmp_path: Path, free_ports: Ports) -> None:
    binary: Path = request.getfixturevalue(which)
    port = free_ports(1)[0]

    async def scene() -> None:
        async with (
            linked(port, LinkKind.COMMAND, RENAMES) as (stage, link),
            linked(port, LinkKind.PUBSUB, RENAMES) as (heard, listener),
        ):
            say(listener, Authenticate("", "pw"), NameClient("sentinel-cccccccc-pubsub"), SubscribeHello())
            await heard.heard(2)
            say(link, Authenticate("default", "pw"), NameClient("sentinel-cccccccc-cmd"), Ping(), AskInfo())
            pong, info = (await stage.heard(3))[1:]
            assert pong == Pinged(ConnId(7), Pong.PONG, "PONG")
            assert isinstance(info, InfoArrived)
            assert info.report.role is Role.MASTER
            say(link, PublishHello(ABOUT, HELLO))
            assert (await stage.heard(4))[3] == Published(ConnId(7), ABOUT, ok=True)
            hello = (await heard.heard(3))[2]
            assert isinstance(hello, HelloSeen)
            assert hello.hello == HELLO
            # CLIENT KILL inside the transaction ends the subscription and spares the connection that asks.
            say(link, Reconfigure(ABOUT, ("127.0.0.1", 1)), AskInfo())
            done, info = (await stage.heard(6))[4:]
            assert done == Reconfigured(ConnId(7), ABOUT, "")
            assert isinstance(info, InfoArrived)
            assert info.report.role is Role.SLAVE
            assert (info.report.slave.master_host, info.report.slave.master_port) == ("127.0.0.1", 1)
            assert isinstance((await heard.heard(4))[3], LinkClosed)
            say(link, Reconfigure(ABOUT, None), AskInfo())
            done, info = (await stage.heard(8))[6:]
            assert isinstance(info, InfoArrived)
            assert info.report.role is Role.MASTER

    words = [word for old, new in RENAMES for word in ("--rename-command", old, new)]
    with server(binary, port, tmp_path, "--requirepass", "pw", *words):
        play("uvloop", scene())


def test_a_wrong_password_is_told_as_what_it_is(redis_server: Path, tmp_path: Path, free_ports: Ports) -> None:
    port = free_ports(1)[0]

    async def scene() -> None:
        async with (
            linked(port, LinkKind.COMMAND) as (stage, link),
            linked(port, LinkKind.PUBSUB) as (heard, listener),
        ):
            wrong = "WRONGPASS invalid username-password pair or user is disabled."
            say(link, Authenticate("", "no"), NameClient("x"), Ping(), AskInfo())
            auth, named, pong, info = (await stage.heard(5))[1:]
            assert auth == LinkRefused(ConnId(7), wrong)
            assert isinstance(named, LinkRefused)
            assert isinstance(pong, Pinged)
            assert (pong.pong, pong.text[:6]) == (Pong.OTHER, "NOAUTH")
            assert isinstance(info, LinkRefused)
            say(listener, Authenticate("", "no"), NameClient("x"), SubscribeHello())
            await eventually(lambda: isinstance(heard.inputs[-1], LinkClosed))
            assert heard.inputs[1] == LinkRefused(ConnId(7), wrong)

    with server(redis_server, port, tmp_path, "--requirepass", "pw"):
        play("uvloop", scene())
