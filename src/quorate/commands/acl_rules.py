"""One set of ACL permissions and the little language that changes it (server documentation, ACL rules).

Rules are bytes, as clients and files write them. A `Selector` holds what a user may do in one go; a user has a root
selector and may have more, written in parentheses, of which any one is enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from quorate.commands.table import CATEGORIES, Command, Table
from quorate.model.identity import text_of
from quorate.wire.glob import matches

UNKNOWN_COMMAND = "Unknown command or category name in ACL"
SYNTAX = "Syntax error"

_FIRST_WORD_OF_SUBCOMMAND = "Allowing first-arg of a subcommand is not supported"
_USELESS_KEY = (
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
    "Try 'resetkeys' to start with an empty list of patterns"
)
_USELESS_CHANNEL = (
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
    "Try 'resetchannels' to start with an empty list of channels"
)

SPACES = b" \t\n\v\f\r"

# Valkey's words, which work in every mode: a right given for the old word holds where the new one is not listed.
_STANDS_FOR = {
    "sentinel|get-primary-addr-by-name": "sentinel|get-master-addr-by-name",
    "sentinel|is-primary-down-by-addr": "sentinel|is-master-down-by-addr",
    "sentinel|primaries": "sentinel|masters",
    "sentinel|primary": "sentinel|master",
    "client|setinfo": "client|setname",
}


class RuleError(ValueError):
    """A rule that cannot be applied; the text is the server's. `rule` is filled in by who applied several."""

    def __init__(self, text: str, rule: bytes = b"") -> None:
        super().__init__(text)
        self.rule = rule

    @property
    def unknown(self) -> bool:
        """True if the rule names a command or category that does not exist."""
        return str(self) == UNKNOWN_COMMAND


class Reason(Enum):
    """Why somebody was turned away: the words of ACL LOG."""

    COMMAND = "command"
    CHANNEL = "channel"
    AUTH = "auth"


@dataclass(frozen=True, slots=True)
class Denial:
    """What a user may not do: run the command, or reach the channel, named by `object`."""

    reason: Reason
    object: bytes


@dataclass(slots=True)
class Selector:
    """What may be done. `base` is +@all or -@all, `rules` what was added since, for display.

    `keys` map a pattern to (may read, may write). No command of a sentinel has keys, so they are kept and never asked.
    """

    base: bool = False
    rules: list[str] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)
    first_words: dict[str, set[bytes]] = field(default_factory=dict)
    all_keys: bool = False
    keys: dict[bytes, tuple[bool, bool]] = field(default_factory=dict)
    all_channels: bool = False
    channels: dict[bytes, None] = field(default_factory=dict)

    @property
    def unrestricted(self) -> bool:
        """True if nothing that a sentinel can do is denied."""
        return self.base and not self.rules and self.all_channels

    def copy(self) -> "Selector":
        """An independent selector with the same rights."""
        return Selector(
            self.base,
            list(self.rules),
            set(self.allowed),
            {name: set(words) for name, words in self.first_words.items()},
            self.all_keys,
            dict(self.keys),
            self.all_channels,
            dict(self.channels),
        )

    def describe_commands(self) -> str:
        """The command rules as ACL GETUSER shows them."""
        return " ".join(["+@all" if self.base else "-@all", *self.rules])

    def describe_keys(self) -> str:
        """The key patterns, `~*` for all."""
        return "~*" if self.all_keys else " ".join(_key_words(self.keys))

    def describe_channels(self) -> str:
        """The channel patterns, `&*` for all."""
        return "&*" if self.all_channels else " ".join(f"&{text_of(pattern)}" for pattern in self.channels)

    def words(self) -> Iterator[str]:
        """The rules that make this selector from nothing, in the order of ACL LIST."""
        yield from ["~*"] if self.all_keys else _key_words(self.keys)
        if self.all_channels:
            yield "&*"
        else:
            yield "resetchannels"
            yield from (f"&{text_of(pattern)}" for pattern in self.channels)
        yield "+@all" if self.base else "-@all"
        yield from self.rules

    # --- asking -----------------------------------------------------------------------------------------------------

    def denies(self, command: Command, words: list[bytes]) -> Denial | None:
        """What stands against this request, None if nothing does."""
        if "no_auth" not in command.flags and not self._may_run(command, words):
            return Denial(Reason.COMMAND, command.name.encode())
        if self.all_channels:
            return None
        if command.name == "psubscribe":
            refused = (word for word in words[1:] if word not in self.channels)
        elif command.name == "subscribe":
            refused = (word for word in words[1:] if not self.reaches(word))
        elif command.name == "publish":
            refused = (word for word in words[1:2] if not self.reaches(word))
        else:
            return None
        first = next(refused, None)
        return None if first is None else Denial(Reason.CHANNEL, first)

    def reaches(self, channel: bytes) -> bool:
        """True if one of the channel patterns matches."""
        return self.all_channels or any(matches(pattern, channel) for pattern in self.channels)

    def _may_run(self, command: Command, words: list[bytes]) -> bool:
        if command.name in self.allowed:
            return True
        if not command.listed and _STANDS_FOR.get(command.name) in self.allowed:
            return True
        return len(words) > 1 and words[1].lower() in self.first_words.get(command.name, ())

    # --- changing ---------------------------------------------------------------------------------------------------

    def apply(self, rule: bytes, table: Table) -> None:
        """Change the rights by one rule; RuleError if it is none."""
        word = rule.lower()
        if word in {b"allkeys", b"~*"}:
            self.all_keys, self.keys = True, {}
        elif word == b"resetkeys":
            self.all_keys, self.keys = False, {}
        elif word in {b"allchannels", b"&*"}:
            self.all_channels, self.channels = True, {}
        elif word == b"resetchannels":
            self.all_channels, self.channels = False, {}
        elif word in {b"allcommands", b"+@all", b"nocommands", b"-@all"}:
            self._restart(table, base=word in {b"allcommands", b"+@all"})
        elif rule[:1] in {b"~", b"%"}:
            self._add_key(rule)
        elif rule[:1] == b"&":
            self._add_channel(rule[1:])
        elif word[:2] in {b"+@", b"-@"}:
            self._apply_category(word, table)
        elif rule[:1] in {b"+", b"-"}:
            self._apply_command(word, table)
        else:
            raise RuleError(SYNTAX)

    def _restart(self, table: Table, *, base: bool) -> None:
        self.base, self.rules, self.first_words = base, [], {}
        self.allowed = {name for command in table.commands.values() for name in _family(command)} if base else set()

    def _add_key(self, rule: bytes) -> None:
        if self.all_keys:
            raise RuleError(_USELESS_KEY)
        reads, writes, pattern = (True, True, rule[1:]) if rule[:1] == b"~" else _key_rights(rule)
        if _has_space(pattern):
            raise RuleError(SYNTAX)
        old = self.keys.get(pattern, (False, False))
        self.keys[pattern] = (old[0] or reads, old[1] or writes)

    def _add_channel(self, pattern: bytes) -> None:
        if self.all_channels:
            raise RuleError(_USELESS_CHANNEL)
        if _has_space(pattern):
            raise RuleError(SYNTAX)
        self.channels[pattern] = None

    def _apply_category(self, word: bytes, table: Table) -> None:
        category = text_of(word[2:])
        if category not in CATEGORIES:
            raise RuleError(UNKNOWN_COMMAND)
        allow = word[:1] == b"+"
        # A container's category speaks for all that it contains, as in the server.
        for command in table.commands.values():
            if category in command.categories:
                self._set(command, allow=allow)
            for sub in command.subcommands.values():
                if category in sub.categories:
                    self._set(sub, allow=allow)
        self._note(text_of(word))

    def _apply_command(self, word: bytes, table: Table) -> None:
        allow, name = word[:1] == b"+", word[1:]
        command = table.named(name)
        if command is not None:
            self._set(command, allow=allow)
        else:
            container, bar, first = name.rpartition(b"|")
            target = table.named(container) if bar and allow else None
            if target is None:
                raise RuleError(UNKNOWN_COMMAND)
            if "|" in target.name:
                raise RuleError(_FIRST_WORD_OF_SUBCOMMAND)
            if not first:
                raise RuleError(SYNTAX)
            if target.subcommands or _has_space(first):
                raise RuleError(UNKNOWN_COMMAND)
            self.first_words.setdefault(target.name, set()).add(first)
        self._note(text_of(word))

    def _set(self, command: Command, *, allow: bool) -> None:
        self.first_words.pop(command.name, None)
        if allow:
            self.allowed.update(_family(command))
        else:
            self.allowed.difference_update(_family(command))

    def _note(self, rule: str) -> None:
        """Remember a rule for display, without those that it makes void: the same name, and its subcommands."""
        name = rule[1:]
        self.rules = [old for old in self.rules if old[1:] != name and not old[1:].startswith(f"{name}|")]
        self.rules.append(rule)


def joined_selectors(rules: list[bytes]) -> list[bytes]:
    """The same rules with every `( ... )` as one, however it was split; ValueError names the one that never ends."""
    joined: list[bytes] = []
    opened: list[bytes] = []
    for rule in rules:
        if not opened and not rule.startswith(b"("):
            joined.append(rule)
            continue
        opened.append(rule)
        if rule.endswith(b")"):
            joined.append(b" ".join(opened))
            opened = []
    if opened:
        raise ValueError(text_of(opened[0]))
    return joined


def _family(command: Command) -> Iterator[str]:
    yield command.name
    for sub in command.subcommands.values():
        yield sub.name


def _has_space(pattern: bytes) -> bool:
    return any(byte in SPACES or byte == 0 for byte in pattern)


def _key_rights(rule: bytes) -> tuple[bool, bool, bytes]:
    """What `%R~pattern`, `%W~pattern` or `%RW~pattern` gives."""
    rights, _, pattern = rule[1:].partition(b"~")
    word = rights.upper()
    if word not in {b"R", b"W", b"RW", b"WR"}:
        raise RuleError(SYNTAX)
    return b"R" in word, b"W" in word, pattern


def _key_words(keys: dict[bytes, tuple[bool, bool]]) -> list[str]:
    signs = {(True, True): "~", (True, False): "%R~", (False, True): "%W~"}
    return [f"{signs[rights]}{text_of(pattern)}" for pattern, rights in keys.items()]
