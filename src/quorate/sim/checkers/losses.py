"""Every acknowledged write is on the final master, or its loss is explained.

Explanations: the replica that was promoted did not have it yet (asynchronous replication), or it was taken by a server
that was no longer the elected master, or a server came back without it.
"""

from dataclasses import dataclass

from quorate.core.requests import Reconfigure, Request
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import Group, World


@dataclass(slots=True)
class Reign:
    """A promotion: who, when, and which writes it brought along."""

    ip: str
    at: int
    had: frozenset[int]


class Losses(Checker):
    """Books promotions and restarts; at the end compares the ledger with the data of the final master."""

    name = "losses are explained"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._reigns: dict[str, list[Reign]] = {group.name: [] for group in world.groups}
        self.lost = 0

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:  # noqa: ARG002 - whoever promotes, promotes
        group = self.world.group_at(ip)
        if group is not None and isinstance(request, Reconfigure) and request.target is None:
            server = next(s for s in group.servers if s.node.ip == ip)
            self._reigns[group.name].append(Reign(ip, self.world.schedule.now, frozenset(server.log)))

    def finished(self) -> None:
        for group in self.world.groups:
            masters = [server for server in group.servers if server.up and server.is_master]
            if len(masters) != 1:
                continue
            have = set(masters[0].log)
            for entry in group.ledger.acknowledged.values():
                if entry.id not in have:
                    self.lost += 1
                    if not self._explained(group, entry.id, entry.ip, entry.at):
                        self.violated(
                            f"write {entry.id}, acknowledged by {entry.ip} at {entry.at}, is gone unexplained"
                        )

    def _explained(self, group: Group, write: int, ip: str, at: int) -> bool:
        if any(server.ever_lost_data for server in group.servers) or self._was_replaced(group):
            return True
        reigns = self._reigns[group.name]
        # Somebody was promoted later without it; or the server that took it had been replaced by then.
        lag = any(reign.at >= at - 50 and write not in reign.had for reign in reigns)
        replaced = any(reign.at <= at and reign.ip != ip for reign in reigns)
        # The only sentinel that knew of a promotion lost its disk before it could tell.
        forgotten = self.world.amnesia > 0 and any(reign.at <= at and reign.ip == ip for reign in reigns)
        return lag or replaced or forgotten

    def _was_replaced(self, group: Group) -> bool:
        """Whether a server of another cluster stood at an address of ours and nothing told the two apart."""
        ours = {server.node.ip for server in group.servers}
        return any(stranger.node.ip in ours and not stranger.password for stranger in self.world.foreign)
