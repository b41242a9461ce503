"""Who returns in a role of long ago is corrected as soon as a majority was heard; who was promoted meanwhile is not."""

import pytest

from quorate.core.inputs import Pong
from tests.core.scenes import (
    AHEAD,
    BEHIND,
    HOST,
    MASTER,
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
)
from tests.core.world import Puppet, World

DEMOTED = f"-> {MASTER} SLAVEOF {HOST} {AHEAD}"
WELL = 2_000


def returned(world: World | None = None) -> World:
    """The master died, AHEAD is the new one, and after a while the old one answers again, as a master."""
    world = dying(world or scene())
    world.run(9_000)
    assert master_of(world).address.port == AHEAD
    for puppet in world.puppets.values():
        puppet.says_down = False
    tail(world)
    world.servers[MASTER].up = True
    world.servers[MASTER].run_id = "9" * 40
    return world


def silence(world: World, *letters: str) -> None:
    """These peers say nothing any more, and their links stay."""
    for letter in letters:
        _puppet(world, letter).up = False


def _puppet(world: World, letter: str) -> Puppet:
    return next(puppet for puppet in world.puppets.values() if puppet.letter == letter)


def test_an_old_master_is_demoted_soon_after_its_return() -> None:
    world = returned()
    world.run(1_000 + WELL)
    assert DEMOTED in tail(world), "a second until we look at it, two until a peer says hello"


def test_peers_are_asked_at_once() -> None:
    world = returned()
    world.quiet = frozenset()
    until(world, "-role-change")
    told = tail(world)
    claim = next(i for i, line in enumerate(told) if line.startswith("-role-change"))
    assert [line.split()[1] for line in told[claim:] if "asked for its configuration" in line] == ["b", "c"]


def test_not_by_who_hears_nobody() -> None:
    world = returned()
    silence(world, "b", "c")
    world.run(7_000)
    assert DEMOTED not in tail(world)
    world.run(60_000)
    assert DEMOTED not in tail(world), "nor ever"


def test_one_of_two_peers_is_a_majority_with_us() -> None:
    world = returned()
    silence(world, "c")
    world.run(1_000 + WELL)
    assert DEMOTED in tail(world)


def test_one_whose_disk_is_full_is_demoted_though_it_counts_as_down() -> None:
    world = returned()
    world.servers[MASTER].pong = Pong.OTHER
    world.run(1_000 + WELL)
    told = tail(world)
    assert DEMOTED in told
    assert not any(line.startswith("-sdown") for line in told)


def test_who_knows_no_peer_is_no_majority() -> None:
    world = returned(scene(peers=(), quorum=1))
    world.run(1_000 + WELL)
    assert DEMOTED not in tail(world), "peers may only have been forgotten"
    world.run(8_000)
    assert DEMOTED in tail(world)


def test_not_while_a_peer_tells_of_a_newer_configuration_that_we_cannot_take_over() -> None:
    world = returned()
    epoch = master_of(world).config_epoch + 1
    greet(world, hello_of("c", 26381, (epoch, epoch), ("unknown.example", 6379)))
    silence(world, "c")
    world.run(1_000 + WELL)
    assert DEMOTED not in tail(world)
    world.run(8_000)
    assert DEMOTED in tail(world), "the wait of the specification holds"


def voted(world: World, puppet: str) -> None:
    """One of the peers has voted in a later epoch than that of the configuration; nobody knows who has won."""
    epoch = state_of(world).current_epoch + 1
    peer = _puppet(world, puppet)
    peer.voted[epoch] = run_id("x")
    greet(world, hello_of(puppet, peer.port, (epoch, master_of(world).config_epoch), (HOST, AHEAD)))


@pytest.mark.parametrize("kind", ["ours", "c"])
def test_not_while_an_election_may_have_had_a_winner(kind: str) -> None:
    world = returned(scene(kind=kind))
    voted(world, "b")
    world.run(1_000 + WELL)
    assert DEMOTED not in tail(world)


@pytest.mark.parametrize("kind", ["ours", "c"])
def test_time_alone_does_not_say_that_a_peer_that_is_silent_has_not_won(kind: str) -> None:
    world = returned(scene(kind=kind, failover_timeout=500))
    voted(world, "b")
    silence(world, "c")
    world.run(1_000 + WELL)
    assert DEMOTED not in tail(world)
    world.run(8_000)
    assert DEMOTED in tail(world), "the wait of the specification holds"


def test_a_vote_may_be_news_though_its_epoch_was_raised_long_ago() -> None:
    world = returned(scene(failover_timeout=2_000))
    world.servers[MASTER].up = False
    epoch = state_of(world).current_epoch + 2
    greet(world, hello_of("b", 26380, (epoch, master_of(world).config_epoch), (HOST, AHEAD)))
    world.run(10_000)
    tail(world)
    # A candidate has been granted an epoch below the current one, and may be promoting somebody.
    _puppet(world, "b").voted[epoch - 1] = run_id("x")
    world.servers[MASTER].up = True
    world.run(1_000 + WELL)
    assert DEMOTED not in tail(world)
    world.run(8_000)
    assert DEMOTED in tail(world)


def test_at_once_if_nobody_in_a_majority_has_voted_for_this_master_though_the_epoch_has_grown() -> None:
    world = returned()
    epoch = state_of(world).current_epoch + 1
    greet(world, hello_of("b", 26380, (epoch, master_of(world).config_epoch), (HOST, AHEAD)))
    silence(world, "c")
    world.run(1_000 + WELL)
    assert DEMOTED in tail(world), "the election was about another master"


def test_not_on_what_was_heard_before_we_were_late() -> None:
    world = returned()
    until(world, "-role-change")
    state_of(world).late_at = world.now + 60_000
    world.run(5_000)
    assert DEMOTED not in tail(world)


def test_a_replica_that_somebody_has_promoted_is_left_alone_for_as_long_as_the_specification_says() -> None:
    world = scene()
    world.servers[AHEAD].follows = None
    world.run(7_000)
    assert "+convert-to-slave" not in names(world), "the news of a failover may be on its way"
    world.run(12_000)
    assert "+convert-to-slave" in names(world)


def test_a_replica_that_comes_back_following_somebody_else_is_pointed_right_at_once() -> None:
    world = scene(failover_timeout=60_000)
    kill(world, BEHIND)
    world.run(5_000)
    tail(world)
    back = world.servers[BEHIND]
    back.up, back.follows, back.run_id = True, AHEAD, "8" * 40
    world.run(1_000 + WELL)
    assert f"-> {BEHIND} SLAVEOF {HOST} {MASTER}" in tail(world)


@pytest.mark.parametrize("port", [BEHIND, AHEAD])
def test_one_that_was_there_all_the_time_waits_for_its_leader(port: int) -> None:
    world = scene(failover_timeout=30_000)
    world.servers[port].follows = 7777
    world.run(25_000)
    assert "+fix-slave-config" not in names(world), "a leader re-points at the pace of parallel-syncs"


def test_the_order_is_not_repeated_on_old_news() -> None:
    world = returned()
    world.run(1_000 + WELL)
    assert tail(world).count(DEMOTED) == 1
    world.run(20_000)
    assert DEMOTED not in tail(world)


def test_a_hello_that_was_long_on_its_way_is_no_proof() -> None:
    world = returned()
    silence(world, "b", "c")
    until(world, "-role-change")
    epochs = (state_of(world).current_epoch, master_of(world).config_epoch)
    for letter, port in (("b", 26380), ("c", 26381)):
        greet(world, hello_of(letter, port, epochs, (HOST, AHEAD)))
    world.run(2_000)
    assert DEMOTED not in tail(world), "only an answer is younger than the claim"


def test_not_on_what_a_majority_said_before_it_fell_silent() -> None:
    """The news of a promotion may have come up right after that (simulator, seed 4200621)."""
    world = scene()
    world.servers[AHEAD].follows = None
    until_claimed(world)
    world.run(2_500)
    silence(world, "b", "c")
    world.run(20_000)
    demoted = f"-> {AHEAD} SLAVEOF {HOST} {MASTER}"
    assert demoted not in tail(world), "both were heard after the claim, and not for long after it"
    _puppet(world, "b").up = True
    world.run(4_000)
    assert demoted in tail(world)


def until_claimed(world: World) -> None:
    """Let time pass until the server's claim to be a master is seen."""
    for _ in range(12):
        world.run(1_000)
        if any("-role-change" in line for line in world.out):
            return
    raise AssertionError("no claim")
