"""A coordinated move loses nothing: whom it promotes has every acknowledged write that the old master had."""

from quorate.core.requests import Reconfigure, Request, StepAside
from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_GIVEN_UP = frozenset({Event.ABORT_MOVE, Event.ABORT_SLAVE_TIMEOUT, Event.ABORT_NOT_ELECTED, Event.ABORT_LEAVING})


class Moves(Checker):
    """Notes what was acknowledged and is there when an old master has stepped aside; looks at whom is promoted then."""

    name = "a coordinated move loses nothing"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._had: dict[tuple[SentinelHost, MasterName], set[int]] = {}
        self._asked: dict[tuple[SentinelHost, MasterName], set[int]] = {}

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        group = self.world.group_at(ip)
        if group is None or not host.is_ours:
            return
        key = (host, group.name)
        if isinstance(request, StepAside):
            server = next((s for s in group.servers if s.node.ip == ip and s.up), None)
            if server is not None and server.is_master:
                self._asked[key] = set(server.log) & group.ledger.acknowledged.keys()
        elif isinstance(request, Reconfigure) and request.target is None and key in self._had:
            heir = next((s for s in group.servers if s.node.ip == ip and s.up), None)
            had = self._had.pop(key)
            if heir is not None and (missing := had - set(heir.log)):
                self.violated(f"{host.node.name} promotes {heir.node.name}, which lacks {len(missing)} writes")

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        key = (host, notice.master)
        if notice.event is Event.MOVE_STEPPED_ASIDE and key in self._asked:
            self._had[key] = self._asked.pop(key)
        elif notice.event in _GIVEN_UP:
            # What is sent next gives the old master its role back.
            self._had.pop(key, None)
