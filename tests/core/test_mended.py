"""What is mended where C Sentinel is broken, as far as the core decides it. Each test names one promise.

Messages are given to the core as values here: what cannot even be read (names with newlines, epochs beyond 63 bits) is
refused on the floor below.
"""

import pytest

from quorate.core import inputs
from quorate.core.inputs import Caller
from quorate.model.identity import EPOCH_JUMP, Epoch
from quorate.model.saved import SavedMaster
from quorate.model.settings import GlobalSettings
from tests.core.scenes import (
    AHEAD,
    BEHIND,
    HOST,
    MASTER,
    ME,
    NAME,
    agree,
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
    vote_of,
)
from tests.core.world import World

TOO_FAR = EPOCH_JUMP + 1
PROMOTED = f"+promoted-slave slave {HOST}:{AHEAD} {HOST} {AHEAD} @ {NAME} {HOST} {MASTER}"


def dying(kind: str = "ours", **options: int) -> World:
    """A master has just died and everybody agrees; what happens next is up to the votes."""
    world = scene(kind=kind, **options)
    kill(world, MASTER)
    agree(world)
    return world


def saved(world: World) -> SavedMaster:
    """What the disk holds of the master when everything is written."""
    world.run(20)
    records = [delta.delta.masters[NAME] for delta in world.deltas if NAME in delta.delta.masters]
    assert records[-1] is not None
    return records[-1]


def until(world: World, event: str) -> None:
    """Let time pass to the very millisecond of an event."""
    for _ in range(3000):
        if any(line[9:].startswith(event) for line in world.out):
            return
        world.run(1)
    raise AssertionError(f"no {event}")


# --- epochs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [(TOO_FAR, 0), (0, TOO_FAR), (-1, 0), (0, -1), (1 << 62, 1 << 62)])
def test_an_absurd_epoch_in_a_hello_is_refused_counted_told_and_shown(epochs: tuple[int, int]) -> None:
    world = scene()
    greet(world, hello_of("b", 26380, epochs, (HOST, AHEAD)))
    assert names(world) == ["-epoch-refused"]
    assert (state_of(world).current_epoch, master_of(world).config_epoch) == (0, 0)
    assert master_of(world).address.port == MASTER
    assert world.driver is not None
    health = world.driver.view(world.now).health
    assert health.refused_epochs == 1
    assert health.peers_beyond_epoch == (run_id("b"),)
    greet(world, hello_of("b", 26380))
    assert world.driver.view(world.now).health.peers_beyond_epoch == (), "it has come back to reason"


def test_refusals_are_told_once_a_minute() -> None:
    world = scene()
    for _ in range(65):
        greet(world, hello_of("b", 26380, (TOO_FAR, 0)))
        world.run(1000)
    assert names(world).count("-epoch-refused") == 2
    assert state_of(world).refused_epochs == 65


def test_the_furthest_believable_epoch_is_believed() -> None:
    world = scene()
    greet(world, hello_of("b", 26380, (EPOCH_JUMP, 0)))
    assert state_of(world).current_epoch == EPOCH_JUMP


@pytest.mark.parametrize("epoch", [TOO_FAR, -1, (1 << 63) - 1, 1 << 63])
def test_an_absurd_epoch_in_a_vote_request_is_refused(epoch: int) -> None:
    world = scene()
    world.ask_vote(1, "b", epoch, MASTER)
    world.run(10)
    told = tail(world)
    assert told[0].startswith("-epoch-refused")
    assert told[1] == "reply to 1: Opinion(down=False, leader=None, leader_epoch=0)"
    assert state_of(world).current_epoch == 0
    assert vote_of(world) == (None, 0)


def test_an_absurd_epoch_in_a_vote_reply_neither_counts_nor_stops_us() -> None:
    world = dying()
    vote(world, "silent")
    world.run(1500)
    standing = master_of(world).failover
    assert standing is not None
    peer = master_of(world).peers[run_id("b")]
    assert peer.link.command is not None
    world.submit(inputs.PeerAnswered(peer.link.command, peer.id, True, run_id("b"), Epoch(1 << 62)))
    assert master_of(world).failover is standing
    assert peer.leader is None


def test_promotions_are_told_under_an_epoch_above_every_configuration() -> None:
    world = scene()
    greet(world, hello_of("b", 26380, (3, 9)))
    assert master_of(world).config_epoch == 9
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(1000)
    assert master_of(world).config_epoch == 10, "below 10 nobody would believe it"


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolve", [False, True])
def test_a_hello_whose_master_address_cannot_be_resolved_changes_nothing_and_announces_nothing(resolve: bool) -> None:
    world = scene()
    settings = GlobalSettings(ME, resolve_hostnames=resolve)
    world.submit(inputs.GlobalsChanged(Caller(1), settings, False))
    world.run(10)
    tail(world)
    before = len(world.deltas)
    nowhere = hello_of("b", 26380, (0, 5), ("nowhere.example", AHEAD))
    greet(world, nowhere)
    world.submit(inputs.Resolved("nowhere.example", None))
    assert [line for line in tail(world) if not line.startswith("resolve")] == []
    assert master_of(world).config_epoch == 0
    assert master_of(world).address.port == MASTER
    assert len(world.deltas) == before, "nothing to save"
    if resolve:
        greet(world, nowhere)
        world.submit(inputs.Resolved("nowhere.example", "127.0.0.1"))
        greet(world, nowhere)
        assert (master_of(world).config_epoch, master_of(world).address.port) == (5, AHEAD)


def test_a_hello_from_an_unacceptable_address_does_not_remove_its_sender() -> None:
    world = scene()
    bad = hello_of("b", 26380)
    for host in ("", "not-a-number"):
        greet(world, type(bad)(host, *(getattr(bad, field) for field in bad.__slots__[1:])))
    assert run_id("b") in master_of(world).peers
    assert tail(world) == []


def test_down_flags_and_votes_about_an_old_address_never_count_against_a_new_one() -> None:
    world = dying()
    world.run(1001)
    peers = master_of(world).peers
    late = [(peer.link.command, peer.id) for peer in peers.values()]
    world.servers[AHEAD].follows = None
    greet(world, hello_of("b", 26380, (1, 1), (HOST, AHEAD)))
    assert not any(peer.says_down for peer in peers.values())
    for conn, about in late:
        assert conn is not None
        world.submit(inputs.PeerAnswered(conn, about, True, run_id("b"), Epoch(1)))
    assert not any(peer.says_down or peer.leader for peer in peers.values()), "answers on their way are about the old"
    for puppet in world.puppets.values():
        puppet.says_down = False
    kill(world, AHEAD)
    world.run(1500)
    assert "+odown" not in names(world)


def test_a_host_name_that_moves_is_a_new_address_too() -> None:
    world = scene()
    world.submit(inputs.GlobalsChanged(Caller(1), GlobalSettings(ME, resolve_hostnames=True), False))
    world.submit(inputs.Resolved("redis.example", HOST))
    greet(world, hello_of("b", 26380, (1, 1), ("redis.example", AHEAD)))
    world.run(50)
    kill(world, AHEAD)
    agree(world)
    world.run(1100)
    assert any(peer.says_down for peer in master_of(world).peers.values())
    world.submit(inputs.Resolved("redis.example", "127.0.0.77"))
    assert master_of(world).address.ip == "127.0.0.77"
    assert not any(peer.says_down for peer in master_of(world).peers.values())


def test_two_names_of_one_replica_become_one() -> None:
    world = scene()
    world.submit(inputs.GlobalsChanged(Caller(1), GlobalSettings(ME, resolve_hostnames=True), False))
    master = master_of(world)
    server = world.servers[MASTER]
    assert master.link.command is not None
    report = server.info(world.servers)
    aliased = type(report)(report.text, report.run_id, report.role, (*report.replicas, ("alias.example", AHEAD)))
    world.submit(inputs.InfoArrived(master.link.command, aliased))
    assert len(master.replicas) == 3
    world.submit(inputs.Resolved("alias.example", HOST))
    assert sorted(replica.address.port for replica in master.replicas) == [BEHIND, AHEAD]
    record = saved(world)
    assert len(record.replicas) == len(set(record.replicas)) == 2, "no line twice in the file"


# --- RESET ------------------------------------------------------------------------------------------------------------


def test_reset_is_persisted() -> None:
    world = scene()
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    assert "reply to 1: Count(number=1)" not in tail(world)
    record = saved(world)
    assert (record.replicas, record.peers) == ((), ()), "a restart does not bring back what was reset"
    assert "reply to 1: Count(number=1)" in tail(world), "and the answer means that"


def test_reset_does_not_take_a_promotion_back() -> None:
    world = dying()
    until(world, PROMOTED)
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    assert master_of(world).address.port == AHEAD, "others have heard of it under this config epoch"
    assert [name for name in names(world) if name in {"+switch-master", "+reset-master"}] == [
        "+switch-master",
        "+reset-master",
    ]


# --- elections --------------------------------------------------------------------------------------------------------


def test_a_candidate_tries_again_quickly_when_the_votes_prove_that_nobody_won() -> None:
    world = dying()
    vote(world, "refuse")
    world.run(2000)
    assert names(world).count("+try-failover") > 1
    assert state_of(world).current_epoch < 10, "growing pauses, no race of epochs"


def test_while_a_winner_cannot_be_ruled_out_the_candidate_waits() -> None:
    world = dying()
    world.puppets[26380].vote = "refuse"
    world.puppets[26381].vote = "silent"
    world.run(12_000)
    told = names(world)
    assert told.count("+try-failover") == 1
    assert told.count("-failover-abort-not-elected") == 1
    assert world.now < master_of(world).no_start_before <= world.now + 10_000, "then failover-timeout for a promotion"


def test_whoever_granted_its_vote_to_another_waits_for_it() -> None:
    world = dying()
    world.ask_vote(1, "b", 1, MASTER)
    world.run(19_900)
    assert "+try-failover" not in names(world), "election and promotion may take 10 s each"
    world.run(300)
    assert "+try-failover" in names(world)


def test_a_hello_with_the_new_configuration_ends_the_wait() -> None:
    world = dying()
    world.ask_vote(1, "b", 1, MASTER)
    world.run(2000)
    world.servers[AHEAD].follows = None
    greet(world, hello_of("b", 26380, (1, 1), (HOST, AHEAD)))
    kill(world, AHEAD)
    world.run(1500)
    assert "+try-failover" in names(world)


def test_while_a_c_peer_is_a_known_candidate_the_epoch_is_not_raised() -> None:
    world = dying(kind="c", failover_timeout=2000)
    world.ask_vote(1, "b", 0, MASTER)
    assert vote_of(world) == (None, 0), "too old to be granted, but it shows that it stands"
    world.run(1900)
    assert state_of(world).current_epoch == 0
    world.run(300)
    assert state_of(world).current_epoch == 1, "its election-timeout is over"


def test_a_candidate_of_our_own_kind_is_no_reason_to_wait() -> None:
    world = dying(failover_timeout=2000)
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
    world = dying()
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
    world = dying()
    until(world, "+failover-state-wait-promotion")
    greet(world, hello_of("b", 26380, (7, 7)))
    assert master_of(world).failover is None
    world.run(3000)
    assert "+promoted-slave" not in names(world)
    assert master_of(world).config_epoch == 7


def test_a_leader_that_was_overtaken_after_its_promotion_goes_back_on_it() -> None:
    world = dying()
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


def test_a_manual_failover_waits_no_longer_when_the_votes_are_lost() -> None:
    world = scene()
    vote(world, "refuse")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(100)
    assert f"+forced-without-majority master {NAME} {HOST} {MASTER} #votes 1/3" in tail(world), "only ours count"


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
    world = dying()
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
