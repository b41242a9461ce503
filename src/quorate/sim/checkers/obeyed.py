"""A promotion is announced after the promoted server has had its order: not on a role that it told before."""

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class Obeyed(Checker):
    """Books who selected a replica when; looks at that server's turns when its promotion is announced."""

    name = "a promotion is announced when it has come about"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._selected: dict[tuple[SentinelHost, MasterName], Millis] = {}
        self._left_over: set[tuple[SentinelHost, MasterName]] = set()

    def told(self, host: SentinelHost, notice: Notice) -> None:
        # A C sentinel takes an old master's word for it that it is a master, though the order is still on its way.
        if notice.master is None or not host.is_ours:
            return
        if notice.event is Event.MOVE_LEFT_OVER:
            # The leader of the move has given the order, if it came so far, and did not live to announce it; and a
            # configured master that was told to follow an old one makes that one the master without any order.
            self._left_over.add((host, notice.master))
        elif notice.event is Event.ELECTED_LEADER:
            self._selected.pop((host, notice.master), None)
        elif notice.event is Event.SELECTED_SLAVE:
            self._selected[host, notice.master] = self.world.schedule.now
        elif notice.event is Event.PROMOTED_SLAVE:
            # Whoever settles two configurations has selected nobody, and gives no order.
            since = self._selected.pop((host, notice.master), None)
            place = notice.text.split()[2]
            ip = self.world.network.names.get(place, place)
            adopted = (host, notice.master) in self._left_over and self._is_master(ip)
            self._left_over.discard((host, notice.master))
            if since is not None and not adopted and not self._was_ordered(ip, since):
                self.violated(f"{host.node.name} announced the promotion of {place}, which has not had the order")

    def _was_ordered(self, ip: str, since: Millis) -> bool:
        servers = [server for group in self.world.groups for server in group.servers]
        return any(
            server.node.ip == ip and any(turn.at >= since and not turn.followed for turn in server.history.turns)
            for server in [*servers, *self.world.foreign]
        )

    def _is_master(self, ip: str) -> bool:
        servers = [server for group in self.world.groups for server in group.servers]
        return any(server.node.ip == ip and server.is_master for server in [*servers, *self.world.foreign])
