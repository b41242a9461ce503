"""ACL LOG: show who was turned away lately, newest first."""

from quorate.commands.acl_log import Entry
from quorate.commands.contract import Host, Now, Session
from quorate.commands.errors import refused, wrong_subcommand
from quorate.commands.numbers import NOT_AN_INTEGER, integer
from quorate.model.identity import bytes_of
from quorate.model.millis import Millis
from quorate.model.settings import Mode
from quorate.wire.values import OK, Double, Map, Reply

_SHOWN = 10


def log(host: Host, session: Session, args: list[bytes]) -> Now:
    """The newest entries (ten, or as many as asked for), or RESET."""
    if len(args) > 3:
        return refused(wrong_subcommand(args))
    if len(args) == 3 and args[2].lower() == b"reset":
        host.acl.log.clear()
        return Now((OK,))
    count = integer(args[2]) if len(args) == 3 else _SHOWN
    if count is None:
        return refused(NOT_AN_INTEGER)
    now = host.facts().wall_clock_us // 1000
    dated = host.view().settings.mode is not Mode.REDIS_7_0
    shown: list[Reply] = [_entry(entry, now, dated=dated) for entry in host.acl.log.entries[: max(count, 0)]]
    return Now((shown,))


def _entry(entry: Entry, now: Millis, *, dated: bool) -> Map:
    pairs: list[tuple[Reply, Reply]] = [
        (b"count", entry.count),
        (b"reason", entry.reason.value.encode()),
        (b"context", b"toplevel"),
        (b"object", entry.object),
        (b"username", bytes_of(entry.username)),
        (b"age-seconds", Double(max(now - entry.updated, 0) / 1000)),
        (b"client-info", entry.client),
    ]
    if dated:
        pairs += [
            (b"entry-id", entry.id),
            (b"timestamp-created", entry.created),
            (b"timestamp-last-updated", entry.updated),
        ]
    return Map(pairs)
