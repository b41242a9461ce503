"""Asking peers whether they see a master down; giving our own opinion and vote (spec 6.3 to 6.5)."""

from quorate.core import denial, epochs, odown, roster, voting
from quorate.core.inputs import PeerAnswered, VoteRequested
from quorate.core.odown import PeerOpinion
from quorate.core.outcome import Opinion, Reply, Send
from quorate.core.requests import AskDown
from quorate.core.state import FailoverState, Master, Peer
from quorate.core.turn import Turn
from quorate.core.voting import Ballot
from quorate.model.identity import Epoch, RunId
from quorate.model.millis import Millis
from quorate.model.notice import Event, Level

FAST_ASKING: Millis = 1_000
"""For this long after SDOWN a peer that still sees the master up is asked again and again: it is about to notice."""

FAST_PERIOD: Millis = 50

VOTE_PATIENCE: Millis = 500
"""A vote whose save takes longer (or a quarter of down-after) is answered with the last durable one."""


def begin_asking(turn: Turn, master: Master) -> None:
    """The master has just gone down for us: ask everybody at once."""
    for peer in master.peers.values():
        if not peer.says_down:
            peer.ask_again = turn.now


def ask_peers(turn: Turn, master: Master) -> Millis | None:
    """Put the questions that are due, one under way per peer; the moment at which the next one is due."""
    if not master.sdown:
        return None
    period = turn.state.tuning.ask_period
    if _stands(master) and turn.state.durable < turn.revision():
        # Requests for votes wait for the disk, and more of them would only pile up. The end of the save looks again.
        return turn.now + period
    moments = []
    for peer in master.peers.values():
        due = peer.asked + period if peer.asked else peer.ask_again
        if due <= turn.now and peer.link.usable:
            ask(turn, master, peer)
            due = turn.now + period
        if peer.link.usable:
            moments.append(due)
    return min(moments, default=None)


def _stands(master: Master) -> bool:
    return master.failover is not None and master.failover.state is FailoverState.WAIT_START


def ask(turn: Turn, master: Master, peer: Peer) -> None:
    """Ask one peer for its opinion, and for its vote while we stand for election."""
    if peer.link.command is None:
        return
    failover, standing = master.failover, _stands(master)
    state = turn.state
    place = (master.address.shown(state.settings.announce_hostnames), master.address.port)
    said = peer.hello
    peer.asked_elsewhere = False
    if failover and standing and failover.settles and said is not None and said.config_epoch == master.config_epoch:
        # Who believes in another address knows the master by no other: its vote is for the master all the same.
        peer.asked_elsewhere = place != (said.master_host, said.master_port)
        place = (said.master_host, said.master_port)
    question = AskDown(
        about=peer.id,
        ip=place[0],
        port=place[1],
        epoch=failover.epoch if failover and standing else state.current_epoch,
        candidate=state.settings.myid if standing else None,
    )
    peer.asked = turn.now
    peer.link.pending += 1
    if standing:
        # The epoch is ours to tell only once it is durable.
        turn.promise(Send(peer.link.command, question))
    else:
        # Nobody takes an epoch over from who asks for an opinion only, and the answer should not wait for our disk.
        turn.send(peer.link, question)


def on_answer(turn: Turn, master: Master, peer: Peer, answer: PeerAnswered) -> None:
    """Note a peer's opinion and vote."""
    fast = not answer.down and turn.now < master.ask_fast_until
    # An answer is as old as its question at worst: it may have lain in a buffer for as long as we stood still.
    peer.answered, peer.asked = peer.asked or turn.now, 0
    peer.ask_again = turn.now + (FAST_PERIOD if fast else turn.state.tuning.ask_period)
    peer.says_down = answer.down and not peer.asked_elsewhere
    if answer.leader is not None and _believable(turn, peer, answer):
        if peer.leader_epoch != answer.leader_epoch:
            turn.remark(Level.NOTICE, f"{peer.name} voted for {answer.leader} {answer.leader_epoch}")
        peer.leader, peer.leader_epoch = answer.leader, answer.leader_epoch
    # A C Sentinel votes for nobody below its current epoch, and that never sinks. (Of a master that it does not know it
    # says nothing at all; and one of ours may tell an older vote because the newer one is not on its disk yet.)
    knows = answer.down or answer.leader is not None
    if peer.link.ours is False and knows and answer.leader_epoch < answer.asked:
        peer.refused = answer.asked
    turn.check(master)


def _believable(turn: Turn, peer: Peer, answer: PeerAnswered) -> bool:
    if epochs.is_acceptable(answer.leader_epoch, turn.state.current_epoch):
        return True
    epochs.refuse(turn, answer.leader_epoch, f"vote of {peer.name}")
    return False


def down_votes(turn: Turn, master: Master) -> int:
    """How many sentinels see the master down, we among them."""
    opinions = (_opinion(master, peer) for peer in master.peers.values())
    we_see_down = master.sdown and not is_denied(turn, master)
    return odown.votes_for_down(turn.now, we_see_down, opinions, turn.state.tuning.ask_period)


def sees_down(turn: Turn, master: Master, peer: Peer) -> bool:
    """Whether a peer counts as one that sees the master down."""
    opinion = _opinion(master, peer)
    return opinion.says_down and not odown.is_stale(turn.now, opinion.answered, turn.state.tuning.ask_period)


def _opinion(master: Master, peer: Peer) -> PeerOpinion:
    if master.crashed and peer.gone:
        # It has not been asked yet whether the master is down for it, and has said more than that.
        return PeerOpinion(True, max(peer.gone_told, peer.answered if peer.says_down else 0))
    return PeerOpinion(peer.says_down, peer.answered)


def is_denied(turn: Turn, master: Master) -> bool:
    """Whether the master answers us that we are not let in: it lives, so it is not down for anybody by our word."""
    return denial.holds(turn.now, master.link.denied, master.settings.down_after)


def votes_cast(turn: Turn, master: Master) -> dict[RunId, RunId]:
    """Voter to candidate in the epoch of our own candidacy, as far as we have seen."""
    assert master.failover is not None
    epoch = master.failover.epoch
    votes = {
        run_id: peer.leader
        for run_id, peer in master.peers.items()
        if peer.leader is not None and peer.leader_epoch == epoch
    }
    if master.leader is not None and master.leader_epoch == epoch:
        votes[turn.state.settings.myid] = master.leader
    return votes


def refusals(master: Master) -> int:
    """How many peers have shown that they vote for nobody in the epoch of our own candidacy."""
    assert master.failover is not None
    epoch = master.failover.epoch
    return sum(1 for peer in master.peers.values() if peer.refused == epoch and peer.leader_epoch != epoch)


# --- being asked ----------------------------------------------------------------------------------------------------


def on_vote_requested(turn: Turn, asked: VoteRequested) -> Master | None:
    """Answer a peer. Returns the master for which we have just voted for somebody else, if we did."""
    state = turn.state
    place = state.placed(asked.ip, asked.port)
    master = roster.master_at(state, place)
    if master is None:
        turn.reply(asked.caller, Opinion(False, None, voting.NO_EPOCH))
        return None
    down = master.sdown and not state.tilt_since and not is_denied(turn, master)
    if down and turn.now < master.ask_fast_until:
        # Only a sentinel that sees the master down asks: somebody's opinion has just changed.
        begin_asking(turn, master)
        turn.check(master)
    if asked.candidate is None:
        turn.reply(asked.caller, Opinion(down, None, voting.NO_EPOCH))
        return None
    if not epochs.is_acceptable(asked.epoch, state.current_epoch):
        epochs.refuse(turn, asked.epoch, f"vote request of {asked.candidate}")
        turn.reply(asked.caller, Opinion(down, *master.durable_vote))
        return None
    candidate = master.peers.get(asked.candidate)
    if candidate is not None:
        candidate.stood = turn.now
    voted = vote(turn, master, asked.epoch, asked.candidate)
    patience = min(VOTE_PATIENCE, master.settings.down_after // 4)
    turn.promise(
        Reply(asked.caller, Opinion(down, master.leader, master.leader_epoch)),
        # By then an earlier vote may have become durable and been told: an answer never goes back behind that.
        otherwise=lambda: Reply(asked.caller, Opinion(down, *master.durable_vote)),
        expires=turn.now + patience,
    )
    return master if voted and asked.candidate != state.settings.myid else None


def election_time(turn: Turn, master: Master) -> Millis:
    """How long an election for this master may take."""
    return min(turn.state.tuning.election_timeout, master.settings.failover_timeout)


def vote(turn: Turn, master: Master, epoch: Epoch, candidate: RunId) -> bool:
    """Vote if the rules allow it; the vote counts, and is told, when it is durable."""
    held = (turn.state.current_epoch, master.leader, master.leader_epoch, master.config_epoch, master.watched_from)
    decision = voting.grant(Ballot(epoch, candidate, *held))
    if decision.current > turn.state.current_epoch:
        turn.raise_epoch(decision.current, master)
    if not decision.voted:
        return False
    assert decision.leader is not None
    master.leader, master.leader_epoch = decision.leader, decision.leader_epoch
    master.voted_at = turn.now
    turn.touch(master)
    _await_disk(turn, master, decision.leader, decision.leader_epoch)
    turn.tell(Event.VOTE_FOR_LEADER, f"{decision.leader} {decision.leader_epoch}", master)
    if decision.leader != turn.state.settings.myid:
        # The winner may still be promoting somebody after its election has ended: leave it the time for both.
        master.no_start_before = turn.now + election_time(turn, master) + master.settings.failover_timeout
        master.delay_told = False
        if master.failover is not None:
            # A failover of ours that comes to nothing frees us of what it owed, not of this.
            master.failover.owed = master.no_start_before
    return True


def _await_disk(turn: Turn, master: Master, leader: RunId, epoch: Epoch) -> None:
    """Book a vote until it is durable; however long that takes, the oldest and the newest of a master suffice."""
    state = turn.state
    mine = [entry for entry in state.votes_under_way if entry[1] is master]
    if len(mine) > 1:
        state.votes_under_way.remove(mine[-1])
    state.votes_under_way.append((turn.revision(), master, leader, epoch))


def awaits_disk(turn: Turn, master: Master) -> bool:
    """Whether our last vote for this master is not durable yet: another one would not leave before it."""
    return any(entry[1] is master for entry in turn.state.votes_under_way)


def votes_became_durable(turn: Turn) -> None:
    """A save has ended: remember which votes a crash can no longer take back."""
    state = turn.state
    waiting = []
    for entry in state.votes_under_way:
        revision, master, leader, epoch = entry
        if revision <= state.durable:
            master.durable_vote = (leader, epoch)
        else:
            waiting.append(entry)
    state.votes_under_way = waiting
