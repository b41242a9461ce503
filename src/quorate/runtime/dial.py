"""Open a TCP connection without ever waiting for it: a host that swallows packets costs one open socket, no more."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import NamedTuple

from quorate.runtime.ports import Outward

_KEEPALIVE_SECONDS = 30
"""Silence after which the kernel asks whether the far end still lives. Links are never silent that long for long."""

_HANDSHAKE_SECONDS = 10.0
_GOODBYE_SECONDS = 1.0
"""How long TLS may take to begin and to end; asyncio's defaults of 60 and 30 s would keep dead sockets around."""


REFUSED = os.strerror(errno.ECONNREFUSED)
"""Why an attempt failed where nobody listens."""


class Place(NamedTuple):
    """A numeric address and a port."""

    ip: str
    port: int


class Dial:
    """One attempt. It ends in the protocol's `connection_made`, in `failed(reason, immediate)`, or in `cancel`.

    `failed` is called from the loop, never from within `start`; `immediate` when no packet has left.
    """

    __slots__ = ("_failed", "_loop", "_outward", "_over", "_place", "_protocol", "_sock", "_task")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        outward: Outward,
        protocol: asyncio.Protocol,
        failed: Callable[[str, bool], None],
    ) -> None:
        self._loop = loop
        self._outward = outward
        self._protocol = protocol
        self._failed = failed
        self._place = Place("", 0)
        self._sock: socket.socket | None = None
        self._task: asyncio.Task[bool] | None = None
        self._over = False

    def start(self, place: Place) -> None:
        """Send the first packet."""
        self._place = place
        try:
            sock = self._open(place)
        except (OSError, ValueError, RuntimeError) as error:
            reason = _words(error)
            self._loop.call_soon(self._fail, reason, True)
            return
        self._sock = sock
        self._loop.add_writer(sock.fileno(), self._answered)

    def cancel(self) -> None:
        """Give up; nobody is told."""
        self._over = True
        self._release()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _open(self, place: Place) -> socket.socket:
        family, address = _address_of(place)
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if self._outward.bind_source:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((self._outward.bind_source, 0))
            status = sock.connect_ex(address)
            if status not in {0, errno.EINPROGRESS}:
                raise OSError(status, os.strerror(status))
        except BaseException:
            sock.close()
            raise
        return sock

    def _answered(self) -> None:
        """The socket became writable: it is connected, or has failed."""
        sock = self._sock
        assert sock is not None
        self._loop.remove_writer(sock.fileno())
        status = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if status:
            self._release()
            self._fail(os.strerror(status), False)
            return
        self._sock = None  # From here on it is the task's to close, if no transport takes it.
        self._task = self._loop.create_task(self._adopt(sock))
        self._task.add_done_callback(lambda task: _close_unless_adopted(task, sock))

    async def _adopt(self, sock: socket.socket) -> bool:
        """Put a transport around the socket; True when it has one."""
        try:
            # Not before: most attempts of a bad day end in a refusal.
            keep_alive(sock, _KEEPALIVE_SECONDS)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            context = self._outward.tls()
            if context is None:
                await self._loop.create_connection(lambda: self._protocol, sock=sock)
            else:
                await self._loop.create_connection(
                    lambda: self._protocol,
                    sock=sock,
                    ssl=context,
                    server_hostname=self._place.ip,
                    ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                    ssl_shutdown_timeout=_GOODBYE_SECONDS,
                )
        except (OSError, ValueError, RuntimeError) as error:
            # ssl.SSLError and time-outs are OSErrors; a certificate file that cannot be read is one too.
            self._fail(_words(error), False)
            return False
        return True

    def _release(self) -> None:
        sock, self._sock = self._sock, None
        if sock is not None:
            self._loop.remove_writer(sock.fileno())
            sock.close()

    def _fail(self, reason: str, immediate: bool) -> None:
        if not self._over:
            self._over = True
            self._failed(reason, immediate)


def _address_of(place: Place) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    """What a socket takes, without a name server. OSError (gaierror) if it is no number."""
    try:
        socket.inet_pton(socket.AF_INET, place.ip)
    except OSError:
        # An IPv6 address may have a zone, which only this can read.
        family, _, _, _, address = socket.getaddrinfo(place.ip, place.port, flags=socket.AI_NUMERICHOST)[0]
        return family, address
    return socket.AF_INET, place


def _close_unless_adopted(task: asyncio.Task[bool], sock: socket.socket) -> None:
    if task.cancelled() or task.exception() is not None or not task.result():
        sock.close()


def keep_alive(sock: socket.socket, seconds: int) -> None:
    """Have the kernel probe a silent connection after `seconds`, and give up after three probes a third apart."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
    for option, value in (
        (idle, seconds),
        (getattr(socket, "TCP_KEEPINTVL", None), max(1, seconds // 3)),
        (getattr(socket, "TCP_KEEPCNT", None), 3),
    ):
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _words(error: Exception) -> str:
    """What went wrong, as the C library says it where it has words for it."""
    if isinstance(error, socket.gaierror):
        return "Invalid argument"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
