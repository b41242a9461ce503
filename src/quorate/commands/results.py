"""What the core answers to a request, as a reply, and what the errors of SENTINEL and ACL have in common."""

from typing import assert_never

from quorate.commands.errors import echo
from quorate.core.outcome import Count, Done, Opinion, Refused, Result
from quorate.model.identity import bytes_of
from quorate.wire.values import OK, Error, Reply

NO_SUCH_MASTER = "ERR No such master with that name"


_WHOLE = 1 << 16
"""Errors about one word repeat it as a whole; nobody needs more than this of it."""


def whole(raw: bytes) -> str:
    """A word of the request, fit for an error line."""
    return echo(raw, _WHOLE)


def reply_of(result: Result) -> Reply:
    """+OK, an integer, a peer's [down, leader, epoch], or an error, to which ERR is added unless it has a code."""
    match result:
        case Done():
            return OK
        case Count(number):
            return number
        case Opinion(down, leader, leader_epoch):
            return [int(down), b"*" if leader is None else bytes_of(leader), leader_epoch]
        case Refused(error):
            return Error(error if _has_code(error) else f"ERR {error}")
        case _:
            assert_never(result)


def _has_code(error: str) -> bool:
    """Codes are words in capitals: INPROG, NOGOODSLAVE."""
    word = error.partition(" ")[0]
    return word.isalpha() and word.isupper() and word.isascii()
