"""Two servers are called the master under one config epoch: which of them shall be it.

C Sentinel never decides: an epoch is believed once, and whoever heard of the other server first keeps to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claimant:
    """A server that some sentinel calls the master, as its own INFO describes it.

    `is_fresh`: it was heard since the question arose. `histories` are the replication ids of its data.
    """

    name: str
    run_id: str
    is_down: bool
    is_fresh: bool
    is_master: bool
    offset: int
    followers: int
    histories: frozenset[str]
    follows: str = ""
    """The name of the claimant whose replica it is; "" for a master, and for a replica of anybody else."""


def settle(claimants: Sequence[Claimant]) -> str | None:
    """The name of the one to be followed; None if that cannot be told, or not yet.

    Of those that are master by their own word, or of all if they follow each other, it is the one with more data.
    Offsets can be compared only within one history; of different ones that counts which the replicas follow.
    """
    if any(not c.is_down and not c.is_fresh for c in claimants):
        return None
    masters = [c for c in claimants if not c.is_down and c.is_master]
    if not masters and all(c.follows and not c.is_down for c in claimants):
        # Each side has made the other's master a replica of its own: none of them will be master by itself.
        masters = list(claimants)
    if not masters:
        return None
    related = all(a.histories & b.histories for a in masters for b in masters)
    return min(masters, key=_by_data if related else _by_followers).name


def _by_data(claimant: Claimant) -> tuple[int, int, str, str]:
    return (-claimant.offset, -claimant.followers, claimant.run_id, claimant.name)


def _by_followers(claimant: Claimant) -> tuple[int, int, str, str]:
    return (-claimant.followers, -claimant.offset, claimant.run_id, claimant.name)
