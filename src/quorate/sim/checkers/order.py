"""The core is in order: everything that must hold in it between two inputs does (core/invariants)."""

from quorate.core import invariants
from quorate.sim.checkers.contract import Checker
from quorate.sim.world import World

EVERY = 4
"""Steps between two looks."""


class Order(Checker):
    """Looks into every sentinel of ours, one after the other."""

    name = "the core is in order"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._turn = 0

    def stepped(self) -> None:
        # One sentinel every few steps: a leak stays, and a world with a hundred masters costs enough.
        self._turn += 1
        if self._turn % EVERY:
            return
        host = self.world.sentinels[self._turn // EVERY % len(self.world.sentinels)]
        if host.sentinel is None or not host.is_ours:
            return
        try:
            invariants.check(host.sentinel._state)  # noqa: SLF001 - nobody else has a reason to look in
        except AssertionError as error:
            self.violated(f"{host.node.name}: {error}")
