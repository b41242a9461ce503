"""What proves that replicas hear a master, for how long that counts, and what happens to the failover meanwhile."""

from dataclasses import replace

import pytest

from quorate.core.confirming import Heard, is_alive, proven
from quorate.model.identity import RunId
from tests.core.scenes import AHEAD, BEHIND, MASTER, agree, master_of, names, scene
from tests.core.world import World

BEFORE = Heard(5000, RunId("a"), ("h", 1), True, 100, None)
NOW = Heard(6000, RunId("a"), ("h", 1), True, 100, None)

PROVEN = [
    (BEFORE, NOW, 0, "an unchanged link that is up proves nothing"),
    (BEFORE, replace(NOW, offset=101), 5000, "growth: it lived after the earlier answer"),
    (BEFORE, replace(NOW, offset=99), 0, "less is no growth"),
    (None, replace(NOW, offset=101), 0, "nothing to measure it by"),
    (BEFORE, replace(NOW, offset=101, run_id=RunId("b")), 0, "another process has told the other offset"),
    (BEFORE, replace(NOW, offset=101, master=("h", 2)), 0, "it came from another master"),
    (replace(BEFORE, link_up=False), replace(NOW, offset=101), 0, "it may have come by a synchronisation"),
    (BEFORE, replace(NOW, offset=101, link_up=False), 0, "it has lost its master since"),
    (BEFORE, replace(NOW, last_byte=0), 5000, "a byte in this second"),
    (None, replace(NOW, last_byte=2), 3000, "a byte two seconds ago, to the second"),
    (None, replace(NOW, last_byte=-1), 0, "no link, no byte"),
    (BEFORE, replace(NOW, offset=101, last_byte=3), 5000, "the better of the two proofs"),
]

ALIVE = [
    (5000, 4000, True, "younger than our own last answer"),
    (4000, 4000, False, "we have heard as much ourselves"),
    (5000, 6000, False, "we have heard more ourselves"),
    (2999, 2000, False, "older than down-after: by now it may be dead"),
    (0, 0, False, "no proof at all"),
]


@pytest.mark.parametrize(("before", "now", "moment", "reason"), PROVEN, ids=[row[3] for row in PROVEN])
def test_the_moment_that_is_proven(before: Heard | None, now: Heard, moment: int, reason: str) -> None:
    assert proven(before, now) == moment, reason


@pytest.mark.parametrize(("proof", "last_good", "alive", "reason"), ALIVE, ids=[row[3] for row in ALIVE])
def test_whether_that_counts(proof: int, last_good: int, alive: bool, reason: str) -> None:
    assert is_alive(6000, proof, last_good, 3000) is alive, reason


def test_a_proof_counts_for_some_time_however_short_down_after_is() -> None:
    assert is_alive(6000, 4000, 3000, 200)
    assert not is_alive(6000, 3999, 3000, 200)


# --- waited for -----------------------------------------------------------------------------------------------------


def silent(confirm: int = 1, down_after: int = 2000) -> World:
    """The master has fallen silent for us, and peers agree; what replicas say is up to the test."""
    world = scene(confirm=confirm, down_after=down_after)
    agree(world)
    world.servers[MASTER].frozen = True
    return world


def heard_until(world: World, millis: int) -> None:
    """A replica hears the master for so long."""
    for _ in range(millis // 100):
        world.servers[AHEAD].offset += 10
        world.run(100)


def test_a_restarted_replica_is_no_witness_of_what_it_had_before() -> None:
    world = silent()
    world.run(1500)
    world.servers[AHEAD].offset += 1000
    world.servers[AHEAD].run_id = "e" * 40
    world.run(1000)
    assert "+confirm-wait" not in names(world)


def test_a_replica_that_was_re_pointed_is_none_either() -> None:
    world = silent()
    heard_until(world, 1500)
    for port in (AHEAD, BEHIND):
        world.servers[port].follows = 7000
    world.run(1000)
    assert "+confirm-wait" not in names(world)


def test_the_last_byte_alone_suffices() -> None:
    world = silent(down_after=10_000)
    world.servers[AHEAD].last_io = 1
    world.run(12_000)
    assert names(world)[-1] == "+confirm-wait"


def test_what_was_heard_no_later_than_our_own_last_answer_does_not() -> None:
    world = silent(down_after=5_000)
    world.servers[AHEAD].last_io = 20
    world.run(5_100)
    assert "+try-failover" in names(world)


def test_a_master_that_answers_again_was_well_waited_for() -> None:
    world = silent()
    heard_until(world, 4000)
    assert "+confirm-wait" in names(world)
    world.servers[MASTER].frozen = False
    heard_until(world, 2000)
    told = names(world)
    assert "-odown" in told
    assert "+try-failover" not in told
    assert not master_of(world).odown


def test_the_longest_wait_is_what_the_operator_set() -> None:
    world = silent()
    master = master_of(world)
    master.settings = replace(master.settings, confirm_timeout=500)
    heard_until(world, 3000)
    told = names(world)
    assert told.index("+confirm-wait") < told.index("+confirm-timeout") < told.index("+try-failover")


def test_without_the_directive_nobody_waits() -> None:
    world = silent(confirm=0)
    heard_until(world, 3000)
    told = names(world)
    assert "+try-failover" in told
    assert "+confirm-wait" not in told


def test_replicas_are_not_asked_in_a_hot_loop() -> None:
    world = silent()
    replica = master_of(world).replicas[0]
    before = replica.link.informed
    heard_until(world, 5000)
    assert replica.link.informed - before < 15
