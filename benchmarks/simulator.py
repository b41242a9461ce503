"""How fast simulated worlds run, in virtual seconds per second of one core: the plainest, the drawn ones, the crowd."""

import argparse
import time
from collections.abc import Iterable, Sequence

from quorate.sim.faults_inflict import Inflictor
from quorate.sim.faults_plan import draw_plan
from quorate.sim.phases import advance
from quorate.sim.runner import SAFETY, Order, run
from quorate.sim.world import CROWD, Options, World, draw

PLAIN = Options("plain", 3, 1, 2, 2, 1_000, 10_000, 1, 0, 1, 0, 0.0)
"""Three sentinels and three servers."""


def main() -> None:
    """Print a table; nothing is asserted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40, help="drawn worlds to run (default: 40)")
    given = parser.parse_args()
    print(f"{'world':<44}{'virtual s':>10}{'cpu s':>8}{'x real time':>13}{'events/s':>12}")
    print(_row("3 sentinels, 3 servers, faults, no checkers", [_bare(PLAIN)]))
    print(_row("3 sentinels, 3 servers, faults and checkers", _runs(_like_plain(given.seeds * 4))))
    print(_row(f"{given.seeds} drawn worlds", drawn := _runs(str(n) for n in range(1, given.seeds + 1))))
    print(_row("3 sentinels, 100 masters, 100 replicas", _runs([CROWD])))
    cost = sum(cpu for _, cpu, _ in drawn) / len(drawn)
    print(f"{1 / cost:.2f} drawn seeds a second and core: {1200 / cost:.0f} in ten minutes on two cores.")


def _row(name: str, runs: Sequence[tuple[float, float, int]]) -> str:
    virtual, cpu, events = (sum(column) for column in zip(*runs, strict=True))
    return f"{name:<44}{virtual:>10.0f}{cpu:>8.2f}{virtual / cpu:>13.0f}{events / cpu:>12,.0f}"


def _like_plain(count: int) -> Iterable[str]:
    """Those of the first seeds that draw three sentinels and three servers."""
    for number in range(1, count + 1):
        options = draw(str(number))
        if options.sentinels == 3 and options.masters * (options.replicas + 1) == 3:
            yield str(number)


def _runs(seeds: Iterable[str]) -> list[tuple[float, float, int]]:
    """Virtual seconds, CPU seconds and events of each."""
    measured = []
    for seed in seeds:
        began = time.process_time()
        counts = run(Order(seed)).tally.counts
        measured.append((float(counts["virtual seconds"]), time.process_time() - began, counts["events"]))
    return measured


def _bare(options: Options) -> tuple[float, float, int]:
    world = World(options)
    world.observers.append(Inflictor(world, draw_plan(options, SAFETY)))
    began = time.process_time()
    advance(world, SAFETY)
    return SAFETY / 1000, time.process_time() - began, world.schedule.events


if __name__ == "__main__":
    main()
