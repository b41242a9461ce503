"""All properties, in the order in which they are told."""

from quorate.sim.checkers.agreement import Agreement
from quorate.sim.checkers.contract import Checker
from quorate.sim.checkers.demotion import Demotion
from quorate.sim.checkers.epochs import Epochs
from quorate.sim.checkers.losses import Losses
from quorate.sim.checkers.memory import Memory
from quorate.sim.checkers.notices import Notices
from quorate.sim.checkers.one_leader import OneLeader
from quorate.sim.checkers.promotion import Promotion
from quorate.sim.checkers.votes import Votes
from quorate.sim.world import World

CHECKERS: tuple[type[Checker], ...] = (
    OneLeader,
    Votes,
    Epochs,
    Promotion,
    Agreement,
    Demotion,
    Notices,
    Memory,
    Losses,
)


def watch(world: World) -> list[Checker]:
    """Set every checker upon a world."""
    checkers = [kind(world) for kind in CHECKERS]
    world.observers += checkers
    return checkers
