"""Why a client may not make a request: not logged in, or not allowed to by its user's rights (spec 2.1 d and e)."""

from quorate.commands.acl_rules import Denial, Reason
from quorate.commands.client_list import describe
from quorate.commands.contract import Host, Session
from quorate.commands.table import Command
from quorate.model.settings import Mode

NOAUTH = "NOAUTH Authentication required."
WRONGPASS = "WRONGPASS invalid username-password pair or user is disabled."


def denial(host: Host, session: Session, command: Command, args: list[bytes]) -> str | None:
    """The error for a request that may not be made, which the ACL log then remembers; None if it may."""
    if not session.authenticated and host.acl.login_required and "no_auth" not in command.flags:
        return NOAUTH
    user = session.user
    if user.unrestricted:
        return None
    found = user.denies(command, args)
    if found is None:
        return None
    _note(host, session, found, user.name)
    return _explained(found, user.name, command, host.view().settings.mode)


def login_failed(host: Host, session: Session, name: str, command: bytes) -> str:
    """The error for a wrong name or password; `command` is the word that carried them, as typed, for the ACL log."""
    _note(host, session, Denial(Reason.AUTH, command), name)
    return WRONGPASS


def _note(host: Host, session: Session, found: Denial, username: str) -> None:
    line = describe(host, session).rstrip(b"\n")
    host.acl.log.add(found.reason, found.object, username, line, host.facts().wall_clock_us // 1000)


def _explained(found: Denial, username: str, command: Command, mode: Mode) -> str:
    old = mode is Mode.REDIS_7_0
    if found.reason is Reason.CHANNEL:
        if old:
            return "NOPERM this user has no permissions to access one of the channels used as arguments"
        return "NOPERM No permissions to access a channel"
    who = "this user" if old else f"User {username}"
    return f"NOPERM {who} has no permissions to run the '{command.name}' command"
