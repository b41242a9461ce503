"""A cluster of the drill's own: its processes, their files, and starting and ending each of them."""

import asyncio
import contextlib
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from quorate.client.aio import Access, Line, UnreadableError
from quorate.drill import processes
from quorate.drill.ground import Ground
from quorate.drill.nodes import Node, Role, Roster, Setup, sentinel_conf, server_conf
from quorate.drill.processes import Program
from quorate.drill.trouble import DrillError

_START_LIMIT = 20.0
_GRACE = 10.0


@dataclass(slots=True)
class Cluster:
    """`start`, break it, `close`. `folder` holds everything; what is beneath `nodes` may lie on small file systems."""

    setup: Setup
    ground: Ground
    folder: Path
    roster: Roster = field(init=False)
    _running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roster = self.ground.place(1 + self.setup.replicas, len(self.setup.sentinels), self.setup.clients)
        self.logs.mkdir(parents=True, exist_ok=True)
        first = self.roster.servers[0]
        for node in (*self.roster.servers, *self.roster.sentinels):
            folder = self.home(node)
            folder.mkdir(parents=True)
            self.ground.disk(node, folder)
            if node.role is Role.SERVER:
                text = server_conf(node, str(folder), None if node is first else first.place)
            else:
                text = sentinel_conf(node, str(folder), self.setup, first.place)
            self._conf(node).write_text(text)

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def home(self, node: Node) -> Path:
        """The folder of a node's data and configuration."""
        return self.folder / "nodes" / node.name

    async def start(self) -> None:
        """Servers first and linked, so that the first INFO of the sentinels finds all replicas."""
        for node in self.roster.servers:
            self.launch(node)
            await self.answering(node)
        await self._linked()
        for node in self.roster.sentinels:
            self.launch(node)
        for node in self.roster.sentinels:
            await self.answering(node)

    def launch(self, node: Node) -> None:
        """Start a node's program and wait for nothing."""
        conf = str(self._conf(node))
        if node.role is Role.SERVER:
            argv = (*self.setup.server, conf)
        else:
            kind = self.setup.sentinels[node.number - 1]
            argv = (*kind.before, conf, *kind.after)
        program = Program(argv, self.home(node), self.logs / f"{node.name}.log", self.ground.network(node))
        self._running[node.name] = processes.start(program)

    async def answering(self, node: Node) -> None:
        """Wait until a node answers PING."""
        deadline = time.monotonic() + _START_LIMIT
        while not await _answers(node):
            code = self._running[node.name].poll()
            if code is not None or time.monotonic() > deadline:
                how = f"ended with {code}" if code is not None else f"does not answer after {_START_LIMIT:.0f} s"
                raise DrillError(
                    f"{node.name} {how}. Its last words:", "", processes.last_lines(self.logs / f"{node.name}.log")
                )
            await asyncio.sleep(0.02)

    def kill(self, node: Node) -> None:
        """End it with SIGKILL, and wait until it is gone."""
        processes.end(self._running[node.name])

    def signal(self, node: Node, number: signal.Signals) -> None:
        processes.signal_to(self._running[node.name], number)

    async def stop(self, node: Node) -> None:
        """End it as a service manager does: SIGTERM, and after a while SIGKILL."""
        process = self._running[node.name]
        processes.signal_to(process, signal.SIGTERM)
        if not await processes.ended(process, _GRACE):
            processes.end(process)

    def died(self) -> list[str]:
        """Nodes that ended, which between faults nobody should."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def close(self) -> None:
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()
        # What lies on a file system in memory is gone soon; the last state of the files is worth keeping.
        files = self.folder / "files"
        files.mkdir(exist_ok=True)
        for node in (*self.roster.servers, *self.roster.sentinels):
            with contextlib.suppress(OSError):
                shutil.copyfile(self._conf(node), files / f"{node.name}.conf")

    async def _linked(self) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline:
            with contextlib.suppress(UnreadableError):
                async with await Line.open(self.roster.servers[0].place, Access()) as line:
                    (reply,) = await line.ask(("ROLE",))
                    if isinstance(reply, list) and len(reply) == 3 and len(reply[2]) == self.setup.replicas:
                        return
            await asyncio.sleep(0.05)
        raise DrillError("The replicas do not come up.", "", processes.last_lines(self.logs / "server-2.log"))

    def _conf(self, node: Node) -> Path:
        return self.home(node) / f"{node.role.value}.conf"


async def _answers(node: Node) -> bool:
    with contextlib.suppress(UnreadableError):
        async with await Line.open(node.place, Access(timeout=0.5)) as line:
            (reply,) = await line.ask(("PING",))
            return reply == "PONG"
    return False
