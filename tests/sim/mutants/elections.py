"""Defects of votes, elections and agreement."""

from collections.abc import Mapping
from dataclasses import replace

from quorate.core import asking, candidacy, failover, odown, sentinel, switching, voting
from quorate.core.inputs import PeerAnswered, VoteRequested
from quorate.core.state import Failover, Master, Peer
from quorate.core.turn import Turn
from quorate.core.voting import Ballot, Grant, Verdict
from quorate.model.identity import Epoch, RunId
from quorate.model.millis import Millis
from quorate.model.saved import SavedState
from tests.sim.mutants.planting import Function, Mutant, Patch, instead, mutant, nothing

LEADER = "one leader per epoch"
ELECTED = "a leader was elected"
VOTES = "votes are kept"
AGREEMENT = "a quorum sees the master down"
WINNERS = "a winner is left alone"
DURABLE = "what is told is on disk"
RESTARTS = "a restart forgets nothing"


def _grant_again(ballot: Ballot) -> Grant:
    current = max(ballot.current, ballot.requested)
    if ballot.requested >= max(ballot.leader_epoch, ballot.config_epoch):
        return Grant(current, ballot.candidate, ballot.requested, voted=True)
    return Grant(current, ballot.leader, ballot.leader_epoch, voted=False)


def _grant_below_votes(ballot: Ballot) -> Grant:
    """A vote in a later epoch forbids nothing but that epoch."""
    current = max(ballot.current, ballot.requested)
    if ballot.requested > ballot.config_epoch and ballot.requested != ballot.leader_epoch:
        return Grant(current, ballot.candidate, ballot.requested, voted=True)
    return Grant(current, ballot.leader, ballot.leader_epoch, voted=False)


def _grant_below_configuration(right: Function) -> Function:
    """As if there were no configuration yet."""

    def grant(ballot: Ballot) -> Grant:
        granted: Grant = right(replace(ballot, config_epoch=Epoch(0)))
        return granted

    return grant


def _voted_in(master: Master) -> Epoch:
    """Where a voter of its own has something to give, and nobody else."""
    return master.leader_epoch


def _shy(right: Function) -> Function:
    """Who did not answer in time has refused, too."""

    def refusals(master: Master) -> int:
        silent = sum(1 for peer in master.peers.values() if peer.leader is None)
        return int(right(master)) + silent

    return refusals


def _dead_agree(right: Function) -> Function:
    def down_votes(turn: Turn, master: Master) -> int:
        dead = sum(1 for peer in master.peers.values() if peer.sdown and not peer.says_down)
        return int(right(turn, master)) + (dead if master.sdown else 0)

    return down_votes


def _dead_vote(right: Function) -> Function:
    def votes_cast(turn: Turn, master: Master) -> dict[RunId, RunId]:
        votes: dict[RunId, RunId] = right(turn, master)
        silent = {run_id for run_id, peer in master.peers.items() if peer.sdown and run_id not in votes}
        return votes | dict.fromkeys(silent, turn.state.settings.myid)

    return votes_cast


def _old_votes(turn: Turn, master: Master) -> dict[RunId, RunId]:
    """Whoever voted last, in whichever epoch that was."""
    votes = {run_id: peer.leader for run_id, peer in master.peers.items() if peer.leader is not None}
    if master.leader is not None:
        votes[turn.state.settings.myid] = master.leader
    return votes


def _no_new_epoch(right: Function) -> Function:
    """The epoch that is there will do, whoever had our vote in it."""

    def new_epoch(turn: Turn, master: Master) -> Epoch:
        epoch: Epoch = turn.state.current_epoch or right(turn, master)
        return epoch

    return new_epoch


def _without_odown(right: Function) -> Function:
    def maybe_stand(turn: Turn, master: Master) -> Millis | None:
        before, master.odown = master.odown, master.odown or master.sdown
        moment: Millis | None = right(turn, master)
        master.odown = before
        return moment

    return maybe_stand


def _hopeful(right: Function) -> Function:
    """One vote for somebody else, and the election counts as won by nobody: it is tried again at once."""

    def tally(me: RunId, votes: Mapping[RunId, RunId], voters: int, quorum: int, refused: int) -> Verdict:
        verdict: Verdict = right(me, votes, voters, quorum, refused)
        outvoted = any(candidate != me for candidate in votes.values())
        return Verdict.NOBODY if outvoted and verdict is not Verdict.WON else verdict

    return tally


def _hasty(right: Function) -> Function:
    """An operator's failover seeks no more votes when it sees that nobody has won."""

    def insist(turn: Turn, master: Master, conducted: Failover, verdict: Verdict) -> Millis | None:
        if verdict is Verdict.NOBODY:
            conducted.seek_votes_until = turn.now
        moment: Millis | None = right(turn, master, conducted, verdict)
        return moment

    return insist


def two(_: Millis) -> Millis:
    """In place of a wait."""
    return 2


def _unmoved(right: Function) -> Function:
    """Who has said once that the master is down is taken to say so for ever."""

    def on_answer(turn: Turn, master: Master, peer: Peer, answer: PeerAnswered) -> None:
        said = peer.says_down
        right(turn, master, peer, answer)
        peer.says_down = peer.says_down or said

    return on_answer


def _impatient(right: Function) -> Function:
    """A vote for somebody else, and no time for the winner."""

    def on_vote_requested(turn: Turn, asked: VoteRequested) -> Master | None:
        outvoted: Master | None = right(turn, asked)
        if outvoted is not None:
            outvoted.no_start_before = 0
        return outvoted

    return on_vote_requested


def _vote_forgotten(right: Function) -> Function:
    def recall(turn: Turn, saved: SavedState) -> None:
        right(turn, replace(saved, masters=tuple(replace(m, leader_epoch=Epoch(0)) for m in saved.masters)))

    return recall


# Only a FAILOVER in the midst of a split shows it, so that it takes luck: `test_winners` has a world made for it.
HASTY = mutant("goes on in an epoch that was split", Patch(failover, "_insist", _hasty), WINNERS, at=(117, 200))

ELECTIONS = (
    mutant("votes twice in an epoch", Patch(voting, "grant", instead(_grant_again)), VOTES, LEADER, at=(3, 20)),
    mutant(
        "votes twice, seen from its leaders",
        Patch(voting, "grant", instead(_grant_again)),
        LEADER,
        at=(3, 80),
        alone=True,
    ),
    mutant(
        "votes in an epoch before that of its vote",
        Patch(voting, "grant", instead(_grant_below_votes)),
        VOTES,
        at=(0, 60),
    ),
    Mutant(
        "stands and votes in an epoch that has a configuration",
        (Patch(voting, "grant", _grant_below_configuration), Patch(candidacy, "_used", instead(_voted_in))),
        frozenset({VOTES}),
        seed=34,
        within=60,
    ),
    mutant("counts the silent as refusing", Patch(asking, "refusals", _shy), WINNERS, at=(33, 60)),
    mutant("counts a dead peer as agreeing", Patch(asking, "down_votes", _dead_agree), AGREEMENT, at=(2, 20)),
    mutant("never lets a peer change its opinion", Patch(asking, "on_answer", _unmoved), AGREEMENT, at=(19, 40)),
    mutant("counts a dead peer's vote", Patch(asking, "votes_cast", _dead_vote), ELECTED, at=(1, 20)),
    mutant("counts votes of other epochs", Patch(asking, "votes_cast", instead(_old_votes)), ELECTED, at=(0, 20)),
    mutant("stands without a new epoch", Patch(candidacy, "_new_epoch", _no_new_epoch), VOTES, DURABLE, at=(0, 20)),
    mutant(
        "stands as soon as it sees the master down alone",
        Patch(candidacy, "maybe_stand", _without_odown),
        AGREEMENT,
        at=(0, 20),
    ),
    mutant(
        "ignores the quorum",
        Patch(odown, "votes_for_down", instead(lambda _now, down, *_rest: 99 if down else 0)),
        AGREEMENT,
        at=(0, 20),
    ),
    mutant(
        "takes half of the votes for a majority",
        Patch(voting, "votes_needed", instead(lambda voters, _quorum: max(1, voters // 2))),
        ELECTED,
        LEADER,
        at=(0, 20),
    ),
    Mutant(
        "tries again at once where somebody may have won",
        (Patch(voting, "tally", _hopeful), Patch(failover, "FIRST_RETRY", two), Patch(failover, "LAST_RETRY", two)),
        frozenset({WINNERS}),
        seed=19,
        within=60,
    ),
    mutant(
        "votes, and stands without leaving the winner its time",
        Patch(asking, "on_vote_requested", _impatient),
        WINNERS,
        at=(0, 20),
    ),
    mutant("forgets its vote at a restart", Patch(sentinel, "_recall", _vote_forgotten), RESTARTS, VOTES, at=(16, 60)),
    mutant("keeps opinions about an old address", Patch(switching, "renew_peers", nothing), AGREEMENT, at=(2, 20)),
)
