"""The subcommands of CLIENT that concern one connection or all traffic; listing and killing are in `client_list`."""

from collections.abc import Mapping

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.errors import SYNTAX, refused, wrong_subcommand
from quorate.commands.help_texts import client_help
from quorate.commands.numbers import HIGHEST, NOT_AN_INTEGER, integer
from quorate.model.settings import Mode
from quorate.wire.values import OK


def _too_many(host: Host, args: list[bytes], most: int) -> bool:
    """True for words too many; Valkey overlooks them."""
    return len(args) > most and host.view().settings.mode is not Mode.VALKEY_8


def client_id(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT ID."""
    return Now((session.id,))


def reply(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT REPLY ON|OFF|SKIP; only ON is answered."""
    word = args[2].lower()
    if word == b"on":
        session.muted = session.mute_this = False
        return Now((OK,))
    if word == b"off":
        session.muted = True
    elif word == b"skip":
        session.mute_next = not session.muted
    else:
        return refused(SYNTAX)
    return Now(())


def no_evict(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT NO-EVICT ON|OFF: shown in CLIENT LIST; nothing here evicts clients."""
    word = args[2].lower()
    if word not in {b"on", b"off"}:
        return refused(SYNTAX)
    session.no_evict = word == b"on"
    return Now((OK,))


def pause(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT PAUSE ms [WRITE|ALL]. Of a sentinel's commands WRITE holds PUBLISH alone. A pause is never shortened."""
    if _too_many(host, args, 4):
        return refused(wrong_subcommand(args))
    kind = args[3].lower() if len(args) > 3 else b"all"
    if kind not in {b"write", b"all"}:
        return refused("ERR CLIENT PAUSE mode must be WRITE or ALL")
    span = integer(args[2])
    if span is None:
        return refused("ERR timeout is not an integer or out of range")
    if span < 0:
        return refused("ERR timeout is negative")
    if span > HIGHEST - host.now():
        return refused("ERR timeout is out of range")
    host.pause(max(host.paused_until(), host.now() + span), writes_only=kind == b"write")
    return Now((OK,))


def unpause(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT UNPAUSE."""
    host.pause(0)
    return Now((OK,))


def unblock(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT UNBLOCK id [TIMEOUT|ERROR]: always 0, for no command here blocks."""
    if _too_many(host, args, 4):
        return refused(wrong_subcommand(args))
    # With words too many Valkey does not even look at the reason.
    if len(args) == 4 and args[3].lower() not in {b"timeout", b"error"}:
        return refused("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    return refused(NOT_AN_INTEGER) if integer(args[2]) is None else Now((0,))


def help_(host: Host, session: Session, args: list[bytes]) -> Now:
    """CLIENT HELP."""
    return Now((client_help(host.view().settings.mode),))


HANDLERS: Mapping[str, Handler] = {
    "client|id": client_id,
    "client|reply": reply,
    "client|no-evict": no_evict,
    "client|pause": pause,
    "client|unpause": unpause,
    "client|unblock": unblock,
    "client|help": help_,
}
