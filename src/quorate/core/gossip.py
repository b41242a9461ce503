"""Hello messages: finding peers, and adopting the newest configuration (spec 4)."""

from quorate.core import conflict, epochs, record, roster, switching
from quorate.core.state import Master, Peer
from quorate.core.turn import Turn
from quorate.model.address import Address, join
from quorate.model.hello import Hello
from quorate.model.identity import RunId
from quorate.model.notice import Event, Level

MOST_PEERS = 256
"""Sentinels of one master. Whoever may publish can make hellos up; nobody runs so many."""


def on_hello(turn: Turn, hello: Hello) -> None:
    """Take in a hello of a peer about one of our masters."""
    master = turn.state.masters.get(hello.master)
    if master is None or hello.sender_id == turn.state.settings.myid:
        return
    peer = _known_sender(turn, master, hello)
    if not _epochs_acceptable(turn, hello):
        if peer is not None:
            # When it says again what it said before, that is news: it has come back to its senses.
            peer.hello = None
        return
    if hello.current_epoch > turn.state.current_epoch:
        turn.raise_epoch(hello.current_epoch, master)
    if peer is None:
        return
    peer.last_hello, peer.config_epoch = turn.now, hello.config_epoch
    if hello.config_epoch <= master.config_epoch or _adopt(turn, master, peer, hello):
        peer.hello = hello
        if conflict.rivals(turn, master):
            turn.check(master)


def _known_sender(turn: Turn, master: Master, hello: Hello) -> Peer | None:
    """The peer that sent it, entered under its present address; None if that address is unacceptable."""
    address = turn.address(hello.sender_host, hello.sender_port)
    peer = master.peers.get(hello.sender_id)
    if address is None:
        return None
    if peer is not None and peer.address.same_as(address):
        return peer
    if _is_our_own(turn, address):
        # Said by who was here before us: asked for a vote there, we would answer ourselves and count twice.
        return None
    if peer is None and len(master.peers) >= MOST_PEERS:
        turn.remark(Level.WARNING, f"Hello of {hello.sender_id} ignored: {master.name} has enough sentinels")
        return None
    if peer is None:
        _evict_namesakes(turn, master, hello.sender_id, address)
        peer = roster.add_peer(turn, master, hello.sender_id, address)
        turn.about(Event.SENTINEL, master, peer)
        turn.touch(master)
        return peer
    return _moved(turn, master, peer, address)


def _is_our_own(turn: Turn, address: Address) -> bool:
    """Whether this is where we are reached ourselves."""
    settings = turn.state.settings
    if address.port != (settings.announce_port or settings.listen_port):
        return False
    if settings.announce_ip:
        return settings.announce_ip in (address.ip, address.host)
    return any(link.local_ip == address.ip for link in turn.state.links.values())


def _evict_namesakes(turn: Turn, master: Master, run_id: RunId, address: Address) -> None:
    """Somebody new at a known peer's address: the known one is no longer there, for any master."""
    known = next((p for p in master.peers.values() if p.address.same_as(address) and p.run_id != run_id), None)
    if known is None or known.run_id is None:
        return
    turn.about(Event.SENTINEL_INVALID_ADDR, master, known)
    for other in turn.state.masters.values():
        entry = other.peers.get(known.run_id)
        if entry is not None:
            roster.drop_peer(turn, other, entry)


def _moved(turn: Turn, master: Master, peer: Peer, address: Address) -> Peer:
    run_id = peer.run_id
    assert run_id is not None
    hostnames = turn.state.settings.announce_hostnames
    where = f" ip {address.shown(hostnames)} port {address.port} for {run_id}"
    turn.about(Event.SENTINEL_ADDRESS_SWITCH, master, master, where)
    # All entries go before any comes back, so that the shared link to the old address ends.
    under = [m for m in turn.state.masters.values() if run_id in m.peers]
    for other in under:
        roster.drop_peer(turn, other, other.peers[run_id])
    _evict_namesakes(turn, master, run_id, address)
    for other in under:
        roster.add_peer(turn, other, run_id, address)
    entry = master.peers[run_id]
    if len(under) > 1:
        more = f" {len(under) - 1} additional matching instances"
        turn.about(Event.SENTINEL_ADDRESS_UPDATE, master, entry, more)
    return entry


def _epochs_acceptable(turn: Turn, hello: Hello) -> bool:
    current = turn.state.current_epoch
    beyond = turn.state.beyond
    for epoch in (hello.current_epoch, hello.config_epoch):
        if not epochs.is_acceptable(epoch, current):
            if hello.sender_id in turn.state.peer_links:
                beyond[hello.sender_id] = epoch
            epochs.refuse(turn, epoch, f"hello of {hello.sender_id}")
            return False
    beyond.pop(hello.sender_id, None)
    return True


def _adopt(turn: Turn, master: Master, peer: Peer, hello: Hello) -> bool:
    """A newer configuration: take its epoch, and its address if that is another one. False if it cannot be taken."""
    address = turn.address(hello.master_host, hello.master_port)
    if address is None or not address.ip or not address.port:
        # Nothing is taken over by halves: the same hello comes again when the name may be known.
        turn.remark(Level.WARNING, f"Failed to resolve hostname '{hello.master_host}'")
        return False
    promoting = master.current is not master
    master.config_epoch = hello.config_epoch
    turn.touch(master)
    # A failover under way notices that it was overtaken.
    turn.check(master)
    # Who has already told of a promotion goes back on it, or two addresses would be told under one epoch.
    if promoting or not address.same_as(master.address):
        turn.about(Event.CONFIG_UPDATE_FROM, master, peer)
        record.followed(turn, master, peer, join(hello.master_host, hello.master_port))
        switching.switch_master(turn, master, address, hello.master_host, "observer")
    else:
        # A leader was elected and stands by the address that we have.
        master.alone = False
        if master.config_epoch >= master.leader_epoch:
            # It is the one whom we voted for, or a later one: its work is done.
            master.no_start_before = 0
    return True
