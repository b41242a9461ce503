"""The checker of winners knows who was elected: where nobody was, whoever can know it may stand again."""

import pytest

from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Violation
from quorate.sim.checkers.winners import Winners
from quorate.sim.host import SentinelHost
from quorate.sim.world import Observer
from tests.sim.mutants.elections import HASTY
from tests.sim.mutants.planting import planted
from tests.sim.scenarios.stage import Stage
from tests.sim.scenarios.test_scenarios import obey


class Count(Observer):
    """How often each sentinel stood, and how often somebody went on without a majority."""

    def __init__(self) -> None:
        self.stood: dict[str, int] = {}
        self.alone = 0

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.TRY_FAILOVER:
            self.stood[host.node.name] = self.stood.get(host.node.name, 0) + 1
        self.alone += notice.event is Event.FORCED_WITHOUT_MAJORITY


def two_candidates(*settings: str) -> Count:
    """Two sentinels vote for themselves in one epoch, the second on an operator's order; nobody can be promoted.

    `settings` are what its operator sets there just before.
    """
    stage, count = Stage(), Count()
    for verb in ("world sentinels=2 quorum=1 replicas=1", "run 15000", "kill m0r0", "until +try-failover 5000"):
        obey(stage, verb)
        if verb.startswith("world"):
            stage.world.observers += [Winners(stage.world), count]
    second = "s1" if "s0" in count.stood else "s0"
    # Its replica has answered INFO by then, and the question for its vote has not come yet.
    stage.run(4)
    for words in (*settings, "FAILOVER"):
        obey(stage, f"type {second} {words}")
    obey(stage, "cut-off m0r1")
    stage.run(600)
    assert sorted(count.stood) == ["s0", "s1"]
    return count


def test_a_failover_without_a_majority_is_nobodys_winner_where_no_epoch_could_bring_one() -> None:
    count = two_candidates("SET quorum 3")
    assert count.alone == 1
    assert max(count.stood.values()) > 1, "the other one stands again over its head, and must not wait for it"


def test_who_goes_on_though_another_epoch_could_bring_a_majority_is_caught() -> None:
    with planted(HASTY), pytest.raises(Violation, match="stands for master0 though"):
        two_candidates()


def test_without_the_defect_one_of_the_two_is_elected() -> None:
    count = two_candidates()
    assert count.alone == 0
    assert max(count.stood.values()) == 1
