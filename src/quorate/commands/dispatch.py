"""The door for clients: every request goes through the same checks, in the server's order, to its handler."""

from collections.abc import Iterable, Mapping

from quorate.commands import (
    acl_commands,
    basic,
    changes,
    client,
    client_list,
    connection,
    history,
    introspect,
    peer,
    process_info,
    pubsub,
    queries,
    sentinel_help,
    tracking,
)
from quorate.commands.contract import Answer, Handler, Host, Later, Now, Postponed, Session
from quorate.commands.denials import denial
from quorate.commands.errors import ECHOED, echo, refused, wrong_arity
from quorate.commands.table import TABLES, Command, Table
from quorate.commands.tracking import caching_used
from quorate.model.identity import bytes_of
from quorate.wire.values import Push

HANDLERS: Mapping[str, Handler] = {
    **acl_commands.HANDLERS,
    **basic.HANDLERS,
    **changes.HANDLERS,
    **client.HANDLERS,
    **client_list.HANDLERS,
    **connection.HANDLERS,
    **history.HANDLERS,
    **introspect.HANDLERS,
    **peer.HANDLERS,
    **process_info.HANDLERS,
    **pubsub.HANDLERS,
    **queries.HANDLERS,
    **sentinel_help.HANDLERS,
    **tracking.HANDLERS,
}
"""The handler of every command that can be executed, by full name."""

# What a name that was taken away is looked up in.
_NO_COMMANDS = Table({})

# What web browsers say first: somebody tries to make one talk to us (cross-protocol scripting).
_BROWSER_WORDS = frozenset({b"post", b"host:"})

# A RESP2 client that listens can be told nothing else, for a reply would look like a message.
_WHILE_LISTENING = frozenset({"ping", "subscribe", "unsubscribe", "psubscribe", "punsubscribe"})

# What CLIENT PAUSE WRITE holds: on a data server this one reaches the replicas, and C makes no exception of sentinels.
_WRITES = frozenset({"publish"})


def dispatch(host: Host, session: Session, args: list[bytes]) -> Answer:
    """The answer to one request; `args` has at least one word. What mutes replies is done here (CLIENT REPLY).

    `Postponed` means that the request was not executed: dispatch the same words again when the pause is over.
    """
    session.mute_this = session.mute_next
    session.mute_next = False
    answer = _checked(host, session, args)
    if session.muted or session.mute_this:
        return _muted(session, answer)
    return answer


def _checked(host: Host, session: Session, args: list[bytes]) -> Answer:
    table = TABLES[host.view().settings.mode]
    command = _renamed(host, table, args) if host.renames else table.find(args)
    if command is None:
        # The names of browsers' first words are no commands, so the common case need not look.
        if args[0].lower() in _BROWSER_WORDS:
            return Now((), close=True)
        session.last_command = "NULL"
        return refused(_unknown(table if args[0].lower() not in host.renames else _NO_COMMANDS, args))
    session.last_command = command.name
    if not command.accepts(len(args)):
        return refused(wrong_arity(command.name))
    denied = denial(host, session, command, args)
    if denied is not None:
        return refused(denied)
    if session.protocol == 2 and session.subscribed and command.name not in _WHILE_LISTENING:
        return refused(
            f"ERR Can't execute '{command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
            "are allowed in this context"
        )
    until = host.paused_until()
    if until and host.now() < until and (command.name in _WRITES or not host.paused_writes_only()):
        session.held = True
        return Postponed(until)
    session.held = False
    if session.tracking is not None:
        caching_used(session, command.name)
    answer = HANDLERS[command.name](host, session, args)
    # Counted when done: CLIENT LIST does not count itself.
    session.commands += 1
    return answer


def _renamed(host: Host, table: Table, args: list[bytes]) -> Command | None:
    """What a word means where commands have other names, or none (rename-command)."""
    meant = host.renames.get(args[0].lower(), args[0])
    return table.find([meant, *args[1:]]) if meant else None


def renamed(pairs: Iterable[tuple[str, str]]) -> Mapping[bytes, bytes]:
    """`Host.renames` from the directives, each (old name, new name or "")."""
    known = [(bytes_of(old), bytes_of(new)) for old, new in pairs]
    meanings = {old.lower(): b"" for old, _ in known}
    meanings.update({new.lower(): old for old, new in known if new})
    return meanings


def _muted(session: Session, answer: Answer) -> Answer:
    """The same answer without its replies; messages and confirmations of Pub/Sub are said all the same, as in C."""
    if isinstance(answer, Postponed):
        session.mute_next = session.mute_this
        return answer
    if isinstance(answer, Later):
        return Later(answer.ask, answer.render, silent=True)
    pushes = tuple(reply for reply in answer.replies if isinstance(reply, Push))
    return Now(pushes, answer.close, answer.inputs)


def _unknown(table: Table, args: list[bytes]) -> str:
    container = table.commands.get(args[0].lower())
    if container is not None:
        return f"ERR unknown subcommand '{echo(args[1])}'. Try {container.name.upper()} HELP."
    told = ""
    for arg in args[1:]:
        if len(told) >= ECHOED:
            break
        told += f"'{echo(arg, ECHOED - len(told))}' "
    return f"ERR unknown command '{echo(args[0])}', with args beginning with: {told}"
