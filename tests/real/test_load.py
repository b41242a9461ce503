"""Sentinels that are busy with a crowd of clients fail over all the same, and everybody in the crowd is answered.

How much longer it takes is measured by `make bench-load`.
"""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from tests.real.cluster import NAME, Lab, Process
from tests.real.wire import Wire, request

pytestmark = pytest.mark.real

_STAYING = 1000
"""Clients of each sentinel that say nothing: a tenth of what it takes, for the file limits of small machines."""

_BATCH = 20
_FILES = 3 * _STAYING + 200


@dataclass
class _Asking:
    """One client of each sentinel that never stops asking where the master is, some questions at a time."""

    over: threading.Event = field(default_factory=threading.Event)
    answers: int = 0
    odd: list[object] = field(default_factory=list)

    def run(self, sentinel: Process) -> None:
        questions = request("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME) * _BATCH
        with sentinel.connect(timeout=10) as wire:
            while not self.over.is_set():
                wire.socket.sendall(questions)
                for _ in range(_BATCH):
                    reply = wire.reply()
                    self.answers += 1
                    if not (isinstance(reply, list) and len(reply) == 2):
                        self.odd.append(reply)


@contextmanager
def _asking(sentinels: list[Process]) -> Iterator[_Asking]:
    asking = _Asking()
    threads = [threading.Thread(target=asking.run, args=(one,), daemon=True) for one in sentinels]
    for thread in threads:
        thread.start()
    try:
        yield asking
    finally:
        asking.over.set()
        for thread in threads:
            thread.join(15)


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _FILES:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, hard))
        except ValueError:
            pytest.skip(f"this process may have {hard} open files, not {_FILES}")


def test_a_failover_amid_a_crowd(lab: Lab) -> None:
    _allow_files()
    trio = lab.trio()
    staying: list[Wire] = []
    try:
        for sentinel in trio.sentinels:
            for _ in range(_STAYING):
                staying.append(sentinel.connect(timeout=10))
                if len(staying) % 100 == 0:
                    assert staying[-1].ask("PING") == "PONG"
        with _asking(trio.sentinels) as asking:
            old = trio.servers[0]
            old.kill()
            trio.moved_from(old)
            before = asking.answers
        assert asking.odd == []
        assert before > 100, "nobody was busy"
        assert [wire.ask("PING") for wire in staying] == ["PONG"] * len(staying)
        for sentinel in trio.sentinels:
            assert "+tilt" not in sentinel.log()
            assert "Traceback" not in sentinel.log()
    finally:
        for wire in staying:
            with suppress(OSError):
                wire.close()
