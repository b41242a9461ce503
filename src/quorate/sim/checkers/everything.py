"""All properties, in the order in which they are told."""

from quorate.sim.checkers.agreement import Agreement
from quorate.sim.checkers.contract import Checker
from quorate.sim.checkers.crashes import Crashes
from quorate.sim.checkers.demotion import Demotion
from quorate.sim.checkers.denied import Denied
from quorate.sim.checkers.durable import Durable
from quorate.sim.checkers.elected import Elected
from quorate.sim.checkers.epochs import Epochs
from quorate.sim.checkers.held import Held
from quorate.sim.checkers.left_alone import LeftAlone
from quorate.sim.checkers.losses import Losses
from quorate.sim.checkers.memory import Memory
from quorate.sim.checkers.moves import Moves
from quorate.sim.checkers.notices import Notices
from quorate.sim.checkers.obeyed import Obeyed
from quorate.sim.checkers.one_configuration import OneConfiguration
from quorate.sim.checkers.one_leader import OneLeader
from quorate.sim.checkers.order import Order
from quorate.sim.checkers.promotion import Promotion
from quorate.sim.checkers.restarts import Restarts
from quorate.sim.checkers.settled import Settled
from quorate.sim.checkers.tilt import Tilt
from quorate.sim.checkers.votes import Votes
from quorate.sim.checkers.winners import Winners
from quorate.sim.world import World

CHECKERS: tuple[type[Checker], ...] = (
    OneLeader,
    Elected,
    Votes,
    Durable,
    Restarts,
    Epochs,
    OneConfiguration,
    Settled,
    Promotion,
    Obeyed,
    Agreement,
    Winners,
    Demotion,
    LeftAlone,
    Tilt,
    Notices,
    Order,
    Moves,
    Crashes,
    Denied,
    Held,
    Memory,
    Losses,
)


def watch(world: World) -> list[Checker]:
    """Set every checker upon a world."""
    checkers = [kind(world) for kind in CHECKERS]
    world.observers += checkers
    return checkers
