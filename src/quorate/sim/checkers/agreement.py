"""No automatic failover begins while a quorum does not see the master down."""

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

OPINION_LASTS: Millis = 5_000
"""Five ask-periods: so long an opinion counts after it was given."""


class Agreement(Checker):
    """Books who sees which master down, and counts when somebody stands for election."""

    name = "a quorum sees the master down"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._down: dict[tuple[MasterName, SentinelHost], Millis | None] = {}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        key = (notice.master, host)
        if notice.event is Event.SDOWN and notice.text.startswith("master "):
            self._down[key] = None
        elif (notice.event is Event.SDOWN_OVER and notice.text.startswith("master ")) or (
            notice.event in (Event.SWITCH_MASTER, Event.RESET_MASTER) and self._down.get(key, 0) is None
        ):
            self._down[key] = self.world.schedule.now
        elif notice.event is Event.TRY_FAILOVER and not host.is_forced(notice.master):
            self._count(host, notice.master)

    def _count(self, host: SentinelHost, name: MasterName) -> None:
        master = host.master(name)
        if master is None:
            return
        oldest = self.world.schedule.now - OPINION_LASTS - host.slowness()
        seen = sum(1 for (n, _), until in self._down.items() if n == name and (until is None or until >= oldest))
        if seen < master.settings.quorum:
            self.violated(f"{host.node.name} stands for {name}, {seen} of {master.settings.quorum} see it down")
