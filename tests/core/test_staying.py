"""A master that became a replica of one whom the operator does not want for a master gets its role back."""

from quorate.model.candidates import ReplicaTag, Tag
from tests.core.scenes import AHEAD, BEHIND, HOST, MASTER, agree, kill, master_of, scene, tail
from tests.core.test_choosing import change
from tests.core.world import World

RESTORED = f"-> {MASTER} SLAVEOF NO ONE"


def turned(*, tagged: bool) -> World:
    """Sentinels with an old configuration have made the configured master a replica of the other server."""
    world = scene(down_after=500)
    if tagged:
        change(world, tags=(ReplicaTag(HOST, AHEAD, Tag.NOFAILOVER),))
    kill(world, BEHIND)
    world.run(3_000)
    agree(world)
    world.servers[MASTER].follows = AHEAD
    world.run(11_000)
    world.servers[AHEAD].follows = None
    return world


def test_it_is_the_master_again_under_a_new_epoch() -> None:
    world = turned(tagged=True)
    world.run(60_000)
    told = tail(world)
    assert told.count(RESTORED) == 1
    assert master_of(world).address.port == MASTER
    assert master_of(world).config_epoch == 1
    assert f"-> {AHEAD} SLAVEOF {HOST} {MASTER}" in told, "the other one is corrected like any that calls itself master"


def test_but_not_while_the_other_one_has_other_data() -> None:
    world = turned(tagged=True)
    world.servers[AHEAD].histories = ("e" * 40,)
    world.run(60_000)
    told = tail(world)
    assert any("-failover-abort-no-good-slave" in line for line in told)
    assert RESTORED not in told


def test_nor_while_the_other_one_may_be_the_master() -> None:
    world = turned(tagged=False)
    world.run(60_000)
    assert RESTORED not in tail(world)
    assert master_of(world).address.port == AHEAD
