"""No master is demoted by a sentinel that has not heard from a majority since that server's claim was seen.

But for the configuration that an operator forced upon that sentinel without a majority.
"""

from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class Demotion(Checker):
    """Looks at who was heard, when a sentinel tells a server that calls itself master to follow another."""

    name = "no demotion on a stale view"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._forced: dict[tuple[SentinelHost, MasterName], int] = {}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.FORCED_WITHOUT_MAJORITY and notice.master is not None:
            self._forced[host, notice.master] = host.leader_epoch(notice.master)
        if notice.event is not Event.CONVERT_TO_SLAVE or notice.master is None or not host.is_ours:
            return
        master = host.master(notice.master)
        if master is not None and self._forced.get((host, notice.master)) == master.config_epoch:
            return
        name = notice.text.split()[1]
        replica = next((r for r in host.replicas(notice.master) if r.instance.name == name), None)
        if replica is None:
            return
        peers = host.peers(notice.master)
        heard = 1 + sum(1 for peer in peers if peer.last_hello <= replica.role.reported_for)
        if heard < (len(peers) + 1) // 2 + 1:
            self.violated(f"{host.node.name} demoted {name} having heard {heard} of {len(peers) + 1} since its claim")
