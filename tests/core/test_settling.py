"""Two masters under one config epoch: which is taken, who is believed to be another one, and how it is decided."""

from dataclasses import replace

import pytest

from quorate.core import candidacy
from quorate.core.settling import Claimant, settle
from quorate.model.hello import Hello
from quorate.model.identity import Epoch, RunId
from tests.core.scenes import (
    AHEAD,
    BEHIND,
    HOST,
    MASTER,
    NAME,
    greet,
    hello_of,
    kill,
    master_of,
    names,
    run_id,
    scene,
    tail,
)
from tests.core.world import World

A = Claimant("a", "a" * 40, False, True, True, 100, 1, frozenset({"first", "own"}))
B = Claimant("b", "b" * 40, False, True, True, 200, 0, frozenset({"first", "other"}))
STRANGER = replace(B, histories=frozenset({"elsewhere"}))

SETTLED: list[tuple[list[Claimant], str | None, str]] = [
    ([A, B], "b", "in one history the larger offset wins, whoever follows whom"),
    ([B, A], "b", "in whichever order they are named"),
    ([A, replace(B, offset=100)], "a", "of equal offsets the one with more replicas"),
    ([replace(A, followers=0), replace(B, offset=100)], "a", "of equals the smaller run id"),
    ([A, STRANGER], "a", "offsets of two histories say nothing: the one that replicas follow wins"),
    ([replace(A, followers=0), STRANGER], "b", "if nobody follows either, the larger offset after all"),
    ([A, replace(B, is_master=False)], "a", "who calls itself a replica is not chosen"),
    ([replace(A, is_master=False), B], "b", "not even if it is ours"),
    ([A, replace(B, is_down=True)], "a", "the dead are not chosen"),
    ([A, replace(B, is_down=True, is_fresh=False)], "a", "nor waited for"),
    ([A, replace(B, is_fresh=False)], None, "who may yet answer is waited for"),
    ([replace(A, is_master=False), replace(B, is_master=False)], None, "where nobody is master there is no choice"),
    ([replace(A, is_down=True), replace(B, is_down=True)], None, "nor among the dead"),
    ([A], "a", "one alone is no question"),
]


@pytest.mark.parametrize(("claimants", "expected", "reason"), SETTLED, ids=[row[2] for row in SETTLED])
def test_settle(claimants: list[Claimant], expected: str | None, reason: str) -> None:
    assert settle(claimants) == expected, reason


def test_three_of_one_history_and_a_stranger_are_told_apart_by_their_replicas() -> None:
    third = replace(A, name="c", run_id="c" * 40, offset=50, followers=2)
    assert settle([A, third, B]) == "b"
    assert settle([A, third, STRANGER]) == "c"


# --- the sentinel -----------------------------------------------------------------------------------------------------


def rival_of(letter: str, port: int, place: int = AHEAD, epoch: int = 3) -> Hello:
    return hello_of(letter, port, (epoch, epoch), (HOST, place))


def divided(kind: str = "ours", *, up: bool = True) -> World:
    """We and b believe in MASTER under epoch 3, c believes in AHEAD under the same; both servers are masters."""
    world = scene(kind=kind)
    if not up:
        kill(world, AHEAD)
        world.run(1_500)
    for puppet, port in zip(world.puppets.values(), (MASTER, AHEAD), strict=True):
        puppet.believes = (3, port, 3)
    world.servers[AHEAD].follows = None
    greet(world, rival_of("b", 26380, MASTER))
    greet(world, rival_of("c", 26381))
    return world


@pytest.mark.parametrize("kind", ["ours", "c"])
def test_the_one_with_more_data_is_taken_under_a_new_epoch(kind: str) -> None:
    world = divided(kind)
    world.run(3_000)
    told = tail(world)
    assert f"+config-conflict master {NAME} {HOST} {MASTER} #{HOST} {AHEAD} epoch 3" in told
    assert f"+config-settled master {NAME} {HOST} {MASTER} #{HOST} {AHEAD} epoch 4" in told
    assert f"+switch-master {NAME} {HOST} {MASTER} {HOST} {AHEAD}" in told
    assert all(puppet.believes == (4, AHEAD, 4) for puppet in world.puppets.values())
    assert not any(line.endswith("SLAVEOF NO ONE") for line in told), "it is a master already"
    world.run(12_000)
    assert world.servers[MASTER].follows == AHEAD


def test_our_own_is_kept_if_it_has_more_and_peers_hear_the_new_epoch() -> None:
    world = divided()
    world.servers[MASTER].offset = 900
    world.run(3_000)
    told = tail(world)
    assert f"+config-settled master {NAME} {HOST} {MASTER} #{HOST} {MASTER} epoch 4" in told
    assert not any(line.startswith("+switch-master") for line in told)
    assert all(puppet.believes == (4, MASTER, 4) for puppet in world.puppets.values())
    assert master_of(world).no_start_before == 0, "a failover may follow at once"


def test_without_a_majority_nothing_is_settled_and_nobody_demoted() -> None:
    world = divided()
    for puppet in world.puppets.values():
        puppet.vote = "silent"
    world.run(60_000)
    told = tail(world)
    assert not any(line.startswith(("+config-settled", "+switch-master", "+convert-to-slave")) for line in told)
    assert world.servers[AHEAD].follows is None
    assert world.servers[MASTER].follows is None


def test_whoever_believes_in_the_other_is_asked_for_its_vote_under_that_address() -> None:
    world = divided()
    world.run(3_000)
    assert [puppet.asked_about for puppet in world.puppets.values()] == [[MASTER], [AHEAD]]


def test_votes_that_the_other_side_has_cast_in_a_known_epoch_do_not_stand_in_the_way() -> None:
    world = divided("c")
    for puppet in world.puppets.values():
        puppet.voted[4] = run_id("c")
        puppet.believes = (4, *puppet.believes[1:])
    greet(world, replace(rival_of("c", 26381), current_epoch=Epoch(4)))
    world.run(3_000)
    assert f"+config-settled master {NAME} {HOST} {MASTER} #{HOST} {AHEAD} epoch 5" in tail(world)


def test_one_that_is_down_and_was_never_heard_is_a_rival_too() -> None:
    world = scene(kind="c")
    kill(world, AHEAD)
    next(r for r in master_of(world).replicas if r.address.port == AHEAD).run_id = None
    for puppet, port in zip(world.puppets.values(), (MASTER, AHEAD), strict=True):
        puppet.believes = (3, port, 3)
    greet(world, rival_of("b", 26380, MASTER))
    greet(world, rival_of("c", 26381))
    world.run(900)
    assert "+config-conflict" not in names(world), "it may be another name of our master"
    world.run(candidacy.SETTLE_WITHOUT + 3_000)
    assert f"+config-settled master {NAME} {HOST} {MASTER} #{HOST} {MASTER} epoch 4" in tail(world)


def test_one_that_comes_back_in_that_time_is_weighed_too() -> None:
    world = divided("c", up=False)
    world.run(3_000)
    assert "+config-settled" not in names(world), "after a cut it may just not have been reached yet"
    world.servers[AHEAD].up = True
    world.run(3_000)
    assert f"+config-settled master {NAME} {HOST} {MASTER} #{HOST} {AHEAD} epoch 4" in tail(world)


def test_what_it_thinks_of_the_other_address_does_not_count_against_ours() -> None:
    world = divided()
    for puppet in world.puppets.values():
        puppet.says_down = puppet.letter == "c"
    kill(world, MASTER)
    world.run(candidacy.SETTLE_AFTER + 500)
    assert "+odown" not in names(world)


def test_a_newer_word_for_our_address_ends_the_wait_of_who_voted_for_its_leader() -> None:
    world = scene()
    world.ask_vote(1, "b", 5, MASTER)
    world.run(10)
    assert master_of(world).no_start_before > world.now
    greet(world, rival_of("c", 26381, MASTER, 4))
    assert master_of(world).no_start_before > world.now, "it is not about the election that we voted in"
    greet(world, rival_of("b", 26380, MASTER, 5))
    assert master_of(world).no_start_before == 0


UNSETTLED = [
    (rival_of("c", 26381, AHEAD, 0), "epoch 0 is what operators typed"),
    (rival_of("c", 26381, 7777), "a server that we do not know may be somebody else's"),
    (rival_of("c", 26381, MASTER), "the same address"),
    (rival_of("c", 26381, AHEAD, 2), "an older configuration is none"),
]


@pytest.mark.parametrize(("hello", "reason"), UNSETTLED, ids=[row[1] for row in UNSETTLED])
def test_no_conflict(hello: Hello, reason: str) -> None:
    world = scene()
    greet(world, rival_of("b", 26380, MASTER, 3 if hello.config_epoch else 0))
    greet(world, hello)
    assert "+config-conflict" not in names(world), reason


def test_another_name_of_the_same_server_is_no_conflict() -> None:
    world = scene()
    replica = next(r for r in master_of(world).replicas if r.address.port == AHEAD)
    replica.run_id = master_of(world).run_id or RunId("")
    greet(world, rival_of("b", 26380, MASTER))
    greet(world, rival_of("c", 26381))
    assert "+config-conflict" not in names(world)


def test_a_newer_configuration_ends_it() -> None:
    world = divided()
    world.puppets[26381].believes = (5, BEHIND, 5)
    world.servers[BEHIND].follows = None
    greet(world, rival_of("b", 26380, BEHIND, 5))
    world.run(10_000)
    assert "+config-settled" not in names(world)
    assert master_of(world).address.port == BEHIND


def test_a_claim_that_is_not_repeated_is_forgotten() -> None:
    world = divided()
    for puppet in world.puppets.values():
        puppet.vote = "silent"
    kill(world, 26381)
    world.run(5_000)
    assert master_of(world).settle_at, "it may believe so still"
    world.run(25_000)
    assert not master_of(world).settle_at
