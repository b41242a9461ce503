"""The writers' processes as the drill sees them: started on their hosts, their reports written into the ledger."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from quorate.drill import processes
from quorate.drill.ground import Ground
from quorate.drill.ledger import Ack, Failure, Ledger
from quorate.drill.nodes import Node
from quorate.drill.processes import Program
from quorate.drill.trouble import DrillError
from quorate.drill.writer import Orders

_FAREWELL = 5.0
_MOST_LINE = 2**22


@dataclass(slots=True)
class Team:
    """`start`, `close`; meanwhile the ledger fills. Writers are numbered from 0, dealt out to hosts in turn."""

    ledger: Ledger
    hosts: dict[str, list[int]] = field(default_factory=dict)
    _processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _readers: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self, orders: Orders, clients: Sequence[Node], ground: Ground | None, logs: Path) -> None:
        """Divide the writers among the client hosts. `ground` None: they run where the drill runs."""
        first = 0
        for index, client in enumerate(clients):
            count = orders.writers // len(clients) + (index < orders.writers % len(clients))
            if count == 0:
                continue
            self.hosts[client.name] = list(range(first, first + count))
            network = None if ground is None else ground.network(client)
            argv = (sys.executable, "-m", "quorate.drill.writer")
            process = processes.start(Program(argv, logs, logs / f"{client.name}.log", network), piped=True)
            self._processes.append(process)
            assert process.stdin is not None, "it is a pipe"
            process.stdin.write(replace(orders, first=first, writers=count).text().encode() + b"\n")
            process.stdin.flush()
            self._readers.append(asyncio.create_task(self._read(process, client, logs)))
            first += count

    def writers(self) -> list[int]:
        return [writer for numbers in self.hosts.values() for writer in numbers]

    def check(self) -> None:
        """Raise if a writer's process ended by itself."""
        for reader in self._readers:
            if reader.done():
                reader.result()

    async def close(self) -> None:
        """End them politely, so that the last acks arrive too."""
        for process in self._processes:
            if process.stdin is not None and not process.stdin.closed:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
        if self._readers:
            await asyncio.wait(self._readers, timeout=_FAREWELL)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for process in self._processes:
            processes.end(process)
        self._processes.clear()

    async def _read(self, process: "subprocess.Popen[bytes]", client: Node, logs: Path) -> None:
        reader = asyncio.StreamReader(limit=_MOST_LINE)
        assert process.stdout is not None, "it is a pipe"
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        try:
            while line := await reader.readline():
                self._note(line)
        finally:
            transport.close()
        if process.stdin is not None and not process.stdin.closed:
            raise DrillError(
                f"The writers of {client.name} ended.", "", processes.last_lines(logs / f"{client.name}.log")
            )

    def _note(self, line: bytes) -> None:
        told = json.loads(line)
        for ack in told["acks"]:
            self.ledger.acknowledge(Ack(*ack))
        for failure in told["failures"]:
            self.ledger.fail(Failure(*failure))
