"""Who belongs to a master: adding and removing instances, and starting over under a new address."""

from quorate.core import cadence, connecting, watching
from quorate.core.link import Link
from quorate.core.requests import InstanceId
from quorate.core.state import Master, Peer, Replica, State, Watched
from quorate.core.turn import Turn
from quorate.model.address import Address
from quorate.model.identity import MasterName, RunId
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.settings import MasterSettings

REOPEN_AFTER: Millis = 100
"""Links reopen this long after an operator's RESET or MONITOR, so that what was closed is seen closed."""


def new_link(turn: Turn, address: Address, wants_pubsub: bool, delay: Millis = 0) -> Link:
    """A link that has not been heard yet: its silence counts from now."""
    link = Link(address, wants_pubsub, created=turn.now, silent_since=turn.now)
    link.ponged = link.available = link.heard_pubsub = turn.now
    link.not_before = turn.now + delay
    return link


def add_master(turn: Turn, name: MasterName, address: Address, settings: MasterSettings, delay: Millis = 0) -> Master:
    """Begin to watch a master."""
    link = new_link(turn, address, wants_pubsub=True, delay=delay)
    master = Master(InstanceId(turn.state.next_id()), name, address, link, settings=settings)
    master.role_since = turn.now
    turn.state.masters[name] = master
    enlist(turn, master, master)
    return master


def add_replica(turn: Turn, master: Master, address: Address) -> Replica:
    """Begin to watch a replica; its name is fixed now, from the announce form of its address."""
    name = address.joined(turn.state.settings.announce_hostnames)
    link = new_link(turn, address, wants_pubsub=True)
    replica = Replica(InstanceId(turn.state.next_id()), name, address, link)
    replica.role = Role.SLAVE
    replica.role_since = replica.conf_changed = turn.now
    master.replicas.append(replica)
    enlist(turn, master, replica)
    return replica


def add_peer(turn: Turn, master: Master, run_id: RunId, address: Address) -> Peer:
    """Begin to watch a peer, over the link that its other masters already have with it."""
    link = turn.state.peer_links.get(run_id)
    if link is None:
        link = turn.state.peer_links[run_id] = new_link(turn, address, wants_pubsub=False)
    peer = Peer(InstanceId(turn.state.next_id()), run_id, address, link)
    peer.run_id = run_id
    peer.last_hello = turn.now
    master.peers[run_id] = peer
    enlist(turn, master, peer)
    return peer


def enlist(turn: Turn, master: Master, watched: Watched) -> None:
    """Register an instance, book its periodic sends and open its link."""
    turn.state.instances[watched.id] = (master, watched)
    watched.link.owners.add(watched.id)
    cadence.begin(turn, master, watched)
    watching.look(turn, master, watched)
    connecting.reopen(turn, watched.link)


def dismiss(turn: Turn, watched: Watched) -> None:
    """Stop watching an instance; its link goes with its last owner."""
    state = turn.state
    state.instances.pop(watched.id, None)
    state.calendar.forget(watched)
    link = watched.link
    link.owners.discard(watched.id)
    if not link.owners:
        connecting.retire(turn, link)
        if isinstance(watched, Peer) and watched.run_id and state.peer_links.get(watched.run_id) is link:
            del state.peer_links[watched.run_id]
            state.beyond.pop(watched.run_id, None)


def drop_peer(turn: Turn, master: Master, peer: Peer) -> None:
    """Forget a peer of one master."""
    assert peer.run_id is not None
    del master.peers[peer.run_id]
    dismiss(turn, peer)
    turn.touch(master)


def drop_doubles(turn: Turn, master: Master) -> None:
    """Forget replicas whose names turned out to stand for the master's address, or for another replica's."""
    kept: list[Replica] = [r for r in master.replicas if r is master.promoted]
    for replica in master.replicas:
        if replica in kept:
            continue
        if replica.address.same_as(master.address) or any(replica.address.same_as(other.address) for other in kept):
            dismiss(turn, replica)
            turn.touch(master)
        else:
            kept.append(replica)
    if len(kept) < len(master.replicas):
        master.replicas[:] = [r for r in master.replicas if r in kept]


def remove_master(turn: Turn, master: Master) -> None:
    """Forget a master and everybody under it."""
    for watched in master.instances():
        dismiss(turn, watched)
    name = MasterName(master.name)
    del turn.state.masters[name]
    turn.state.calendar.forget(master)
    turn.checks.pop(master, None)
    turn.removed(name)


def name_of(master: Master) -> MasterName:
    """The name of a master, as a name."""
    return MasterName(master.name)


def owners(state: State, link: Link) -> list[tuple[Master, Watched]]:
    """Every instance behind a link."""
    return [state.instances[owner] for owner in link.owners]


def find_replica(master: Master, address: Address) -> Replica | None:
    """The replica at an address."""
    return next((r for r in master.replicas if r.address.same_as(address)), None)


def master_at(state: State, place: Address) -> Master | None:
    """The first master at a port whose number or name is the given one. Found once, it is found again without a search
    for as long as it is there.
    """
    known = state.found.get(place)
    if known is not None and known.address.same_as(place) and state.masters.get(MasterName(known.name)) is known:
        return known
    found = next((master for master in state.masters.values() if master.address.same_as(place)), None)
    if found is not None:
        if len(state.found) > 2 * len(state.masters):
            state.found.clear()
        state.found[place] = found
    return found
