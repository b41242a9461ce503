"""SENTINEL FAILOVERS: what this sentinel remembers of the failovers of a master."""

from collections.abc import Mapping

from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.errors import refused
from quorate.commands.results import NO_SUCH_MASTER
from quorate.model.identity import MasterName, bytes_of, text_of
from quorate.wire.history import Plain, plain
from quorate.wire.values import Map, Reply


def failovers(host: Host, session: Session, args: list[bytes]) -> Now:
    """One map per failover, newest first; a master that is no longer monitored still has its history."""
    name = MasterName(text_of(args[2]))
    entries = host.failovers(name)
    if not entries and host.view().master_settings(name) is None:
        return refused(NO_SUCH_MASTER)
    return Now(([_reply(plain(entry)) for entry in entries],))


def _reply(value: Plain) -> Reply:
    """All values are bulk strings, the numbers too, as in the maps of the other subcommands."""
    match value:
        case dict():
            return Map([(bytes_of(key), _reply(item)) for key, item in value.items()])
        case list():
            return [_reply(item) for item in value]
        case _:
            return bytes_of(str(value))


HANDLERS: Mapping[str, Handler] = {"sentinel|failovers": failovers}
