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
    """We may still win."""
    LOST = "lost"
    """We cannot win, somebody else may have."""
    NOBODY = "nobody"
    """The votes seen prove that no candidate can have won, nor ever will in this epoch."""


def votes_needed(voters: int, quorum: int) -> int:
    """A majority of all known sentinels, and at least the quorum."""
    return max(voters // 2 + 1, quorum)


def tally(me: RunId, votes: Mapping[RunId, RunId], voters: int, quorum: int) -> Verdict:
    """Read an election from the votes seen in its epoch: voter to candidate, our own included."""
    needed = votes_needed(voters, quorum)
    counts = Counter(votes.values())
    unknown = voters - len(votes)
    if counts[me] >= needed:
        return Verdict.WON
    others = max((n for candidate, n in counts.items() if candidate != me), default=0)
    if others + unknown < needed:
        return Verdict.PENDING if counts[me] + unknown >= needed else Verdict.NOBODY
    return Verdict.PENDING if counts[me] + unknown >= needed else Verdict.LOST
