"""The schedule is the seed's: the same faults with the same lengths and victims, each once a round."""

from itertools import islice

from quorate.drill.faults import DEFAULT_FAULTS, KINDS, Fault, Need, draw
from quorate.drill.inject import refusal


def test_a_seed_draws_the_same_schedule_every_time() -> None:
    assert list(islice(draw(7, DEFAULT_FAULTS, 1.0), 40)) == list(islice(draw(7, DEFAULT_FAULTS, 1.0), 40))
    assert list(islice(draw(7, DEFAULT_FAULTS, 1.0), 40)) != list(islice(draw(8, DEFAULT_FAULTS, 1.0), 40))


def test_each_round_has_every_fault_once() -> None:
    count = len(DEFAULT_FAULTS)
    steps = list(islice(draw(1, DEFAULT_FAULTS, 1.0), 3 * count))
    for turn in range(3):
        part = steps[turn * count : (turn + 1) * count]
        assert {step.fault for step in part} == set(DEFAULT_FAULTS)
        assert {step.round for step in part} == {turn + 1}


def test_a_fault_lasts_longer_than_it_takes_to_notice() -> None:
    for step in islice(draw(3, [Fault.KILL_MASTER, Fault.PARTITION_MASTER], 5.0), 20):
        assert step.hold > 5.0 + KINDS[step.fault].hold[0] - 0.001


def test_a_planned_failover_is_done_only_when_named() -> None:
    assert Fault.FAILOVER not in DEFAULT_FAULTS
    assert set(DEFAULT_FAULTS) | {Fault.FAILOVER} == set(Fault)


def test_what_the_machine_lacks_is_refused_with_the_reason() -> None:
    missing = {Need.NETWORK: "not allowed", Need.RESETS: "no nft"}
    assert refusal(Fault.DELAY, missing, 2) == "not allowed"
    assert refusal(Fault.REJECT_MASTER, missing, 2) == "no nft"
    assert not refusal(Fault.KILL_MASTER, missing, 2)
    assert refusal(Fault.KILL_REPLICA, {}, 0) == "there is no replica"
