"""Where a fault strikes: the world, whoever is meant, and the chance that belongs to this fault alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from quorate.model.identity import MasterName
from quorate.sim.faults import SERVERS, Aim, Planned
from quorate.sim.host import SentinelHost
from quorate.sim.network import Node
from quorate.sim.randomness import Dice
from quorate.sim.server import RedisServer
from quorate.sim.world import Group, World


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that has begun: what it came to, and how to end it."""

    what: str
    mend: Callable[[], None]


Striker: TypeAlias = "Callable[[Scene, Planned], Struck | None]"
"""Begins a fault; None if there is nobody whom it could hit now."""


@dataclass(slots=True)
class Scene:
    """`leader` and `promoted` are known when a failover's step called for the fault."""

    world: World
    dice: Dice
    group: Group
    leader: SentinelHost | None = None
    promoted: RedisServer | None = None

    def server(self, aim: Aim) -> RedisServer | None:
        """A living server of the group."""
        living = [server for server in self.group.servers if server.up and not server.node.paused]
        masters = [server for server in living if server.is_master]
        replicas = [server for server in living if not server.is_master]
        match aim:
            case Aim.MASTER:
                return max(masters, key=lambda server: len(server.followers), default=None)
            case Aim.PROMOTED if self.promoted in living:
                return self.promoted
            case _:
                return self.dice.choice(replicas) if replicas else None

    def sentinel(self, aim: Aim) -> SentinelHost | None:
        """A living sentinel."""
        if aim is Aim.LEADER and self.leader is not None and self.leader.up:
            return self.leader
        living = [host for host in self.world.sentinels if host.up and not host.node.paused]
        return self.dice.choice(living) if living else None

    def other_sentinel(self) -> SentinelHost | None:
        """A living sentinel that is not in the middle of the step that called for the fault."""
        living = [h for h in self.world.sentinels if h.up and h is not self.leader and not h.node.paused]
        return self.dice.choice(living) if living else None

    def target(self, aim: Aim) -> Node | None:
        """The machine of whoever is meant."""
        found = self.server(aim) if aim in SERVERS else self.sentinel(aim)
        return found.node if found is not None else None

    def everybody(self) -> list[Node]:
        """All machines, those of clients among them."""
        world = self.world
        servers = [server.node for group in world.groups for server in group.servers]
        clients = [group.client.node for group in world.groups if group.client is not None]
        return [*(host.node for host in world.sentinels), *servers, *clients]

    @property
    def name(self) -> MasterName:
        """The master of the group."""
        return self.group.name
