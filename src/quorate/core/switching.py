"""Starting over: a master under a new address, or met anew after RESET."""

from quorate.core import record, roster
from quorate.core.outcome import ReconfigScript
from quorate.core.requests import InstanceId
from quorate.core.state import Master
from quorate.core.turn import Turn
from quorate.model.address import Address
from quorate.model.identity import Epoch, MasterName
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event


def switch_master(turn: Turn, master: Master, address: Address, shown: str, role: str) -> None:
    """Announce and adopt a new address; `role` (leader or observer) is for the reconfiguration script."""
    hostnames = turn.state.settings.announce_hostnames
    # Clients leave the address that they were told last, which an overtaken leader has already changed.
    left = master.current.address if role == "observer" else master.address
    old = (left.shown(hostnames), left.port)
    turn.tell(Event.SWITCH_MASTER, f"{master.name} {old[0]} {old[1]} {shown} {address.port}", master)
    switch(turn, master, address)
    if role == "observer":
        reconfig_script(turn, master, role, old, (address.shown(hostnames), address.port))


def reconfig_script(turn: Turn, master: Master, role: str, old: tuple[str, int], new: tuple[str, int]) -> None:
    """Have the client-reconfig-script called: path, name, role, "start", old address, new address."""
    path = master.settings.client_reconfig_script
    if path:
        argv = (path, master.name, role, "start", old[0], str(old[1]), new[0], str(new[1]))
        turn.effects.append(ReconfigScript(MasterName(master.name), argv))


def reset(turn: Turn, master: Master) -> None:
    """SENTINEL RESET: forget replicas, peers and the failover, and meet the master anew. Epochs stay."""
    record.replaced(turn, master)
    for watched in master.instances():
        if watched is not master:
            roster.dismiss(turn, watched)
    master.replicas.clear()
    master.peers.clear()
    sdown_since, odown_since = master.sdown_since, master.odown_since
    _start_over(turn, master, master.address, roster.REOPEN_AFTER)
    master.sdown_since, master.odown_since = sdown_since, odown_since
    turn.touch(master)
    turn.about(Event.RESET_MASTER, master, master)


def switch(turn: Turn, master: Master, address: Address) -> None:
    """The master lives at a new address: the old address becomes a replica, and nobody's opinion of it counts now."""
    record.replaced(turn, master)
    old = master.address
    places = [r.address for r in master.replicas if not r.address.same_as(address)]
    known = {server.address: (server.ours, server.stranger) for server in (master, *master.replicas)}
    if not old.same_as(address) and not any(old.same_as(place) for place in places):
        places.append(old)
    for replica in master.replicas:
        roster.dismiss(turn, replica)
    master.replicas.clear()
    _start_over(turn, master, address, 0)
    processes = (processes for place, processes in known.items() if place.same_as(address))
    master.ours, master.stranger = next(processes, (None, None))
    for place in places:
        replica = roster.add_replica(turn, master, place)
        replica.ours, replica.stranger = known[place]
        turn.about(Event.SLAVE, master, replica)
    renew_peers(turn, master)
    turn.touch(master)


def _start_over(turn: Turn, master: Master, address: Address, delay: Millis) -> None:
    roster.dismiss(turn, master)
    turn.checks.pop(master, None)
    master.id = InstanceId(turn.state.next_id())
    master.address = address
    master.link = roster.new_link(turn, address, wants_pubsub=True, delay=delay)
    master.run_id = master.ours = master.stranger = None
    master.sdown = master.odown = False
    master.sdown_since = master.odown_since = 0
    master.crashed = master.confirm_asked = master.confirm_told = 0
    master.role, master.role_since = Role.MASTER, turn.now
    master.info, master.info_at, master.info_slot, master.hello_slot = None, 0, -1, -1
    master.script_kill_sent = False
    master.leader = None
    master.failover = None
    master.alone = False
    master.no_start_before = master.stand_at = master.lost_elections = master.rebooted = 0
    master.delay_told = False
    roster.enlist(turn, master, master)


def renew_peers(turn: Turn, master: Master) -> None:
    """Give peers new ids: an answer under way was about the old address and finds nobody."""
    state = turn.state
    for peer in master.peers.values():
        state.instances.pop(peer.id)
        peer.link.owners.discard(peer.id)
        peer.id = InstanceId(state.next_id())
        state.instances[peer.id] = (master, peer)
        peer.link.owners.add(peer.id)
        peer.says_down = False
        peer.answered = peer.asked = peer.ask_again = peer.stood = 0
        peer.config_asked = peer.config_sure = 0
        peer.gone = False
        peer.gone_told = peer.gone_asked = peer.gone_again = 0
        peer.told_vote = None
        peer.leader, peer.leader_epoch, peer.refused = None, Epoch(0), Epoch(0)
