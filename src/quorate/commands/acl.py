"""Who may log in, and what they may do: all users of the ACL together, and the log of those who were turned away."""

from collections.abc import Iterable, Sequence

from quorate.commands.acl_log import AclLog
from quorate.commands.acl_rules import Denial, Reason, RuleError
from quorate.commands.acl_text import FileReader, config_words, declared
from quorate.commands.acl_user import Defaults, User
from quorate.model.identity import bytes_of, text_of
from quorate.model.settings import Mode

__all__ = ["DEFAULT", "AclFileError", "Book", "Denial", "Reason", "RuleError", "User", "check_line"]

DEFAULT = "default"
"""The user that every connection is at first."""

_DUPLICATE = "Duplicate user found. A user can only be defined once in config files"
_UNCHANGED = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"


class AclFileError(ValueError):
    """An ACL file that cannot be used; the text lists every line that is wrong, as the server does."""


class Book:
    """All users and the log of refusals. `default` is always there, and always the same object."""

    def __init__(self, mode: Mode, *, log_limit: int = 128, channels_by_default: bool = False) -> None:
        """`log_limit` is acllog-max-len, `channels_by_default` acl-pubsub-default allchannels."""
        self.log = AclLog(log_limit)
        self._defaults = Defaults(mode, channels_by_default)
        self.default = self._open_default()
        self.users: dict[str, User] = {DEFAULT: self.default}

    @property
    def login_required(self) -> bool:
        """True if a new connection has to authenticate before it may do anything."""
        return not (self.default.enabled and self.default.nopass)

    def authenticate(self, name: bytes, password: bytes) -> User | None:
        """The user that this password opens, None if it opens none. The caller writes to the log."""
        user = self.users.get(text_of(name))
        return user if user is not None and user.accepts(password) else None

    def sorted(self) -> list[User]:
        """All users in the order of their names' bytes, as ACL LIST has them."""
        return sorted(self.users.values(), key=lambda user: bytes_of(user.name))

    def config_lines(self) -> list[str]:
        """What follows `user` in sentinel.conf for each user."""
        return [" ".join(config_words(user)) for user in self.sorted()]

    def file_text(self) -> bytes:
        """The content of the ACL file."""
        return b"".join(bytes_of(f"{user.describe()}\n") for user in self.sorted())

    def set_user(self, name: str, rules: Sequence[bytes]) -> User:
        """Create or change a user, wholly or not at all. `rules` have their selectors joined.

        RuleError carries the rule that failed.
        """
        old = self.users.get(name)
        changed = User.new(name, self._defaults) if old is None else old.copy()
        for rule in rules:
            try:
                changed.apply(rule)
            except RuleError as error:
                raise RuleError(str(error), rule) from error
        if old is None:
            self.users[name] = changed
            return changed
        old.become(changed)
        return old

    def require_password(self, password: str) -> None:
        """`requirepass`: the one password of the default user, or none at all if it is empty."""
        self.default.apply(b"resetpass")
        self.default.apply(b">" + bytes_of(password) if password else b"nopass")

    def load_lines(self, lines: Iterable[Sequence[str]]) -> None:
        """Take over the `user` lines of sentinel.conf: (name, rule, ...) each. ValueError says what is wrong."""
        seen: set[str] = set()
        for line in lines:
            user = declared(line, self._defaults)
            if user.name in seen:
                raise ValueError(f"Error in user declaration '{user.name}': {_DUPLICATE}")
            seen.add(user.name)
            known = self.users.setdefault(user.name, user)
            if known is not user:
                known.become(user)

    def load_file(self, text: bytes, path: str) -> list[User]:
        """Replace all users by those of an ACL file, or raise AclFileError and change nothing.

        Users that stay keep their object; those that are gone are returned. Without a line of its own the default user
        is open again, as in the server.
        """
        reader = FileReader(path, self._defaults)
        for number, line in enumerate(text.split(b"\n"), 1):
            reader.read(number, line.strip(b" \t\r\n"))
        if reader.errors:
            raise AclFileError("".join(reader.errors) + _UNCHANGED)
        fresh = reader.users
        fresh.setdefault(DEFAULT, self._open_default())
        gone = [user for name, user in self.users.items() if name not in fresh]
        for name, user in fresh.items():
            known = self.users.get(name)
            if known is not None:
                known.become(user)
                fresh[name] = known
        self.users = fresh
        return gone

    def _open_default(self) -> User:
        user = User.new(DEFAULT, self._defaults)
        for rule in (b"on", b"nopass", b"~*", b"&*", b"+@all"):
            user.apply(rule)
        return user


def check_line(words: Sequence[str], mode: Mode) -> str | None:
    """What is wrong with one `user` line of sentinel.conf (name, rule, ...), None if nothing is."""
    try:
        declared(words, Defaults(mode))
    except ValueError as error:
        return str(error)
    return None
