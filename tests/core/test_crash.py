"""When a process counts as gone: what one sentinel must have seen, how many must, and what replicas must say."""

import pytest

from quorate.core import inputs
from quorate.core.crash import Traces, Witness, is_agreed, is_confirmed, is_gone
from quorate.core.inputs import Caller
from tests.core.scenes import AHEAD, BEHIND, MASTER, NAME, kill, master_of, names, scene
from tests.core.world import World

PING = 1000

GONE = [
    (Traces(9000, 10_000, 10_001, 10_101), True, "refused twice, 100 ms apart, after a good answer"),
    (Traces(8000, 10_000, 10_001, 10_101), True, "which was exactly two ping periods old"),
    (Traces(7999, 10_000, 10_001, 10_101), False, "it had not answered for longer than that: it may have hung"),
    (Traces(0, 10_000, 10_001, 10_101), False, "it has never answered"),
    (Traces(9000, 10_000, 10_001, 0), False, "refused once: it may just be restarting"),
    (Traces(9000, 10_000, 10_001, 10_100), False, "refused again, but too soon"),
    (Traces(9000, 0, 10_001, 10_101), False, "nothing was reset: we closed the connection ourselves"),
    (Traces(9000, 10_000, 0, 0), False, "nobody said that nobody is there"),
    (Traces(9000, 10_000, 9500, 10_101), False, "that refusal is from before"),
]

AGREED = [
    (2, 2, 3, True, "quorum and majority"),
    (1, 1, 3, False, "a quorum that is no majority"),
    (2, 3, 3, False, "a majority that is no quorum"),
    (2, 2, 4, False, "half of all are not more than half"),
    (1, 1, 1, True, "a sentinel alone"),
]

CONFIRMED = [
    ((), False, "no replica can be reached: nobody knows"),
    ((Witness(10, True),), True, "the only one has lost it"),
    ((Witness(9, True),), False, "it said so before the reset"),
    ((Witness(10, False),), False, "it has not lost it"),
    ((Witness(10, True), Witness(11, False)), False, "one of two has not"),
    ((Witness(10, True), Witness(11, True)), True, "both have"),
]


@pytest.mark.parametrize(("traces", "gone", "reason"), GONE, ids=[row[2] for row in GONE])
def test_what_one_sentinel_sees(traces: Traces, gone: bool, reason: str) -> None:
    assert is_gone(traces, PING) is gone, reason


@pytest.mark.parametrize(("seen_by", "quorum", "voters", "agreed", "reason"), AGREED, ids=[row[4] for row in AGREED])
def test_how_many_must(seen_by: int, quorum: int, voters: int, agreed: bool, reason: str) -> None:
    assert is_agreed(seen_by, quorum, voters) is agreed, reason


@pytest.mark.parametrize(("witnesses", "confirmed", "reason"), CONFIRMED, ids=[row[2] for row in CONFIRMED])
def test_what_replicas_say(witnesses: tuple[Witness, ...], confirmed: bool, reason: str) -> None:
    assert is_confirmed(witnesses, 10) is confirmed, reason


# --- gathered -------------------------------------------------------------------------------------------------------


def crashed(crash: int = 1, quorum: int = 2) -> World:
    """The master's process dies, its replicas lose it, and peers have seen the same."""
    world = scene(down_after=30_000, crash=crash, quorum=quorum)
    for puppet in world.puppets.values():
        puppet.gone = True
    for port in (BEHIND, AHEAD):
        world.servers[port].link_up = False
    kill(world, MASTER)
    return world


def test_a_crash_is_called_at_the_second_refusal() -> None:
    world = crashed()
    world.run(100)
    assert names(world) == []
    world.run(10)
    assert names(world)[:4] == ["+crashed", "+sdown", "+odown", "+new-epoch"]


def test_without_the_directive_down_after_applies() -> None:
    world = crashed(crash=0)
    world.run(20_000)
    assert names(world) == []


def test_what_restarts_within_the_tenth_of_a_second_was_never_gone() -> None:
    world = crashed()
    world.run(50)
    world.servers[MASTER].up = True
    world.run(5_000)
    assert names(world) == []


def test_replicas_that_follow_another_address_show_that_something_is_in_between() -> None:
    for crash, expected in ((1, False), (2, True)):
        world = scene(down_after=30_000, crash=crash)
        for port in (BEHIND, AHEAD):
            master_of(world)
            server = world.servers[port]
            server.follows, server.link_up = 7000, False
        # They are told to come back, and do not.
        for puppet in world.puppets.values():
            puppet.gone = True
        kill(world, MASTER)
        world.run(150)
        assert ("+crashed" in names(world)) is expected


def test_attempts_to_connect_do_not_follow_one_another_in_a_hot_loop() -> None:
    world = scene(down_after=30_000, crash=1)
    before = len(world.conns)
    attempts = []
    connect = world._connect

    def counted(order: object) -> None:
        attempts.append(world.now)
        connect(order)  # type: ignore[arg-type]  # an order as the core gives it

    world._connect = counted  # type: ignore[method-assign]  # the puppet world counts, nothing is mocked
    kill(world, MASTER)
    world.run(10_000)
    assert before
    # Two connections each time: at once, after 100 ms, then once in a ping period.
    assert len(attempts) <= 2 * (2 + 11)


def test_peers_hear_of_it_only_when_asked_about_this_address() -> None:
    world = crashed()
    assert world.driver is not None
    view = world.driver.view(world.now).master(NAME)
    assert view is not None
    assert view.gone_at is None
    world.run(110)
    view = world.driver.view(world.now).master(NAME)
    assert view is not None
    assert view.gone_at == ("127.0.0.1", MASTER)


def test_reset_forgets_a_crash() -> None:
    world = crashed()
    world.run(103)
    assert master_of(world).crashed
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    assert not master_of(world).crashed
    assert not master_of(world).sdown


def test_another_run_id_is_a_restart_and_ends_no_election() -> None:
    world = crashed()
    for puppet in world.puppets.values():
        puppet.vote = "silent"
    world.run(110)
    world.servers[MASTER].up, world.servers[MASTER].run_id = True, "e" * 40
    world.run(1300)
    told = names(world)
    assert "-crashed" in told
    assert "-failover-abort-master-alive" not in told


def test_an_operator_may_move_a_master_that_has_crashed() -> None:
    world = crashed(quorum=3)
    world.puppets[26380].gone = False
    world.run(500)
    assert names(world) == []
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    world.run(1_500)
    assert "+promoted-slave" in names(world)
