"""PING, ROLE, PUBLISH and SHUTDOWN."""

from collections.abc import Mapping

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.errors import SYNTAX, refused, wrong_arity
from quorate.core.inputs import HelloSeen
from quorate.model.hello import HELLO_CHANNEL
from quorate.model.identity import bytes_of
from quorate.wire.hello import parse_hello
from quorate.wire.values import Reply, Simple

_PONG = Now((Simple("PONG"),))
_HELLO_CHANNEL = HELLO_CHANNEL.encode()
_SHUTDOWN_WORDS = frozenset({b"nosave", b"save", b"now", b"force", b"abort"})


def ping(host: Host, session: Session, args: list[bytes]) -> Now:
    """+PONG, or the word given. A listening RESP2 client gets an array, as its messages are."""
    if len(args) > 2:
        return refused(wrong_arity("ping"))
    if session.protocol == 2 and session.subscribed:
        return Now(([b"pong", args[1] if len(args) == 2 else b""],))
    return _PONG if len(args) == 1 else Now((args[1],))


def role(host: Host, session: Session, args: list[bytes]) -> Now:
    """The word sentinel and the names of the masters."""
    names: list[Reply] = [bytes_of(name) for name in host.view().names()]
    return Now(([b"sentinel", names],))


def publish(host: Host, session: Session, args: list[bytes]) -> Now:
    """Take a hello from another sentinel. It is answered alike whether or not anything can be made of it."""
    if args[1] != _HELLO_CHANNEL:
        return refused("ERR Only HELLO messages are accepted by Sentinel instances.")
    return Now((1,), inputs=heard(args[2]))


def heard(payload: bytes) -> tuple[HelloSeen, ...]:
    """What is heard in the payload of a hello: nothing where it is none."""
    hello = parse_hello(payload)
    return () if hello is None else (HelloSeen(None, hello),)


def shutdown(host: Host, session: Session, args: list[bytes]) -> Now:
    """End the process; the connection closes without a reply. SAVE and NOSAVE mean nothing to a sentinel."""
    words = {word.lower() for word in args[1:]}
    if not words <= _SHUTDOWN_WORDS or {b"save", b"nosave"} <= words:
        return refused(SYNTAX)
    if b"abort" in words:
        return refused(SYNTAX if len(words) > 1 else "ERR No shutdown in progress.")
    host.shutdown()
    return Now((), close=True)


HANDLERS: Mapping[str, Handler] = {"ping": ping, "role": role, "publish": publish, "shutdown": shutdown}
