"""What a drill can do to a cluster, what each fault needs of the machine, and the schedule drawn from a seed. Pure."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Need(Enum):
    """What a fault asks of the place where it happens."""

    PROCESSES = "processes that the drill may end and start"
    NETWORK = "a network of its own for each node"
    RESETS = "nftables in a network of its own for each node"
    DISK = "a small file system for each node"
    NOTHING = "nothing"


class Fault(Enum):
    """The names that --faults takes."""

    KILL_MASTER = "kill-master"
    KILL_REPLICA = "kill-replica"
    KILL_SENTINEL = "kill-sentinel"
    STOP_MASTER = "stop-master"
    STOP_SENTINEL = "stop-sentinel"
    PARTITION_MASTER = "partition-master"
    PARTITION_ONE_WAY = "partition-one-way"
    PARTITION_SENTINEL = "partition-sentinel"
    REJECT_MASTER = "reject-master"
    DELAY = "delay"
    LOSS = "loss"
    DISK_FULL_MASTER = "disk-full-master"
    DISK_FULL_SENTINEL = "disk-full-sentinel"
    RESTART_ALL = "restart-all"
    ROLLING_RESTART = "rolling-restart"
    FAILOVER = "failover"


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault in words. `hold` is how long it lasts: least and most seconds beyond down-after."""

    words: str
    need: Need
    hold: tuple[float, float] = (3.0, 5.0)


KINDS: dict[Fault, Kind] = {
    Fault.KILL_MASTER: Kind("kill -9 of the master, started again later", Need.PROCESSES),
    Fault.KILL_REPLICA: Kind("kill -9 of a replica, started again later", Need.PROCESSES, (1.0, 2.0)),
    Fault.KILL_SENTINEL: Kind("kill -9 of a sentinel, and of the master while it is gone", Need.PROCESSES),
    Fault.STOP_MASTER: Kind("SIGSTOP of the master, SIGCONT later", Need.PROCESSES),
    Fault.STOP_SENTINEL: Kind("SIGSTOP of a sentinel, and kill -9 of the master meanwhile", Need.PROCESSES),
    Fault.PARTITION_MASTER: Kind("the master, one sentinel and half of the clients cut off", Need.NETWORK, (4.0, 6.0)),
    Fault.PARTITION_ONE_WAY: Kind("one direction of the master's network cut", Need.NETWORK, (4.0, 6.0)),
    Fault.PARTITION_SENTINEL: Kind("a sentinel cut off, and kill -9 of the master meanwhile", Need.NETWORK),
    Fault.REJECT_MASTER: Kind("every connection to the master answered with a reset", Need.RESETS),
    Fault.DELAY: Kind("delay with jitter on every link", Need.NETWORK, (4.0, 6.0)),
    Fault.LOSS: Kind("frames lost on every link", Need.NETWORK, (4.0, 6.0)),
    Fault.DISK_FULL_MASTER: Kind("the master's disk full", Need.DISK),
    Fault.DISK_FULL_SENTINEL: Kind("a sentinel's disk full, and kill -9 of the master meanwhile", Need.DISK),
    Fault.RESTART_ALL: Kind("kill -9 of everything at once, started again at once", Need.PROCESSES, (0.0, 0.0)),
    Fault.ROLLING_RESTART: Kind("sentinels, replicas and master restarted one by one", Need.PROCESSES, (0.0, 0.0)),
    Fault.FAILOVER: Kind("a planned failover (SENTINEL FAILOVER)", Need.NOTHING, (1.0, 2.0)),
}

DEFAULT_FAULTS: tuple[Fault, ...] = tuple(fault for fault in Fault if fault is not Fault.FAILOVER)
"""A planned failover is no fault; whoever wants to see one among them names it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault of a schedule: seconds of calm before it, seconds that it lasts, and chance for what it leaves open."""

    number: int
    round: int
    fault: Fault
    calm: float
    hold: float
    pick: float
    coin: bool


def draw(seed: int, faults: Sequence[Fault], down_after: float) -> Iterator[Step]:
    """Rounds without end, each with every fault once, in an order and with lengths that the seed decides.

    `down_after` in seconds: a fault lasts that much longer, so that sentinels can notice it.
    """
    chance = random.Random(seed)
    number = 0
    turn = 0
    while True:
        turn += 1
        order = list(faults)
        chance.shuffle(order)
        for fault in order:
            number += 1
            least, most = KINDS[fault].hold
            hold = chance.uniform(least, most) + (down_after if most else 0.0)
            yield Step(number, turn, fault, chance.uniform(1.0, 2.0), hold, chance.random(), chance.random() < 0.5)
