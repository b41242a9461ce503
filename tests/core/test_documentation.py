"""The promises of the Sentinel documentation, in our words: each test name is one of its statements."""

from dataclasses import replace

import pytest

from quorate.core import inputs, requests
from quorate.core.inputs import Caller, Pong
from quorate.model.identity import MasterName
from tests.core.scenes import (
    AHEAD,
    BEHIND,
    HOST,
    MASTER,
    NAME,
    agree,
    dying,
    greet,
    hello_of,
    kill,
    master_of,
    names,
    run_id,
    scene,
    state_of,
    tail,
    vote,
)
from tests.core.world import Server, World

MASTER_TEXT = f"master {NAME} {HOST} {MASTER}"
SWITCH = f"+switch-master {NAME} {HOST} {MASTER} {HOST} {AHEAD}"


def current(world: World) -> tuple[str, int] | None:
    """What a client is told."""
    assert world.driver is not None
    return world.driver.view(world.now).current_address(NAME)


# --- quorum and majority ----------------------------------------------------------------------------------------------


def test_the_quorum_is_how_many_sentinels_must_agree_that_the_master_cannot_be_reached() -> None:
    world = scene(quorum=2)
    kill(world, MASTER)
    world.run(3000)
    assert names(world) == ["+sdown"], "one of two"
    world.puppets[26380].says_down = True
    world.run(1100)
    assert f"+odown {MASTER_TEXT} #quorum 2/2" in tail(world)


def test_the_quorum_is_only_used_to_detect_the_failure_and_a_majority_must_authorize_the_failover() -> None:
    world = scene(quorum=1)
    for port in world.puppets:
        kill(world, port)
    kill(world, MASTER)
    world.run(20_000)
    told = names(world)
    assert "+odown" in told
    assert "+elected-leader" not in told


def test_a_minority_never_starts_a_failover_that_succeeds() -> None:
    world = dying(scene(peers=("b", "c", "d", "e"), quorum=2))
    for port in (26381, 26382, 26383):
        kill(world, port)
    world.run(25_000)
    assert current(world) == (HOST, MASTER)


def test_a_quorum_above_the_majority_makes_the_failover_need_that_many_votes() -> None:
    world = dying(scene(quorum=3))
    world.puppets[26381].vote = "refuse"
    world.run(1500)
    assert "+elected-leader" not in names(world)
    vote(world, "grant")
    world.run(5000)
    assert "+elected-leader" in names(world)


# --- SDOWN and ODOWN --------------------------------------------------------------------------------------------------


def test_an_instance_is_subjectively_down_after_it_was_silent_for_down_after() -> None:
    world = scene(down_after=2500)
    kill(world, MASTER)
    world.run(2500)
    assert tail(world) == []
    world.run(1)
    assert tail(world) == [f"+sdown {MASTER_TEXT}"]


@pytest.mark.parametrize("pong", [Pong.PONG, Pong.LOADING, Pong.MASTERDOWN])
def test_pong_loading_and_masterdown_are_acceptable_replies(pong: Pong) -> None:
    world = scene()
    world.servers[MASTER].pong = pong
    world.run(5000)
    assert tail(world) == []


@pytest.mark.parametrize("pong", [Pong.BUSY, Pong.OTHER])
def test_any_other_reply_or_none_is_not_acceptable(pong: Pong) -> None:
    world = scene()
    world.servers[MASTER].pong = pong
    world.run(5000)
    assert tail(world) == [f"+sdown {MASTER_TEXT}"]


def test_a_master_that_says_it_is_a_replica_is_down_when_it_does_so_for_too_long() -> None:
    world = scene()
    world.servers[MASTER].follows = AHEAD
    world.run(10_000)
    assert names(world) == ["-role-change"]
    world.run(21_500)
    assert "+sdown" in names(world)
    world.servers[MASTER].follows = None
    world.run(10_100)
    assert "-sdown" in names(world)


def test_odown_applies_to_masters_only() -> None:
    world = scene()
    agree(world)
    for port in (BEHIND, 26380):
        kill(world, port)
    world.run(5000)
    assert sorted(set(names(world))) == ["+sdown"]


def test_subjective_down_is_not_enough_for_a_failover() -> None:
    world = scene()
    kill(world, MASTER)
    world.run(10_000)
    assert names(world) == ["+sdown"]


def test_objective_down_is_no_strong_consensus_but_a_matter_of_recent_opinions() -> None:
    world = dying(scene())
    vote(world, "silent")
    world.run(1500)
    assert "+odown" in names(world)
    for puppet in list(world.puppets):
        kill(world, puppet)
    world.run(8000)
    assert "-odown" in names(world), "what peers said more than five seconds ago counts no more"


def test_a_master_that_answers_again_is_no_longer_down() -> None:
    world = scene()
    world.servers[MASTER].frozen = True
    agree(world)
    vote(world, "silent")
    world.run(1500)
    tail(world)
    world.servers[MASTER].frozen = False
    world.run(500)
    assert names(world)[:2] == ["-sdown", "-odown"]


# --- configuration epochs ---------------------------------------------------------------------------------------------


def test_every_failover_gets_an_epoch_of_its_own() -> None:
    world = dying(scene())
    world.run(2000)
    first = master_of(world).config_epoch
    world.servers[MASTER].up = True
    world.servers[MASTER].follows = AHEAD
    world.run(3000)
    kill(world, AHEAD)
    world.run(3000)
    assert master_of(world).config_epoch > first > 0


def test_a_sentinel_votes_once_in_an_epoch() -> None:
    world = scene()
    world.ask_vote(1, "b", 5, MASTER)
    world.ask_vote(2, "c", 5, MASTER)
    world.run(10)
    answers = [line for line in tail(world) if line.startswith("reply")]
    assert all(run_id("b") in answer for answer in answers)


def test_a_sentinel_that_voted_for_another_waits_before_it_tries_to_fail_over_the_same_master() -> None:
    world = dying(scene(failover_timeout=3000))
    world.ask_vote(1, "b", 1, MASTER)
    world.run(5900)
    assert "+try-failover" not in names(world)
    world.run(200)
    assert "+try-failover" in names(world)


def test_the_configuration_with_the_higher_epoch_wins() -> None:
    world = scene()
    greet(world, hello_of("b", 26380, (5, 5), (HOST, AHEAD)))
    greet(world, hello_of("c", 26381, (5, 4), (HOST, BEHIND)))
    greet(world, hello_of("c", 26381, (5, 5), (HOST, BEHIND)))
    assert current(world) == (HOST, AHEAD)
    greet(world, hello_of("c", 26381, (6, 6), (HOST, BEHIND)))
    assert current(world) == (HOST, BEHIND)


def test_as_soon_as_a_replica_is_promoted_the_new_configuration_is_broadcast_before_the_others_follow() -> None:
    world = dying(scene())
    world.quiet = frozenset()
    world.servers[BEHIND].link_up = False
    world.run(1300)
    told = tail(world)
    promoted = next(i for i, line in enumerate(told) if line.startswith("+promoted-slave"))
    hello = next(i for i, line in enumerate(told) if line.startswith(f"-> b hello 1 {AHEAD} 1"))
    assert promoted < hello
    assert "+slave-reconf-done" not in "".join(told)
    assert current(world) == (HOST, AHEAD), "the failover counts from here on"


# --- discovery --------------------------------------------------------------------------------------------------------


def test_replicas_are_discovered_by_asking_the_master() -> None:
    world = scene()
    world.servers[6382] = Server(6382, MASTER, run_id="6" * 40)
    world.run(11_000)
    assert f"+slave slave {HOST}:6382 {HOST} 6382 @ {NAME} {HOST} {MASTER}" in tail(world)


def test_other_sentinels_are_discovered_by_their_hellos() -> None:
    world = scene()
    greet(world, hello_of("d", 26399))
    assert tail(world) == [f"+sentinel sentinel {run_id('d')} {HOST} 26399 @ {NAME} {HOST} {MASTER}"]
    greet(world, hello_of("d", 26399))
    assert tail(world) == []


def test_hellos_go_to_the_master_and_to_every_replica_and_sentinel_every_two_seconds() -> None:
    world = scene()
    sent: dict[int, list[int]] = {}
    send = world._send

    def note(conn: requests.ConnId, port: int, request: requests.Request) -> None:
        if isinstance(request, requests.PublishHello):
            sent.setdefault(port, []).append(world.now)
        send(conn, port, request)

    world._send = note  # type: ignore[method-assign]
    world.run(10_000)
    assert sorted(sent) == [MASTER, BEHIND, AHEAD, 26380, 26381]
    assert all(4 <= len(times) <= 6 for times in sent.values())


def test_a_sentinel_that_comes_with_another_address_replaces_its_old_entry() -> None:
    world = scene()
    greet(world, hello_of("b", 26399))
    assert tail(world) == [f"+sentinel-address-switch {MASTER_TEXT} ip {HOST} port 26399 for {run_id('b')}"]
    assert len(master_of(world).peers) == 2


def test_an_address_that_another_sentinel_now_uses_invalidates_the_old_one() -> None:
    world = scene()
    greet(world, hello_of("d", 26380))
    assert names(world) == ["+sentinel-invalid-addr", "+sentinel"]
    assert set(master_of(world).peers) == {run_id("c"), run_id("d")}


def test_hellos_about_masters_that_we_do_not_monitor_are_ignored() -> None:
    world = scene()
    greet(world, replace(hello_of("b", 26380, (9, 9)), master=MasterName("other")))
    assert state_of(world).current_epoch == 0


def test_sentinels_do_not_forget_each_other_or_dead_replicas_until_a_reset() -> None:
    world = scene()
    for port in (26380, BEHIND):
        kill(world, port)
    world.run(60_000)
    assert (len(master_of(world).peers), len(master_of(world).replicas)) == (2, 2)
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    world.run(1000)
    assert set(master_of(world).peers) == set()
    assert [replica.address.port for replica in master_of(world).replicas] == [AHEAD]
