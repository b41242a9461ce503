"""A server of another cluster that came by a replica's address is left alone where it can be told from one of ours."""

import pytest

from quorate.core.inputs import Caller, FailoverRequested, HelloSeen
from quorate.core.selection import Reason
from quorate.core.state import Replica
from tests.core.scenes import AHEAD, BEHIND, HOST, MASTER, NAME, dying, hello_of, kill, master_of, scene, tail, until
from tests.core.world import World

ELSEWHERE, OTHERS = 7000, "0" * 40


def behind(world: World) -> Replica:
    """What is known of the replica whose address changes hands."""
    return next(replica for replica in master_of(world).replicas if replica.address.port == BEHIND)


def reused(world: World, **changes: object) -> World:
    """A replica dies; ten seconds later a replica of another cluster is at its address, changed in these things."""
    kill(world, BEHIND)
    world.run(10_000)
    server = world.servers[BEHIND]
    server.run_id, server.told, server.follows, server.offset, server.up = "7" * 40, (OTHERS,), ELSEWHERE, 10**6, True
    for name, value in changes.items():
        setattr(server, name, value)
    world.run(5_000)
    return world


def orders(world: World) -> list[str]:
    """Who was told to follow whom."""
    return [line for line in tail(world) if "SLAVEOF" in line]


def test_it_is_never_told_to_follow_our_master() -> None:
    world = reused(scene())
    world.run(60_000)
    assert behind(world).foreign
    assert sum("belongs to another cluster" in line for line in world.out) == 1, "said once"
    assert orders(world) == []


def test_it_is_not_promoted_and_not_repointed() -> None:
    world = reused(scene())
    world.submit(FailoverRequested(Caller(1), NAME))
    until(world, "+failover-end")
    assert any(f"{HOST}:{BEHIND} of {NAME} is not promoted: {Reason.FOREIGN.value}" in line for line in world.out)
    assert not any(str(BEHIND) in order for order in orders(world))


def test_alone_it_is_not_promoted_either() -> None:
    world = reused(scene())
    kill(world, AHEAD)
    until(dying(world), "-failover-abort-no-good-slave")


def test_nobody_there_hears_of_us_and_we_meet_nobody_there() -> None:
    world = reused(scene())
    before = {port: world.servers[port].greeted for port in (MASTER, BEHIND)}
    world.run(10_000)
    assert world.servers[MASTER].greeted > before[MASTER]
    assert world.servers[BEHIND].greeted == before[BEHIND]
    conn = behind(world).link.pubsub
    assert conn is not None
    world.submit(HelloSeen(conn, hello_of("e", 26999, (9, 9), (HOST, ELSEWHERE))))
    assert master_of(world).config_epoch == 0, "their master of the same name is not ours"
    assert len(master_of(world).peers) == 2
    world.submit(HelloSeen(conn, hello_of("b", 26380, (3, 0))))
    assert master_of(world).peers["b" * 40].hello.current_epoch == 3, "who is known is heard wherever it speaks"  # type: ignore[index, union-attr]


OURS = [
    ({"run_id": f"{BEHIND:040d}"}, "the process that we know: an operator pointed it elsewhere"),
    ({"told": ("f" * 40,)}, "it has the master's data"),
    ({"follows": AHEAD}, "it follows a server that is ours"),
    ({"link_up": False}, "whom it follows may be dead: an old configuration"),
    ({"follows": None}, "a master: it may have come back without its data"),
]


@pytest.mark.parametrize(("changes", "reason"), OURS, ids=[row[1] for row in OURS])
def test_whoever_may_be_ours_is_brought_back(changes: dict[str, object], reason: str) -> None:
    world = reused(scene(), **changes)
    assert not behind(world).foreign, reason
    world.run(60_000)
    assert orders(world)[:1] == [f"-> {BEHIND} SLAVEOF {HOST} {MASTER}"], reason


def test_it_is_known_again_when_it_comes_home() -> None:
    world = reused(scene())
    server = world.servers[BEHIND]
    server.run_id, server.told, server.follows = "8" * 40, ("f" * 40,), MASTER
    world.run(12_000)
    assert not behind(world).foreign


def test_a_failover_makes_nobody_forget_which_process_was_ours() -> None:
    world = scene()
    world.submit(FailoverRequested(Caller(1), NAME))
    until(world, "+switch-master")
    world.run(5_000)
    reused(world)
    assert behind(world).foreign


def test_nor_does_a_configuration_that_names_the_stranger_for_a_while() -> None:
    """Others, who could not see it, made its address the master, and another one soon after (seed 4000878)."""
    world = reused(scene())
    world.servers[AHEAD].follows = None
    for epoch, port in ((1, BEHIND), (2, AHEAD)):
        world.hello("b", epoch, port, epoch)
        world.run(3_000)
    world.run(20_000)
    assert behind(world).foreign
    assert f"-> {BEHIND} SLAVEOF {HOST} {AHEAD}" not in orders(world)


def test_it_is_known_for_a_stranger_when_the_new_master_has_not_answered_yet() -> None:
    """Nothing is known of the data of a master that was just switched to; the process is the same (seed 4101680)."""
    world = reused(scene())
    world.servers[AHEAD].follows, world.servers[AHEAD].delay = None, 500
    world.hello("b", 1, AHEAD, 1)
    world.run(20)
    assert behind(world).info is not None
    assert master_of(world).info is None
    assert behind(world).foreign


def test_it_is_known_for_a_stranger_once_the_master_has_told_of_its_data() -> None:
    world = scene()
    world.servers[AHEAD].follows, world.servers[AHEAD].delay = None, 500
    kill(world, BEHIND)
    world.hello("b", 1, AHEAD, 1)
    world.run(100)
    server = world.servers[BEHIND]
    server.run_id, server.told, server.follows, server.up = "7" * 40, (OTHERS,), ELSEWHERE, True
    until(world, "# The server at")
    assert behind(world).foreign
