"""A hundred masters: some die in one moment, and operators move the others, so that the epoch that all share rises all
the time. Each election is about its own master: none is lost for another master's epoch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from quorate.core import asking, voting
from quorate.core.inputs import FailoverRequested
from quorate.core.state import Master
from quorate.core.turn import Turn
from quorate.core.voting import Ballot, Grant
from quorate.model.identity import MasterName, RunId
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.elected import Elected
from quorate.sim.checkers.epochs import Epochs
from quorate.sim.checkers.one_leader import OneLeader
from quorate.sim.checkers.votes import Votes
from quorate.sim.host import SentinelHost
from quorate.sim.world import Observer, World
from tests.sim.mutants.planting import Patch, instead, mutant, planted
from tests.sim.scenarios.stage import Stage

MASTERS = 100
DOWN_AFTER: Millis = 1_000
LATE: Millis = 200
"""Beyond the fault and down-after a hundred elections side by side are over by then."""

pytestmark = pytest.mark.real


class Elections(Observer):
    """Who was promoted when and in which epoch, and which candidates gave up when."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.promoted: dict[MasterName, Millis] = {}
        self.epochs: dict[MasterName, int] = {}
        self.given_up: list[tuple[MasterName, Millis]] = []

    def told(self, host: SentinelHost, notice: Notice) -> None:
        name = notice.master
        if name is None:
            return
        if notice.event is Event.ABORT_NOT_ELECTED:
            self.given_up.append((name, self.world.schedule.now))
        elif notice.event is Event.PROMOTED_SLAVE:
            epoch = host.leader_epoch(name)
            assert epoch > self.epochs.get(name, 0), f"the configurations of {name} do not grow"
            self.epochs[name] = epoch
            self.promoted[name] = self.world.schedule.now

    def lost(self) -> list[MasterName]:
        """Masters for which somebody stood in vain; where two stood at once, the other one has won at once."""
        return [name for name, at in self.given_up if self.promoted.get(name, at + LATE) > at + 50]


@dataclass
class Day:
    """How it went; `last` is when the last dead master was replaced, in ms beyond the fault and down-after."""

    elections: Elections
    last: Millis


def bad_day(seed: str, dead: int) -> Day:
    """`dead` masters die at once; each of the others is moved by an operator, one every 4 ms from just before SDOWN."""
    stage = Stage()
    stage.build({"masters": str(MASTERS), "seed": seed})
    world = stage.world
    stage.counting = True
    elections = Elections(world)
    world.observers += [elections, OneLeader(world), Votes(world), Epochs(world), Elected(world)]
    stage.run(12_000)
    begun = world.schedule.now
    for group in world.groups[:dead]:
        stage.stop(group.servers[0].node.name, told=False)
    for number, group in enumerate(world.groups[dead:]):
        host = world.sentinels[number % 3]
        order = FailoverRequested(host.caller(None), group.name)
        world.schedule.after(DOWN_AFTER - 40 + 4 * number, partial(host.typed, order))
    names = {group.name for group in world.groups}
    world.schedule.run_until(begun + DOWN_AFTER + 3_000, lambda: elections.promoted.keys() >= names)
    ends = [elections.promoted.get(group.name, world.schedule.now) for group in world.groups[:dead]]
    return Day(elections, max(ends) - begun - DOWN_AFTER)


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_fifty_die_while_operators_move_the_others(seed: str) -> None:
    day = bad_day(seed, dead=50)
    assert max(day.elections.epochs.values()) > 15, "the shared epoch has risen many times meanwhile"
    assert len(day.elections.promoted) == MASTERS
    assert day.last < LATE
    assert day.elections.lost() == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_hundred_that_die_at_once_are_failed_over_side_by_side(seed: str) -> None:
    day = bad_day(seed, dead=100)
    assert len(day.elections.promoted) == MASTERS
    assert day.last < LATE
    assert day.elections.lost() == []


def _as_c_votes(ballot: Ballot) -> Grant:
    current = max(ballot.current, ballot.requested)
    if ballot.leader_epoch < ballot.requested and current <= ballot.requested:
        return Grant(current, ballot.candidate, current, voted=True)
    return Grant(current, ballot.leader, ballot.leader_epoch, voted=False)


def _as_c_counts(turn: Turn, master: Master) -> dict[RunId, RunId]:
    epoch, me = turn.state.current_epoch, turn.state.settings.myid
    votes = {name: p.leader for name, p in master.peers.items() if p.leader is not None and p.leader_epoch == epoch}
    return votes if master.leader is None else votes | {me: master.leader}


@pytest.mark.parametrize(
    ("owner", "name", "defect"),
    [(voting, "grant", _as_c_votes), (asking, "votes_cast", _as_c_counts)],
    ids=["refuses what is below the current epoch", "counts the votes of the current epoch"],
)
def test_with_the_rules_of_c_elections_are_lost(owner: object, name: str, defect: Callable[..., object]) -> None:
    with planted(mutant(name, Patch(owner, name, instead(defect)), at=(0, 0))):
        day = bad_day("1", dead=50)
    assert day.last >= LATE
