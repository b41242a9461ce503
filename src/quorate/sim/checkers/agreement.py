"""No automatic failover begins while a quorum does not see the master down."""

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import OPINION_LASTS, SentinelHost
from quorate.sim.world import World

PLANNED = frozenset({Event.MOVE_BEGUN, Event.MOVE_LEFT_OVER})
"""Who says this moves a master on purpose, or ends what another began: nobody need see it down."""


class Agreement(Checker):
    """Books who sees which master down, and counts when somebody stands for election."""

    name = "a quorum sees the master down"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._down: dict[tuple[MasterName, SentinelHost], dict[str, Millis | None]] = {}
        """Per master and sentinel: addresses that it saw down, and until when (None: it still does)."""

        self._planned: set[tuple[SentinelHost, MasterName]] = set()

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        seen = self._down.setdefault((notice.master, host), {})
        if notice.event is Event.SDOWN and notice.text.startswith("master "):
            seen[self._address(notice)] = None
        elif notice.event is Event.SDOWN_OVER and notice.text.startswith("master "):
            seen[self._address(notice)] = self.world.schedule.now
        elif notice.event in (Event.SWITCH_MASTER, Event.RESET_MASTER):
            seen.update({place: self.world.schedule.now for place, until in seen.items() if until is None})
        elif notice.event in PLANNED:
            self._planned.add((host, notice.master))
        elif notice.event is Event.TRY_FAILOVER and (host, notice.master) in self._planned:
            self._planned.discard((host, notice.master))
        elif notice.event is Event.TRY_FAILOVER and host.is_ours and not host.is_forced(notice.master):
            # C sentinels let opinions of the old address count against the new one for a while.
            self._count(host, notice.master, self._address(notice))

    def stepped(self) -> None:
        for (_, host), seen in self._down.items():
            if not host.up and None in seen.values():
                # The dead have no opinion; what they said last is heard for a while.
                seen.update({place: self.world.schedule.now for place, until in seen.items() if until is None})

    def _count(self, host: SentinelHost, name: MasterName, place: str) -> None:
        """What somebody thought of another address does not count."""
        master = host.master(name)
        if master is None:
            return
        oldest = self.world.schedule.now - OPINION_LASTS - host.slowness()
        ends = [self._until(name, one, place) for one in self.world.sentinels]
        count = sum(1 for until in ends if until is None or until >= max(1, oldest))
        if count < master.settings.quorum:
            self.violated(f"{host.node.name} stands for {name}, {count} of {master.settings.quorum} see it down")

    def _until(self, name: MasterName, host: SentinelHost, place: str) -> Millis | None:
        """Who told a peer that the process is gone has an opinion, though it may not have been down for it yet."""
        until = self._down.get((name, host), {}).get(place, 0)
        return None if until is None else max(until, host.told_gone.get((name, place.partition(" ")[0]), 0))

    def _address(self, notice: Notice) -> str:
        """`kind name ip port` is how an event names a master; who cannot look up its name tells that instead."""
        host, port = notice.text.split()[2:4]
        return f"{self.world.network.names.get(host, host)} {port}"
