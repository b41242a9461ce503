"""AUTH and HELLO: who a connection is, and which protocol it speaks."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.denials import login_failed
from quorate.commands.errors import SYNTAX, refused
from quorate.commands.numbers import integer
from quorate.commands.versions import COMPATIBLE_REDIS, VERSIONS, Version
from quorate.model.identity import bytes_of, text_of
from quorate.model.settings import Mode
from quorate.wire.values import OK, Map, Reply

_BAD_NAME = "ERR Client names cannot contain spaces, newlines or special characters."
_NO_PASSWORD_SET = (
    "ERR AUTH <password> called without any password configured for the default user. "  # noqa: S105 - an error's text
    "Are you sure your configuration is correct?"
)


def printable(raw: bytes) -> bool:
    """True if every byte is visible ASCII, as names of clients and libraries must be; the empty text is fine."""
    return all(0x21 <= byte <= 0x7E for byte in raw)


def auth(host: Host, session: Session, args: list[bytes]) -> Now:
    """AUTH [user] password. A failure leaves the connection who it was."""
    if len(args) > 3:
        return refused(SYNTAX)
    if len(args) == 2 and host.acl.default.nopass:
        return refused(_NO_PASSWORD_SET)
    name = args[1] if len(args) == 3 else b"default"
    error = _login(host, session, (name, args[-1]), args[0])
    return Now((OK,)) if error is None else refused(error)


def _login(host: Host, session: Session, credentials: tuple[bytes, bytes], command: bytes) -> str | None:
    """Log in with a name and a password, or say why not; `command` is the word that carried them, as typed."""
    name, password = credentials
    user = host.acl.authenticate(name, password)
    if user is None:
        return login_failed(host, session, text_of(name), command)
    session.user = user
    session.authenticated = True
    return None


_Option: TypeAlias = tuple[bytes, ...]
"""One option of HELLO: its word in lower case, then its values."""


def _options(args: list[bytes]) -> Iterator[_Option | str]:
    """The options after the protocol version, until the error of the first bad one."""
    at = 2
    while at < len(args):
        word, left = args[at].lower(), len(args) - at - 1
        if word == b"auth" and left >= 2:
            yield word, args[at + 1], args[at + 2]
            at += 3
        elif word == b"setname" and left >= 1:
            if not printable(args[at + 1]):
                yield _BAD_NAME
                return
            yield word, args[at + 1]
            at += 2
        else:
            yield f"ERR Syntax error in HELLO option '{text_of(args[at])}'"
            return


def _checked_options(args: list[bytes]) -> Iterable[_Option | str]:
    """The last option of each kind, the login first; or only the error, for then nothing may be done."""
    found: dict[bytes, _Option] = {}
    for option in _options(args):
        if isinstance(option, str):
            return (option,)
        found[option[0]] = option
    return [found[word] for word in sorted(found)]


def hello(host: Host, session: Session, args: list[bytes]) -> Now:
    """HELLO [version [AUTH user password] [SETNAME name]]: a map about the server.

    An error never switches the protocol. It changes nothing else either, except in Redis 7.0, which does what the
    options say while it still reads them.
    """
    mode = host.view().settings.mode
    version = session.protocol
    if len(args) > 1:
        number = integer(args[1])
        if number is None:
            return refused("ERR Protocol version is not an integer or out of range")
        if number not in {2, 3}:
            return refused("NOPROTO unsupported protocol version")
        version = number
    eager = mode is Mode.REDIS_7_0
    for option in _options(args) if eager else _checked_options(args):
        error = option if isinstance(option, str) else _carried_out(host, session, args[0], option, eager=eager)
        if error is not None:
            return refused(error)
    if _is_stranger(host, session):
        return refused(_must_login(mode))
    session.protocol = version
    return Now((_greeting(host, session, mode),))


def _carried_out(host: Host, session: Session, command: bytes, option: _Option, *, eager: bool) -> str | None:
    """Do what an option of `command`, HELLO, says, or say why not. Only the eager server lets strangers have a name."""
    if option[0] == b"auth":
        _, name, password = option
        return _login(host, session, (name, password), command)
    if eager or not _is_stranger(host, session):
        session.name = text_of(option[1])
    return None


def _is_stranger(host: Host, session: Session) -> bool:
    return host.acl.login_required and not session.authenticated


def _must_login(mode: Mode) -> str:
    how = "HELLO AUTH <user> <pass>" if mode is Mode.REDIS_7_0 else "HELLO <proto> AUTH <user> <pass>"
    return (
        f"NOAUTH HELLO must be called with the client already authenticated, otherwise the {how} option can be used to "
        "authenticate the client and select the RESP protocol version at the same time"
    )


def _greeting(host: Host, session: Session, mode: Mode) -> Map:
    """Six pairs and no more: clients of sentinels look for these (a data server has `role` too).

    Valkey tells a seventh, its zone, where that is configured, and on request calls itself Redis.
    """
    version = VERSIONS[mode]
    zone = ""
    if mode is Mode.VALKEY_8:
        facts = host.facts()
        zone = facts.availability_zone
        if facts.extended_redis_compatibility:
            version = Version("redis", COMPATIBLE_REDIS)
    pairs: list[tuple[Reply, Reply]] = [
        (b"server", version.server.encode()),
        (b"version", version.number.encode()),
        (b"proto", session.protocol),
        (b"id", session.id),
        (b"mode", b"sentinel"),
        (b"modules", []),
    ]
    if zone:
        pairs.append((b"availability_zone", bytes_of(zone)))
    return Map(pairs)


def set_name(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT SETNAME; the empty name takes the old one away."""
    if not printable(args[2]):
        return refused(_BAD_NAME)
    session.name = text_of(args[2])
    return Now((OK,))


def get_name(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT GETNAME; null without a name."""
    return Now((bytes_of(session.name) if session.name else None,))


def set_info(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT SETINFO lib-name|lib-ver: what client library is at the far end."""
    option = args[2].lower()
    if option not in {b"lib-name", b"lib-ver"}:
        return refused(f"ERR Unrecognized option '{text_of(args[2])}'")
    if not printable(args[3]):
        return refused(f"ERR {text_of(args[2])} cannot contain spaces, newlines or special characters.")
    if option == b"lib-name":
        session.library = text_of(args[3])
    else:
        session.library_version = text_of(args[3])
    return Now((OK,))


HANDLERS: Mapping[str, Handler] = {
    "auth": auth,
    "hello": hello,
    "client|setname": set_name,
    "client|getname": get_name,
    "client|setinfo": set_info,
}
