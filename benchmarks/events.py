"""Every event of several sentinels in the order in which they came, also over restarts of a sentinel."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

import hiredis

from benchmarks.lab import HOST

_LOOK_AGAIN = 0.05
"""Seconds between attempts to reach a sentinel that is down, and between looks at who is there."""


class _Ear:
    """One subscription."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.subscribed = False
        self.socket = socket.create_connection((HOST, port), 0.5)
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
        self.socket.sendall(b"*2\r\n$10\r\nPSUBSCRIBE\r\n$1\r\n*\r\n")

    def heard(self) -> list[tuple[str, str]]:
        """Channels and texts of the events that have come; ConnectionError at the end."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self._reader.feed(data)
        events = []
        while (reply := self._reader.gets()) is not False:
            if isinstance(reply, list) and reply[0] == "pmessage":
                events.append((reply[2], reply[3]))
            else:
                self.subscribed = True
        return events


class Events:
    """Listens in a thread of its own. `report(port, channel, text)` is called there, for one event at a time."""

    def __init__(self, ports: Iterable[int], report: Callable[[int, str, str], None]) -> None:
        self._ports = set(ports)
        self._report = report
        self._ears: dict[int, _Ear] = {}
        self._over = False
        self._thread = threading.Thread(target=self._listen, name="events", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over = True
        self._thread.join()
        for ear in self._ears.values():
            ear.socket.close()

    def hears_all(self) -> bool:
        """Whether nothing that any sentinel says from now on will be missed."""
        ears = dict(self._ears)
        return set(ears) == self._ports and all(ear.subscribed for ear in ears.values())

    def _listen(self) -> None:
        while not self._over:
            for port in self._ports - set(self._ears):
                with suppress(OSError):
                    self._ears[port] = _Ear(port)
            ears = {ear.socket: ear for ear in self._ears.values()}
            if not ears:
                time.sleep(_LOOK_AGAIN)
                continue
            for ready in select.select(list(ears), [], [], _LOOK_AGAIN)[0]:
                self._hear(ears[ready])

    def _hear(self, ear: _Ear) -> None:
        try:
            for channel, text in ear.heard():
                self._report(ear.port, channel, text)
        except OSError:
            ear.socket.close()
            del self._ears[ear.port]
