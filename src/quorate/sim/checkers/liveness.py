"""When nothing goes wrong any more, everything comes right within a bounded time.

One master per group, all sentinels agree on it, every server that a sentinel can know of follows it, and all living
sentinels know each other. Where a RESET or an empty disk has made a server unknown to all, nobody can find it again;
nor can sentinels find each other that have begun anew and watch no server in common.
"""

from quorate.model.identity import MasterName, RunId
from quorate.model.millis import Millis
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.server import RedisServer
from quorate.sim.world import Group, Options, World

WRONG_ROLE: Millis = 20_000
"""A configured master that says it is a replica counts as down after two info-periods more than down-after."""

TILT: Millis = 30_000
INFO: Millis = 10_000


def bound(options: Options) -> Millis:
    """How long it may take: the rest of a TILT, a wrong role, and three whole attempts of which two come to nothing."""
    election = min(10_000, options.failover_timeout)
    attempt = options.down_after + election + 2 * options.failover_timeout
    return TILT + WRONG_ROLE + 3 * attempt + 4 * INFO


def unsettled(world: World) -> str:
    """What is not right yet, "" if all is."""
    for host in world.sentinels:
        if not host.up:
            return f"{host.node.name} is dead"
    lost = [group for group in world.groups if parted(world, group.name) or forgotten(world, group)]
    wrongs = (_unsettled(world, group) for group in world.groups if group not in lost)
    return next((wrong for wrong in wrongs if wrong), "")


def parted(world: World, name: MasterName) -> bool:
    """Whether some sentinels can never hear of the others again: no server that both watch, no address of a peer.

    Only where a disk was replaced: its sentinel begins with the master of its file, which all others may have left.
    """
    if not world.amnesia:
        return False
    known = {host.node.name: _reach(host, name) for host in world.sentinels}
    reached, rest = known.popitem()[1], known
    while near := [at for at, places in rest.items() if places & reached]:
        for at in near:
            reached |= rest.pop(at)
    return bool(rest)


def forgotten(world: World, group: Group) -> bool:
    """Whether no sentinel watches any server that is a master: all who had moved it there have lost their disks."""
    if not world.amnesia:
        return False
    masters = {server.node.ip for server in group.servers if server.up and server.is_master}
    return not any(_watched(host, group.name) & masters for host in world.sentinels)


def _reach(host: SentinelHost, name: MasterName) -> set[str]:
    """The addresses at which a sentinel hears, or is heard, of a master: of its servers, of its peers, and its own."""
    return _watched(host, name) | {peer.instance.ip for peer in host.peers(name)} | {host.node.ip}


def _watched(host: SentinelHost, name: MasterName) -> set[str]:
    """The addresses of the servers that it watches."""
    master, names = host.address_of(name), host.network.names
    places = {replica.instance.ip for replica in host.replicas(name)} | ({master[0]} if master else set())
    return {names.get(ip, ip) for ip in places}


def _unsettled(world: World, group: Group) -> str:
    addresses = {host.node.name: host.address_of(group.name) for host in world.sentinels}
    distinct = set(addresses.values())
    if len(distinct) != 1:
        told = ", ".join(f"{name} {address[0] if address else None}" for name, address in addresses.items())
        return f"sentinels disagree about {group.name}: {told}"
    address = distinct.pop()
    ip = world.network.names.get(address[0], address[0]) if address else ""
    master = next((server for server in group.servers if server.node.ip == ip), None)
    if master is None:
        return f"{group.name} is at {ip}, where nobody of it ever was"
    if not master.up or not master.is_master:
        return f"{master.node.name}, the master of {group.name}, is {'a replica' if master.up else 'dead'}"
    return _stragglers(world, group, master) or _strangers(world, group.name)


def _stragglers(world: World, group: Group, master: RedisServer) -> str:
    known = {replica.instance.ip for host in world.sentinels for replica in host.replicas(group.name)}
    for server in group.servers:
        name = server.node.name
        if server is master or not (known & {server.node.ip, name}):
            continue
        if server.master_ip != master.node.ip:
            return f"{name} follows {server.master_ip or 'nobody'}, not {master.node.name}"
        if not server.link_up:
            return f"{name} has no link to {master.node.name}"
    return ""


def _strangers(world: World, name: MasterName) -> str:
    ids = {host.myid for host in world.sentinels}
    for host in world.sentinels:
        view = host.master(name)
        if view is None:
            return f"{host.node.name} does not monitor {name}"
        if view.failover_state is not None or view.instance.sdown_for is not None:
            return f"{host.node.name} is not at rest about {name}: {' '.join(view.instance.flags)}"
        known = {RunId(peer.instance.run_id) for peer in host.peers(name)}
        missing = ids - known - {host.myid}
        if missing:
            return f"{host.node.name} does not know {_names(world.sentinels, missing)} of {name}"
    return ""


def _names(hosts: list[SentinelHost], ids: set[RunId]) -> str:
    return ", ".join(host.node.name for host in hosts if host.myid in ids)


class Liveness(Checker):
    """Asked once, at the end; whoever conducts the run ends it early when all is right."""

    name = "all comes right in time"

    def finished(self) -> None:
        wrong = unsettled(self.world)
        if wrong:
            self.violated(f"{bound(self.world.options)} ms after all was healed: {wrong}")
