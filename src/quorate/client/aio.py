"""Sentinels and servers over asyncio and redis-py: one connection, the whole picture, the stream of events.

Only redis-py's connection is used, because its commands turn replies into dictionaries of their own and fail where
a field is missing; the parsers of this package do not.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from redis import exceptions
from redis.asyncio.connection import Connection, SSLConnection

from quorate.client import history, parse
from quorate.client.history import Memory
from quorate.client.picture import Master, Outlook, Place, SentinelPicture, Survey, Trouble, Unreadable

Request: TypeAlias = tuple[str, ...]

DEFAULT_TIMEOUT = 1.0
_NO_PASSWORD_WANTED = "without any password configured"  # noqa: S105 - a server's message, not a secret


@dataclass(frozen=True, slots=True)
class Tls:
    """How to speak TLS: paths, "" where not used. `verify` False accepts any certificate."""

    cacert: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True
    check_hostname: bool = False


def fault_of(tls: Tls) -> str:
    """What is wrong with its files, in words; "" if they can be used."""
    try:
        for path in filter(None, (tls.cacert, tls.cert, tls.key)):
            Path(path).read_bytes()
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if tls.cacert:
            context.load_verify_locations(tls.cacert)
    except ssl.SSLError as error:
        return f"{tls.cacert} holds no certificates of authorities ({error.reason or 'no PEM'})"
    try:
        if tls.cert:
            # A password, because without one OpenSSL would ask for it on the terminal.
            context.load_cert_chain(tls.cert, tls.key or None, password="")
    except ssl.SSLError as error:
        return (
            f"{tls.cert} and {tls.key or 'a key inside it'} are no certificate and its key ({error.reason or 'no PEM'})"
        )
    return "" if tls.cert or not tls.key else "a key needs its certificate"


@dataclass(frozen=True, slots=True)
class Access:
    """How to be let in, and how many seconds to wait for a connection or for a batch of replies."""

    username: str = ""
    password: str = ""
    tls: Tls | None = None
    timeout: float = DEFAULT_TIMEOUT


class UnreadableError(Exception):
    """A place could not be read; `what` says why."""

    def __init__(self, what: Unreadable) -> None:
        super().__init__(what.text)
        self.what = what


class Line:
    """One connection. Error replies come back as `ResponseError` values; broken connections raise UnreadableError."""

    def __init__(self, place: Place, access: Access, connection: Connection) -> None:
        self.place = place
        self._access = access
        self._connection = connection

    @classmethod
    async def open(cls, place: Place, access: Access) -> Self:
        """Connect and authenticate. A password that the far end does not ask for is left out."""
        connection = _connection(place, access)
        try:
            async with asyncio.timeout(access.timeout):
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException as error:
            await _drop(connection)
            if access.password and _NO_PASSWORD_WANTED in str(error):
                return await cls.open(place, replace(access, username="", password=""))
            if isinstance(error, _TROUBLES):
                raise UnreadableError(_unreadable(place, access, error)) from error
            raise
        return cls(place, access, connection)

    async def ask(self, *requests: Request) -> list[object]:
        """Send all requests in one write and return their replies in order."""
        try:
            async with asyncio.timeout(self._access.timeout):
                await self._connection.send_packed_command(self._connection.pack_commands(requests), check_health=False)
                return [await self._reply() for _ in requests]
        except _TROUBLES as error:
            raise UnreadableError(_unreadable(self.place, self._access, error)) from error

    async def subscribe(self) -> None:
        """Ask for every event. From now on the line is only good for `event`."""
        await self.ask(("PSUBSCRIBE", "*"))

    async def event(self, patience: float | None = None) -> tuple[str, str] | None:
        """The next (channel, payload), hellos left out; None after `patience` seconds without one."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    # An abandoned read must not close the line: what has arrived so far stays in the parser.
                    match await self._connection.read_response(disconnect_on_error=False):
                        case ["pmessage", _, str(channel), str(payload)] if not channel.startswith("__"):
                            return parse.plain(channel), parse.plain(payload)
                        case _:
                            continue
        except TimeoutError:
            return None
        except _TROUBLES as error:
            raise UnreadableError(_unreadable(self.place, self._access, error)) from error

    async def close(self) -> None:
        await _drop(self._connection)

    def refusal(self, error: Exception) -> Unreadable:
        """What it means that the far end answered SENTINEL with this error."""
        if "unknown command" in str(error):
            text = f"{self.place} is a server, not a sentinel (it knows no SENTINEL)"
            return Unreadable(self.place, Trouble.NOT_A_SENTINEL, text)
        return _unreadable(self.place, self._access, error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _reply(self) -> object:
        try:
            reply: object = await self._connection.read_response(disconnect_on_error=False)
        except exceptions.AuthenticationError:
            raise
        except exceptions.ResponseError as error:
            return error
        return reply


async def picture(line: Line) -> SentinelPicture:
    """Everything that a sentinel says, in two round trips. Raises UnreadableError, also when it is no sentinel."""
    info_text, myid, listing = await line.ask(("INFO",), ("SENTINEL", "MYID"), ("SENTINEL", "MASTERS"))
    if isinstance(listing, Exception):
        raise UnreadableError(line.refusal(listing))
    if not isinstance(listing, list):
        text = f"{line.place} is no sentinel (SENTINEL MASTERS is no list)"
        raise UnreadableError(Unreadable(line.place, Trouble.NOT_A_SENTINEL, text))
    masters = [parse.master_of(fields) for fields in parse.instances_of(listing)]
    details = await _details(line, masters)
    return parse.sentinel_of(line.place, parse.info_of(info_text), myid, details)


async def read(place: Place, access: Access) -> SentinelPicture | Unreadable:
    """Connect, take the picture, disconnect."""
    try:
        async with await Line.open(place, access) as line:
            return await picture(line)
    except UnreadableError as error:
        return error.what


async def read_all(places: Sequence[Place], access: Access) -> list[SentinelPicture | Unreadable]:
    """Several sentinels at once, in the order asked for."""
    return list(await asyncio.gather(*(read(place, access) for place in places)))


async def survey(seeds: Sequence[Place], access: Access) -> Survey:
    """Ask all of `seeds`; then the peers of the first that answers, so that their views can be compared."""
    answers = await read_all(seeds, access)
    read_ones = [answer for answer in answers if isinstance(answer, SentinelPicture)]
    failed = tuple(answer for answer in answers if isinstance(answer, Unreadable))
    if not read_ones:
        return Survey(None, (), failed)
    known = {answer.place for answer in answers}
    ids = {answer.myid for answer in read_ones}
    peers = {
        peer.seen.place: None
        for master in read_ones[0].masters
        for peer in master.peers
        if peer.seen.place not in known and peer.seen.run_id not in ids
    }
    more = await read_all(list(peers), access)
    others = [*read_ones[1:], *(answer for answer in more if isinstance(answer, SentinelPicture))]
    unread = tuple(answer for answer in more if isinstance(answer, Unreadable))
    return Survey(read_ones[0], tuple(others), failed, unread)


async def memories(places: Sequence[Place], access: Access, names: Sequence[str]) -> list[Memory]:
    """What each of these sentinels remembers of the failovers of these masters, in the order asked for."""
    return list(await asyncio.gather(*(_memory(place, access, names) for place in places)))


async def _memory(place: Place, access: Access, names: Sequence[str]) -> Memory:
    try:
        async with await Line.open(place, access) as line:
            replies = await line.ask(*(("SENTINEL", "FAILOVERS", name) for name in names)) if names else []
    except UnreadableError as error:
        return Memory(place, trouble=error.what.text)
    return history.memory_of(place, replies)


async def outlooks(picture: SentinelPicture, access: Access) -> dict[str, Outlook]:
    """What one of our sentinels says of a failover of each of its masters now; nothing from any other kind."""
    if not picture.own.fields:
        return {}
    try:
        async with await Line.open(picture.place, access) as line:
            replies = await line.ask(*(("SENTINEL", "CANDIDATES", master.name) for master in picture.masters))
    except UnreadableError:
        return {}
    told = ((master.name, parse.outlook_of(reply)) for master, reply in zip(picture.masters, replies, strict=True))
    return {name: outlook for name, outlook in told if outlook is not None}


async def _details(line: Line, masters: Sequence[Master]) -> list[Master]:
    requests: list[Request] = []
    for master in masters:
        words = ("GET-MASTER-ADDR-BY-NAME", "REPLICAS", "SENTINELS", "CKQUORUM", "INFO-CACHE")
        requests += [("SENTINEL", word, master.name) for word in words]
    replies = await line.ask(*requests) if requests else []
    return [parse.with_details(m, replies[5 * i : 5 * i + 5]) for i, m in enumerate(masters)]


_TROUBLES = (OSError, asyncio.IncompleteReadError, exceptions.RedisError, TimeoutError)


def _connection(place: Place, access: Access) -> Connection:
    common: dict[str, Any] = {
        "host": place.host,
        "port": place.port,
        "username": access.username or None,
        "password": access.password or None,
        "protocol": 2,
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "socket_timeout": None,
        "socket_connect_timeout": access.timeout,
    }
    if access.tls is None:
        return Connection(**common)
    tls = access.tls
    return SSLConnection(
        ssl_ca_certs=tls.cacert or None,
        ssl_certfile=tls.cert or None,
        ssl_keyfile=tls.key or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE,
        ssl_check_hostname=tls.verify and tls.check_hostname,
        **common,
    )


async def _drop(connection: Connection) -> None:
    with contextlib.suppress(*_TROUBLES):
        await connection.disconnect(nowait=True)


def _unreadable(place: Place, access: Access, error: BaseException) -> Unreadable:
    text = parse.plain(str(error))
    lowered = text.lower()
    if isinstance(error, TimeoutError | exceptions.TimeoutError):
        reasons = "hung, paused, or packets are dropped"
        if access.tls is not None:
            # A plain port takes the greeting for the beginning of a long request, and waits for its end.
            reasons += "; or this port speaks no TLS"
        return Unreadable(place, Trouble.TIMEOUT, f"{place} does not answer ({reasons})")
    if "wrongpass" in lowered or "invalid username-password" in lowered or "invalid password" in lowered:
        return Unreadable(place, Trouble.WRONG_PASSWORD, f"{place} refuses the password (wrong user name or password)")
    if "noauth" in lowered or "authentication required" in lowered:
        return Unreadable(place, Trouble.NO_PASSWORD, f"{place} wants a password (give --password)")
    if isinstance(error, exceptions.NoPermissionError) or "noperm" in lowered:
        return Unreadable(place, Trouble.NOT_ALLOWED, f"{place} does not allow this user to ask: {text}")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Unreadable(place, Trouble.TLS, f"TLS with {place} fails: {_tls_reason(cause)}")
        cause = cause.__cause__ or cause.__context__
    return _broken(place, access, text)


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted, {error.verify_message} (--cacert names the authority that signed it)"
    if error.reason == "WRONG_VERSION_NUMBER":
        return "this port speaks something else"
    told = (error.reason or str(error)).replace("_", " ").lower()
    return f"it refuses, {told} (--cert and --key are what it judges us by)" if "alert" in told else told


def _broken(place: Place, access: Access, text: str) -> Unreadable:
    lowered = text.lower()
    if "refused" in lowered or "connect call failed" in lowered or "111" in text:
        return Unreadable(place, Trouble.REFUSED, f"nothing listens on {place} (connection refused)")
    if "name or service" in lowered or "nodename" in lowered or "name resolution" in lowered:
        return Unreadable(place, Trouble.UNRESOLVED, f"the name {place.host} cannot be resolved")
    if any(word in lowered for word in ("closed", "reset", "broken pipe", "connection lost")):
        # In TLS 1.3 the far end judges our certificate only after the handshake has ended for us.
        # And who is turned away for want of room is told so before our first question, where redis-py does not look.
        full = "may want TLS: --tls, or have as many clients as it takes"
        advice = full if access.tls is None else "may want a certificate that it trusts: --cert, --key"
        return Unreadable(place, Trouble.BROKEN, f"{place} closed the connection (it {advice})")
    return Unreadable(place, Trouble.BROKEN, f"{place}: {text or 'the connection broke'}")
