"""Errors that many commands share, as on the wire (spec 2.1)."""

from quorate.commands.contract import Now
from quorate.model.identity import text_of
from quorate.wire.values import Error

SYNTAX = "ERR syntax error"

ECHOED = 128
"""At most so many bytes of a word of the request are repeated in an error."""

_LINE_BREAKS = {ord("\r"): " ", ord("\n"): " "}


def refused(error: str) -> Now:
    """An error reply, its code included."""
    return Now((Error(error),))


def echo(raw: bytes, limit: int = ECHOED) -> str:
    """The beginning of what the client typed, fit for an error line: cut at a zero byte, without line breaks."""
    return text_of(raw[:limit].split(b"\0", 1)[0]).translate(_LINE_BREAKS)


def wrong_arity(name: str) -> str:
    """The error for too few or too many words; `name` is the full lower-case name."""
    return f"ERR wrong number of arguments for '{name}' command"


def wrong_subcommand(args: list[bytes]) -> str:
    """What a container's handler says when its subcommand exists but the number of words fits no form of it."""
    container = echo(args[0]).upper()
    return f"ERR unknown subcommand or wrong number of arguments for '{echo(args[1])}'. Try {container} HELP."
