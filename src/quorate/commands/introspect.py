"""COMMAND: what the commands of this port are, for clients and for people."""

from collections.abc import Callable, Iterable, Mapping

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.docs import documented
from quorate.commands.errors import SYNTAX, refused
from quorate.commands.help_texts import command_help
from quorate.commands.table import TABLES, Command, Table
from quorate.model.identity import text_of
from quorate.model.settings import Mode
from quorate.wire.glob import matches
from quorate.wire.values import Map, Reply, Set, Simple


def _mode(host: Host) -> Mode:
    return host.view().settings.mode


def _table(host: Host) -> Table:
    return TABLES[_mode(host)]


def _subcommands(command: Command) -> list[Command]:
    return [sub for sub in command.subcommands.values() if sub.listed]


def _described(command: Command, mode: Mode) -> Reply:
    """The ten items of COMMAND INFO. There are no keys here, so their places and specifications are empty."""
    below: list[Reply] = [_described(sub, mode) for sub in _subcommands(command)]
    # The server tells of no subcommands by an empty set, though it tells of some by an array.
    subcommands: Reply = below or Set([])
    return [
        command.name.encode(),
        command.arity,
        Set([Simple(flag) for flag in command.flags]),
        0,
        0,
        0,
        Set([Simple(f"@{category}") for category in command.categories]),
        Set([tip.encode() for tip in command.tips]),
        Set([]),
        subcommands,
    ]


def command(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND: all top-level commands, described."""
    every: list[Reply] = [_described(each, _mode(host)) for each in _table(host).commands.values()]
    return Now((every,))


def count(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND COUNT: top-level commands only."""
    return Now((len(_table(host).commands),))


def info(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND INFO [name ...]: null for a name that does not exist."""
    if len(args) == 2:
        return command(host, session, args)
    mode = _mode(host)
    found = (_listed(host, name) for name in args[2:])
    return Now(([_described(each, mode) if each is not None else None for each in found],))


def _listed(host: Host, name: bytes) -> Command | None:
    each = _table(host).named(name)
    return each if each is not None and each.listed else None


def docs(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND DOCS [name ...]: a map that leaves out names that do not exist."""
    mode = _mode(host)
    if len(args) == 2:
        chosen: Iterable[Command | None] = _table(host).commands.values()
    else:
        chosen = (_listed(host, name) for name in args[2:])
    pairs: list[tuple[Reply, Reply]] = [
        (each.name.encode(), documented(each, mode)) for each in chosen if each is not None
    ]
    return Now((Map(pairs),))


def list_(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND LIST [FILTERBY MODULE|ACLCAT|PATTERN x]."""
    wanted: Callable[[Command], bool] | None = None
    if len(args) == 5 and args[2].lower() == b"filterby":
        wanted = _filter(args[3].lower(), args[4])
    if wanted is None and len(args) > 2:
        return refused(SYNTAX)
    names = [each.name.encode() for each in _table(host).listed() if wanted is None or wanted(each)]
    return Now(([*names],))


def _filter(kind: bytes, value: bytes) -> Callable[[Command], bool] | None:
    """The test for one kind of filter, None for an unknown kind. No module is ever loaded here."""
    if kind == b"module":
        return lambda _: False
    if kind == b"aclcat":
        category = text_of(value).lower()
        return lambda each: category in each.categories
    if kind == b"pattern":
        return lambda each: matches(value, each.name.encode(), nocase=True)
    return None


def getkeys(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND GETKEYS and GETKEYSANDFLAGS: no command of a sentinel has keys."""
    if _table(host).find(args[2:]) is None:
        return refused("ERR Invalid command specified")
    return refused("ERR The command has no key arguments")


def help_(host: Host, session: Session, args: list[bytes]) -> Now:
    """COMMAND HELP."""
    return Now((command_help(),))


HANDLERS: Mapping[str, Handler] = {
    "command": command,
    "command|count": count,
    "command|docs": docs,
    "command|getkeys": getkeys,
    "command|getkeysandflags": getkeys,
    "command|help": help_,
    "command|info": info,
    "command|list": list_,
}
