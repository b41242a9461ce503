"""The vocabulary in which commands are documented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: `kind` is the protocol's type word; `flags` are optional, multiple, multiple_token.

    `shown` is the name for people where it differs. `inner` are the parts of a oneof or block.
    """

    name: str
    kind: str = "string"
    literal: str = ""
    since: str = ""
    flags: str = ""
    inner: tuple["Argument", ...] = ()
    shown: str = ""
    deprecated_since: str = ""


@dataclass(frozen=True, slots=True)
class Doc:
    """One command. `replaced` is (version of the deprecation, what to use instead); `history` is (version, change)."""

    summary: str
    since: str
    group: str
    complexity: str = "O(1)"
    arguments: tuple[Argument, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    replaced: tuple[str, str] | None = None


def word(literal: str, since: str = "", flags: str = "") -> Argument:
    """A word that is given as it is, such as ON."""
    return Argument(literal.lower(), "pure-token", literal, since, flags)


def choice(name: str, *inner: Argument, literal: str = "", since: str = "", flags: str = "") -> Argument:
    """One of several arguments."""
    return Argument(name, "oneof", literal, since, flags, inner)


def block(name: str, *inner: Argument, literal: str = "", since: str = "", flags: str = "") -> Argument:
    """Several arguments that belong together."""
    return Argument(name, "block", literal, since, flags, inner)
