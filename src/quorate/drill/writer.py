"""The writers of one client host: closed loops at a bounded rate that find the master as applications do.

A process of its own (`python -m quorate.drill.writer`), because it lives in another network than the drill. It reads
one JSON line of orders from its standard input, and ends when that is closed. Its output is one JSON line per report:

    {"acks": [[writer, sequence, at, "host:port"], ...], "failures": [[writer, at, "text"], ...]}
"""

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from quorate.client import events
from quorate.client.aio import Access, Line, UnreadableError
from quorate.client.parse import place_of
from quorate.client.picture import Place
from quorate.drill.ledger import key_of

_REPORT_EVERY = 0.1
_PAUSE = 0.02
"""Seconds between two attempts while there is no master: quick, so that the gap measured is not the client's."""

_PATIENCE = 0.5
"""Seconds that a writer waits for a server or a sentinel."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the writers of a host are told. `rate` is writes per second of one writer; `path` redis-py or raw."""

    run: str
    master: str
    sentinels: tuple[tuple[str, int], ...]
    first: int
    writers: int
    rate: float
    path: str
    password: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self))


class Way(Protocol):
    """How one writer reaches the master."""

    async def write(self, key: str, value: str) -> str:
        """Set a key; the place that acknowledged it. Raises one of TROUBLES."""


class NoMasterError(Exception):
    """No sentinel names a master that takes writes."""


TROUBLES = (RedisError, OSError, UnreadableError, NoMasterError, TimeoutError)


class LibraryWay:
    """redis-py's Sentinel, with its defaults but for the time limits and its own retries."""

    def __init__(self, orders: Orders, chance: random.Random) -> None:
        places = list(orders.sentinels)
        chance.shuffle(places)
        limits = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE}
        # Retries of its own would hide from the ledger when a write first failed.
        once = Retry(NoBackoff(), 0)
        self._sentinel = Sentinel(  # type: ignore[no-untyped-call]
            places, sentinel_kwargs={**limits, "retry": once}
        )
        self._pool = SentinelConnectionPool(  # type: ignore[no-untyped-call]
            orders.master, self._sentinel, password=orders.password or None, retry=once, max_connections=1, **limits
        )
        self._redis: Redis = Redis(connection_pool=self._pool)

    async def write(self, key: str, value: str) -> str:
        await self._redis.set(key, value)
        # The pool has one connection, and asks for this address only when that connection is opened.
        host, port = self._pool.master_address or ("?", 0)
        return f"{host}:{port}"


class OwnWay:
    """One sentinel asked after another, the role checked, and +switch-master listened to."""

    def __init__(self, orders: Orders, chance: random.Random) -> None:
        self._orders = orders
        self._places = [Place(*place) for place in orders.sentinels]
        chance.shuffle(self._places)
        self._access = Access(password=orders.password, timeout=_PATIENCE)
        self._line: Line | None = None
        self._listener = asyncio.create_task(self._listen())

    async def write(self, key: str, value: str) -> str:
        if self._line is None:
            self._line = await self._find()
        line = self._line
        try:
            (reply,) = await line.ask(("SET", key, value))
        except UnreadableError:
            await self._hang_up()
            raise
        if reply != "OK":
            await self._hang_up()
            raise NoMasterError(str(reply))
        return str(line.place)

    async def _find(self) -> Line:
        for place in list(self._places):
            try:
                async with await Line.open(place, Access(timeout=_PATIENCE)) as sentinel:
                    (reply,) = await sentinel.ask(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._orders.master))
            except UnreadableError:
                # A sentinel that does not answer is asked last from now on.
                self._places.remove(place)
                self._places.append(place)
                continue
            named = place_of(reply)
            if named is None:
                continue
            line = await Line.open(named, self._access)
            with contextlib.suppress(UnreadableError):
                (role,) = await line.ask(("ROLE",))
                if isinstance(role, list) and role[0] == "master":
                    return line
            await line.close()
        raise NoMasterError("no sentinel names a master")

    async def _listen(self) -> None:
        """Hang up on the old master as soon as any sentinel announces another."""
        while True:
            try:
                async with await Line.open(self._places[0], Access(timeout=_PATIENCE)) as line:
                    await line.subscribe()
                    while True:
                        event = await line.event(10.0)
                        if event is None:
                            continue
                        moved = events.switched(event[1]) if event[0] == "+switch-master" else None
                        if moved is not None and moved[0] == self._orders.master:
                            await self._hang_up()
            except UnreadableError:
                await asyncio.sleep(_PATIENCE)

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()


PATHS: dict[str, Callable[[Orders, random.Random], Way]] = {"redis-py": LibraryWay, "raw": OwnWay}


@dataclass(slots=True)
class Report:
    """What will be told next."""

    acks: list[tuple[int, int, float, str]] = field(default_factory=list)
    failures: list[tuple[int, float, str]] = field(default_factory=list)

    def flush(self) -> None:
        if self.acks or self.failures:
            sys.stdout.write(json.dumps({"acks": self.acks, "failures": self.failures}) + "\n")
            sys.stdout.flush()
            self.acks, self.failures = [], []


async def _write(orders: Orders, number: int, report: Report) -> None:
    way = PATHS[orders.path](orders, random.Random(f"{orders.run}:{number}"))
    sequence = 0
    due = time.monotonic() + random.Random(number).random() / orders.rate
    while True:
        now = time.monotonic()
        if now < due:
            await asyncio.sleep(due - now)
        # A bounded rate: what was missed is not caught up.
        due = max(due, now - 1 / orders.rate) + 1 / orders.rate
        sequence += 1
        try:
            async with asyncio.timeout(4 * _PATIENCE):
                server = await way.write(key_of(orders.run, number, sequence), str(sequence))
        except TROUBLES as error:
            report.failures.append((number, time.monotonic(), f"{type(error).__name__}: {error}"[:200]))
            await asyncio.sleep(_PAUSE)
        else:
            report.acks.append((number, sequence, time.monotonic(), server))


async def _serve(orders: Orders) -> None:
    report = Report()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, partial(_watch, ended))
    tasks = [asyncio.create_task(_write(orders, orders.first + i, report)) for i in range(orders.writers)]
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _REPORT_EVERY)
        broken = next((task for task in tasks if task.done()), None)
        if broken is not None:
            broken.result()
        report.flush()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    report.flush()


def _watch(ended: asyncio.Event) -> None:
    if not os.read(0, 4096):
        ended.set()


def main() -> None:
    """Read the orders, write until the input is closed."""
    line = bytearray()
    while not line.endswith(b"\n"):
        line += os.read(0, 1)
    told = json.loads(line)
    told["sentinels"] = tuple((host, port) for host, port in told["sentinels"])
    asyncio.run(_serve(Orders(**told)))


if __name__ == "__main__":
    main()
