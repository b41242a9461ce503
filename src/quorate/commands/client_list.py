"""CLIENT LIST, INFO and KILL: who is connected, as a line of fields each, and who shall be no longer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.errors import SYNTAX, refused
from quorate.commands.numbers import integer
from quorate.commands.tracking import redirection
from quorate.model.identity import bytes_of, text_of
from quorate.model.settings import Mode
from quorate.wire.values import OK, Verbatim

# Sentinels have neither masters nor replicas as clients, so these types match nobody.
_TYPES: Mapping[bytes, str] = {
    b"normal": "normal",
    b"pubsub": "pubsub",
    b"master": "master",
    b"replica": "replica",
    b"slave": "replica",
    b"primary": "master",
}

_ID_FROM_1 = "ERR client-id should be greater than 0"


# --- one client as a line -------------------------------------------------------------------------------------------


def describe(host: Host, session: Session) -> bytes:
    """The line of one client, ended by a line feed; fields and their order are those of the mode's server."""
    mode = host.view().settings.mode
    words = (f"{key}={value}" for key, value in _fields(host, session, mode))
    return bytes_of(" ".join(words) + "\n")


def _flags(session: Session) -> str:
    tracking = session.tracking
    shown = (
        (session.subscribed, "P"),
        (session.held, "b"),
        (tracking is not None, "t"),
        (tracking is not None and tracking.bcast, "B"),
        (session.address.startswith("/"), "U"),
        (session.no_evict, "e"),
    )
    return "".join(letter for on, letter in shown if on) or "N"


def _fields(host: Host, session: Session, mode: Mode) -> Iterator[tuple[str, str | int]]:
    now = host.now()
    valkey = mode is Mode.VALKEY_8
    yield "id", session.id
    yield "addr", session.address
    yield "laddr", session.local_address
    yield "fd", session.fd
    yield "name", session.name
    yield "age", (now - session.opened) // 1000
    # A client that has said nothing yet has been idle since it came.
    yield "idle", (now - max(session.last_active, session.opened)) // 1000
    yield "flags", _flags(session)
    if valkey:
        yield "capa", ""
    yield "db", 0
    yield "sub", len(session.channels)
    yield "psub", len(session.patterns)
    yield "ssub", 0
    yield "multi", -1
    if valkey:
        yield "watch", 0
    yield from _sizes(session)
    yield "events", "rw" if session.buffers.output_memory else "r"
    yield "cmd", session.last_command
    yield "user", session.user.name
    yield "redir", redirection(session)
    yield "resp", session.protocol
    if mode is not Mode.REDIS_7_0:
        yield "lib-name", session.library
        yield "lib-ver", session.library_version
    if valkey:
        yield "tot-net-in", session.buffers.total_in
        yield "tot-net-out", session.buffers.total_out
        yield "tot-cmds", session.commands


def _sizes(session: Session) -> Iterator[tuple[str, int]]:
    """Memory in bytes. There is no reply buffer of fixed size here, so `rbs` and `rbp` are nothing."""
    sizes = session.buffers
    yield "qbuf", sizes.query
    yield "qbuf-free", sizes.query_free
    yield "argv-mem", 0
    yield "multi-mem", 0
    yield "rbs", 0
    yield "rbp", 0
    yield "obl", sizes.output
    yield "oll", sizes.output_list
    yield "omem", sizes.output_memory
    yield "tot-mem", sizes.query + sizes.query_free + sizes.output + sizes.output_memory


# --- which clients --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Filter:
    """The options of LIST and KILL; what was not asked for is None, `ids` empty."""

    ids: set[int] = field(default_factory=set)
    kind: str | None = None
    address: bytes | None = None
    local_address: bytes | None = None
    user: str | None = None
    oldest: int | None = None
    skip_self: bool = False

    def takes(self, session: Session, now: int) -> bool:
        """True if every option fits this client."""
        return (
            (not self.ids or session.id in self.ids)
            and (self.kind is None or self.kind == ("pubsub" if session.subscribed else "normal"))
            and (self.address is None or self.address == bytes_of(session.address))
            and (self.local_address is None or self.local_address == bytes_of(session.local_address))
            and (self.user is None or self.user == session.user.name)
            and (self.oldest is None or (now - session.opened) // 1000 >= self.oldest)
        )


def _read_filter(host: Host, session: Session, words: list[bytes], skip_self: bool) -> _Filter | str:
    """The options as a filter, or the error of the first bad one."""
    found = _Filter(skip_self=skip_self)
    at = 0
    while at < len(words):
        option = words[at].lower()
        if at + 1 >= len(words):
            return SYNTAX
        if option == b"id":
            used, error = _read_ids(host, words[at + 1 :], found)
            at += used
        else:
            error = _read_option(host, option, words[at + 1], found)
            at += 1
        if error is not None:
            return error
        at += 1
    return found


def _read_ids(host: Host, words: list[bytes], found: _Filter) -> tuple[int, str | None]:
    """One id or several in a row: how many words they were, and what is wrong."""
    used = 0
    for word in words:
        number = integer(word)
        if number is None:
            break
        if number < 1:
            return used, _ID_FROM_1
        found.ids.add(number)
        used += 1
    if used:
        return used, None
    return 0, SYNTAX if host.view().settings.mode is Mode.VALKEY_8 else _ID_FROM_1


def _read_option(host: Host, option: bytes, value: bytes, found: _Filter) -> str | None:
    if option == b"type":
        found.kind = _TYPES.get(value.lower())
        known = found.kind is not None
        if value.lower() == b"primary" and host.view().settings.mode is not Mode.VALKEY_8:
            known = False
        return None if known else f"ERR Unknown client type '{text_of(value)}'"
    if option == b"addr":
        found.address = value
    elif option == b"laddr":
        found.local_address = value
    elif option == b"user":
        found.user = text_of(value)
        return None if found.user in host.acl.users else f"ERR No such user '{found.user}'"
    elif option == b"maxage":
        found.oldest = integer(value)
        if found.oldest is None:
            return "ERR maxage is not an integer or out of range"
        return "ERR maxage should be greater than 0" if found.oldest < 1 else None
    elif option == b"skipme" and value.lower() in {b"yes", b"no"}:
        found.skip_self = value.lower() == b"yes"
    else:
        return SYNTAX
    return None


def _chosen(host: Host, session: Session, wanted: _Filter) -> list[Session]:
    now = host.now()
    return [
        other
        for other in sorted(host.sessions(), key=lambda each: each.id)
        if not (wanted.skip_self and other is session) and wanted.takes(other, now)
    ]


# --- the commands ---------------------------------------------------------------------------------------------------


def list_(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT LIST, oldest client first."""
    if host.view().settings.mode is Mode.VALKEY_8:
        wanted = _read_filter(host, session, args[2:], skip_self=False)
    else:
        wanted = _read_redis_filter(host, args)
    if isinstance(wanted, str):
        return refused(wanted)
    return Now((Verbatim(b"".join(describe(host, other) for other in _chosen(host, session, wanted))),))


def _read_redis_filter(host: Host, args: list[bytes]) -> _Filter | str:
    """Redis knows one option at a time: TYPE with one word, or ID with numbers of any value."""
    option = args[2].lower() if len(args) > 3 else b""
    found = _Filter()
    if option == b"type" and len(args) == 4:
        return _read_option(host, option, args[3], found) or found
    if option != b"id":
        return found if len(args) == 2 else SYNTAX
    for word in args[3:]:
        number = integer(word)
        if number is None:
            return "ERR Invalid client ID"
        found.ids.add(number)
    return found


def info(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT INFO: the line of the client itself."""
    # Walking over all sessions is what brings the sizes up to date; whoever asks this asks it once.
    itself = next((one for one in host.sessions() if one is session), session)
    return Now((Verbatim(describe(host, itself)),))


def kill(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT KILL address, or with filters: how many were closed. The caller is spared unless SKIPME no is said."""
    if len(args) == 3:
        return _kill_one(host, session, args[2])
    wanted = _read_filter(host, session, args[2:], skip_self=True)
    if isinstance(wanted, str):
        return refused(wanted)
    victims = _chosen(host, session, wanted)
    for victim in victims:
        if victim is not session:
            host.close(victim)
    return Now((len(victims),), close=session in victims)


def _kill_one(host: Host, session: Session, address: bytes) -> Now:
    wanted = text_of(address)
    victim = next((other for other in host.sessions() if other.address == wanted), None)
    if victim is None:
        return refused("ERR No such client")
    if victim is not session:
        host.close(victim)
    return Now((OK,), close=victim is session)


HANDLERS: Mapping[str, Handler] = {"client|list": list_, "client|info": info, "client|kill": kill}
