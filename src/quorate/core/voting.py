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
    """A request for a vote, and what the voter holds: its current epoch and its last vote for this master."""

    requested: Epoch
    candidate: RunId
    current: Epoch
    leader: RunId | None
    leader_epoch: Epoch


@dataclass(frozen=True, slots=True)
class Grant:
    """The voter's state after the request. `voted` only if this request won the vote."""

    current: Epoch
    leader: RunId | None
    leader_epoch: Epoch
    voted: bool


def grant(ballot: Ballot) -> Grant:
    """Adopt a higher epoch; vote if no vote was cast for this master in it and the request is not outdated."""
    current = max(ballot.current, ballot.requested)
    if ballot.leader_epoch < ballot.requested and current <= ballot.requested:
        return Grant(current, ballot.candidate, current, voted=True)
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


def tally(me: RunId, votes: Mapping[RunId, RunId], voters: int, quorum: int) -> Verdict:
    """Read an election from the votes seen in its epoch: voter to candidate, our own included.

    The quorum is ours alone: an operator may have set another one at the others, for whom a majority may be enough.
    """
    majority = votes_needed(voters, 0)
    counts = Counter(votes.values())
    unknown = voters - len(votes)
    if counts[me] >= votes_needed(voters, quorum):
        return Verdict.WON
    others = max((n for candidate, n in counts.items() if candidate != me), default=0)
    # Alone there is nobody who could win instead.
    if voters > 1 and others + unknown >= majority:
        return Verdict.PENDING if counts[me] + unknown >= majority else Verdict.LOST
    return Verdict.PENDING if counts[me] + unknown >= votes_needed(voters, quorum) else Verdict.NOBODY
