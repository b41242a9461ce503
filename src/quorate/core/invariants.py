"""What must hold between any two inputs, whatever was read from sockets and files: a broken invariant is our own fault.

`check` is for tests and simulators, after every input. It looks at everything and changes nothing.
"""

from quorate.core.link import Link
from quorate.core.phases import ABORTABLE
from quorate.core.requests import ConnId, InstanceId
from quorate.core.state import AFTER_PROMOTION, Failover, FailoverState, Master, Peer, Reconf, State, Watched
from quorate.model.identity import EPOCH_LIMIT, RunId

UNCHOSEN = frozenset({FailoverState.WAIT_START, FailoverState.SELECT_SLAVE})
UNSENT = UNCHOSEN | {FailoverState.SEND_SLAVEOF_NOONE}


def check(state: State) -> None:
    """Raise AssertionError, with the name of what is wrong, unless everything holds that must always hold."""
    _check_self(state)
    links: dict[Link, set[InstanceId]] = {}
    registered = 0
    for name, master in state.masters.items():
        assert master.name == name, f"{master.name} is filed under {name}"
        for watched in master.instances():
            registered += 1
            _check_instance(state, master, watched)
            links.setdefault(watched.link, set()).add(watched.id)
        _check_replicas(master)
        _check_peers(state, master)
        _check_epochs(state, master)
        if master.failover is not None:
            _check_failover(state, master, master.failover)
    assert registered == len(state.instances), "an instance is registered that belongs to nobody"
    _check_links(state, links)


def _check_self(state: State) -> None:
    assert 0 <= state.current_epoch < EPOCH_LIMIT, f"current epoch {state.current_epoch}"
    assert 0 <= state.durable <= state.revision, f"durable {state.durable} of {state.revision}"
    assert state.tilt_since or not state.tilt_unheard, "somebody is waited for after TILT"
    assert all(link.command is not None and not link.gone for link in state.tilt_unheard), "TILT waits for a dead link"
    assert state.beyond.keys() <= state.peer_links.keys(), "an epoch of nobody's is remembered"
    assert len(state.votes_under_way) <= 2 * (len(state.masters) + 8), "votes pile up"
    deadlines, entries = state.calendar.deadlines()
    assert entries <= 4 * deadlines + 64, f"{entries} entries for {deadlines} deadlines"


def _check_instance(state: State, master: Master, watched: Watched) -> None:
    assert state.instances.get(watched.id) == (master, watched), f"{watched.name} is not registered"
    assert watched.id in watched.link.owners, f"{watched.name} does not own its link"
    assert not watched.link.gone, f"{watched.name} holds a closed link"
    assert watched.link.wants_pubsub is not isinstance(watched, Peer), f"{watched.name} has a link of the wrong kind"
    assert watched.sdown_since or not watched.sdown, f"{watched.name} is down since never"


def _check_replicas(master: Master) -> None:
    places = [master.address, *(replica.address for replica in master.replicas)]
    for i, place in enumerate(places):
        assert not any(place.same_as(other) for other in places[i + 1 :]), f"{place} twice under {master.name}"
    re_pointing = master.failover is not None and master.failover.state in AFTER_PROMOTION
    for replica in master.replicas:
        assert re_pointing or replica.reconf is Reconf.NONE, f"{replica.name} is re-pointed outside a failover"
        assert replica.reconf is Reconf.NONE or replica is not master.promoted, f"{replica.name} follows itself"


def _check_peers(state: State, master: Master) -> None:
    for run_id, peer in master.peers.items():
        assert peer.run_id == peer.name == run_id, f"{peer.name} is filed under {run_id}"
        assert run_id != state.settings.myid, "we are our own peer"
        assert state.peer_links.get(run_id) is peer.link, f"{peer.name} has a link of its own"


def _check_epochs(state: State, master: Master) -> None:
    assert 0 <= master.leader_epoch <= state.current_epoch, f"a vote in epoch {master.leader_epoch}, not yet begun"
    assert 0 <= master.config_epoch < EPOCH_LIMIT, f"config epoch {master.config_epoch}"
    assert master.durable_vote[1] <= master.leader_epoch, f"{master.name}: the disk holds a vote that we forgot"
    assert master.sdown or not master.odown, f"{master.name} is objectively down, but not for us"


def _check_failover(state: State, master: Master, failover: Failover) -> None:
    name = f"failover of {master.name} in {failover.state.value}"
    assert failover.epoch <= state.current_epoch, f"{name}: epoch {failover.epoch} has not begun"
    assert failover.needs <= state.revision, f"{name} waits for a revision that nobody made"
    assert (failover.promoted is None) is (failover.state in UNCHOSEN), f"{name}: promoted {failover.promoted}"
    assert failover.promoted is None or failover.promoted in master.replicas, f"{name}: promotes a stranger"
    # Whoever is chosen to settle two configurations is mostly a master already.
    ordered = failover.state not in UNSENT and not failover.adopts
    ordered = ordered and (not failover.settles or failover.sent is not None)
    assert (failover.sent is not None) is ordered, f"{name}: sent on {failover.sent}"
    if failover.state in AFTER_PROMOTION:
        assert master.config_epoch == failover.epoch, f"{name}: told under epoch {master.config_epoch}"
    elif failover.state in ABORTABLE and not state.tilt_since and not state.crashed:
        assert master.config_epoch < failover.epoch, f"{name}: a newer configuration was overlooked"
    if failover.state is FailoverState.WAIT_PROMOTION:
        assert state.durable >= failover.needs, f"{name}: promoted on a vote that a crash would take back"


def _check_links(state: State, links: dict[Link, set[InstanceId]]) -> None:
    conns: dict[ConnId, Link] = {}
    for link, owners in links.items():
        assert link.owners == owners, f"link to {link.address} is owned by {link.owners}, used by {owners}"
        assert link.command is not None or not link.command_open, f"link to {link.address} is open without connection"
        assert link.pubsub is not None or not link.pubsub_open, f"link to {link.address} subscribes without connection"
        assert link.pending >= 0, f"link to {link.address} owes {link.pending} replies"
        conns |= {conn: link for conn in (link.command, link.pubsub) if conn is not None}
    assert state.links == conns, "connections and links disagree"
    peers = {RunId(run_id) for master in state.masters.values() for run_id in master.peers}
    assert state.peer_links.keys() == peers, "a peer's link outlives the peer"
