"""How users are written down: `user` lines of sentinel.conf, and the ACL file with its errors."""

from collections.abc import Iterator, Sequence

from quorate.commands.acl_rules import SPACES, RuleError, joined_selectors
from quorate.commands.acl_user import Defaults, User
from quorate.model.identity import bytes_of, text_of

_NAME = "Spaces not allowed in ACL usernames"
_UNMATCHED = "Unmatched parenthesis in selector definition."

# Characters that would end a word or a line of sentinel.conf, or open a quotation, unless the word is quoted.
_PLAIN = frozenset(range(0x21, 0x7F)) - frozenset(b"\"'\\")
_ESCAPES = {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\"}


def bad_name(name: bytes) -> bool:
    """True for a name that no ACL line could carry: with spaces or null bytes, or empty."""
    return not name or any(byte in SPACES or byte == 0 for byte in name)


def declared(words: Sequence[str], defaults: Defaults) -> User:
    """The user that one `user` line of sentinel.conf declares: (name, rule, ...). ValueError says what is wrong."""
    name, *rest = words
    if bad_name(bytes_of(name)):
        raise ValueError(_NAME)
    user = User.new(name, defaults)
    try:
        rules = joined_selectors([bytes_of(word) for word in rest])
    except ValueError as error:
        raise ValueError(_in_declaration(str(error), _UNMATCHED)) from error
    for rule in rules:
        try:
            user.apply(rule)
        except RuleError as error:
            raise ValueError(_in_declaration(text_of(rule), str(error))) from error
    return user


def _in_declaration(rule: str, reason: str) -> str:
    return f"Error in user declaration '{rule}': {reason}"


class FileReader:
    """Collects the users and the errors of an ACL file, so that all errors are told at once."""

    def __init__(self, path: str, defaults: Defaults) -> None:
        self.users: dict[str, User] = {}
        self.errors: list[str] = []
        self._path = path
        self._defaults = defaults

    def read(self, number: int, line: bytes) -> None:
        """Take one line, its blanks trimmed; `number` counts from 1."""
        if not line:
            return
        where = f"{self._path}:{number}"
        keyword, *rest = line.split(b" ")
        if keyword != b"user" or not rest or not rest[0]:
            self.errors.append(f"{where} should start with user keyword followed by the username. ")
            return
        name = text_of(rest[0])
        if bad_name(rest[0]):
            self.errors.append(f"'{where}: username '{name}' contains invalid characters. ")
        elif name in self.users:
            self.errors.append(f"WARNING: Duplicate user '{name}' found on line {number}. ")
        else:
            self._define(where, name, rest[1:])

    def _define(self, where: str, name: str, words: list[bytes]) -> None:
        user = self.users[name] = User.new(name, self._defaults)
        try:
            rules = joined_selectors([word.strip(b"\t\r\n") for word in words])
        except ValueError:
            self.errors.append(f"{where}: {_UNMATCHED}")
            return
        told = False
        for rule in rules:
            try:
                user.apply(rule)
            except RuleError as error:
                # Every unknown name is worth telling; of other errors the first of a line explains the rest.
                if error.unknown:
                    self.errors.append(f"{where}: Error in applying operation '{text_of(rule)}': {error}. ")
                elif not told:
                    told = True
                    self.errors.append(f"{where}: {error}. ")


def config_words(user: User) -> Iterator[str]:
    """What follows `user` in sentinel.conf, word by word: quoted where the file needs it."""
    for word in user.words():
        # A selector's words are written one by one: none holds a space, so none but a quote needs quoting.
        for part in word.split(" ") if word.startswith("(") else [word]:
            yield part if _PLAIN.issuperset(bytes_of(part)) else _quoted(part)


def _quoted(word: str) -> str:
    return '"' + "".join(_ESCAPES.get(byte) or _printed(byte) for byte in bytes_of(word)) + '"'


def _printed(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"
