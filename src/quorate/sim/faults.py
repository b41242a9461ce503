"""What can go wrong, as values: a plan is a list of them, made before the run, so that a failure can be shrunk."""

from dataclasses import dataclass
from enum import Enum

from quorate.core.state import FailoverState
from quorate.model.millis import Millis


class Kind(Enum):
    """Every kind of fault. Each one is tried in each state of a failover; the tally shows where it has struck."""

    # The network.
    DELAY = "delay"
    JITTER = "jitter"
    LOSS = "loss"
    PARTITION = "partition"
    ONE_WAY = "one-way cut"
    REJECT = "rejection"
    FORGET = "dead connections"
    # Sentinels and their machines.
    KILL_SENTINEL = "kill sentinel"
    MACHINE_SENTINEL = "sentinel machine"
    CRASH_IN_SAVE = "crash in save"
    DISK_FULL = "disk full"
    DISK_SLOW = "disk slow"
    PAUSE_SENTINEL = "pause sentinel"
    CLOCK = "clock"
    DNS = "no DNS"
    NEW_ID = "new id"
    SIMULATED = "simulated crash"
    # Servers and their machines.
    KILL_SERVER = "kill server"
    MACHINE_SERVER = "server machine"
    LOSE_TAIL = "unsynced data"
    EMPTY = "reborn empty"
    PAUSE_SERVER = "pause server"
    PASSWORD = "wrong password"  # noqa: S105 - the name of a fault
    BUSY = "busy script"
    MISCONF = "misconf"
    LOADING = "slow load"
    REUSE = "address reuse"
    POWER = "power cut"
    # Operators.
    SET = "SENTINEL SET"
    AUTH_PASS = "wrong auth-pass"  # noqa: S105 - the name of a fault
    RESET = "SENTINEL RESET"
    MONITOR = "SENTINEL MONITOR"
    FAILOVER = "SENTINEL FAILOVER"
    MOVE = "SENTINEL FAILOVER COORDINATED"


class Aim(Enum):
    """Whom a fault is meant for; who that is shows when it strikes."""

    MASTER = "master"
    REPLICA = "replica"
    PROMOTED = "promoted replica"
    LEADER = "leader"
    SENTINEL = "sentinel"


SERVERS = frozenset({Aim.MASTER, Aim.REPLICA, Aim.PROMOTED})


@dataclass(frozen=True, slots=True)
class Entering:
    """A sentinel says for the `nth` time in this world that a failover enters a state."""

    state: FailoverState
    nth: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault of a plan: it strikes at a time, or `delay` ms after a sentinel enters a state, and is mended later.

    `number` names its stream of chance, so that it does the same whatever else is in the plan. `group` is the index of
    the master whose servers are meant (of a triggered fault: ignored, it is the one in failover). `amount` is the size
    of the trouble in the unit of its kind.
    """

    number: int
    kind: Kind
    aim: Aim
    duration: Millis
    group: int = 0
    at: Millis | None = None
    entering: Entering | None = None
    delay: Millis = 0
    amount: int = 0

    def __str__(self) -> str:
        if self.entering is None:
            when = f"at {self.at} ms"
        else:
            state, nth = self.entering.state.value, self.entering.nth
            when = f"{self.delay} ms after {state} is entered" + (f" ({nth}.)" if nth > 1 else "")
        size = f", amount {self.amount}" if self.amount else ""
        return f"#{self.number} {self.kind.value} at the {self.aim.value} {when} for {self.duration} ms{size}"


Plan = tuple[Planned, ...]
