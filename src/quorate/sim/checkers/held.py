"""A failover waits for what replicas hear only while they can have heard something, and not beyond confirm-timeout."""

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_ENDS = frozenset(
    {
        Event.CONFIRM_OVER,
        Event.CONFIRM_TIMEOUT,
        Event.ODOWN_OVER,
        Event.TRY_FAILOVER,
        Event.SWITCH_MASTER,
        Event.RESET_MASTER,
        Event.TILT,
        Event.VOTE_FOR_LEADER,
        Event.SAVE_ERROR,
    }
)


class Held(Checker):
    """Books who waits since when, by its own clock."""

    name = "a failover is held for a while only"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._waiting: dict[tuple[SentinelHost, MasterName], tuple[Millis, Millis]] = {}

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - a new life waits for nothing
        self._forget(host)

    def _forget(self, host: SentinelHost) -> None:
        self._waiting = {key: since for key, since in self._waiting.items() if key[0] is not host}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event in (Event.TILT, Event.SAVE_ERROR):
            self._forget(host)
        elif notice.master is None:
            return
        elif notice.event is Event.CONFIRM_WAIT:
            self._waiting[host, notice.master] = host.clock(), self.world.schedule.now
            self._judge(host, notice.master)
        elif notice.event in _ENDS:
            self._waiting.pop((host, notice.master), None)

    def _judge(self, host: SentinelHost, name: MasterName) -> None:
        """Whether any server has had a byte from its master in the time that counts."""
        group = next(group for group in self.world.groups if group.name == name)
        silence = self.world.schedule.now - max(server.heard_master for server in group.servers)
        if silence > max(self.world.options.down_after, 2_000) + host.slowness() + 1_000:
            self.violated(f"{host.node.name} waits for {name}, of which nobody has heard for {silence} ms")

    def stepped(self) -> None:
        options = self.world.options
        limit = options.confirm_timeout or 2 * options.down_after
        for (host, name), (since, by_world) in list(self._waiting.items()):
            if not host.up or host.node.paused:
                continue
            self._judge(host, name)
            waited = min(host.clock() - since, self.world.schedule.now - by_world)
            if waited > limit + host.slowness() + 1_000:
                self.violated(f"{host.node.name} has let {name} wait for {waited} ms, and may for {limit}")
