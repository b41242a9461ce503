"""One vote per epoch and master, and what the votes say (sentinel documentation, "Sentinels and replicas auto
discovery" and "Failover"; the scheme is the leader election of Raft).

A leader needs the votes of a majority of all known sentinels, dead ones included, and at least `quorum` votes.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from quorate.model.identity import Epoch, RunId

NO_EPOCH = Epoch(0)


@dataclass(frozen=True, slots=True)
class Ballot:
    """A request for a vote, and what the voter holds: its current epoch, and of this master its last vote and the epoch
    of its configuration.

    `watched_from` is the current epoch at which it began to watch the master: what it voted before that it may have
    forgotten, with the master, at an operator's word.
    """

    requested: Epoch
    candidate: RunId
    current: Epoch
    leader: RunId | None
    leader_epoch: Epoch
    config_epoch: Epoch
    watched_from: Epoch


@dataclass(frozen=True, slots=True)
class Grant:
    """The voter's state after the request. `voted` only if this request won the vote."""

    current: Epoch
    leader: RunId | None
    leader_epoch: Epoch
    voted: bool


def grant(ballot: Ballot) -> Grant:
    """Adopt a higher epoch; vote if nothing that we know of this master is as new as the request.

    The current epoch is shared by all masters, so it says nothing about one of them: it was raised for another, and an
    election that is under way in a lower one is not outdated by that. (C Sentinel refuses whatever is below it.)
    """
    requested = ballot.requested
    current = max(ballot.current, requested)
    if requested > max(ballot.leader_epoch, ballot.config_epoch) and requested >= ballot.watched_from:
        return Grant(current, ballot.candidate, requested, voted=True)
    return Grant(current, ballot.leader, ballot.leader_epoch, voted=False)


class Verdict(Enum):
    """How an election stands for one candidate."""

    WON = "won"
    PENDING = "pending"
    """We may still win, or at least get a majority."""
    LOST = "lost"
    """We cannot win, somebody else may have."""
    NOBODY = "nobody"
    """The votes seen prove that no candidate can have won, nor ever will in this epoch."""


def votes_needed(voters: int, quorum: int) -> int:
    """A majority of all known sentinels, and at least the quorum."""
    return max(voters // 2 + 1, quorum)


def tally(me: RunId, votes: Mapping[RunId, RunId], voters: int, quorum: int, refused: int = 0) -> Verdict:
    """Read an election from the votes seen in its epoch: voter to candidate, our own included.

    The quorum is ours alone: an operator may have set another one at the others, for whom a majority may be enough.
    `refused` voters have shown that they vote for nobody in this epoch.
    """
    mine = sum(1 for candidate in votes.values() if candidate == me)
    unknown = voters - len(votes) - refused
    if mine >= votes_needed(voters, quorum):
        return Verdict.WON
    if others_may_win(me, votes, voters, refused):
        return Verdict.PENDING if mine + unknown >= votes_needed(voters, 0) else Verdict.LOST
    return Verdict.PENDING if mine + unknown >= votes_needed(voters, quorum) else Verdict.NOBODY


def others_may_win(me: RunId, votes: Mapping[RunId, RunId], voters: int, refused: int = 0) -> bool:
    """Whether somebody else may have a majority of this epoch, or may yet get one."""
    counts = Counter(candidate for candidate in votes.values() if candidate != me)
    unknown = voters - len(votes) - refused
    # Alone there is nobody who could win instead.
    return voters > 1 and max(counts.values(), default=0) + unknown >= votes_needed(voters, 0)
