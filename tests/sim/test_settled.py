"""The checkers of settled conflicts can fail: two masters of one epoch in which both have written are too rare a chance
for seeds, so the scenario of the two operators is played with and without the defects.
"""

import pytest

from quorate.core import candidacy, settling
from quorate.core.settling import Claimant
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Violation
from quorate.sim.checkers.liveness import Liveness, unsettled
from quorate.sim.checkers.settled import Settled
from quorate.sim.host import SentinelHost
from quorate.sim.world import Observer
from tests.sim.mutants.planting import Patch, always, instead, mutant, planted
from tests.sim.scenarios.stage import Stage
from tests.sim.scenarios.test_scenarios import FOLDER, obey


def _less_data(claimant: Claimant) -> tuple[int, int, str, str]:
    return (claimant.offset, claimant.followers, claimant.run_id, claimant.name)


LESS_DATA = mutant(
    "settles a conflict for less data", Patch(settling, "_by_data", instead(_less_data)), Settled.name, at=(0, 1)
)

LETS_BE = mutant(
    "lets two masters of one epoch be", Patch(candidacy, "maybe_settle", always(None)), Liveness.name, at=(0, 1)
)


class Count(Observer):
    """How many conflicts were settled."""

    settled = 0

    def told(self, host: SentinelHost, notice: Notice) -> None:  # noqa: ARG002 - whoever tells it
        self.settled += notice.event is Event.CONFIG_SETTLED


def play_watched() -> tuple[Count, str]:
    """What was settled, and what is not right in the end."""
    stage, count = Stage(), Count()
    verbs = [line[2:] for line in (FOLDER / "p02_two_operators.txt").read_text().splitlines() if line.startswith("> ")]
    for verb in verbs:
        obey(stage, verb)
        if verb.startswith("world"):
            stage.world.observers += [Settled(stage.world), count]
    return count, unsettled(stage.world)


def test_who_settles_for_less_data_is_caught() -> None:
    with planted(LESS_DATA), pytest.raises(Violation, match="settled for m0r1 with"):
        play_watched()


def test_without_the_defect_nothing_is_said() -> None:
    count, wrong = play_watched()
    assert (count.settled, wrong) == (1, "")


def test_who_lets_two_masters_be_is_caught() -> None:
    with planted(LETS_BE):
        count, wrong = play_watched()
    assert count.settled == 0
    assert wrong.startswith("sentinels disagree about master0")
