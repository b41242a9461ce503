"""A seed gives the same run to the byte, in any process; failures are found, reported and made smaller."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from quorate.cli import simulate_report as report
from quorate.core.state import FailoverState
from quorate.sim.checkers.liveness import unsettled
from quorate.sim.faults import Aim, Kind, Plan, Planned
from quorate.sim.faults_inflict import Inflictor
from quorate.sim.phases import advance
from quorate.sim.runner import Failed, Order, Result, run
from quorate.sim.shrink import Shrinker
from quorate.sim.tally import STATES, Tally, table
from quorate.sim.world import Options, World, draw

SMALL = Options("small", 3, 1, 1, 2, 500, 2_000, 1, 0, 1, 0, 0.0)


def printed(seed: str, hash_seed: str) -> bytes:
    command = [sys.executable, "-m", "quorate", "simulate", "--seed", seed, "--trace"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


def test_a_seed_prints_the_same_to_the_byte_whatever_the_hashes() -> None:
    seed = next(str(n) for n in range(100) if draw(str(n)).sentinels == 3 and draw(str(n)).masters == 1)
    first, second = printed(seed, "1"), printed(seed, "2")
    assert len(first) > 10_000
    assert first == second


def test_a_seed_has_a_safety_phase_of_two_minutes_and_ten_writes_a_second() -> None:
    counts = run(Order("1")).tally.counts
    assert counts["virtual seconds"] >= 120
    assert counts["faults"] >= 5
    assert counts["writes acknowledged"] > 600


def test_an_exception_in_a_world_is_a_violation() -> None:
    broken = replace(Planned(0, Kind.KILL_SERVER, Aim.MASTER, 1_000, at=5_000), duration=-1_000_000)
    failed = run(Order("1", plan=(broken, broken))).failed
    assert failed is None or failed.checker == "no exception"


def test_shrinking_leaves_what_it_takes_and_no_more() -> None:
    plan = tuple(Planned(number, Kind.PAUSE_SERVER, Aim.MASTER, 8_000, at=number * 1_000) for number in range(12))

    def conduct(order: Order) -> Result:
        return result(order, order.plan or ())

    def result(order: Order, given: Plan) -> Result:
        longest = {fault.number: fault.duration for fault in given}
        fails = longest.get(3, 0) >= 1_000 and 7 in longest
        failed = Failed("a property", "it does not hold", 9_000, 1_000) if fails else None
        return Result(order, SMALL, given, Tally(), failed)

    first = conduct(Order("small", plan=plan))
    smallest = Shrinker(first, conduct).shrink()
    assert [fault.number for fault in smallest.plan] == [3, 7]
    assert [fault.duration for fault in smallest.plan] == [1_000, 20]
    assert smallest.order.transcript


def test_all_is_right_in_a_quiet_world_and_not_with_a_dead_master() -> None:
    world = World(SMALL)
    kill = Planned(0, Kind.KILL_SERVER, Aim.MASTER, 20_000, at=10_000)
    inflictor = Inflictor(world, (kill,))
    world.observers.append(inflictor)
    advance(world, 9_900)
    assert unsettled(world) == ""
    advance(world, 10_100)
    assert unsettled(world) == "m0r0, the master of master0, is dead"
    inflictor.heal()
    advance(world, 20_000)
    assert unsettled(world) == ""


def test_the_tally_adds_up_and_names_what_was_not_reached() -> None:
    total = Tally()
    one = run(Order("1")).tally
    total.add(one)
    total.add(one)
    assert total.counts["failovers"] == 2 * one.counts["failovers"]
    assert len(total.unreached()) + len(total.cells) == len(Kind) * 7
    assert sum(1 for _ in table(total)) > len(Kind)


def test_a_cell_that_was_not_reached_stands_out_and_is_a_defect_after_a_thousand_seeds() -> None:
    tally = Tally(cells=Counter(dict.fromkeys(((kind, state) for kind in Kind for state in STATES), 7)))
    assert not report.is_defect(tally, 1_000)
    assert list(report.whole(tally, 1_000))[-1] == "All 238 combinations of fault and state were reached."
    del tally.cells[Kind.REUSE, FailoverState.SELECT_SLAVE]
    assert report.is_defect(tally, 1_000)
    assert not report.is_defect(tally, 999)
    *_, heading, missing = report.whole(tally, 1_000)
    assert heading == "DEFECT OF THE SIMULATOR: in 1,000 seeds each must be. These were not:"
    assert missing == "  address reuse, select_slave"
    (row,) = [line for line in table(tally) if line.startswith("address reuse")]
    assert row.split()[2:] == ["7", "7", "---", "7", "7", "7", "7"]


def test_the_tally_as_a_document_names_the_commit_the_seeds_and_what_was_violated() -> None:
    failed = Result(Order("7"), SMALL, (), Tally(), Failed("a property", "it does not hold", 9_000, 1_000))
    lines = report.document(Tally(), 10_000, [failed], "f00d").splitlines()
    assert lines[:2] == ["10,000 seeds on commit `f00d`: 1 violation.", "- seed 7: a property: it does not hold"]
    assert "| kill server | **0** | **0** | **0** | **0** | **0** | **0** | **0** |" in lines
    assert report.document(Tally(), 1, [], "f00d").startswith("1 seed on commit `f00d`: 0 violations.")
