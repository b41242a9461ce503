"""A coordinated move loses nothing: whom it promotes has every acknowledged write that the old master had.

And it promotes nobody before the old master has acknowledged that it is a replica.
"""

from dataclasses import dataclass, field

from quorate.core.requests import HandOver, Reconfigure, Request, StepAside
from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import Group, World

_OVER = frozenset(
    {
        Event.ABORT_MOVE,
        Event.ABORT_SLAVE_TIMEOUT,
        Event.ABORT_NOT_ELECTED,
        Event.ABORT_NO_GOOD_SLAVE,
        Event.ABORT_LEAVING,
        Event.PROMOTED_SLAVE,
        Event.SWITCH_MASTER,
        Event.RESET_MASTER,
        Event.MONITOR,
    }
)
"""After these nothing is promoted by the move any more: an order that follows gives the old master its role back."""


@dataclass(slots=True)
class _Move:
    """A move of one leader: what was acknowledged and there when the old master was told to step aside."""

    stands: bool = False
    old: str = ""
    """The address of the old master, once it was told to step aside; it may be given its role back at any time."""
    stepped_aside: bool = False
    had: set[int] = field(default_factory=set)


class Moves(Checker):
    """Follows every coordinated move from its beginning to the order that promotes."""

    name = "a coordinated move loses nothing"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._moves: dict[tuple[SentinelHost, MasterName], _Move] = {}

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - it ends what ran before
        for key in [key for key in self._moves if key[0] is host]:
            del self._moves[key]

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        group = self.world.group_at(ip)
        move = self._moves.get((host, group.name)) if group is not None else None
        if group is None or move is None or not move.stands:
            return
        if isinstance(request, (StepAside, HandOver)):
            move.old = ip
            server = next((s for s in group.servers if s.node.ip == ip and s.up), None)
            if server is not None and server.is_master:
                move.had = set(server.log) & group.ledger.acknowledged.keys()
        elif isinstance(request, Reconfigure) and request.target is None and ip != move.old:
            self._promotes(host, group, ip, move)

    def _promotes(self, host: SentinelHost, group: Group, ip: str, move: _Move) -> None:
        heir = next((s for s in group.servers if s.node.ip == ip and s.up), None)
        if not move.stepped_aside:
            self.violated(f"{host.node.name} promotes {ip} before the old master is a replica")
        if heir is not None and (missing := move.had - set(heir.log)):
            self.violated(f"{host.node.name} promotes {heir.node.name}, which lacks {len(missing)} writes")

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None or not host.is_ours:
            return
        key = (host, notice.master)
        move = self._moves.get(key)
        if notice.event is Event.MOVE_BEGUN:
            self._moves[key] = _Move()
        elif move is None:
            return
        elif notice.event is Event.TRY_FAILOVER:
            move.stands = True
        elif notice.event is Event.MOVE_STEPPED_ASIDE:
            move.stepped_aside = True
        elif notice.event in _OVER:
            del self._moves[key]
