"""What is mended where C Sentinel is broken, as far as the core decides it: epochs, addresses, RESET.

Messages are given to the core as values here: what cannot even be read (names with newlines, epochs beyond 63 bits) is
refused on the floor below. Elections, failovers and saves: test_mended_elections.py.
"""

from dataclasses import replace

import pytest

from quorate.core import inputs, roster
from quorate.core.inputs import Caller
from quorate.model.address import Address
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

TOO_FAR = EPOCH_JUMP + 1
PROMOTED = f"+promoted-slave slave {HOST}:{AHEAD} {HOST} {AHEAD} @ {NAME} {HOST} {MASTER}"


def saved(world: World) -> SavedMaster:
    """What the disk holds of the master when everything is written."""
    world.run(20)
    records = [delta.delta.masters[NAME] for delta in world.deltas if NAME in delta.delta.masters]
    assert records[-1] is not None
    return records[-1]


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
    world = dying(scene())
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
        greet(world, replace(bad, sender_host=host))
    assert run_id("b") in master_of(world).peers
    assert tail(world) == []


def test_down_flags_and_votes_about_an_old_address_never_count_against_a_new_one() -> None:
    world = dying(scene())
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
    until(world, "+odown")
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


def test_the_number_of_a_replica_whose_name_is_resolved_late_is_saved() -> None:
    world = scene()
    world.submit(inputs.GlobalsChanged(Caller(1), GlobalSettings(ME, resolve_hostnames=True), False))
    master = master_of(world)
    server = world.servers[MASTER]
    assert master.link.command is not None
    report = server.info(world.servers)
    named = type(report)(report.text, report.run_id, report.role, (*report.replicas, ("late.example", 6390)))
    world.submit(inputs.InfoArrived(master.link.command, named))
    assert ("late.example", 6390) in saved(world).replicas
    world.submit(inputs.Resolved("late.example", "127.0.0.9"))
    assert ("127.0.0.9", 6390) in saved(world).replicas


# --- RESET ------------------------------------------------------------------------------------------------------------


def test_reset_is_persisted() -> None:
    world = scene()
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    assert "reply to 1: Count(number=1)" not in tail(world)
    record = saved(world)
    assert (record.replicas, record.peers) == ((), ()), "a restart does not bring back what was reset"
    assert "reply to 1: Count(number=1)" in tail(world), "and the answer means that"


def test_reset_does_not_take_a_promotion_back() -> None:
    world = dying(scene())
    until(world, PROMOTED)
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    assert master_of(world).address.port == AHEAD, "others have heard of it under this config epoch"
    assert [name for name in names(world) if name in {"+switch-master", "+reset-master"}] == [
        "+switch-master",
        "+reset-master",
    ]


def test_reset_forgets_a_promotion_that_cannot_be_saved() -> None:
    world = dying(scene())
    until(world, f"-> {AHEAD} SLAVEOF NO ONE")
    world.disk = "full"
    until(world, "-save-error")
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    master = master_of(world)
    assert (master.address.port, master.config_epoch) == (MASTER, 0), "nobody has heard of it, nor will after a crash"
    assert "+switch-master" not in names(world)


def test_a_promotion_that_cannot_be_saved_is_told_to_nobody() -> None:
    world = dying(scene())
    until(world, f"-> {AHEAD} SLAVEOF NO ONE")
    world.disk = "full"
    world.run(2_000)
    assert world.driver is not None
    assert world.driver.view(world.now).current_address(NAME) == (HOST, MASTER)
    assert all(puppet.believes[1] == MASTER for puppet in world.puppets.values())
    assert world.servers[BEHIND].follows == MASTER
    world.disk = "ok"
    world.run(2_000)
    assert world.driver.view(world.now).current_address(NAME) == (HOST, AHEAD), "and to all when it can be"
    assert all(puppet.believes[1] == AHEAD for puppet in world.puppets.values())


def test_a_promotion_that_others_have_undone_meanwhile_is_taken_back() -> None:
    world = dying(scene())
    until(world, f"-> {AHEAD} SLAVEOF NO ONE")
    world.disk = "full"
    world.run(1_000)
    world.servers[AHEAD].follows = MASTER
    world.run(2_000)
    told = names(world)
    assert "-failover-abort-slave-timeout" in told
    assert "+switch-master" not in told
    assert master_of(world).config_epoch == 0


def test_a_peer_that_returns_to_its_old_hello_after_an_absurd_one_is_no_longer_named() -> None:
    world = scene()
    assert world.driver is not None
    before = world.greeting(next(iter(world.puppets.values())), 1, 6379, 0)
    absurd = replace(before, current_epoch=Epoch(TOO_FAR + 1))
    for hello in (before, absurd):
        world.submit(inputs.HelloSeen(None, hello))
    assert world.driver.view(world.now).health.peers_beyond_epoch == (before.sender_id,)
    world.submit(inputs.HelloSeen(None, before))
    assert world.driver.view(world.now).health.peers_beyond_epoch == ()


def test_a_question_about_an_address_finds_who_is_there_now() -> None:
    world = scene()
    state, master = state_of(world), master_of(world)
    old, new = master.address, Address(HOST, HOST, AHEAD)
    assert roster.master_at(state, old) is master
    assert roster.master_at(state, old) is master, "found again without a search"
    assert roster.master_at(state, new) is None
    world.servers[AHEAD].follows = None
    greet(world, hello_of("b", 26380, (1, 1), (HOST, AHEAD)))
    assert roster.master_at(state, old) is None
    assert roster.master_at(state, new) is master
    world.submit(inputs.RemoveRequested(Caller(1), NAME))
    assert roster.master_at(state, new) is None


def test_addresses_that_others_asked_about_take_little_room() -> None:
    world = scene()
    state = state_of(world)
    for number in range(100):
        roster.master_at(state, Address(f"10.0.0.{number}", f"10.0.0.{number}", number))
        roster.master_at(state, Address(f"name{number}", HOST, MASTER))
    assert len(state.found) <= 3
