"""A plan of faults from a seed, drawn before the run from a stream of its own."""

from collections.abc import Sequence
from dataclasses import replace

from quorate.core.state import FailoverState
from quorate.model.millis import Millis
from quorate.sim.faults import Aim, Entering, Kind, Plan, Planned
from quorate.sim.randomness import Dice
from quorate.sim.world import Options

OFF = 25
"""Percent of the kinds that do not happen at all in a run: what hides one fault may be another."""

FEWEST = 5

SENTINELS_OWN = frozenset(
    {
        Kind.KILL_SENTINEL,
        Kind.MACHINE_SENTINEL,
        Kind.CRASH_IN_SAVE,
        Kind.DISK_FULL,
        Kind.DISK_SLOW,
        Kind.PAUSE_SENTINEL,
        Kind.CLOCK,
        Kind.DNS,
        Kind.NEW_ID,
        Kind.SIMULATED,
        Kind.SET,
        Kind.AUTH_PASS,
        Kind.RESET,
        Kind.MONITOR,
        Kind.FAILOVER,
        Kind.MOVE,
    }
)
"""Kinds that strike a sentinel; the others strike a server, those of the network either."""

NETWORK = frozenset({Kind.DELAY, Kind.JITTER, Kind.LOSS, Kind.PARTITION, Kind.ONE_WAY, Kind.REJECT, Kind.FORGET})

STOPS_MASTER = (
    Kind.KILL_SERVER,
    Kind.MACHINE_SERVER,
    Kind.PAUSE_SERVER,
    Kind.PARTITION,
    Kind.REJECT,
    Kind.FAILOVER,
    Kind.MOVE,
)
"""Kinds by which a failover begins, if they last."""

RARE = (FailoverState.SELECT_SLAVE, FailoverState.SEND_SLAVEOF_NOONE, FailoverState.UPDATE_CONFIG)
"""States that few failovers stay in, or come to: aimed at twice as often."""

AIMED_EVERY = 3
"""Of so many numbered seeds one is aimed at a combination of fault and state: each in its turn, so that all of them
come round in less than a thousand seeds in a row. Chance alone is not enough for the rarest."""

AMOUNTS: dict[Kind, tuple[int, int]] = {
    Kind.DELAY: (5, 400),
    Kind.JITTER: (20, 800),
    Kind.LOSS: (1, 30),
    Kind.PARTITION: (0, 10_000),
    Kind.ONE_WAY: (0, 10_000),
    Kind.DISK_SLOW: (20, 3_000),
    Kind.CLOCK: (-20_000, 20_000),
    Kind.LOSE_TAIL: (1, 200),
    Kind.LOADING: (200, 8_000),
}
"""The unit: ms, percent of packets lost, ms until a partition moves (0: never), writes lost."""


def draw_plan(options: Options, safety: Millis) -> Plan:
    """The faults of a world whose safety phase takes that long."""
    dice = Dice(options.seed).split("faults")
    kinds = [kind for kind in Kind if kind is not Kind.DNS or options.hostnames]
    enabled = [kind for kind in kinds if not dice.chance(OFF)]
    # Only some worlds have names to lose.
    enabled += [Kind.DNS] * (2 if Kind.DNS in enabled else 0)
    plan: list[Planned] = []
    first = 0 if dice.chance(10) else 4_000
    for _ in range(dice.between(FEWEST, FEWEST + 7)):
        fault = _drawn(dice, options, len(plan), enabled)
        plan.append(replace(fault, at=dice.between(first, safety - 5_000)))
    begun = len(plan)
    plan += [_stopping_master(dice, options, begun + more, safety) for more in range(dice.between(1, 3))]
    for _ in range(dice.between(3, 7)):
        plan.append(_triggered(dice, _drawn(dice, options, len(plan), enabled)))
    # What is aimed strikes first: others may leave nobody in the state that is aimed at.
    return (*aimed_faults(options, len(plan)), *plan)


def aimed_faults(options: Options, number: int) -> Plan:
    """A failover, and in its midst a fault whose turn it is; numbered from `number` on."""
    if not options.seed.isdecimal() or int(options.seed) % AIMED_EVERY:
        return ()
    turn = int(options.seed) // AIMED_EVERY
    dice = Dice(options.seed).split("aimed")
    states, kinds = list(FailoverState), [kind for kind in Kind if kind is not Kind.DNS]
    cells: list[tuple[Kind, FailoverState]] = [(kinds[turn // len(states) % len(kinds)], states[turn % len(states)])]
    if options.hostnames:
        # Few worlds have names to lose, so each of these loses them in some state.
        cells.insert(0, (Kind.DNS, dice.choice(states)))
    stop = Planned(
        number, Kind.KILL_SERVER, Aim.MASTER, 2 * options.down_after + 20_000, at=dice.between(5_000, 10_000)
    )
    return (stop, *(_aimed_at(dice, options, number + 1 + place, cell) for place, cell in enumerate(cells)))


def _aimed_at(dice: Dice, options: Options, number: int, cell: tuple[Kind, FailoverState]) -> Planned:
    kind, state = cell
    aim = Aim.LEADER if kind in SENTINELS_OWN else Aim.PROMOTED
    return replace(_drawn(dice, options, number, [kind]), aim=aim, entering=Entering(state, 1))


def _drawn(dice: Dice, options: Options, number: int, kinds: Sequence[Kind]) -> Planned:
    kind = dice.choice(kinds)
    aims: Sequence[Aim] = (Aim.MASTER, Aim.MASTER, Aim.REPLICA)
    if kind in SENTINELS_OWN or (kind in NETWORK and dice.chance(40)):
        aims = (Aim.SENTINEL,)
    low, high = AMOUNTS.get(kind, (0, 0))
    amount = dice.between(low, high) if kind is Kind.CLOCK else dice.skewed(low, high) if high else 0
    if kind in {Kind.PARTITION, Kind.ONE_WAY} and dice.chance(60):
        amount = 0
    return Planned(
        number, kind, dice.choice(aims), _duration(dice, options), dice.between(0, options.masters - 1), amount=amount
    )


def _duration(dice: Dice, options: Options) -> Millis:
    """Around the times that matter to a sentinel, where its decisions are on the edge."""
    edge = dice.choice(
        (options.down_after // 2, options.down_after, 3 * options.down_after, options.failover_timeout, 10_000, 20_000)
    )
    return max(20, edge * dice.between(50, 150) // 100)


def _stopping_master(dice: Dice, options: Options, number: int, safety: Millis) -> Planned:
    kind = dice.choice(STOPS_MASTER)
    aim = Aim.SENTINEL if kind in {Kind.FAILOVER, Kind.MOVE} else Aim.MASTER
    duration = 2 * options.down_after + dice.between(1_000, 25_000)
    group = dice.between(0, options.masters - 1)
    return Planned(number, kind, aim, duration, group, at=dice.between(4_000, safety // 2))


def _triggered(dice: Dice, fault: Planned) -> Planned:
    """The same trouble in the middle of a failover, and with a sense for whom it hurts most."""
    aim = fault.aim
    if aim is Aim.SENTINEL:
        aim = dice.choice((Aim.LEADER, Aim.LEADER, Aim.SENTINEL))
    else:
        aim = dice.choice((Aim.PROMOTED, Aim.PROMOTED, Aim.MASTER, Aim.REPLICA))
    state = dice.choice([*FailoverState, *RARE])
    entering = Entering(state, dice.choice((1, 1, 1, 1, 2, 3)))
    delay = 0 if dice.chance(60) else dice.skewed(1, 400)
    return replace(fault, aim=aim, entering=entering, delay=delay)
