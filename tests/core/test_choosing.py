"""Who is promoted, on what is known at the moment of the decision: fresh offsets and histories, the operator's tags and
limit, and a reason for each refusal in the log and in the error of SENTINEL FAILOVER.
"""

from dataclasses import replace

import pytest

from quorate.core import choosing, failover, inputs
from quorate.core.inputs import Caller
from quorate.core.outcome import Refused
from quorate.core.selection import Edge, Reason, Selection
from quorate.model.candidates import ReplicaTag, Tag
from quorate.model.identity import MasterName
from quorate.model.settings import MasterSettings
from tests.core.scenes import AHEAD, BEHIND, HOST, MASTER, NAME, dying, kill, master_of, names, scene, state_of, until
from tests.core.world import Server, World
from tests.sim.mutants.planting import Patch, always, mutant, planted

OURS, OLD = "f" * 40, "e" * 40


def fail_over(world: World) -> None:
    """An operator asks for it."""
    world.submit(inputs.FailoverRequested(Caller(1), NAME))


def promoted(world: World) -> int:
    """The port of the replica that was selected."""
    until(world, "+selected-slave")
    chosen = master_of(world).promoted
    assert chosen is not None
    return chosen.address.port


def change(world: World, **options: object) -> None:
    """SENTINEL SET."""
    settings: MasterSettings = replace(master_of(world).settings, **options)  # type: ignore[arg-type]
    world.submit(inputs.SettingsChanged(Caller(9), NAME, settings, ("x",), False, None))
    world.run(5)
    world.out.clear()


def refused(world: World) -> list[str]:
    """The remarks about replicas that are not promoted, without times."""
    return [line[11:] for line in world.out if "is not promoted" in line]


def until_asked(world: World, port: int) -> None:
    """Let time pass until an INFO to this server is on its way."""
    master = master_of(world)
    link = next(server.link for server in (master, *master.replicas) if server.address.port == port)
    for _ in range(20_000):
        if link.info_asked:
            return
        world.run(1)
    raise AssertionError("no INFO")


def test_offsets_are_those_of_the_decision() -> None:
    world = scene()
    world.servers[BEHIND].offset = 900
    fail_over(world)
    assert promoted(world) == BEHIND


def test_an_answer_that_was_under_way_is_not_the_one_that_is_waited_for() -> None:
    world = scene()
    world.servers[BEHIND].delay = 30
    until_asked(world, BEHIND)
    world.run(5)
    world.servers[BEHIND].offset = 900
    fail_over(world)
    assert promoted(world) == BEHIND, "the answer under way says 100, the one to our own question 900"


def test_a_replica_that_does_not_answer_holds_the_failover_up_for_a_moment_only() -> None:
    world = scene()
    world.servers[BEHIND].frozen = True
    fail_over(world)
    began = world.now
    assert promoted(world) == AHEAD
    assert 100 <= world.now - began <= 105


def test_histories_are_those_of_the_decision() -> None:
    """A replica that was another master's a moment ago is refused, whatever its offset."""
    world = scene()
    world.servers[BEHIND].told = (OURS,)
    world.servers[AHEAD].told = (OLD,)
    fail_over(world)
    assert promoted(world) == BEHIND
    assert refused(world) == [f"Replica {HOST}:{AHEAD} of {NAME} is not promoted: {Reason.OTHER_HISTORY.value}"]


def test_an_operator_is_refused_a_failover_that_would_throw_the_data_of_a_living_master_away() -> None:
    world = scene()
    world.servers[BEHIND].told = world.servers[AHEAD].told = (OLD,)
    world.run(12_000)
    fail_over(world)
    reply = next(line for line in world.out if "reply" in line)
    assert f"{HOST}:{AHEAD}: {Reason.DATA_GIVEN_UP.value}" in reply
    assert master_of(world).failover is None
    dying(world)
    assert promoted(world) == AHEAD, "some data are better than none"


def a_stranger_and_one_out_of_reach() -> World:
    """We were elected, an old master has the higher offset, and the one replica with the data lost its connection."""
    world = scene(down_after=6_000)
    world.servers[BEHIND].told, world.servers[AHEAD].told = (OURS,), (OLD,)
    world.run(12_000)
    dying(world)
    world.run(5_500)
    kill(world, BEHIND)
    until(world, "+elected-leader")
    world.run(500)
    assert not any("+selected-slave" in line for line in world.out), "its data would be lost for good"
    return world


def test_whoever_has_the_data_and_is_out_of_reach_for_a_moment_is_waited_for() -> None:
    world = a_stranger_and_one_out_of_reach()
    world.servers[BEHIND].up = True
    back = world.now
    assert promoted(world) == BEHIND
    assert world.now - back <= 1_100, "as soon as the connection stands"
    assert refused(world) == [f"Replica {HOST}:{AHEAD} of {NAME} is not promoted: {Reason.OTHER_HISTORY.value}"]


def test_it_is_waited_for_until_its_last_answer_is_old() -> None:
    world = a_stranger_and_one_out_of_reach()
    behind = next(replica for replica in master_of(world).replicas if replica.address.port == BEHIND)
    world.run(2_000)
    assert promoted(world) == AHEAD, "some data are better than none"
    assert world.now - behind.link.available == 5_001
    assert not behind.sdown
    assert names(world).count("+try-failover") == 1, "the same failover goes on"


def test_a_replica_that_is_down_is_not_waited_for() -> None:
    world = scene()
    world.servers[BEHIND].told, world.servers[AHEAD].told = (OURS,), (OLD,)
    world.run(12_000)
    dying(world)
    kill(world, BEHIND)
    until(world, "+elected-leader")
    began = world.now
    assert promoted(world) == AHEAD
    assert world.now - began <= 105


def test_an_operator_is_told_that_the_one_with_the_data_is_out_of_reach() -> None:
    world = scene(down_after=6_000)
    world.servers[BEHIND].told, world.servers[AHEAD].told = (OURS,), (OLD,)
    world.run(12_000)
    kill(world, BEHIND)
    world.run(50)
    fail_over(world)
    reply = next(line for line in world.out if "reply" in line)
    assert f"{HOST}:{BEHIND}: {Reason.DISCONNECTED.value}" in reply
    assert f"{HOST}:{AHEAD}: {Reason.OTHER_HISTORY.value}" in reply


def test_a_tag_counts_at_once_and_the_log_says_so() -> None:
    world = scene()
    change(world, tags=(ReplicaTag(HOST, AHEAD, Tag.NOFAILOVER),))
    fail_over(world)
    assert promoted(world) == BEHIND
    assert refused(world) == [f"Replica {HOST}:{AHEAD} of {NAME} is not promoted: it is tagged nofailover"]


def test_who_is_preferred_needs_neither_data_nor_priority() -> None:
    world = dying(scene())
    world.servers[BEHIND].priority = 200
    change(world, tags=(ReplicaTag(HOST, BEHIND, Tag.PREFER),))
    assert promoted(world) == BEHIND


def test_a_tag_may_name_a_server_that_is_known_by_its_number() -> None:
    world = scene()
    state = state_of(world)
    state.settings = replace(state.settings, resolve_hostnames=True)
    settings = replace(master_of(world).settings, tags=(ReplicaTag("Db1", AHEAD, Tag.NOFAILOVER),))
    world.submit(inputs.SettingsChanged(Caller(9), NAME, settings, ("x",), False, None))
    assert [line[9:] for line in world.out if "resolve" in line] == ["resolve Db1"]
    world.submit(inputs.Resolved("Db1", HOST))
    choice = choosing.look(state, world.now, master_of(world))
    assert choice.refused == ((f"{HOST}:{AHEAD}", Reason.NO_FAILOVER),)


@pytest.mark.parametrize(
    ("cut_off", "expected"),
    [(21_000, AHEAD), (30_000, AHEAD), (33_000, BEHIND)],
    ids=["lost it in our sleep", "lost it shortly before our sleep", "had lost it long before its last answer"],
)
def test_a_master_that_went_while_we_stood_still_went_before_we_woke(cut_off: int, expected: int) -> None:
    world = scene()
    ahead, behind = world.servers[AHEAD], world.servers[BEHIND]
    # An old master came back while nobody was there to follow: it has been without this one for a second only.
    ahead.told, behind.told = (OURS,), (OLD,)
    world.run(12_000)
    dying(world)
    ahead.link_up = behind.link_up = False
    ahead.cut_off = cut_off
    world.now += 20_000
    assert promoted(world) == expected, "10 s before the last answer, which was 20 s before we woke, are the limit"


@pytest.mark.parametrize("awake", [0, 3_000], ids=["it went before our sleep", "it answered after our sleep"])
def test_a_sleep_in_which_the_master_did_not_go_excuses_nobody(awake: int) -> None:
    world = scene()
    if not awake:
        kill(world, MASTER)
    world.run(3_000)
    world.now += 15_000
    if awake:
        world.run(awake)
        kill(world, MASTER)
    world.run(12_000)
    master = master_of(world)
    ahead = next(replica for replica in master.replicas if replica.address.port == AHEAD)
    ahead.link_down_for = world.now - master.sdown_since + 10_000
    assert choosing.look(state_of(world), world.now, master).refused == ()
    ahead.link_down_for += 1
    assert choosing.look(state_of(world), world.now, master).refused == ((ahead.name, Reason.CUT_OFF_TOO_LONG),)


def test_nobody_too_far_behind_is_promoted_even_if_nobody_is_left() -> None:
    world = scene()
    world.servers[MASTER].offset = 5_000
    change(world, max_lag=4_850)
    until_asked(world, MASTER)
    world.run(5)
    kill(world, AHEAD)
    dying(world)
    until(world, "-failover-abort-no-good-slave")
    assert refused(world) == [
        f"Replica {HOST}:{BEHIND} of {NAME} is not promoted: {Reason.TOO_FAR_BEHIND.value}",
        f"Replica {HOST}:{AHEAD} of {NAME} is not promoted: {Reason.DOWN.value}",
    ]


def test_a_master_that_still_answers_says_how_far_it_has_come() -> None:
    world = scene()
    change(world, max_lag=1_000)
    world.servers[MASTER].offset = 1_150
    fail_over(world)
    assert promoted(world) == AHEAD
    assert refused(world) == [f"Replica {HOST}:{BEHIND} of {NAME} is not promoted: {Reason.TOO_FAR_BEHIND.value}"]


def test_the_error_begins_with_the_words_of_c_and_ends_with_the_reasons() -> None:
    world = scene()
    change(world, tags=tuple(ReplicaTag(HOST, port, Tag.NOFAILOVER) for port in (AHEAD, BEHIND)))
    kill(world, BEHIND)
    world.run(1500)
    world.out.clear()
    fail_over(world)
    reply = next(line for line in world.out if "reply" in line)
    assert "NOGOODSLAVE No suitable replica to promote: " in reply
    assert f"{HOST}:{BEHIND}: it is down; {HOST}:{AHEAD}: it is tagged nofailover" in reply
    assert len(refused(world)) == 2
    assert master_of(world).failover is None


def test_the_error_of_a_master_without_replicas() -> None:
    world = scene()
    world.submit(inputs.ResetRequested(Caller(2), (NAME,)))
    fail_over(world)
    assert world.out[-1].endswith(str(Refused("NOGOODSLAVE No suitable replica to promote"))), "as in C, to the letter"


@pytest.mark.parametrize("many", [8, 9, 256])
def test_the_error_stays_short(many: int) -> None:
    choice = Selection(None, tuple((f"10.0.0.1:{port}", Reason.CUT_OFF_TOO_LONG) for port in range(many)))
    text = choosing.refusals(choice)
    assert len(text) < 1000
    assert text.count("10.0.0.1:") == 8
    assert text.endswith(f"and {many - 8} more") is (many > 8)


def test_looking_changes_nothing() -> None:
    world = scene()
    before = names(world)
    assert choosing.look(state_of(world), world.now, master_of(world)).chosen == f"{HOST}:{AHEAD}"
    assert names(world) == before == []


def test_the_outlook_names_the_chosen_one_first_and_says_of_all_others_why_not() -> None:
    world = scene()
    world.servers[6382] = Server(6382, MASTER, offset=50, run_id="d" * 40)
    world.servers[6383] = Server(6383, MASTER, offset=900, run_id="e" * 40, told=(OLD,))
    world.servers[AHEAD].told = world.servers[BEHIND].told = (OURS,)
    world.run(25_000)
    change(world, tags=(ReplicaTag(HOST, 6382, Tag.NOFAILOVER),))
    assert world.driver is not None
    view = world.driver.view(world.now).outlook(NAME)
    assert view is not None
    told = [(c.port, c.verdict.value, c.behind, c.tag, c.reason) for c in view.candidates]
    assert told == [
        (AHEAD, "chosen", 0, "", ""),
        (BEHIND, "fit", 100, "", Edge.DATA.value),
        (6382, "refused", 150, "nofailover", Reason.NO_FAILOVER.value),
        (6383, "refused", None, "", Reason.OTHER_HISTORY.value),
    ]
    assert (view.check.usable, view.check.voters, view.running, view.wait) == (3, 3, False, 0)


def test_the_outlook_tells_of_a_failover_under_way_and_of_the_wait_for_the_next() -> None:
    world = scene()
    fail_over(world)
    assert world.driver is not None
    view = world.driver.view(world.now).outlook(NAME)
    assert view is not None
    assert view.running
    assert view.wait == 20_000, "two times failover-timeout"
    assert world.driver.view(world.now).outlook(MasterName("other")) is None


def slow(answer: int) -> World:
    """The master has died, replicas were last asked seconds ago, and take so long to answer INFO."""
    world = dying(scene())
    world.servers[BEHIND].delay = world.servers[AHEAD].delay = answer
    until(world, "+odown")
    for replica in master_of(world).replicas:
        replica.info_at = world.now - 5_001
    return world


NEVER_WAITS = mutant("does not wait for a late INFO", Patch(choosing, "may_yet_suit", always(False)), at=(0, 1))


def test_who_is_slow_to_answer_is_waited_for_where_nobody_else_suits() -> None:
    world = slow(900)
    began = world.now
    assert promoted(world) in (AHEAD, BEHIND)
    assert 850 <= world.now - began <= 950, "as soon as the first has answered"
    with planted(NEVER_WAITS):
        world = slow(900)
        until(world, "-failover-abort-no-good-slave")


def test_who_answers_ping_and_never_info_is_not_waited_for_longer_than_that() -> None:
    world = slow(60_000)
    until(world, "+failover-state-select-slave")
    elected = world.now
    world.out.clear()
    world.run(4_800)
    until(world, "-failover-abort-no-good-slave")
    assert world.now - elected in (failover.LATE_INFO_WAIT, failover.LATE_INFO_WAIT + 1)
    assert {line.rpartition(": ")[2] for line in refused(world)} == {Reason.STALE_INFO.value}
