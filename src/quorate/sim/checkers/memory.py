"""The memory of the core is bounded: what it holds follows the number of servers and sentinels, not the time."""

from quorate.sim.checkers.contract import Checker
from quorate.sim.world import World

EVERY = 100
"""Steps between two counts."""


class Memory(Checker):
    """Counts what each sentinel holds, now and then: what leaks stays."""

    name = "memory is bounded"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._steps = 0

    def stepped(self) -> None:
        self._steps += 1
        if self._steps % EVERY:
            return
        options = self.world.options
        # Every server and sentinel that there ever was may be known to every master, some under an old id.
        most = 40 + 8 * options.masters * (options.masters * (options.replicas + 1) + 3 * options.sentinels)
        for host in self.world.sentinels:
            held = host.held()
            if held > most:
                self.violated(f"{host.node.name} holds {held} things, more than {most}")
