"""What is mended in elections, failovers and saves where C Sentinel is broken; see test_mended.py."""

import pytest

from quorate.core import inputs
from quorate.core.inputs import Caller
from quorate.model.identity import Epoch
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
    until,
    vote,
    vote_of,
)
from tests.core.world import World

# --- elections --------------------------------------------------------------------------------------------------------


def test_a_candidate_tries_again_quickly_when_the_votes_prove_that_nobody_won() -> None:
    world = dying(scene())
    vote(world, "refuse")
    world.run(2000)
    assert names(world).count("+try-failover") > 1
    assert state_of(world).current_epoch < 10, "growing pauses, no race of epochs"


def test_while_a_winner_cannot_be_ruled_out_the_candidate_waits() -> None:
    world = dying(scene())
    world.puppets[26380].vote = "refuse"
    world.puppets[26381].vote = "silent"
    world.run(12_000)
    told = names(world)
    assert told.count("+try-failover") == 1
    assert told.count("-failover-abort-not-elected") == 1
    assert world.now < master_of(world).no_start_before <= world.now + 10_000, "then failover-timeout for a promotion"


def test_whoever_granted_its_vote_to_another_waits_for_it() -> None:
    world = dying(scene())
    world.ask_vote(1, "b", 1, MASTER)
    world.run(19_900)
    assert "+try-failover" not in names(world), "election and promotion may take 10 s each"
    world.run(300)
    assert "+try-failover" in names(world)


def test_a_hello_with_the_new_configuration_ends_the_wait() -> None:
    world = dying(scene())
    world.ask_vote(1, "b", 1, MASTER)
    world.run(2000)
    world.servers[AHEAD].follows = None
    greet(world, hello_of("b", 26380, (1, 1), (HOST, AHEAD)))
    kill(world, AHEAD)
    world.run(1500)
    assert "+try-failover" in names(world)


def test_while_a_c_peer_is_a_known_candidate_the_epoch_is_not_raised() -> None:
    world = dying(scene(kind="c", failover_timeout=2000))
    world.ask_vote(1, "b", 0, MASTER)
    assert vote_of(world) == (None, 0), "too old to be granted, but it shows that it stands"
    world.run(1900)
    assert state_of(world).current_epoch == 0
    world.run(300)
    assert state_of(world).current_epoch == 1, "its election-timeout is over"


def test_a_candidate_of_our_own_kind_is_no_reason_to_wait() -> None:
    world = dying(scene(failover_timeout=2000))
    world.ask_vote(1, "b", 0, MASTER)
    world.run(1200)
    assert state_of(world).current_epoch == 1


def _waiting_for_the_disk() -> World:
    """Elected, somebody chosen, and REPLICAOF NO ONE held back: alone of one the election needs no disk."""
    world = scene(peers=(), quorum=1)
    world.disk = "slow"
    kill(world, MASTER)
    world.run(1500)
    assert "+failover-state-send-slaveof-noone" in names(world)
    return world


def test_a_leader_that_votes_in_a_higher_epoch_before_no_one_stops() -> None:
    world = _waiting_for_the_disk()
    world.ask_vote(1, "b", 5, MASTER)
    assert "-failover-abort-not-elected" in names(world)
    assert master_of(world).failover is None
    world.disk = "ok"
    world.submit(inputs.Saved(world.deltas[-1].delta.revision))
    world.run(5000)
    assert not [line for line in tail(world) if "SLAVEOF" in line]


def test_a_leader_that_hears_of_a_vote_in_a_higher_epoch_before_no_one_stops() -> None:
    world = dying(scene())
    vote(world, "silent")
    world.run(1500)
    peer = master_of(world).peers[run_id("b")]
    assert peer.link.command is not None
    world.submit(inputs.PeerAnswered(peer.link.command, peer.id, True, run_id("c"), Epoch(2)))
    assert "-failover-abort-not-elected" in names(world)
    assert master_of(world).failover is None
    assert master_of(world).no_start_before == world.now + 20_000, "its winner is given the time to promote"


def test_a_leader_that_hears_of_a_newer_configuration_before_no_one_stops() -> None:
    world = _waiting_for_the_disk()
    greet(world, hello_of("b", 26380, (7, 7)))
    assert "-failover-abort-not-elected" in names(world)
    assert master_of(world).failover is None


def test_a_leader_that_was_overtaken_after_no_one_does_not_announce_its_promotion() -> None:
    world = dying(scene())
    until(world, "+failover-state-wait-promotion")
    greet(world, hello_of("b", 26380, (7, 7)))
    assert master_of(world).failover is None
    world.run(3000)
    assert "+promoted-slave" not in names(world)
    assert master_of(world).config_epoch == 7


def test_a_leader_that_was_overtaken_after_its_promotion_goes_back_on_it() -> None:
    world = dying(scene())
    until(world, "+slave-reconf-sent")
    assert master_of(world).current.address.port == AHEAD
    tail(world)
    greet(world, hello_of("b", 26380, (7, 7), (HOST, MASTER)))
    told = tail(world)
    assert f"+switch-master {NAME} {HOST} {AHEAD} {HOST} {MASTER}" in told, "or two addresses went under epoch 7"
    assert master_of(world).failover is None
    assert master_of(world).current.address.port == MASTER


def test_aborts_for_want_of_a_good_replica_keep_the_long_delay() -> None:
    world = scene()
    for port in (BEHIND, AHEAD):
        world.servers[port].priority = 0
    world.run(11_000)
    kill(world, MASTER)
    agree(world)
    world.run(1500)
    assert "-failover-abort-no-good-slave" in names(world)
    world.run(19_000)
    assert "+try-failover" not in names(world), "two failover-timeouts from its start"
    world.run(1500)
    assert "+try-failover" in names(world)


# --- an operator's failover -------------------------------------------------------------------------------------------


def test_a_manual_failover_seeks_votes_and_with_them_is_a_plain_one() -> None:
    world = scene()
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(900)
    told = names(world)
    assert "+forced-without-majority" not in told
    assert "+switch-master" in told


def test_a_manual_failover_goes_on_without_votes_after_a_second_and_says_so() -> None:
    world = scene()
    vote(world, "silent")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(990)
    assert "+elected-leader" not in names(world)
    world.run(500)
    told = tail(world)
    assert f"+forced-without-majority master {NAME} {HOST} {MASTER} #votes 1/3" in told
    assert f"+switch-master {NAME} {HOST} {MASTER} {HOST} {AHEAD}" in told


def test_a_manual_failover_whose_votes_are_split_seeks_those_of_other_epochs_for_that_second() -> None:
    world = scene()
    vote(world, "refuse")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(990)
    told = names(world)
    assert "+elected-leader" not in told, "whoever knows of the split would stand while we promote"
    assert "-failover-abort-not-elected" not in told
    assert 2 < told.count("+new-epoch") < 40
    world.run(20)
    assert f"+forced-without-majority master {NAME} {HOST} {MASTER} #votes 1/3" in tail(world), "only ours count"


def test_a_manual_failover_waits_no_longer_when_no_epoch_can_bring_the_votes() -> None:
    world = scene(peers=("b",), quorum=3)
    vote(world, "silent")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(10)
    assert f"+forced-without-majority master {NAME} {HOST} {MASTER} #votes 1/2" in tail(world), "three of two"


def test_a_manual_failover_asks_for_no_votes_that_the_disk_cannot_hold() -> None:
    world = scene()
    vote(world, "refuse")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(4)
    world.disk = "full"
    world.submit(inputs.FlushRequested(Caller(2)))
    world.run(900)
    assert names(world).count("+new-epoch") == 1, "nobody would hear of another one"


# --- saves ------------------------------------------------------------------------------------------------------------


def test_no_vote_is_granted_on_state_that_is_not_durable() -> None:
    world = scene()
    world.disk = "full"
    world.ask_vote(1, "b", 5, MASTER)
    world.run(5000)
    world.ask_vote(2, "c", 6, MASTER)
    world.run(5000)
    told = [line for line in tail(world) if line.startswith("reply")]
    assert told == [f"reply to {n}: Opinion(down=False, leader=None, leader_epoch=0)" for n in (1, 2)]


def test_nobody_is_promoted_on_state_that_is_not_durable() -> None:
    world = dying(scene())
    world.disk = "full"
    world.run(9000)
    assert not [line for line in tail(world) if "SLAVEOF" in line or "vote for me" in line]


def test_while_saves_fail_an_operators_failover_is_refused() -> None:
    world = scene()
    world.disk = "full"
    world.submit(inputs.FlushRequested(Caller(1)))
    world.run(10)
    world.submit(inputs.FailoverRequested(Caller(2), NAME))
    told = tail(world)
    assert told[0].startswith("reply to 1: Refused")
    assert told[1] == "-save-error No space left on device"
    assert told[2].startswith("reply to 2: Refused")


def test_ckquorum_stops_counting_ourselves_while_saves_fail() -> None:
    world = scene()
    assert world.driver is not None

    def usable() -> int:
        assert world.driver is not None
        check = world.driver.view(world.now).quorum_check(NAME)
        assert check is not None
        return check.usable

    assert usable() == 3
    world.disk = "full"
    world.submit(inputs.FlushRequested(Caller(1)))
    world.run(10)
    assert usable() == 2
    assert world.driver.view(world.now).health.save_error == "No space left on device"
    world.disk = "ok"
    world.run(2000)
    assert usable() == 3
    assert "+save-error-cleared" in names(world)


def test_hellos_tell_no_epoch_that_the_disk_does_not_hold() -> None:
    world = scene()
    world.quiet = frozenset({"PING", "INFO", "ask"})
    world.disk = "full"
    world.ask_vote(1, "b", 5, MASTER)
    world.run(4000)
    assert not [line for line in tail(world) if "hello" in line]
    world.disk = "ok"
    world.run(5000)
    assert [line for line in tail(world) if " hello 5 " in line]


# --- kept, because interoperation needs it ----------------------------------------------------------------------------


def test_votes_are_granted_while_the_master_is_up_and_to_ids_never_heard_of() -> None:
    world = scene()
    world.ask_vote(1, "f", 5, MASTER)
    world.run(10)
    assert tail(world)[-1] == f"reply to 1: Opinion(down=False, leader='{run_id('f')}', leader_epoch=5)"


@pytest.mark.parametrize("delay", [1, 30, 150])
def test_a_promotion_is_seen_in_what_was_asked_behind_the_order(delay: int) -> None:
    """An old master says that it is one before it has the order, which it may never get (simulator, seed 1200333)."""
    world = scene()
    world.servers[BEHIND].up = False
    world.break_links(BEHIND)
    world.servers[AHEAD].follows = None
    world.servers[AHEAD].delay = delay
    until(dying(world), "+failover-state-wait-promotion")
    ordered = world.now
    until(world, "+promoted-slave")
    assert world.now - ordered == delay


def test_what_another_connection_tells_is_no_proof_of_an_order() -> None:
    """Another leader's order cuts off ours on its way; the server is a master then, but not by us (seed 3002436)."""
    world = scene()
    world.servers[AHEAD].delay = 30
    until(dying(world), "+failover-state-wait-promotion")
    world.run(2)
    world.break_links(AHEAD)
    until(world, "+promoted-slave")
    assert tail(world).count(f"-> {AHEAD} SLAVEOF NO ONE") == 2, "told again before it is believed"
