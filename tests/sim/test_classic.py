"""The simulated C sentinel keeps C's rules, weaknesses included, and ours live with it as a peer."""

from dataclasses import replace

import pytest

from quorate.core.inputs import (
    FailoverRequested,
    MonitorRequested,
    RemoveRequested,
    ResetRequested,
    SettingsChanged,
    VoteRequested,
)
from quorate.core.outcome import Done, Opinion, Refused
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.everything import watch
from quorate.sim.checkers.liveness import unsettled
from quorate.sim.classic import ClassicSentinel
from quorate.sim.host import SentinelHost
from quorate.sim.phases import advance
from quorate.sim.world import Observer, Options, World

STRANGER = RunId("f" * 40)


class Ears(Observer):
    """Hears everything."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.heard: list[tuple[int, SentinelHost, Event]] = []
        world.observers.append(self)

    def told(self, host: SentinelHost, notice: Notice) -> None:
        self.heard.append((self.world.schedule.now, host, notice.event))

    def times(self, event: Event) -> list[int]:
        return [when for when, _, what in self.heard if what is event]

    def first(self, event: Event) -> tuple[int, SentinelHost]:
        return next((when, host) for when, host, what in self.heard if what is event)


def world(classic: int, replicas: int = 2, failover_timeout: int = 10_000, password: str = "") -> tuple[World, Ears]:
    """Three sentinels, plain and quick, 15 s old: everybody knows everybody."""
    options = Options("classic", 3, 1, replicas, 2, 2_000, failover_timeout, 1, 0, 1, 0, 0.0)
    made = World(replace(options, classic=classic, password=password))
    ears = Ears(made)
    advance(made, 15_000)
    return made, ears


def kill_master(made: World) -> None:
    made.groups[0].servers[0].stop(told=True)


def ask_vote(host: SentinelHost, made: World, epoch: int, candidate: RunId = STRANGER) -> Opinion | None:
    """Ask for a vote as a peer would; None while the answer is held back."""
    caller = host.caller(None)
    host.submit(VoteRequested(caller, made.groups[0].servers[0].node.ip, 6379, Epoch(epoch), candidate))
    advance(made, made.schedule.now + 50)
    result = host.results.get(caller)
    assert result is None or isinstance(result, Opinion)
    return result


def test_the_last_sentinels_of_a_world_are_classic_ones() -> None:
    made, _ = world(classic=2)
    assert [isinstance(host, ClassicSentinel) for host in made.sentinels] == [False, True, True]
    assert [host.is_ours for host in made.sentinels] == [True, False, False]


def test_three_classic_ones_fail_over_in_the_time_that_c_takes() -> None:
    made, ears = world(classic=3)
    kill_master(made)
    advance(made, made.schedule.now + 10_000)
    promoted, _ = ears.first(Event.PROMOTED_SLAVE)
    switched = ears.times(Event.SWITCH_MASTER)
    # Real ones need about 0.4 s from agreement to the order, and notice with the next INFO, up to a second later.
    assert 300 < promoted - 17_000 < 2_600
    assert len(switched) == 3


@pytest.mark.parametrize("classic", [0, 1, 2, 3])
def test_mixed_quorums_replace_a_dead_master_and_take_it_back(classic: int) -> None:
    made, ears = world(classic)
    watch(made)
    kill_master(made)
    advance(made, made.schedule.now + 10_000)
    made.groups[0].servers[0].start()
    advance(made, made.schedule.now + 25_000)
    assert unsettled(made) == ""
    assert len(ears.times(Event.ELECTED_LEADER)) == 1


def test_a_classic_leader_is_followed_by_ours() -> None:
    made, ears = world(classic=1)
    classic = made.sentinels[-1]
    caller = classic.caller(None)
    classic.submit(FailoverRequested(caller, made.groups[0].name))
    advance(made, made.schedule.now + 20_000)
    assert classic.results[caller] == Done()
    assert ears.first(Event.PROMOTED_SLAVE)[1] is classic
    assert unsettled(made) == ""


def test_a_second_failover_and_one_without_replicas_are_refused_in_c_words() -> None:
    made, _ = world(classic=1)
    classic = made.sentinels[-1]
    name = made.groups[0].name
    classic.submit(FailoverRequested(classic.caller(None), name))
    second = classic.caller(None)
    classic.submit(FailoverRequested(second, name))
    assert classic.results[second] == Refused("INPROG Failover already in progress")
    alone, _ = world(classic=1, replicas=0)
    classic = alone.sentinels[-1]
    caller = classic.caller(None)
    classic.submit(FailoverRequested(caller, name))
    assert classic.results[caller] == Refused("NOGOODSLAVE No suitable replica to promote")


def test_operators_can_set_monitor_and_remove() -> None:
    made, ears = world(classic=1)
    classic = made.sentinels[-1]
    name, extra = made.groups[0].name, MasterName("extra")
    seen = classic.master(name)
    assert seen is not None
    changed = replace(seen.settings, down_after=4_000, quorum=3)
    orders = (
        SettingsChanged(classic.caller(None), name, changed, ("quorum 3",), False, None),
        MonitorRequested(classic.caller(None), extra, made.groups[0].servers[1].node.ip, 6379, 1),
    )
    for order in orders:
        classic.submit(order)
    advance(made, made.schedule.now + 1_000)
    assert [classic.results[order.caller] for order in orders] == [Done(), Done()]
    assert f"sentinel monitor {name} {made.groups[0].servers[0].node.ip} 6379 3".encode() in classic.disk.data
    assert b"sentinel monitor extra" in classic.disk.data
    assert ears.first(Event.SET)[1] is classic
    classic.submit(RemoveRequested(classic.caller(None), extra))
    advance(made, made.schedule.now + 1_000)
    assert classic.master(extra) is None
    assert b"extra" not in classic.disk.data


def test_a_mistyped_password_is_tried_at_once_and_makes_the_servers_look_dead() -> None:
    made, ears = world(classic=1, password="right")
    classic = made.sentinels[-1]
    name = made.groups[0].name
    seen = classic.master(name)
    assert seen is not None
    wrong = replace(seen.settings, auth_pass="wrong")
    classic.submit(SettingsChanged(classic.caller(None), name, wrong, ("auth-pass wrong",), True, None))
    advance(made, made.schedule.now + 5_000)
    down = classic.master(name)
    assert down is not None
    assert down.instance.sdown_for is not None
    assert not [when for when, host, event in ears.heard if event is Event.SDOWN and host is not classic]


def test_it_votes_once_per_epoch_and_master_and_names_the_vote_given() -> None:
    made, _ = world(classic=1)
    classic = made.sentinels[-1]
    assert ask_vote(classic, made, 5) == Opinion(False, STRANGER, Epoch(5))
    assert ask_vote(classic, made, 5, RunId("e" * 40)) == Opinion(False, STRANGER, Epoch(5))
    assert ask_vote(classic, made, 4, RunId("e" * 40)) == Opinion(False, STRANGER, Epoch(5))
    assert ask_vote(classic, made, 6, RunId("e" * 40)) == Opinion(False, RunId("e" * 40), Epoch(6))


def test_it_votes_though_its_disk_is_full_and_forgets_the_vote_when_it_dies() -> None:
    made, _ = world(classic=1)
    classic = made.sentinels[-1]
    classic.disk.full = True
    assert ask_vote(classic, made, 5) == Opinion(False, STRANGER, Epoch(5))
    classic.stop(told=True)
    classic.disk.full = False
    classic.start()
    advance(made, made.schedule.now + 200)
    assert ask_vote(classic, made, 5, RunId("e" * 40)) == Opinion(False, RunId("e" * 40), Epoch(5))


def test_a_saved_vote_outlives_a_restart_by_its_epoch_alone() -> None:
    made, _ = world(classic=1)
    classic = made.sentinels[-1]
    assert ask_vote(classic, made, 5) == Opinion(False, STRANGER, Epoch(5))
    classic.stop(told=True)
    classic.start()
    advance(made, made.schedule.now + 200)
    assert ask_vote(classic, made, 5, RunId("e" * 40)) == Opinion(False, None, Epoch(5))


def test_it_stands_still_while_its_disk_writes() -> None:
    made, ears = world(classic=1)
    classic = made.sentinels[-1]
    classic.disk.delay = 3_000
    assert ask_vote(classic, made, 5) is None
    advance(made, made.schedule.now + 4_000)
    assert ears.first(Event.TILT)[1] is classic, "a gap between two ticks is TILT, whatever caused it"


def test_after_a_pause_it_is_in_tilt_for_thirty_seconds() -> None:
    made, ears = world(classic=1)
    classic = made.sentinels[-1]
    classic.node.paused = True
    advance(made, made.schedule.now + 3_000)
    classic.node.resume()
    advance(made, made.schedule.now + 31_000)
    (began,) = ears.times(Event.TILT)
    (ended,) = ears.times(Event.TILT_OVER)
    assert 30_000 <= ended - began <= 30_200


def test_what_reset_forgot_comes_back_with_a_restart() -> None:
    made, _ = world(classic=1)
    classic = made.sentinels[-1]
    name = made.groups[0].name
    classic.submit(ResetRequested(classic.caller(None), (name,)))
    assert classic.replicas(name) == ()
    classic.stop(told=True)
    classic.start()
    assert len(classic.replicas(name)) == 2
    assert len(classic.peers(name)) == 2


def test_a_lost_election_costs_twice_the_failover_timeout() -> None:
    made, ears = world(classic=3, failover_timeout=3_000)
    # Of three, only two are left, and the network between them is cut as soon as both see the master down.
    kill_master(made)
    made.sentinels[2].stop(told=False)
    made.sentinels[2].node.alive = False
    here, there = (host.node.ip for host in made.sentinels[:2])
    while not ears.times(Event.TRY_FAILOVER):
        advance(made, made.schedule.now + 10)
    made.network.cut(here, there)
    made.network.cut(there, here)
    advance(made, made.schedule.now + 5_000)
    made.network.heal()
    advance(made, made.schedule.now + 15_000)
    first, *others = ears.times(Event.TRY_FAILOVER)
    assert min(others) - first >= 6_000


def test_votes_of_another_epoch_elect_a_leader_who_does_not_know_it() -> None:
    """A higher epoch comes in the middle of an election: C asks and counts in that one, and promotes in its own."""
    made, ears = world(classic=3)
    kill_master(made)
    while not ears.times(Event.TRY_FAILOVER):
        advance(made, made.schedule.now + 1)
    candidate = ears.first(Event.TRY_FAILOVER)[1]
    candidate.submit(
        VoteRequested(candidate.caller(None), made.groups[0].servers[0].node.ip, 6379, Epoch(50), STRANGER)
    )
    advance(made, made.schedule.now + 5_000)
    master = candidate.master(made.groups[0].name)
    assert ears.first(Event.ELECTED_LEADER)[1] is candidate
    assert master is not None
    assert (master.config_epoch, master.leader_epoch) == (1, 50)
