"""At most one leader per epoch and master, but for failovers that were forced without a majority."""

from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class OneLeader(Checker):
    """Watches who says that it was elected, in which epoch."""

    name = "one leader per epoch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._leaders: dict[tuple[MasterName, int], str] = {}
        self._forced: set[tuple[SentinelHost, MasterName]] = set()

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        if notice.event is Event.FORCED_WITHOUT_MAJORITY:
            self._forced.add((host, notice.master))
        elif notice.event is Event.ELECTED_LEADER:
            if (host, notice.master) in self._forced:
                self._forced.discard((host, notice.master))
                return
            if not host.is_ours or self._forgetful() or not self.world.knows_all(host, notice.master):
                return
            epoch = host.leader_epoch(notice.master)
            if epoch <= self.world.amnesia:
                return
            leader = self._leaders.setdefault((notice.master, epoch), host.myid)
            if leader != host.myid:
                self.violated(f"{host.node.name} and {leader[:8]} were both elected for {notice.master} in {epoch}")

    def _forgetful(self) -> bool:
        """Whether a C sentinel may have voted twice: it votes though it cannot save, and forgets when it dies."""
        return any(host.disk.failures and not host.is_ours for host in self.world.sentinels)
