"""Every way in which a failover can end leaves exactly one record, and the record says what is true of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from quorate.core import inputs
from quorate.core.inputs import Caller
from quorate.model.record import Cause, Ending, Phase, Voter
from tests.core.scenes import (
    AHEAD,
    BEHIND,
    HOST,
    MASTER,
    ME,
    NAME,
    dying,
    greet,
    hello_of,
    kill,
    master_of,
    run_id,
    scene,
    until,
    vote,
)
from tests.core.world import World


def done() -> World:
    world = dying(scene())
    until(world, "+switch-master")
    return world


def by_hand() -> World:
    world = scene()
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    until(world, "+switch-master")
    return world


def by_hand_alone() -> World:
    world = scene()
    vote(world, "silent")
    world.submit(inputs.FailoverRequested(Caller(1), NAME))
    until(world, "+switch-master")
    return world


def partly() -> World:
    world = dying(scene(failover_timeout=3_000))
    # It says whom it follows, and never that the link is up.
    world.servers[BEHIND].link_up = False
    until(world, "+promoted-slave")
    world.run(3_000)
    until(world, "+failover-end-for-timeout")
    return world


def not_elected() -> World:
    world = dying(scene(failover_timeout=2_000))
    vote(world, "silent")
    world.run(3_000)
    until(world, "-failover-abort-not-elected")
    return world


def no_good_replica() -> World:
    world = scene()
    for port in (BEHIND, AHEAD):
        kill(world, port)
    world.run(1_500)
    dying(world)
    until(world, "-failover-abort-no-good-slave")
    return world


def not_promoted() -> World:
    world = dying(scene(failover_timeout=2_000))
    until(world, "+try-failover")
    world.servers[AHEAD].frozen = True
    world.run(2_000)
    until(world, "-failover-abort-slave-timeout")
    return world


def not_saved() -> World:
    world = dying(scene(failover_timeout=3_000))
    until(world, "+failover-state-wait-promotion")
    world.disk = "full"
    world.run(3_000)
    until(world, "-failover-abort-slave-timeout")
    return world


def overtaken() -> World:
    world = dying(scene())
    vote(world, "silent")
    until(world, "+try-failover")
    greet(world, hello_of("b", 26380, (4, 4), (HOST, AHEAD)))
    return world


def reset() -> World:
    world = dying(scene())
    vote(world, "silent")
    until(world, "+try-failover")
    world.submit(inputs.ResetRequested(Caller(1), (NAME,)))
    return world


def removed() -> World:
    world = dying(scene())
    vote(world, "silent")
    until(world, "+try-failover")
    world.submit(inputs.RemoveRequested(Caller(1), NAME))
    return world


def settled() -> World:
    world = scene()
    for port in (BEHIND, AHEAD):
        world.servers[port].follows = None
    for puppet, port in zip(world.puppets.values(), (BEHIND, AHEAD), strict=True):
        puppet.believes = (3, port, 3)
    world.run(6_000)
    until(world, "+config-settled")
    return world


@pytest.mark.parametrize(
    ("play", "cause", "ending", "new"),
    [
        (done, Cause.DOWN, Ending.DONE, AHEAD),
        (by_hand, Cause.OPERATOR, Ending.DONE, AHEAD),
        (by_hand_alone, Cause.OPERATOR, Ending.DONE, AHEAD),
        (partly, Cause.DOWN, Ending.PARTLY, AHEAD),
        (not_elected, Cause.DOWN, Ending.NOT_ELECTED, None),
        (no_good_replica, Cause.DOWN, Ending.NO_GOOD_REPLICA, None),
        (not_promoted, Cause.DOWN, Ending.NOT_PROMOTED, None),
        (not_saved, Cause.DOWN, Ending.NOT_SAVED, None),
        (overtaken, Cause.DOWN, Ending.OVERTAKEN, None),
        (reset, Cause.DOWN, Ending.RESET, None),
        (removed, Cause.DOWN, Ending.REMOVED, None),
    ],
)
def test_every_end_leaves_one_record(play: Callable[[], World], cause: Cause, ending: Ending, new: int | None) -> None:
    world = play()
    (record,) = [record for record in world.records if record.ending is not Ending.FOLLOWED]
    assert (record.cause, record.ending) == (cause, ending)
    assert record.old == f"{HOST}:{MASTER}"
    assert record.new == (f"{HOST}:{new}" if new else "")
    assert record.alone is (play is by_hand_alone)
    assert (record.leader is None) is (ending in {Ending.NOT_ELECTED, Ending.OVERTAKEN, Ending.RESET, Ending.REMOVED})


def test_two_configurations_that_are_settled_leave_a_record() -> None:
    world = settled()
    last = world.records[-1]
    assert (last.cause, last.leader) == (Cause.CONFLICT, Voter(ME))
    assert last.new


def test_who_led_is_known_from_our_vote() -> None:
    world = scene()
    world.ask_vote(1, "c", 4, MASTER)
    greet(world, hello_of("b", 26380, (4, 4), (HOST, AHEAD)))
    (record,) = world.records
    assert record.leader == Voter(run_id("c"), f"{HOST}:26381")
    assert record.told_by == Voter(run_id("b"), f"{HOST}:26380")
    assert (record.epoch, record.old, record.new) == (4, f"{HOST}:{MASTER}", f"{HOST}:{AHEAD}")


def test_a_hello_that_confirms_what_we_have_is_no_failover() -> None:
    world = scene()
    greet(world, hello_of("b", 26380, (4, 4), (HOST, MASTER)))
    assert world.records == []


def test_the_promoted_replica_trails_the_highest_offset_that_was_known() -> None:
    world = scene()
    master = master_of(world)
    assert master.info is not None
    master.info = replace(master.info, offset=300)
    dying(world)
    until(world, "+switch-master")
    (record,) = world.records
    assert (record.known_offset, record.trailed) == (300, 100)
    assert {(c.address, c.offset, c.chosen) for c in record.contenders} == {
        (f"{HOST}:{BEHIND}", 100, False),
        (f"{HOST}:{AHEAD}", 200, True),
    }


def test_a_silence_that_began_after_sdown_is_no_sign() -> None:
    world = dying(scene())
    vote(world, "silent")
    until(world, "+try-failover")
    master = master_of(world)
    master.link.silent_since = master.sdown_since + 1
    greet(world, hello_of("b", 26380, (4, 4), (HOST, AHEAD)))
    steps = [step.word for step in world.records[-1].steps]
    assert steps == [Phase.SDOWN.value, Phase.ODOWN.value, Phase.SWITCHED.value]


def test_if_the_master_itself_is_the_one_that_stays_nobody_is_promoted() -> None:
    world = scene()
    world.servers[MASTER].offset = 1_000
    world.servers[AHEAD].follows = None
    for puppet, port in zip(world.puppets.values(), (MASTER, AHEAD), strict=True):
        puppet.believes = (3, port, 3)
    world.run(6_000)
    until(world, "+config-settled")
    conflicts = [record for record in world.records if record.cause is Cause.CONFLICT]
    assert [(record.ending, record.old, record.new) for record in conflicts] == [(Ending.DONE, f"{HOST}:{MASTER}", "")]
