"""AUTH and HELLO: who a connection is, and which protocol it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.denials import login_failed
from quorate.commands.errors import SYNTAX, refused
from quorate.commands.numbers import integer
from quorate.commands.versions import VERSIONS
from quorate.model.identity import bytes_of, text_of
from quorate.model.settings import Mode
from quorate.wire.values import OK, Map

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


@dataclass(slots=True)
class _Wishes:
    """What the options of one HELLO ask for."""

    login: tuple[bytes, bytes] | None = None
    name: bytes | None = None


def _wishes(args: list[bytes]) -> _Wishes | str:
    """The options after the protocol version, or the error of the first bad one."""
    found = _Wishes()
    at = 2
    while at < len(args):
        word, left = args[at].lower(), len(args) - at - 1
        if word == b"auth" and left >= 2:
            found.login = (args[at + 1], args[at + 2])
            at += 3
        elif word == b"setname" and left >= 1:
            found.name = args[at + 1]
            if not printable(found.name):
                return _BAD_NAME
            at += 2
        else:
            return f"ERR Syntax error in HELLO option '{text_of(args[at])}'"
    return found


def hello(host: Host, session: Session, args: list[bytes]) -> Now:
    """HELLO [version [AUTH user password] [SETNAME name]]: a map about the server. An error switches nothing."""
    mode = host.view().settings.mode
    version = session.protocol
    if len(args) > 1:
        number = integer(args[1])
        if number is None:
            return refused("ERR Protocol version is not an integer or out of range")
        if number not in {2, 3}:
            return refused("NOPROTO unsupported protocol version")
        version = number
    wishes = _wishes(args)
    if isinstance(wishes, str):
        return refused(wishes)
    if wishes.login is not None:
        error = _login(host, session, wishes.login, args[0])
        if error is not None:
            return refused(error)
    if host.acl.login_required and not session.authenticated:
        return refused(_must_login(mode))
    if wishes.name is not None:
        session.name = text_of(wishes.name)
    session.protocol = version
    return Now((_greeting(session, mode),))


def _must_login(mode: Mode) -> str:
    how = "HELLO AUTH <user> <pass>" if mode is Mode.REDIS_7_0 else "HELLO <proto> AUTH <user> <pass>"
    return (
        f"NOAUTH HELLO must be called with the client already authenticated, otherwise the {how} option can be used to "
        "authenticate the client and select the RESP protocol version at the same time"
    )


def _greeting(session: Session, mode: Mode) -> Map:
    """Six pairs and no more: clients of sentinels look for these (a data server has `role` too)."""
    server, number = VERSIONS[mode]
    return Map(
        [
            (b"server", server.encode()),
            (b"version", number.encode()),
            (b"proto", session.protocol),
            (b"id", session.id),
            (b"mode", b"sentinel"),
            (b"modules", []),
        ]
    )


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
