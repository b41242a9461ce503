"""One user of the ACL: passwords, rights, and the rules that describe them."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from quorate.commands.acl_rules import Denial, Reason, RuleError, Selector
from quorate.commands.table import TABLES, Command
from quorate.model.settings import Mode

_HASH = frozenset(b"0123456789abcdef")
_HASH_LENGTH = 64
_BAD_HASH = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
_NO_PASSWORD = "The password you are trying to remove from the user does not exist"  # noqa: S105 - an error's text


@dataclass(frozen=True, slots=True)
class Defaults:
    """What users start from. `channels` is acl-pubsub-default allchannels."""

    mode: Mode
    channels: bool = False

    def selector(self) -> Selector:
        """No rights but, perhaps, all channels."""
        return Selector(all_channels=self.channels)

    @property
    def sanitize(self) -> bool | None:
        """Redis 7.0 sets neither of the two flags on a new user."""
        return None if self.mode is Mode.REDIS_7_0 else True


@dataclass(slots=True, eq=False)
class User:
    """One user; the object stays while rules change, so connections keep pointing at it.

    `passwords` are SHA-256 in lower-case hexadecimal. `sanitize` is kept for the file: a sentinel restores no dumps.
    """

    name: str
    defaults: Defaults
    enabled: bool = False
    nopass: bool = False
    sanitize: bool | None = None
    passwords: list[str] = field(default_factory=list)
    selectors: list[Selector] = field(default_factory=list)
    unrestricted: bool = False
    """True if nothing is denied: asked first, for it is nearly always so."""

    @staticmethod
    def new(name: str, defaults: Defaults) -> "User":
        """A user as the first rule finds it: off, without passwords and rights."""
        return User(name, defaults, sanitize=defaults.sanitize, selectors=[defaults.selector()])

    # --- asking -----------------------------------------------------------------------------------------------------

    def denies(self, command: Command, words: list[bytes]) -> Denial | None:
        """Why this user may not make this request, None if it may. `words` are the whole request."""
        if self.unrestricted:
            return None
        worst: Denial | None = None
        for selector in self.selectors:
            denial = selector.denies(command, words)
            if denial is None:
                return None
            # Being kept from a channel says more than not being allowed the command by another selector.
            if worst is None or denial.reason is Reason.CHANNEL:
                worst = denial
        return worst

    def may_listen(self, channels: Iterable[bytes], patterns: Iterable[bytes]) -> bool:
        """True if these subscriptions may stay after a change of rules."""
        if any(selector.all_channels for selector in self.selectors):
            return True
        given = {pattern for selector in self.selectors for pattern in selector.channels}
        return given.issuperset(patterns) and all(
            any(selector.reaches(channel) for selector in self.selectors) for channel in channels
        )

    def accepts(self, password: bytes) -> bool:
        """True if the user is on and the password is right (or none is needed)."""
        if not self.enabled:
            return False
        if self.nopass:
            return True
        digest = _digest(password)
        found = False
        for known in self.passwords:
            found |= hmac.compare_digest(known, digest)
        return found

    # --- showing ----------------------------------------------------------------------------------------------------

    def flags(self) -> list[str]:
        """The flags in the order of ACL GETUSER."""
        shown = ["on" if self.enabled else "off"]
        if self.nopass:
            shown.append("nopass")
        if self.sanitize is not None:
            shown.append("sanitize-payload" if self.sanitize else "skip-sanitize-payload")
        return shown

    def words(self) -> Iterator[str]:
        """The name and the rules that make this user; selectors in parentheses, one word each."""
        yield self.name
        yield from self.flags()
        yield from (f"#{password}" for password in self.passwords)
        root, *others = self.selectors
        yield from root.words()
        yield from (f"({' '.join(selector.words())})" for selector in others)

    def describe(self) -> str:
        """The line of ACL LIST and of the ACL file, without a line break: `user default on nopass ~* &* +@all`."""
        return f"user {' '.join(self.words())}"

    # --- changing ---------------------------------------------------------------------------------------------------

    def copy(self) -> "User":
        """An independent user of the same name and rights."""
        twin = User(self.name, self.defaults)
        twin.become(self)
        return twin

    def become(self, other: "User") -> None:
        """Take over everything but the name."""
        self.enabled, self.nopass, self.sanitize = other.enabled, other.nopass, other.sanitize
        self.passwords = list(other.passwords)
        self.selectors = [selector.copy() for selector in other.selectors]
        self.unrestricted = other.unrestricted

    def apply(self, rule: bytes) -> None:
        """Change this user by one rule (selectors joined); RuleError if it is none, and then nothing has changed."""
        if not rule:
            return
        self._apply(rule)
        self.unrestricted = any(selector.unrestricted for selector in self.selectors)

    def _apply(self, rule: bytes) -> None:
        word = rule.lower()
        if word in {b"on", b"off"}:
            self.enabled = word == b"on"
        elif word in {b"sanitize-payload", b"skip-sanitize-payload"}:
            self.sanitize = word == b"sanitize-payload"
        elif word in {b"nopass", b"resetpass"}:
            self.nopass, self.passwords = word == b"nopass", []
        elif rule[:1] in {b">", b"#"}:
            self._add_password(_digest(rule[1:]) if rule[:1] == b">" else _hash(rule[1:]))
        elif rule[:1] in {b"<", b"!"}:
            self._remove_password(_digest(rule[1:]) if rule[:1] == b"<" else _hash(rule[1:]))
        elif word == b"clearselectors":
            del self.selectors[1:]
        elif word == b"reset":
            self.become(User.new(self.name, self.defaults))
            self.sanitize = True
        elif rule[:1] == b"(" and rule[-1:] == b")":
            self._add_selector(rule[1:-1])
        else:
            self.selectors[0].apply(rule, TABLES[self.defaults.mode])

    def _add_password(self, digest: str) -> None:
        if digest not in self.passwords:
            self.passwords.append(digest)
        self.nopass = False

    def _remove_password(self, digest: str) -> None:
        if digest not in self.passwords:
            raise RuleError(_NO_PASSWORD)
        self.passwords.remove(digest)

    def _add_selector(self, inside: bytes) -> None:
        selector = self.defaults.selector()
        for rule in inside.split():
            selector.apply(rule, TABLES[self.defaults.mode])
        self.selectors.append(selector)


def _digest(password: bytes) -> str:
    return hashlib.sha256(password).hexdigest()


def _hash(raw: bytes) -> str:
    if len(raw) != _HASH_LENGTH or not _HASH.issuperset(raw):
        raise RuleError(_BAD_HASH)
    return raw.decode("ascii")
