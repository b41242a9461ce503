"""Why an acknowledged write is gone: a reason that asynchronous replication allows, or none. Pure.

A write may be lost for two reasons that no sentinel can help: the master died before the write had left it, or the
master was cut off (or paused, or refused by everybody) and took writes that its successor never saw. Of the latter,
those after the cut are counted apart, because a sentinel can make them fewer: its clients are still on the old side
until it is demoted. Everything else is somebody's mistake, above all what a master takes that was started again or
could be reached all the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from quorate.drill.ledger import Ack


class Cause(Enum):
    """The reasons, in the words of reports."""

    LAG = "replication lag at the crash"
    SIDE = "on the side of the master that was cut off"
    LATE = "on the side that was cut off, after the cut had healed and before its master was demoted"
    UNEXPLAINED = "unexplained"


LAG_WINDOW = 1.0
"""Seconds before a crash within which a write may not have reached the replica, on links without delay."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What happened around a fault. Servers by name; times on the clock of the acks.

    `crashed` and `separated`: the servers that the drill killed, or kept from others (cut, paused, rejected), with the
    moment; `released`: when that ended. `promoted`: who took over when, in order. `offsets`: each surviving replica's
    last known offset before the first promotion. `slack`: seconds of replication lag that the drill itself caused.
    """

    crashed: Mapping[str, float]
    separated: Mapping[str, float]
    released: float
    promoted: Sequence[tuple[float, str]]
    offsets: Mapping[str, int]
    slack: float = 0.0


@dataclass(frozen=True, slots=True)
class Loss:
    """A lost write, its cause, and for an unexplained one a sentence."""

    ack: Ack
    cause: Cause
    text: str = ""


def explain(ack: Ack, server: str, facts: Circumstances) -> Loss:
    """Find the reason for one loss. `server` is the name of the one that acknowledged it."""
    successor = next(((at, name) for at, name in facts.promoted if name != server), None)
    if successor is None:
        return Loss(ack, Cause.UNEXPLAINED, f"{server} stayed master and lost it")
    at, name = successor
    if ack.at < at:
        better = _passed_over(name, facts)
        if better:
            return Loss(ack, Cause.UNEXPLAINED, f"{name} was promoted although {better} had more data")
    if server in facts.separated:
        since = facts.separated[server]
        if ack.at > facts.released:
            return Loss(ack, Cause.LATE)
        if ack.at >= since - LAG_WINDOW - facts.slack:
            return Loss(ack, Cause.SIDE)
        return Loss(ack, Cause.UNEXPLAINED, f"{since - ack.at:.1f} s before {server} was cut off")
    if server in facts.crashed:
        since = facts.crashed[server]
        if since - LAG_WINDOW - facts.slack <= ack.at <= since + 0.1:
            return Loss(ack, Cause.LAG)
        if ack.at > since:
            # Started again, it was a master like any other: no lag and no cut excuses what it lost.
            return Loss(ack, Cause.UNEXPLAINED, f"{server} took it after it was started again, and was replaced")
        return Loss(ack, Cause.UNEXPLAINED, f"{since - ack.at:.1f} s before {server} was killed")
    if ack.at >= at:
        return Loss(ack, Cause.UNEXPLAINED, f"{server} took it after {name} was promoted, though it could be reached")
    return Loss(ack, Cause.UNEXPLAINED, f"{server} was neither dead nor cut off when {name} was promoted")


def _passed_over(promoted: str, facts: Circumstances) -> str:
    """A replica that was known to have more than the promoted one, "" if none."""
    mine = facts.offsets.get(promoted)
    if mine is None:
        return ""
    ahead = {name: offset for name, offset in facts.offsets.items() if offset > mine and name != promoted}
    return max(ahead, key=lambda name: ahead[name]) if ahead else ""
