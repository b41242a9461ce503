"""The doors of this sentinel: TCP, TLS and Unix sockets, opened before anything is written, served by the loop."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ssl import SSLContext

from quorate.conf.options import ProcessOptions
from quorate.model.identity import bytes_of
from quorate.model.notice import Level
from quorate.model.settings import Mode
from quorate.runtime.dial import keep_alive

_HANDSHAKE_SECONDS = 10.0
_GOODBYE_SECONDS = 1.0
"""How long a client may take for the beginning and the end of TLS: a half-open one must not hold memory for long."""

# What a kernel without IPv6 (or without this protocol) says; C goes on without such an address, optional or not.
_UNSUPPORTED = frozenset(
    getattr(errno, name)
    for name in ("EAFNOSUPPORT", "EPFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "ENOPROTOOPT")
    if hasattr(errno, name)
)

_ANY = {"*": (socket.AF_INET, "0.0.0.0"), "::*": (socket.AF_INET6, "::")}  # noqa: S104 - what `bind *` means


class BindFailed(Exception):  # noqa: N818
    """We cannot listen as configured. `str()` is the log line of C Sentinel, which exits with status 1 then."""


@dataclass(slots=True)
class Doors:
    """Sockets that listen already. `texts` are what INFO says after `listenerN:`."""

    plain: list[socket.socket] = field(default_factory=list)
    secure: list[socket.socket] = field(default_factory=list)
    unix: list[socket.socket] = field(default_factory=list)
    unix_path: str = ""
    texts: tuple[str, ...] = ()

    def close(self) -> None:
        """Close all of them; nobody has served them yet."""
        for sock in (*self.plain, *self.secure, *self.unix):
            sock.close()
        self.remove_path()

    def remove_path(self) -> None:
        """Remove the Unix socket's file."""
        if self.unix_path:
            with contextlib.suppress(OSError):
                os.unlink(bytes_of(self.unix_path))
            self.unix_path = ""


def open_doors(options: ProcessOptions, mode: Mode, log: Callable[[Level, str], None]) -> Doors:
    """Bind and listen everywhere that `bind`, `port`, `tls-port` and `unixsocket` say. Raises BindFailed.

    An address with a leading dash may be missing from this machine. `log` gets a line for each that is left out.
    """
    doors = Doors()
    names = ("TCP", "TLS") if mode is Mode.REDIS_7_0 else ("tcp", "tls")
    texts = []
    try:
        for port, sockets, name in ((options.port, doors.plain, names[0]), (options.tls.port, doors.secure, names[1])):
            if port:
                if not _listen(options, port, sockets, log):
                    raise BindFailed(f"Failed listening on port {port} ({name}), aborting.")
                texts.append(
                    ",".join((f"name={name.lower()}", *(f"bind={one}" for one in options.bind), f"port={port}"))
                )
        if options.unixsocket:
            _listen_unix(options, doors)
            texts.insert(1 if options.port else 0, f"name=unix,bind={options.unixsocket}")
        if not (doors.plain or doors.secure or doors.unix):
            raise BindFailed("Configured to not listen anywhere, exiting.")
    except BaseException:
        doors.close()
        raise
    doors.texts = tuple(texts)
    return doors


def _listen(
    options: ProcessOptions, port: int, sockets: list[socket.socket], log: Callable[[Level, str], None]
) -> bool:
    """Listen on every address of `bind`; False if one that is needed cannot be had."""
    for written in options.bind:
        optional, host = written.startswith("-"), written.removeprefix("-")
        try:
            sockets.append(_bound(host, port, options))
        except OSError as error:
            log(
                Level.WARNING,
                f"Warning: Could not create server TCP listening socket {host}:{port}: {_words(error)}",
            )
            if (optional and error.errno == errno.EADDRNOTAVAIL) or error.errno in _UNSUPPORTED:
                continue
            return False
    return True


def _bound(host: str, port: int, options: ProcessOptions) -> socket.socket:
    if host in _ANY:
        family, host = _ANY[host]
    else:
        family = socket.AF_UNSPEC
    # The loop does not run yet, so a host name may be looked up here, as C does.
    flags = socket.AI_PASSIVE | (socket.AI_NUMERICHOST if family else 0)
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=flags)
    family, kind, proto, _, address = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if options.clients.keepalive:
            # Accepted connections inherit it: no system calls for each.
            keep_alive(sock, options.clients.keepalive)
        _bind(sock, address, options.clients.backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind(sock: socket.socket, address: object, backlog: int) -> None:
    try:
        sock.bind(address)  # type: ignore[arg-type] # whatever getaddrinfo gave
    except OSError as error:
        # Without a number it is the path of a Unix socket, which Python finds too long before the system is asked.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(error.errno, f"bind: {reason}") from error
    try:
        sock.listen(backlog)
    except OSError as error:
        raise OSError(error.errno, f"listen: {os.strerror(error.errno or 0)}") from error


def _listen_unix(options: ProcessOptions, doors: Doors) -> None:
    path = bytes_of(options.unixsocket)
    with contextlib.suppress(OSError):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    doors.unix.append(sock)
    try:
        sock.setblocking(False)
        _bind(sock, path, options.clients.backlog)
        doors.unix_path = options.unixsocket
        if options.unixsocketperm:
            os.chmod(path, options.unixsocketperm)
    except OSError as error:
        raise BindFailed(f"Failed opening Unix socket: {_words(error)}") from error


async def serve(
    loop: asyncio.AbstractEventLoop,
    doors: Doors,
    protocol: Callable[[], asyncio.Protocol],
    tls: SSLContext | None,
) -> "Serving":
    """Accept from now on; each connection gets a `protocol()`. `tls` is needed where there is a TLS door."""
    servers: list[asyncio.AbstractServer] = [await loop.create_server(protocol, sock=sock) for sock in doors.plain]
    servers += [await loop.create_unix_server(protocol, sock=sock) for sock in doors.unix]
    for sock in doors.secure:
        assert tls is not None
        servers.append(
            await loop.create_server(
                protocol,
                sock=sock,
                ssl=tls,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_GOODBYE_SECONDS,
            )
        )
    return Serving(servers, doors)


class Serving:
    """Doors that are open."""

    def __init__(self, servers: Sequence[asyncio.AbstractServer], doors: Doors) -> None:
        self._servers = servers
        self._doors = doors

    def close(self) -> None:
        """Accept nobody any more."""
        for server in self._servers:
            server.close()
        self._doors.remove_path()


def _words(error: OSError) -> str:
    return error.strerror or str(error)
