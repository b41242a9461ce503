"""The record of a failover: noted while it runs, handed out as a value when it ends. Nothing here decides anything."""

from quorate.core import asking
from quorate.core.outcome import Keep
from quorate.core.selection import Reason, Selection
from quorate.core.state import Failover, FailoverState, Master, Peer, Reconf
from quorate.core.turn import Turn
from quorate.model.identity import MasterName, RunId
from quorate.model.info import Role
from quorate.model.notice import Event
from quorate.model.record import Cause, Contender, Ending, Phase, Record, Step, Vote, Voter

_PHASES = {
    FailoverState.SELECT_SLAVE: Phase.ELECTED,
    FailoverState.SEND_SLAVEOF_NOONE: Phase.CHOSEN,
    FailoverState.WAIT_PROMOTION: Phase.ORDERED,
    FailoverState.RECONF_SLAVES: Phase.PROMOTED,
    FailoverState.UPDATE_CONFIG: Phase.SETTLED,
}

_ABORTED = {
    Event.ABORT_NOT_ELECTED: Ending.NOT_ELECTED,
    Event.ABORT_NO_GOOD_SLAVE: Ending.NO_GOOD_REPLICA,
    Event.ABORT_SLAVE_TIMEOUT: Ending.NOT_PROMOTED,
    Event.ABORT_MOVE: Ending.UNDONE,
    Event.ABORT_ALIVE: Ending.ALIVE,
    Event.ABORT_LEAVING: Ending.LEAVING,
}


# --- while it runs --------------------------------------------------------------------------------------------------


def begun(turn: Turn, master: Master, failover: Failover) -> None:
    """We stand for election: what is known of the master's end, and who agrees."""
    diary = failover.diary
    diary.steps = [*_signs(master), (Phase.STOOD.value, turn.now)]
    diary.down = _who_sees_it_down(turn, master)


def entered(turn: Turn, failover: Failover) -> None:
    """The failover has come to its next state. One that we have no word for keeps the state's own."""
    phase = _PHASES.get(failover.state)
    failover.diary.steps.append((phase.value if phase is not None else failover.state.value, turn.now))


def elected(turn: Turn, master: Master, failover: Failover) -> None:
    """Whoever has voted by now made us the leader."""
    failover.diary.votes = _votes(turn, master)


def chosen(turn: Turn, master: Master, choice: Selection) -> None:
    """A replica was chosen, or nobody: what was known of each of them at this moment."""
    assert master.failover is not None
    refused = dict(choice.refused)
    hostnames = turn.state.settings.announce_hostnames
    master.failover.diary.contenders = tuple(
        Contender(
            address=replica.address.joined(hostnames),
            run_id=replica.run_id or "",
            priority=replica.priority,
            offset=replica.offset,
            chosen=replica.name == choice.chosen,
            reason=refused[replica.name].value if replica.name in refused else "",
        )
        for replica in master.replicas
    )
    # What a stranger has is no part of this master's stream, however far it goes.
    known = [r.offset for r in master.replicas if refused.get(r.name) is not Reason.OTHER_HISTORY]
    if master.info is not None and master.info.role is Role.MASTER:
        known.append(master.info.offset)
    master.failover.diary.known_offset = max(known, default=None)


def moved(turn: Turn, master: Master, phase: Phase) -> None:
    """A step of a move, within a state of the failover."""
    if master.failover is not None:
        master.failover.diary.steps.append((phase.value, turn.now))


def told(turn: Turn, failover: Failover) -> None:
    """The promotion is durable, and everybody hears of it."""
    failover.diary.steps.append((Phase.TOLD.value, turn.now))


# --- when it ends ---------------------------------------------------------------------------------------------------


def aborted(turn: Turn, master: Master, failover: Failover, event: Event) -> None:
    """It is given up before anybody was told."""
    overtaken = master.config_epoch >= failover.epoch
    close(turn, master, Ending.OVERTAKEN if overtaken else _ABORTED[event])


def replaced(turn: Turn, master: Master) -> None:
    """The master begins anew, at another address or after RESET: whatever ran has ended with that."""
    failover = master.failover
    if failover is None:
        return
    if failover.state is not FailoverState.UPDATE_CONFIG:
        close(turn, master, Ending.RESET)
        return
    others = [r for r in master.replicas if r is not failover.promoted and not r.sdown]
    behind = any(r.reconf is not Reconf.DONE for r in others)
    close(turn, master, Ending.PARTLY if behind else Ending.DONE)


def close(turn: Turn, master: Master, ending: Ending) -> None:
    """Hand out the record of the failover under way, if there is one and it has not been handed out."""
    failover = master.failover
    if failover is None or failover.diary.closed:
        return
    diary = failover.diary
    diary.closed = True
    hostnames = turn.state.settings.announce_hostnames
    promoted = failover.promoted if master.config_epoch == failover.epoch else None
    if ending in {Ending.OVERTAKEN, Ending.NOT_SAVED}:
        promoted = None
    begin = failover.started
    record = Record(
        master=MasterName(master.name),
        cause=_cause(failover),
        ending=ending,
        epoch=failover.epoch,
        old=master.address.joined(hostnames),
        new=promoted.address.joined(hostnames) if promoted is not None else "",
        leader=None if failover.state is FailoverState.WAIT_START else Voter(turn.state.settings.myid),
        quorum=master.settings.quorum,
        voters=master.voters(),
        alone=failover.alone,
        down=diary.down,
        votes=diary.votes or _votes(turn, master),
        known_offset=diary.known_offset,
        contenders=diary.contenders,
        steps=tuple(Step(word, at - begin) for word, at in diary.steps),
        lasted=turn.now - begin,
    )
    turn.effects.append(Keep(record))


def followed(turn: Turn, master: Master, peer: Peer, new: str) -> None:
    """Another sentinel's failover has ended: its configuration, of the epoch that the master has now, is taken over."""
    close(turn, master, Ending.OVERTAKEN)
    hostnames = turn.state.settings.announce_hostnames
    steps = [*_signs(master), (Phase.SWITCHED.value, turn.now)]
    record = Record(
        master=MasterName(master.name),
        cause=Cause.ELSEWHERE,
        ending=Ending.FOLLOWED,
        epoch=master.config_epoch,
        old=master.current.address.joined(hostnames),
        new=new,
        leader=_leader(turn, master),
        told_by=_voter(turn, peer),
        quorum=master.settings.quorum,
        voters=master.voters(),
        down=_who_sees_it_down(turn, master),
        steps=tuple(Step(word, at - turn.now) for word, at in steps),
    )
    turn.effects.append(Keep(record))


# --- facts ----------------------------------------------------------------------------------------------------------


def _cause(failover: Failover) -> Cause:
    if failover.settles:
        return Cause.CONFLICT
    if failover.move is not None and failover.move.coordinated:
        return Cause.MOVE
    if failover.only is not None:
        return Cause.LEFT_OVER
    if failover.crash:
        return Cause.CRASH
    return Cause.OPERATOR if failover.forced else Cause.DOWN


def _signs(master: Master) -> list[tuple[str, int]]:
    """How the master went, as far as we saw it."""
    signs: list[tuple[Phase, int]] = []
    # A silence that began later is not what brought it down: a master is down for its role too, or while it loads.
    if master.sdown and master.link.silent_since <= master.sdown_since:
        signs.append((Phase.SILENT, master.link.silent_since))
    if master.sdown:
        signs.append((Phase.SDOWN, master.sdown_since))
    if master.odown:
        signs.append((Phase.ODOWN, master.odown_since))
    return [(phase.value, at) for phase, at in signs if at]


def _who_sees_it_down(turn: Turn, master: Master) -> tuple[Voter, ...]:
    """Those whom the rule of ODOWN counts now, ourselves first."""
    found = [Voter(turn.state.settings.myid)] if master.sdown else []
    agreeing = (peer for peer in master.peers.values() if asking.sees_down(turn, master, peer))
    return (*found, *(_voter(turn, peer) for peer in agreeing))


def _votes(turn: Turn, master: Master) -> tuple[Vote, ...]:
    """The votes of our election that we have seen."""
    cast = asking.votes_cast(turn, master)
    return tuple(Vote(_voter_named(turn, master, voter), candidate) for voter, candidate in cast.items())


def _leader(turn: Turn, master: Master) -> Voter | None:
    """Who was elected for the master's present epoch, as our own vote or those of our peers tell it."""
    epoch = master.config_epoch
    if master.leader is not None and master.leader_epoch == epoch:
        return _voter_named(turn, master, master.leader)
    seen = {p.leader for p in master.peers.values() if p.leader is not None and p.leader_epoch == epoch}
    return _voter_named(turn, master, seen.pop()) if len(seen) == 1 else None


def _voter_named(turn: Turn, master: Master, run_id: RunId) -> Voter:
    peer = master.peers.get(run_id)
    return Voter(run_id) if peer is None else _voter(turn, peer)


def _voter(turn: Turn, peer: Peer) -> Voter:
    assert peer.run_id is not None
    return Voter(peer.run_id, peer.address.joined(turn.state.settings.announce_hostnames))
