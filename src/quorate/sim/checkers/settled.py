"""Two configurations of one epoch are settled for the master with more data.

Judged by the data that the servers really hold, not by what they said of it. Whoever settles nothing is found by the
liveness checker: the two sides never agree again.
"""

from quorate.core.view import MasterView, ReplicaView
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.server import RedisServer

SLACK = 30
"""Writes that may have come in while INFO and votes travelled: three seconds of them."""

FRESH: Millis = 2_000


class Settled(Checker):
    """Looks at the other servers that anybody calls the master, when a sentinel has chosen among them."""

    name = "conflicts are settled for more data"

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is not Event.CONFIG_SETTLED or notice.master is None or not host.is_ours:
            return
        name = notice.master
        ip = notice.text.partition("#")[2].split()[0]
        servers = {s.node.ip: s for group in self.world.groups if group.name == name for s in group.servers}
        chosen = servers.get(ip)
        if chosen is None:
            self.violated(f"{host.node.name} settled for {ip}, where nobody of {name} ever was")
            return
        named = {place[0] for sentinel in self.world.sentinels if (place := sentinel.address_of(name)) is not None}
        heard = {view.instance.ip for view in (host.master(name), *host.replicas(name)) if view and _is_heard(view)}
        for other in (servers[place] for place in sorted(named & heard & servers.keys() - {ip})):
            if _related(chosen, other) and len(other.log) > len(chosen.log) + SLACK:
                self.violated(
                    f"{host.node.name} settled for {chosen.node.name} with {len(chosen.log)} writes,"
                    f" {other.node.name} has {len(other.log)}"
                )


def _is_heard(view: MasterView | ReplicaView) -> bool:
    """Whether the sentinel has just heard of this server that it is master."""
    master = view.role.reported is Role.MASTER and "s_down" not in view.instance.flags
    return master and view.role.info_age <= FRESH


def _related(one: RedisServer, other: RedisServer) -> bool:
    """Whether their offsets count from the same beginning, and both are masters."""
    both = one.up and other.up and one.is_master and other.is_master
    return both and bool(({one.replid, one.replid2} & {other.replid, other.replid2}) - {""})
