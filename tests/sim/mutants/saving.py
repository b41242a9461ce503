"""Defects of what is saved, told and taken up again."""

from collections.abc import Sequence
from dataclasses import replace

from quorate.conf import rewrite
from quorate.conf.written import Written
from quorate.core import candidacy, sentinel
from quorate.core.driver import Driver
from quorate.core.inputs import Saved, SaveFailed
from quorate.core.outcome import Effect
from quorate.core.state import Master, State
from quorate.core.turn import Turn
from quorate.model.identity import Epoch
from quorate.model.millis import Millis
from quorate.model.saved import SaveDelta, SavedMaster, SavedState
from quorate.model.settings import Mode
from tests.sim.mutants.planting import Function, Patch, always, instead, mutant

VOTES = "votes are kept"
EPOCHS = "epochs never go back"
DURABLE = "what is told is on disk"
RESTARTS = "a restart forgets nothing"


def _at_once(turn: Turn, effect: Effect, otherwise: Effect | None = None, expires: Millis | None = None) -> None:
    turn.effects.append(effect)


def _blind_to_failure(right: Function) -> Function:
    def save_ended(self: Driver, now: Millis, event: Saved | SaveFailed) -> Sequence[Effect]:
        effects: Sequence[Effect] = right(self, now, Saved(event.revision))
        return effects

    return save_ended


def _one_too_early(right: Function) -> Function:
    def release(self: Driver, now: Millis) -> list[Effect]:
        self._durable += 1
        effects: list[Effect] = right(self, now)
        self._durable -= 1
        return effects

    return release


def _older_wins(earlier: SaveDelta, later: SaveDelta) -> SaveDelta:
    return replace(later, masters={**later.masters, **earlier.masters})


def _without_last(directive: str) -> Patch:
    """The rewriter leaves out the last line of a directive."""

    def defect(right: Function) -> Function:
        def of_master(master: SavedMaster, mode: Mode) -> list[Written]:
            lines: list[Written] = right(master, mode)
            found = [line for line in lines if line.directive == directive]
            return [line for line in lines if not found or line is not found[-1]]

        return of_master

    return Patch(rewrite, "of_master", defect)


def _configuration_forgotten(right: Function) -> Function:
    def recall(turn: Turn, saved: SavedState) -> None:
        right(turn, replace(saved, masters=tuple(replace(m, config_epoch=Epoch(0)) for m in saved.masters)))

    return recall


def _hasty(right: Function) -> Function:
    """Asks for votes and, when elected, promotes without waiting until its own vote is durable.

    The second half alone cannot be seen: who asks for votes has waited already. Only a failover that is forced on a
    disk that fails in that very second gets there, and no seed in hundreds has done that.
    """

    def stand(turn: Turn, master: Master, forced: bool) -> None:
        right(turn, master, forced)
        if master.failover is not None:
            master.failover.needs = 0
            turn.effects += [effect for effect, _, _ in turn._promises]
            turn._promises.clear()

    return stand


SAVING = (
    mutant(
        "answers before it has saved", Patch(Turn, "promise", instead(_at_once)), DURABLE, VOTES, EPOCHS, at=(0, 20)
    ),
    mutant("ignores a failed save", Patch(Driver, "_save_ended", _blind_to_failure), DURABLE, at=(0, 20)),
    mutant("lets promises go one save too early", Patch(Driver, "_release", _one_too_early), DURABLE, at=(0, 20)),
    mutant(
        "lets an older change win over a later one in the same save",
        Patch(SaveDelta, "then", instead(_older_wins)),
        DURABLE,
        RESTARTS,
        at=(4, 30),
    ),
    mutant("forgets to write leader-epoch", _without_last("leader-epoch"), DURABLE, RESTARTS, VOTES, at=(0, 20)),
    mutant("loses a known sentinel in the file", _without_last("known-sentinel"), RESTARTS, at=(1, 20)),
    mutant("loses a known replica in the file", _without_last("known-replica"), RESTARTS, at=(1, 20)),
    mutant(
        "forgets config-epoch at a restart",
        Patch(sentinel, "_recall", _configuration_forgotten),
        EPOCHS,
        RESTARTS,
        at=(1, 30),
    ),
    mutant("tells of a promotion that is not on disk", Patch(State, "is_durable", always(True)), DURABLE, at=(1, 20)),
    mutant(
        "stands and promotes before its own vote is durable", Patch(candidacy, "stand", _hasty), DURABLE, at=(0, 10)
    ),
)
