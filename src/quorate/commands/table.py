"""The commands of a sentinel port: names, arities, flags, categories, and which of them each mode lists.

Facts only: `dispatch` binds each name to its handler, so that whoever needs the facts (COMMAND, ACL) needs no handler.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from quorate.model.settings import Mode

CATEGORIES = (
    "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream",
    "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
)  # fmt: skip
"""All ACL categories in the order in which ACL CAT lists them; most are empty on a sentinel port."""


_EXTENDED = frozenset({"sentinel|failover"})
"""What takes more words than any mode's server knows of; its handler refuses those that are not ours."""


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """One command or subcommand. `arity` counts the words of the request, negative for "at least".

    `name` is lower-case, `container|sub` for a subcommand. `categories` are words of CATEGORIES, without the `@`.
    `listed` is False for what this mode's server does not have: it works when called and is not told of.
    `subcommands` are keyed by their lower-case last word; those of a container are asked for instead of itself.
    """

    name: str
    arity: int
    flags: tuple[str, ...]
    categories: tuple[str, ...]
    tips: tuple[str, ...] = ()
    listed: bool = True
    subcommands: Mapping[bytes, "Command"] = field(default_factory=lambda: MappingProxyType({}))

    def accepts(self, count: int) -> bool:
        """True if a request of `count` words may be this command."""
        if self.arity > 0:
            return count == self.arity or (count > self.arity and self.name in _EXTENDED)
        return count >= -self.arity


@dataclass(frozen=True, slots=True)
class Table:
    """The commands of one mode, in a fixed order: containers hold their subcommands."""

    commands: Mapping[bytes, Command]

    def find(self, words: list[bytes]) -> Command | None:
        """The command that a request means: the subcommand where a container is given one, None if there is none.

        The words of command and subcommand are compared regardless of case.
        """
        command = self.commands.get(words[0].lower())
        if command is None or not command.subcommands or len(words) == 1:
            return command
        return command.subcommands.get(words[1].lower())

    def named(self, full_name: bytes) -> Command | None:
        """The command or `container|sub` of that name, listed or not."""
        container, bar, word = full_name.lower().partition(b"|")
        command = self.commands.get(container)
        return command.subcommands.get(word) if command is not None and bar else command

    def listed(self) -> Iterator[Command]:
        """What this mode's server has: each top-level command followed by its subcommands."""
        for command in self.commands.values():
            yield command
            yield from (sub for sub in command.subcommands.values() if sub.listed)


# Sets of flags that many commands share, in the order of the wire.
_OPEN = "noscript loading stale"
_OPEN_BUSY = "noscript loading stale allow_busy"
_ADMIN = "admin noscript loading stale"
_LOGIN = "noscript loading stale fast no_auth allow_busy"
_LISTEN = "pubsub noscript loading stale"
_TALK = "loading stale"

# One row per command: name, arity, flags, and the categories that do not follow from the flags.
_ROWS: tuple[tuple[str, int, str, str], ...] = (
    ("acl", -2, "", ""),
    ("acl|cat", -2, _OPEN, ""),
    ("acl|deluser", -3, _ADMIN, ""),
    ("acl|dryrun", -4, _ADMIN, ""),
    ("acl|genpass", -2, _OPEN, ""),
    ("acl|getuser", 3, _ADMIN, ""),
    ("acl|help", 2, _TALK, ""),
    ("acl|list", 2, _ADMIN, ""),
    ("acl|load", 2, _ADMIN, ""),
    ("acl|log", -2, _ADMIN, ""),
    ("acl|save", 2, _ADMIN, ""),
    ("acl|setuser", -3, _ADMIN, ""),
    ("acl|users", 2, _ADMIN, ""),
    ("acl|whoami", 2, _OPEN, ""),
    ("auth", -2, _LOGIN, "connection"),
    ("client", -2, "", ""),
    ("client|caching", 3, _OPEN, "connection"),
    ("client|getname", 2, _OPEN, "connection"),
    ("client|getredir", 2, _OPEN, "connection"),
    ("client|help", 2, _TALK, "connection"),
    ("client|id", 2, _OPEN, "connection"),
    ("client|info", 2, _OPEN, "connection"),
    ("client|kill", -3, _ADMIN, "connection"),
    ("client|list", -2, _ADMIN, "connection"),
    ("client|no-evict", 3, _ADMIN, "connection"),
    ("client|pause", -3, _ADMIN, "connection"),
    ("client|reply", 3, _OPEN, "connection"),
    ("client|setinfo", 4, _OPEN, "connection"),
    ("client|setname", 3, _OPEN, "connection"),
    ("client|tracking", -3, _OPEN, "connection"),
    ("client|trackinginfo", 2, _OPEN, "connection"),
    ("client|unblock", -3, _ADMIN, "connection"),
    ("client|unpause", 2, _ADMIN, "connection"),
    ("command", -1, _TALK, "connection"),
    ("command|count", 2, _TALK, "connection"),
    ("command|docs", -2, _TALK, "connection"),
    ("command|getkeys", -3, _TALK, "connection"),
    ("command|getkeysandflags", -3, _TALK, "connection"),
    ("command|help", 2, _TALK, "connection"),
    ("command|info", -2, _TALK, "connection"),
    ("command|list", -2, _TALK, "connection"),
    ("hello", -1, _LOGIN, "connection"),
    ("info", -1, _TALK, "dangerous"),
    ("ping", -1, "fast", "connection"),
    ("psubscribe", -2, _LISTEN, ""),
    ("publish", 3, "pubsub loading stale fast", ""),
    ("punsubscribe", -1, _LISTEN, ""),
    ("role", 1, "noscript loading stale fast", "admin dangerous"),
    ("sentinel", -2, "admin", ""),
    ("sentinel|candidates", 3, "admin", ""),
    ("sentinel|ckquorum", 3, "admin", ""),
    ("sentinel|config", -4, "admin", ""),
    ("sentinel|debug", -2, "admin", ""),
    ("sentinel|failover", 3, "admin", ""),
    ("sentinel|failovers", 3, "admin", ""),
    ("sentinel|flushconfig", 2, "admin", ""),
    ("sentinel|get-master-addr-by-name", 3, "admin", ""),
    ("sentinel|get-primary-addr-by-name", 3, "admin", ""),
    ("sentinel|help", 2, _TALK, ""),
    ("sentinel|info-cache", -3, "admin", ""),
    ("sentinel|is-master-down-by-addr", 6, "admin", ""),
    ("sentinel|is-primary-down-by-addr", 6, "admin", ""),
    ("sentinel|master", 3, "admin", ""),
    ("sentinel|masters", 2, "admin", ""),
    ("sentinel|monitor", 6, "admin", ""),
    ("sentinel|myid", 2, "admin", ""),
    ("sentinel|pending-scripts", 2, "admin", ""),
    ("sentinel|primaries", 2, "admin", ""),
    ("sentinel|primary", 3, "admin", ""),
    ("sentinel|quorate", -2, "admin", ""),
    ("sentinel|remove", 3, "admin", ""),
    ("sentinel|replicas", 3, "admin", ""),
    ("sentinel|reset", 3, "admin", ""),
    ("sentinel|sentinels", 3, "admin", ""),
    ("sentinel|set", -5, "admin", ""),
    ("sentinel|simulate-failure", -3, "admin", ""),
    ("sentinel|slaves", 3, "admin", ""),
    ("shutdown", -1, "admin noscript loading stale no_multi allow_busy", ""),
    ("subscribe", -2, _LISTEN, ""),
    ("unsubscribe", -1, _LISTEN, ""),
)

_EVERY_NODE = ("request_policy:all_nodes", "response_policy:all_succeeded")
_EVERY_SHARD = ("request_policy:all_shards", "response_policy:all_succeeded")
_UNORDERED = ("nondeterministic_output_order",)
_VARYING = ("nondeterministic_output",)

_TIPS: Mapping[str, tuple[str, ...]] = {
    "client|info": _VARYING,
    "client|list": _VARYING,
    "command": _UNORDERED,
    "command|docs": _UNORDERED,
    "command|info": _UNORDERED,
    "command|list": _UNORDERED,
    "info": (*_VARYING, "request_policy:all_shards", "response_policy:special"),
    "ping": _EVERY_SHARD,
}
# What came after 7.0.
_LATER_TIPS: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("acl|deluser", "acl|save", "acl|setuser", "client|setinfo", "client|setname"), _EVERY_NODE
)

_PRIMARY_FORMS = frozenset(
    {
        "sentinel|get-primary-addr-by-name",
        "sentinel|is-primary-down-by-addr",
        "sentinel|primaries",
        "sentinel|primary",
    }
)
# What only our own kind has is listed in its own mode, and works in every one.
_OURS = frozenset({"sentinel|candidates", "sentinel|failovers", "sentinel|quorate"})
_UNLISTED: Mapping[Mode, frozenset[str]] = {
    Mode.REDIS_7_0: _OURS | _PRIMARY_FORMS | {"client|setinfo"},
    Mode.REDIS_7_2: _OURS | _PRIMARY_FORMS,
    Mode.VALKEY_8: _OURS,
    Mode.QUORATE: _PRIMARY_FORMS,
}

# 7.0.15 counts differently; its CONFIG takes a single parameter and no more.
_ARITIES_7_0: Mapping[str, int] = {"command|getkeys": -4, "command|getkeysandflags": -4, "sentinel|config": -3}


def _categories(flags: tuple[str, ...], extra: str) -> tuple[str, ...]:
    found = set(extra.split())
    found.add("fast" if "fast" in flags else "slow")
    if "admin" in flags:
        found |= {"admin", "dangerous"}
    if "pubsub" in flags:
        found.add("pubsub")
    return tuple(word for word in CATEGORIES if word in found)


def _command(row: tuple[str, int, str, str], mode: Mode) -> Command:
    name, arity, flag_words, extra = row
    tips = _TIPS.get(name, ())
    if mode is Mode.REDIS_7_0:
        arity = _ARITIES_7_0.get(name, arity)
    else:
        tips = _LATER_TIPS.get(name, tips)
    flags = tuple(flag_words.split())
    return Command(name, arity, flags, _categories(flags, extra), tips, name not in _UNLISTED[mode])


def _table(mode: Mode) -> Table:
    every = [_command(row, mode) for row in _ROWS]
    below: dict[str, dict[bytes, Command]] = {}
    for command in every:
        container, bar, word = command.name.partition("|")
        if bar:
            below.setdefault(container, {})[word.encode()] = command
    return Table(
        MappingProxyType(
            {
                command.name.encode(): replace(command, subcommands=MappingProxyType(below.get(command.name, {})))
                for command in every
                if "|" not in command.name
            }
        )
    )


TABLES: Mapping[Mode, Table] = {mode: _table(mode) for mode in Mode}
"""The table of each mode."""
