"""When a sentinel stands for election, and in which order the living ones do."""

from quorate.core import asking, cadence, conflict, fallen, holding, record
from quorate.core.chance import mixed
from quorate.core.state import Failover, Master, Replica
from quorate.core.turn import Turn
from quorate.model.identity import EPOCH_LIMIT, Epoch, RunId, bytes_of
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Level

SEEK_VOTES: Millis = 1_000
"""How long a forced failover asks for votes before it goes on without them."""

STAGGER: Millis = 40
"""Distance between the turns of candidates, so that elections rarely collide."""

STAGGER_OF_MANY: Millis = 4
"""So much further apart are turns for each other master that has just gone down. What peers have to say of a hundred
elections lies before what the first candidate of the last one says. If its rivals did not wait for that, most elections
would be split between three, and each split means saves, questions and another election."""

WIDEST_STAGGER: Millis = 1_000

NOBODY_TO_PROMOTE: Millis = 2_000
"""So much later whoever knows of no replica stands. It can promote nobody, and each election that it wins takes the
turn of somebody who knows one: C peers stand anew within a second after the time that they leave a winner."""

AGAIN_WITHIN: Millis = 100
"""A forced failover whose votes were split asks for new ones within so long: sooner than the others stand again, and
hardly in the same moment as another operator's."""

SETTLE_AFTER: Millis = 1_000
"""Two configurations of one epoch are let be for so long: a hello of a newer one may be on its way."""

SETTLE_DOUBLINGS = 4
"""That wait is doubled so often at most when conflicts come one after the other: a C leader that re-points replicas
takes over each new epoch for the server that it has promoted, until its failover ends."""

SETTLE_MEMORY: Millis = 60_000
"""After so long without a new one a conflict is the first again."""

SETTLE_WITHOUT: Millis = 5_000
"""And for so much longer while the other server is down for us: after a cut peers may be heard again before it is."""


def maybe_stand(turn: Turn, master: Master) -> Millis | None:
    """Stand as a candidate if the master is objectively down and nothing speaks against it now.

    Returns the moment at which to try again.
    """
    state = turn.state
    if not master.odown or master.failover or state.stopping or state.save_error or asking.awaits_disk(turn, master):
        master.stand_at = 0 if not master.odown else master.stand_at
        return None
    blocked = max(master.no_start_before, _c_candidates_done(turn, master))
    if turn.now < blocked:
        if master.stand_at < blocked:
            # Our turn is drawn anew when the wait is over, or all who waited would stand at once.
            master.stand_at = 0
        if not master.delay_told:
            master.delay_told = True
            seconds = (blocked - turn.now) / 1000
            turn.remark(
                Level.NOTICE,
                f"Next failover delay: I will not start a failover of {master.name} within {seconds:.1f} s",
            )
        return blocked
    held = holding.wait(turn, master)
    if held is not None:
        master.stand_at = 0
        return held
    if not master.stand_at:
        master.stand_at = turn.now + turn_of(turn, master)
    if turn.now < master.stand_at:
        return master.stand_at
    stand(turn, master, forced=False)
    return None


def maybe_settle(turn: Turn, master: Master) -> Millis | None:
    """Stand for election if a peer tells of another master under our config epoch: nothing else would ever settle it.

    Returns the moment at which to look again.
    """
    state = turn.state
    rivals = conflict.rivals(turn, master)
    if not rivals:
        master.settle_at = 0
        return None
    if not master.settle_at:
        again = master.conflict_at and turn.now - master.conflict_at <= SETTLE_MEMORY
        master.conflicts = min(master.conflicts + 1, SETTLE_DOUBLINGS) if again else 0
        master.conflict_at = turn.now
        master.settle_at = turn.now + (SETTLE_AFTER << master.conflicts) + turn_of(turn, master)
        other = rivals[0].address
        place = f"{other.shown(state.settings.announce_hostnames)} {other.port}"
        turn.about(Event.CONFIG_CONFLICT, master, master, f" #{place} epoch {master.config_epoch}")
        for server in (master, *rivals):
            cadence.hurry_info(turn, master, server)
    patience = SETTLE_WITHOUT if any(server.sdown for server in rivals) else 0
    due = max(master.settle_at + patience, master.no_start_before, _c_candidates_done(turn, master))
    if turn.now < due:
        return due
    busy = master.failover or master.odown or state.stopping or state.save_error or asking.awaits_disk(turn, master)
    if busy or conflict.choose(turn, master, turn.now - 2 * state.tuning.info_period) is None:
        return turn.now + state.tuning.ask_period
    _campaign(turn, master, forced=False, settles=True)
    return None


def _c_candidates_done(turn: Turn, master: Master) -> Millis:
    """When the elections of C candidates are over: until then a higher epoch would take their votes away."""
    timeout = asking.election_time(turn, master)
    stood = (p.stood for p in master.peers.values() if p.stood and p.link.ours is not True)
    return max((s + timeout for s in stood), default=0)


def _rank(turn: Turn, master: Master) -> int:
    """Our place in the order in which sentinels stand: another one for each master and after each of its elections.

    It must be the same for everybody, so it depends on what is this master's alone: the epoch that all masters share
    moves on while turns are drawn, if many of them are down at once. Dead peers keep their places: who is dead is seen
    at different times, and two that count differently would take the same place.
    """
    name = int.from_bytes(bytes_of(master.name), "big") % ((1 << 61) - 1)
    salt = mixed(mixed(name) ^ max(master.leader_epoch, master.config_epoch))
    me = turn.state.settings.myid
    order = {run_id: mixed(_number(run_id) ^ salt) for run_id in [*master.peers, me]}
    return sum(1 for place in order.values() if place < order[me])


def turn_of(turn: Turn, master: Master) -> Millis:
    """How long we wait behind others who might stand for the same reason."""
    others = max(0, fallen.count(turn) - 1)
    patience = 0 if master.replicas else NOBODY_TO_PROMOTE
    return patience + min(STAGGER + STAGGER_OF_MANY * others, WIDEST_STAGGER) * _rank(turn, master)


def _number(run_id: RunId) -> int:
    """A number for an id; the ids of a file may be any text."""
    return int.from_bytes(bytes_of(run_id)[:8], "big")


def stand(turn: Turn, master: Master, forced: bool) -> None:
    """Stand for the failover of a master."""
    _campaign(turn, master, forced=forced, settles=False)


def stand_for(turn: Turn, master: Master, only: Replica) -> Failover | None:
    """Stand for a failover that can promote nobody but this replica, and that needs a majority; None if we cannot."""
    before = master.failover
    _campaign(turn, master, forced=True, settles=False)
    failover = master.failover
    if failover is None or failover is before:
        return None
    # An epoch of its own, like a forced one, but never without a majority.
    failover.forced, failover.seek_votes_until = False, 0
    failover.only = only
    return failover


def _campaign(turn: Turn, master: Master, *, forced: bool, settles: bool) -> None:
    """Raise the epoch, vote for ourselves and ask everybody for their vote."""
    state = turn.state
    if not _has_epochs(turn, master):
        return
    # A configuration may be newer than every epoch heard of; a promotion below it would be believed by nobody.
    epoch = state.current_epoch
    if forced or settles or epoch <= _used(master):
        epoch = _new_epoch(turn, master)
    # Else it was raised for another master and nobody had our vote for this one: masters that are down at once share
    # it. C voters refuse what is below their current epoch: if each master had a higher one than the last, candidates
    # would take the votes from each other. Of two sides that are to be settled the other one may have had elections of
    # its own, of which we know nothing.
    failover = Failover(epoch, started=turn.now, entered=turn.now, forced=forced, settles=settles)
    if forced:
        failover.seek_votes_until = turn.now + SEEK_VOTES
    elif not settles and master.crashed:
        failover.crash, failover.crashed_run = True, master.run_id
    master.failover = failover
    if settles:
        turn.remark(Level.NOTICE, f"Standing for election to settle which server is {master.name}")
    else:
        turn.about(Event.TRY_FAILOVER, master, master)
    failover.owed = master.no_start_before
    master.no_start_before = turn.now + 2 * master.settings.failover_timeout
    master.delay_told = False
    master.stand_at = 0
    _vote_for_ourselves(turn, master, failover)
    record.begun(turn, master, failover)
    for peer in master.peers.values():
        asking.ask(turn, master, peer)
    # Whom to promote is decided on what they say from now on. A master that still answers says how far it has come.
    answers = not master.sdown or master.role is Role.SLAVE or settles
    for server in (*master.replicas, *((master,) if answers else ())):
        server.link.info_asked = 0
        cadence.hurry_info(turn, master, server)
    turn.check(master)


def stand_again(turn: Turn, master: Master, failover: Failover) -> Millis:
    """Nobody won the epoch of a forced failover: ask for the votes of another one, as the same failover.

    Returns the moment at which to look again.
    """
    state = turn.state
    if state.save_error or asking.awaits_disk(turn, master):
        return failover.seek_votes_until
    if not failover.again_at:
        failover.again_at = turn.now + state.chance.below(AGAIN_WITHIN)
    if turn.now < failover.again_at:
        return min(failover.again_at, failover.seek_votes_until)
    failover.again_at = 0
    if _has_epochs(turn, master):
        turn.remark(Level.NOTICE, f"Nobody won epoch {failover.epoch}: asking for votes in another one")
        failover.epoch = _new_epoch(turn, master)
        _vote_for_ourselves(turn, master, failover)
        for peer in master.peers.values():
            asking.ask(turn, master, peer)
    return failover.seek_votes_until


def _has_epochs(turn: Turn, master: Master) -> bool:
    if max(turn.state.current_epoch, _used(master)) + 1 < EPOCH_LIMIT:
        return True
    turn.remark(Level.WARNING, "No epoch is left: the quorum cannot elect anybody any more")
    return False


def _used(master: Master) -> Epoch:
    """Up to this epoch the voters that we know of have nothing to give any more for this master."""
    return max(master.config_epoch, master.leader_epoch, *(peer.leader_epoch for peer in master.peers.values()))


def _new_epoch(turn: Turn, master: Master) -> Epoch:
    epoch = Epoch(max(turn.state.current_epoch, _used(master)) + 1)
    turn.raise_epoch(epoch, master)
    return epoch


def _vote_for_ourselves(turn: Turn, master: Master, failover: Failover) -> None:
    asking.vote(turn, master, failover.epoch, turn.state.settings.myid)
    turn.touch(master)
    failover.needs = turn.revision()
