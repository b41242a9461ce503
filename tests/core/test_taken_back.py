"""The transcripts of moves that fail show it when nothing is taken back, or nothing ended after a restart.

In the simulator that would come right: a pause ends by itself, and another sentinel ends what is left half way. So it
is here that a leader is seen to leave an old master as it is.
"""

import pytest

from quorate.core import finishing, handover
from tests.core.test_transcripts import FOLDER, followed
from tests.playing import play
from tests.sim.mutants.planting import Patch, mutant, nothing, planted

FORGETFUL = mutant("takes nothing back when a move fails", Patch(handover, "undo", nothing), at=(0, 1))


@pytest.mark.parametrize(
    "name", ["move_times_out", "move_promotion_fails", "manual_frozen", "move_leaving", "move_via_server_stops"]
)
def test_a_leader_that_takes_nothing_back_is_seen(name: str) -> None:
    told = (FOLDER / f"{name}.txt").read_text()
    assert play(told, followed()) == told
    with planted(FORGETFUL):
        assert play(told, followed()) != told


def test_a_leader_that_has_forgotten_its_move_after_a_restart_is_seen() -> None:
    told = (FOLDER / "move_left_over_restart.txt").read_text()
    assert play(told, followed()) == told
    with planted(mutant("begins anew after a restart", Patch(finishing, "recall", nothing), at=(0, 1))):
        assert play(told, followed()) != told
