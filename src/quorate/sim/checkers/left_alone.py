"""No order reaches a server of another cluster that came by an address of ours, where identities tell the two apart.

They do if the sentinel knew the process that was there before, knows the data of its master, and has been told by the
new one that it follows a living master elsewhere. Who calls itself master could be ours, come back without its data.
"""

from quorate.core.requests import Reconfigure, Request
from quorate.core.view import ReplicaView
from quorate.model.identity import MasterName
from quorate.model.info import Role
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.faults import Kind, Planned
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_FORGET = frozenset({Event.RESET_MASTER, Event.MONITOR})


class LeftAlone(Checker):
    """Books who knew which servers when an address changed hands; looks at every order to the new owner."""

    name = "another cluster is left alone"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._knew: set[tuple[SentinelHost, MasterName, str]] = set()

    def struck(self, planned: Planned, what: str) -> None:  # noqa: ARG002 - an observer's signature
        if planned.kind is not Kind.REUSE:
            return
        for group in self.world.groups:
            ours = {server.run_id for server in group.servers}
            for host in self.world.sentinels:
                for replica in host.replicas(group.name) if host.is_ours else ():
                    if replica.instance.run_id in ours and replica.role.reported is Role.SLAVE:
                        self._knew.add((host, group.name, replica.instance.ip))

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - it remembers no processes
        self._knew = {entry for entry in self._knew if entry[0] is not host}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event in _FORGET:
            self._knew = {entry for entry in self._knew if entry[:2] != (host, notice.master)}

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        if not isinstance(request, Reconfigure) or not host.is_ours:
            return
        ip = self.world.network.names.get(ip, ip)
        node = self.world.network.nodes.get(ip)
        stranger = next((server for server in self.world.foreign if server.node is node and server.up), None)
        group = self.world.group_at(ip)
        if stranger is None or group is None or (host, group.name, ip) not in self._knew:
            return
        view, master = (
            next((r for r in host.replicas(group.name) if r.instance.ip == ip), None),
            host.master(group.name),
        )
        if view is None or master is None or master.role.reported is not Role.MASTER or not master.role.histories:
            return
        if set(view.role.histories) & set(master.role.histories):
            # One of ours followed the address and took the stranger's data over: now they are alike.
            return
        if view.instance.run_id == stranger.run_id and is_elsewhere(self.world, group.name, view):
            self.violated(f"{host.node.name} gives an order to {ip}, which is another cluster's, and told it so")


def is_elsewhere(world: World, name: MasterName, view: ReplicaView) -> bool:
    """Whether a replica tells that it follows a living master which is none of the group's servers."""
    group = next(group for group in world.groups if group.name == name)
    ours = {place for server in group.servers for place in (server.node.ip, server.node.name)}
    return view.role.reported is Role.SLAVE and view.master_link_up and view.master_host not in ours
