"""What a server makes of the transactions that we send it: how many replies come, and what they say."""

from collections.abc import Mapping
from typing import TypeAlias

from quorate.core.requests import PauseWrites, Reconfigure, Rehearse, RehearseHandOver, Request, StepAside
from quorate.model.info import Role
from quorate.wire.info import parse_info
from quorate.wire.values import Error, Reply

BEFORE_LAST: Mapping[type[Request], int] = {
    Reconfigure: 5,
    Rehearse: 7,
    RehearseHandOver: 6,
    PauseWrites: 3,
    StepAside: 6,
}
"""So many commands of a transaction, MULTI among them, are answered before its EXEC is."""

Told: TypeAlias = tuple[int | None, str]
"""How far the data of a server go (None: not told), and the error that it answered ("" for none)."""


def turned(reply: Reply, first_error: str) -> str:
    """What became of a SLAVEOF at the head of a transaction: "" when it was taken, else the error that tells most."""
    done = _executed(reply, first_error)
    return done if isinstance(done, str) else _error(done[0])


def rehearsed(reply: Reply, first_error: str) -> Told:
    """Whether the server let every command in; what became of them does not matter, they were meant to do nothing."""
    done = _executed(reply, first_error)
    return None, done if isinstance(done, str) else ""


def paused(reply: Reply, first_error: str) -> Told:
    """CLIENT PAUSE and INFO: a master's offset."""
    done = _executed(reply, first_error)
    if isinstance(done, str):
        return None, done
    return _offset(done[-1], Role.MASTER), _error(done[0])


def stepped_aside(reply: Reply, first_error: str) -> Told:
    """INFO, SLAVEOF and what follows it: how far a master had come."""
    done = _executed(reply, first_error)
    if isinstance(done, str):
        return None, done
    return _offset(done[0], Role.MASTER), _error(done[1]) if len(done) > 1 else "EXEC was not carried out"


def handed_over(reply: Reply) -> Told:
    """FAILOVER, which is answered before the server has done anything."""
    return None, _error(reply)


def offset(reply: Reply) -> Told:
    """INFO replication of any server."""
    return _offset(reply, None), _error(reply)


def _executed(reply: Reply, first_error: str) -> list[Reply] | str:
    if isinstance(reply, Error):
        # EXEC itself only says that something before it went wrong.
        return first_error or reply.text
    return reply if isinstance(reply, list) and reply else "EXEC was not carried out"


def _error(reply: Reply) -> str:
    return reply.text if isinstance(reply, Error) else ""


def _offset(reply: Reply, wanted: Role | None) -> int | None:
    if not isinstance(reply, bytes):
        return None
    report = parse_info(reply)
    if report.role is None or wanted not in (None, report.role):
        return None
    return report.offset if report.role is Role.MASTER else report.slave.offset
