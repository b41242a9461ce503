"""Votes: when one is granted, and what the votes seen say about an election."""

import pytest

from quorate.core.epochs import is_acceptable
from quorate.core.voting import Ballot, Grant, Verdict, grant, others_may_win, tally, votes_needed
from quorate.model.identity import Epoch, RunId

A, B, C, D, E = (RunId(letter * 40) for letter in "abcde")


def asked(
    requested: int, candidate: RunId, current: int, vote: tuple[RunId | None, int], known: tuple[int, int] = (0, 0)
) -> Ballot:
    """`known`: the config epoch of the master, and the current epoch when we began to watch it."""
    leader, leader_epoch = vote
    config, since = map(Epoch, known)
    return Ballot(Epoch(requested), candidate, Epoch(current), leader, Epoch(leader_epoch), config, since)


def held(current: int, leader: RunId | None, leader_epoch: int, voted: bool) -> Grant:
    return Grant(Epoch(current), leader, Epoch(leader_epoch), voted=voted)


# asked: requested epoch, candidate; what the voter holds (current epoch, last vote and its epoch, and if it matters the
# config epoch and when it began to watch). held: what afterwards.
GRANTS = [
    (asked(1, B, 0, (None, 0)), held(1, B, 1, True), "the first request in a new epoch wins the vote"),
    (asked(1, C, 1, (B, 1)), held(1, B, 1, False), "one vote per epoch: the second candidate hears of the first"),
    (asked(1, B, 1, (B, 1)), held(1, B, 1, False), "the same candidate again: no new vote, the same answer"),
    (asked(2, C, 1, (B, 1)), held(2, C, 2, True), "a higher epoch is a new election"),
    (asked(7, C, 1, (B, 1)), held(7, C, 7, True), "epochs may be skipped"),
    (asked(1, C, 5, (B, 1)), held(5, B, 1, False), "a request in an epoch that had our vote changes nothing"),
    (asked(2, C, 5, (B, 3)), held(5, B, 3, False), "a vote in a later epoch forbids one in an earlier"),
    (asked(4, C, 5, (None, 0)), held(5, C, 4, True), "the current epoch was raised for another master"),
    (asked(4, C, 5, (B, 3)), held(5, C, 4, True), "also where somebody was voted for before"),
    (asked(5, C, 5, (B, 3)), held(5, C, 5, True), "the epoch is known from elsewhere, the vote in it is still free"),
    (asked(5, C, 5, (None, 5)), held(5, None, 5, False), "after a restart the name is lost but not that we voted"),
    (asked(4, C, 5, (None, 5)), held(5, None, 5, False), "nor that this forbids earlier ones"),
    (asked(6, C, 5, (None, 5)), held(6, C, 6, True), "and the next epoch is free again"),
    (asked(0, B, 0, (None, 0)), held(0, None, 0, False), "epoch 0 is before all elections"),
    (asked(4, C, 9, (B, 2), (4, 0)), held(9, B, 2, False), "this master has a configuration of that epoch"),
    (asked(3, C, 9, (B, 2), (4, 0)), held(9, B, 2, False), "or of a later one"),
    (asked(5, C, 9, (B, 2), (4, 0)), held(9, C, 5, True), "above its configuration the vote is free"),
    (asked(9, C, 7, (B, 2), (8, 0)), held(9, C, 9, True), "a configuration may be newer than every epoch heard of"),
    (asked(8, C, 7, (B, 2), (8, 0)), held(8, B, 2, False), "it is refused all the same, and its epoch taken over"),
    (asked(4, C, 5, (None, 0), (0, 5)), held(5, None, 0, False), "what was voted before MONITOR may be forgotten"),
    (asked(5, C, 5, (None, 0), (0, 5)), held(5, C, 5, True), "from its current epoch on it is as for C Sentinel"),
]


@pytest.mark.parametrize(("ballot", "after", "reason"), GRANTS, ids=[row[2] for row in GRANTS])
def test_grant(ballot: Ballot, after: Grant, reason: str) -> None:
    assert grant(ballot) == after, reason


NEEDED = [
    (1, 1, 1, "alone"),
    (2, 1, 2, "one of two is no majority"),
    (3, 1, 2, "the quorum may be less than a majority, the votes may not"),
    (3, 3, 3, "a quorum above the majority raises the bar"),
    (4, 2, 3, "half is no majority"),
    (5, 2, 3, "five"),
    (3, 5, 5, "a quorum that cannot be reached elects nobody"),
]


@pytest.mark.parametrize(("voters", "quorum", "needed", "reason"), NEEDED, ids=[row[3] for row in NEEDED])
def test_votes_needed(voters: int, quorum: int, needed: int, reason: str) -> None:
    assert votes_needed(voters, quorum) == needed, reason


# votes seen (A is us) | voters | quorum | verdict
TALLIES = [
    ({A: A}, 1, 1, Verdict.WON, "alone, our own vote is enough"),
    ({A: A}, 3, 2, Verdict.PENDING, "two have not spoken yet"),
    ({A: A, B: A}, 3, 2, Verdict.WON, "two of three"),
    ({A: A, B: A}, 3, 3, Verdict.PENDING, "a majority, but less than the quorum"),
    ({A: A, B: A, C: B}, 3, 3, Verdict.NOBODY, "all have spoken, the quorum was missed by everybody"),
    ({A: A, B: B}, 3, 2, Verdict.PENDING, "C decides, for us or for B"),
    ({A: A, B: B, C: B}, 3, 2, Verdict.LOST, "B has a majority"),
    ({A: A, B: B, C: C}, 3, 2, Verdict.NOBODY, "three for three: nobody can have won"),
    ({A: A, B: B, C: C}, 4, 2, Verdict.NOBODY, "one is silent, but nobody has enough with it"),
    ({A: A, B: B, C: B}, 4, 2, Verdict.LOST, "the silent one may have made B the winner"),
    ({A: A, B: B}, 4, 2, Verdict.PENDING, "both can still win"),
    ({A: B}, 3, 2, Verdict.PENDING, "we gave our vote away, and two others could still elect us"),
    ({A: B, C: C}, 3, 2, Verdict.LOST, "we cannot win, and B may have voted for itself"),
    ({A: A, B: B, C: B, D: C}, 5, 2, Verdict.LOST, "the fifth may have voted for B"),
    ({A: A, B: B, C: C, D: A}, 5, 3, Verdict.PENDING, "the fifth can elect us and nobody else"),
    ({A: A, B: B, C: C, D: D}, 5, 3, Verdict.NOBODY, "no vote is enough for anybody any more"),
    ({A: A, B: B, C: B}, 3, 3, Verdict.LOST, "a majority is enough for B if its quorum is lower than ours"),
    ({A: A, C: B}, 3, 3, Verdict.PENDING, "our quorum is out of reach, but not our majority"),
    ({A: A}, 3, 4, Verdict.PENDING, "a quorum above the number of voters is ours alone: others may win"),
    ({A: A, B: A, C: A}, 3, 4, Verdict.NOBODY, "and when all have spoken nobody has won"),
]

# votes seen | voters, quorum, how many refuse this epoch | verdict | whether somebody else may win
REFUSALS = [
    ({A: A}, (3, 2, 0), Verdict.PENDING, True, "two have not spoken, and may elect one of them"),
    ({A: A}, (3, 2, 1), Verdict.PENDING, False, "one vote for somebody else is no majority"),
    ({A: A}, (3, 2, 2), Verdict.NOBODY, False, "all others refuse"),
    ({A: A, B: A}, (3, 2, 1), Verdict.WON, False, "a refusal is no vote against a majority"),
    ({A: A, B: B}, (4, 2, 1), Verdict.NOBODY, False, "three of four are needed, and one refuses"),
    ({A: A, B: B}, (5, 3, 1), Verdict.PENDING, True, "both can still win"),
    ({A: A, B: B, C: B}, (5, 3, 1), Verdict.LOST, True, "the fifth may have voted for B"),
    ({A: A, B: B}, (5, 3, 2), Verdict.NOBODY, False, "the fifth helps nobody"),
    ({A: A}, (5, 3, 1), Verdict.PENDING, True, "three have not spoken"),
]


@pytest.mark.parametrize(("votes", "of", "verdict", "others", "reason"), REFUSALS, ids=[t[4] for t in REFUSALS])
def test_refusals(
    votes: dict[RunId, RunId], of: tuple[int, int, int], verdict: Verdict, others: bool, reason: str
) -> None:
    voters, quorum, refused = of
    assert tally(A, votes, voters, quorum, refused) is verdict, reason
    assert others_may_win(A, votes, voters, refused) is others, reason


EPOCHS = [
    (0, 0, True, "no election yet"),
    (-1, 0, False, "below all epochs"),
    (1 << 32, 0, True, "the largest jump"),
    ((1 << 32) + 1, 0, False, "nobody gets that far ahead by elections"),
    ((1 << 32) + 1, 1, True, "the jump counts from our own"),
    ((1 << 63) - 1, (1 << 63) - 2, True, "the last epoch"),
    (1 << 63, (1 << 63) - 1, False, "beyond the last epoch"),
    (3, 1 << 40, True, "old epochs are harmless"),
]


@pytest.mark.parametrize(("epoch", "current", "acceptable", "reason"), EPOCHS, ids=[row[3] for row in EPOCHS])
def test_acceptable_epochs(epoch: int, current: int, acceptable: bool, reason: str) -> None:
    assert is_acceptable(epoch, Epoch(current)) is acceptable, reason
