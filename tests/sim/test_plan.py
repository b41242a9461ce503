"""Plans are drawn from the seed alone, before the run, and hold what the rules of a run ask for."""

from quorate.core.state import FailoverState
from quorate.sim.faults import Kind
from quorate.sim.faults_inflict import STRIKERS
from quorate.sim.faults_plan import FEWEST, aimed_faults, draw_plan
from quorate.sim.runner import SAFETY
from quorate.sim.world import draw

SEEDS = [str(number) for number in range(300)]


def test_a_plan_is_the_same_each_time() -> None:
    for seed in SEEDS[:50]:
        assert draw_plan(draw(seed), SAFETY) == draw_plan(draw(seed), SAFETY)


def test_every_run_has_at_least_five_faults_at_times_within_the_safety_phase() -> None:
    for seed in SEEDS:
        timed = [fault.at for fault in draw_plan(draw(seed), SAFETY) if fault.at is not None]
        assert len(timed) >= FEWEST
        assert all(0 <= at < SAFETY for at in timed)


def test_numbers_are_unique_so_that_each_fault_has_chance_of_its_own() -> None:
    for seed in SEEDS:
        numbers = [fault.number for fault in draw_plan(draw(seed), SAFETY)]
        assert len(set(numbers)) == len(numbers)


def test_some_kinds_do_not_happen_at_all_in_a_run() -> None:
    kinds = [{fault.kind for fault in draw_plan(draw(seed), SAFETY)} for seed in SEEDS]
    assert all(len(of_one) < len(Kind) for of_one in kinds)
    assert set().union(*kinds) == set(Kind)


def test_every_state_of_a_failover_calls_for_faults_of_every_kind() -> None:
    aimed = {
        (fault.kind, fault.entering.state)
        for number in range(2_000)
        for fault in draw_plan(draw(str(number)), SAFETY)
        if fault.entering is not None
    }
    assert aimed == {(kind, state) for kind in Kind for state in FailoverState}


def test_every_combination_of_fault_and_state_comes_round_in_a_thousand_seeds_in_a_row() -> None:
    for first in (1, 30_000):
        aimed = {
            (fault.kind, fault.entering.state)
            for number in range(first, first + 1_000)
            for fault in aimed_faults(draw(str(number)), 0)
            if fault.entering is not None
        }
        assert aimed == {(kind, state) for kind in Kind for state in FailoverState}


def test_words_and_most_numbers_are_left_to_chance() -> None:
    assert not [seed for seed in ("100-masters", "f00d", "1", "2", "1033") if aimed_faults(draw(seed), 0)]


def test_every_kind_can_strike() -> None:
    assert set(STRIKERS) == set(Kind)


def test_options_are_the_same_each_time_and_within_bounds() -> None:
    for seed in SEEDS:
        options = draw(seed)
        assert options == draw(seed)
        assert 3 <= options.sentinels <= 7
        assert 1 <= options.masters <= 3
        assert 1 <= options.replicas <= 4
        assert 200 <= options.down_after <= 5_000
        assert 1_000 <= options.failover_timeout <= 20_000
