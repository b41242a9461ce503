"""The driver: one save at a time, promises behind the disk, refusals when it fails, nothing held up without need."""

from collections.abc import Sequence

import pytest

from quorate.core import inputs, outcome
from quorate.core.driver import RETRY_AFTER, Driver
from quorate.core.inputs import Caller, Input
from quorate.core.outcome import Done, Effect, Opinion, Refused, Reply, Save
from quorate.model.identity import Epoch, RunId
from quorate.model.settings import MasterSettings
from tests.core.scenes import AHEAD, HOST, MASTER, NAME, agree, kill, run_id, scene, state_of, tail

B, C = run_id("b"), run_id("c")


class Desk:
    """A sentinel in good health whose disk is us: effects come back as a list, saves end when a test says so."""

    def __init__(self, down_after: int = 4000) -> None:
        self.world = scene(down_after=down_after)
        self.world.disk = "ours"
        assert self.world.driver is not None
        self.driver: Driver = self.world.driver
        self.now = self.world.now

    def submit(self, event: Input) -> Sequence[Effect]:
        return list(self.driver.submit(self.now, event))

    def ask(self, caller: int, epoch: int, candidate: RunId | None = B) -> Sequence[Effect]:
        return self.submit(inputs.VoteRequested(Caller(caller), HOST, MASTER, Epoch(epoch), candidate))


def saves(effects: Sequence[Effect]) -> list[Save]:
    return [effect for effect in effects if isinstance(effect, Save)]


def replies(effects: Sequence[Effect]) -> dict[int, object]:
    return {effect.caller: effect.result for effect in effects if isinstance(effect, Reply)}


def test_what_changed_is_saved_and_what_was_promised_waits() -> None:
    desk = Desk()
    effects = desk.ask(1, 5)
    (save,) = saves(effects)
    assert (save.delta.current_epoch, save.delta.masters[NAME]) == (5, save.delta.masters[NAME])
    record = save.delta.masters[NAME]
    assert record is not None
    assert record.leader_epoch == 5
    assert replies(effects) == {}
    assert replies(desk.submit(inputs.Saved(save.delta.revision))) == {1: Opinion(False, B, Epoch(5))}


def test_events_do_not_wait_for_the_disk() -> None:
    told = [e.what for e in Desk().ask(1, 5) if isinstance(e, outcome.Tell)]
    assert len(told) == 2, "+new-epoch and +vote-for-leader"


def test_an_answer_that_waited_too_long_never_goes_back_behind_one_that_was_given() -> None:
    """The disk is slow: while the second vote waits for it the first becomes durable and is told (seed 4101121)."""
    desk = Desk()
    (first,) = saves(desk.ask(1, 5))
    desk.now += 400
    assert replies(desk.ask(2, 6, C)) == {}
    (second,) = saves(desk.submit(inputs.Saved(first.delta.revision)))
    desk.now += 500
    assert replies(desk.submit(inputs.Woke())) == {2: Opinion(False, B, Epoch(5))}, "not that nobody ever had our vote"
    assert replies(desk.submit(inputs.Saved(second.delta.revision))) == {}


def test_nor_where_both_happen_in_one_moment() -> None:
    desk = Desk()
    (first,) = saves(desk.ask(1, 5))
    desk.ask(2, 6, C)
    desk.now += 500
    answers = replies(desk.submit(inputs.Saved(first.delta.revision)))
    assert answers == {1: Opinion(False, B, Epoch(5)), 2: Opinion(False, B, Epoch(5))}


def test_one_save_at_a_time_and_later_ones_in_one_write() -> None:
    desk = Desk()
    (first,) = saves(desk.ask(1, 5))
    assert not saves(desk.ask(2, 6))
    assert not saves(desk.ask(3, 7, C))
    effects = desk.submit(inputs.Saved(first.delta.revision))
    assert replies(effects) == {1: Opinion(False, B, Epoch(5))}, "the first vote became durable, no other"
    (second,) = saves(effects)
    assert second.delta.revision == first.delta.revision + 2
    assert second.delta.current_epoch == 7
    assert replies(desk.submit(inputs.Saved(second.delta.revision))) == {
        2: Opinion(False, B, Epoch(6)),
        3: Opinion(False, C, Epoch(7)),
    }


def test_a_later_revision_releases_earlier_promises() -> None:
    desk = Desk()
    (save,) = saves(desk.ask(1, 5))
    assert 1 in replies(desk.submit(inputs.Saved(save.delta.revision + 10)))


def test_the_same_vote_asked_twice_waits_for_the_same_revision() -> None:
    desk = Desk()
    (save,) = saves(desk.ask(1, 5))
    effects = desk.ask(2, 5)
    assert not saves(effects), "nothing changed"
    assert replies(effects) == {}, "and yet it tells what is not durable"
    granted = Opinion(False, B, Epoch(5))
    assert replies(desk.submit(inputs.Saved(save.delta.revision))) == {1: granted, 2: granted}
    assert replies(desk.ask(3, 5)) == {3: granted}, "now it is, and there is nothing to wait for"


def test_a_question_without_candidate_is_answered_while_the_disk_works() -> None:
    desk = Desk()
    desk.ask(1, 5)
    assert replies(desk.ask(2, 5, None)) == {2: Opinion(False, None, Epoch(0))}


def test_a_failed_save_answers_otherwise_and_keeps_the_state() -> None:
    desk = Desk()
    (save,) = saves(desk.ask(1, 5))
    effects = desk.submit(inputs.SaveFailed(save.delta.revision, "full"))
    assert replies(effects) == {1: Opinion(False, None, Epoch(0))}, "the last durable vote: none"
    assert not saves(effects), "not again at once"
    assert state_of(desk.world).current_epoch == 5
    assert state_of(desk.world).masters[NAME].leader == B, "nor may anybody else have our vote in epoch 5"


def test_a_failed_save_is_tried_again_with_all_that_it_held() -> None:
    desk = Desk()
    (first,) = saves(desk.ask(1, 5))
    failed_at = desk.now
    desk.submit(inputs.SaveFailed(first.delta.revision, "full"))
    desk.now += RETRY_AFTER - 1
    assert not saves(desk.ask(2, 6)), "a change does not hurry it"
    wake = desk.driver.wake_at()
    assert wake is not None
    assert wake <= failed_at + RETRY_AFTER
    desk.now = failed_at + RETRY_AFTER
    (again,) = saves(desk.submit(inputs.Woke()))
    assert again.delta.revision > first.delta.revision
    record = again.delta.masters[NAME]
    assert record is not None
    assert record.leader_epoch == 6
    assert replies(desk.submit(inputs.Saved(again.delta.revision))) == {2: Opinion(False, B, Epoch(6))}


def test_what_failed_is_kept_under_what_came_later() -> None:
    desk = Desk()
    (first,) = saves(desk.ask(1, 5))
    desk.submit(inputs.RemoveRequested(Caller(2), NAME))
    desk.submit(inputs.SaveFailed(first.delta.revision, "full"))
    desk.now += RETRY_AFTER
    (again,) = saves(desk.submit(inputs.Woke()))
    assert again.delta.masters == {NAME: None}, "the removal is the later word"
    assert again.delta.current_epoch == 5


def test_a_failure_breaks_only_the_promises_that_it_was_to_keep() -> None:
    desk = Desk()
    (first,) = saves(desk.ask(1, 5))
    settings = MasterSettings(3)
    desk.submit(inputs.SettingsChanged(Caller(2), NAME, settings, ("quorum 3",), False, None))
    assert 2 not in replies(desk.submit(inputs.SaveFailed(first.delta.revision, "full")))
    desk.now += RETRY_AFTER
    (again,) = saves(desk.submit(inputs.Woke()))
    assert replies(desk.submit(inputs.SaveFailed(again.delta.revision, "full"))) == {
        2: Refused("ERR Failed to save config file. Check server logs.")
    }


def test_settings_are_confirmed_when_they_are_durable() -> None:
    desk = Desk()
    effects = desk.submit(inputs.SettingsChanged(Caller(2), NAME, MasterSettings(3), ("quorum 3",), False, None))
    (save,) = saves(effects)
    assert replies(effects) == {}
    assert replies(desk.submit(inputs.Saved(save.delta.revision))) == {2: Done()}


@pytest.mark.parametrize(("down_after", "patience"), [(4000, 500), (1000, 250), (400, 100)])
def test_a_vote_whose_save_takes_long_is_answered_as_not_granted(down_after: int, patience: int) -> None:
    desk = Desk(down_after)
    (save,) = saves(desk.ask(1, 5))
    began = desk.now
    desk.now = began + patience - 1
    assert replies(desk.submit(inputs.Woke())) == {}
    wake = desk.driver.wake_at()
    assert wake is not None
    assert wake <= began + patience, "somebody must wake us for that"
    desk.now = began + patience
    assert replies(desk.submit(inputs.Woke())) == {1: Opinion(False, None, Epoch(0))}
    assert replies(desk.submit(inputs.Saved(save.delta.revision))) == {}, "one answer for one question"
    assert replies(desk.ask(2, 5)) == {2: Opinion(False, B, Epoch(5))}, "asked again it is told at once"


def test_a_late_vote_is_answered_with_the_last_durable_one() -> None:
    desk = Desk()
    (save,) = saves(desk.ask(1, 5))
    desk.submit(inputs.Saved(save.delta.revision))
    desk.ask(2, 6, C)
    desk.now += 500
    assert replies(desk.submit(inputs.Woke())) == {2: Opinion(False, B, Epoch(5))}


def test_promises_without_another_way_wait_for_the_disk_however_long() -> None:
    world = scene()
    world.disk = "full"
    kill(world, MASTER)
    agree(world)
    world.run(6000)
    assert not [line for line in tail(world) if line.startswith("->")], "nobody hears of an epoch that a crash undoes"
    world.disk = "ok"
    world.run(3000)
    assert f"-> {AHEAD} SLAVEOF NO ONE" in tail(world)


def test_news_of_saves_that_nobody_asked_for_set_no_clock() -> None:
    desk = Desk()
    desk.submit(inputs.SaveFailed(0, "of another life"))
    desk.now += 2 * RETRY_AFTER
    desk.submit(inputs.Woke())
    wake = desk.driver.wake_at()
    assert wake is not None
    assert wake > desk.now


def test_a_simulated_crash_waits_for_the_disk_without_a_busy_clock() -> None:
    world = scene(peers=(), quorum=1)
    world.submit(inputs.FailureSimulated(Caller(1), True, False, None))
    world.disk = "slow"
    kill(world, MASTER)
    world.run(2000)
    assert state_of(world).crashed, "alone we are elected at once"
    assert not world.exited, "but what was decided is not on disk"
    assert world.driver is not None
    wake = world.driver.wake_at()
    assert wake is None or wake > world.now
    world.submit(inputs.Saved(world.deltas[-1].delta.revision))
    assert world.exited


def test_a_simulated_crash_ends_with_its_save_though_that_failed() -> None:
    world = scene(peers=(), quorum=1)
    world.submit(inputs.FailureSimulated(Caller(1), True, False, None))
    world.disk = "full"
    kill(world, MASTER)
    world.run(2000)
    assert tail(world)[-2:] == ["-save-error No space left on device", "exit 99"]
    assert len(world.deltas) == 1, "nothing is saved by the dead"
