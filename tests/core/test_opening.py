"""Thousands of links are opened one after another: whoever asked all at once would read the last answers too late."""

from quorate.core import connecting, inputs
from quorate.core.outcome import Connect, LinkKind
from quorate.core.sentinel import Sentinel
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.saved import SavedMaster, SavedState
from quorate.model.settings import GlobalSettings, MasterSettings

ME = RunId("a" * 40)
DOWN_AFTER = 1_000
TOGETHER = connecting.OPENED_AT_ONCE // connecting.OPENING + 1


def opened(count: int) -> list[int]:
    """When each of so many masters is first dialled, in ms after the start, none of them ever answering."""
    settings = MasterSettings(1, down_after=DOWN_AFTER)
    masters = tuple(
        SavedMaster(MasterName(f"m{number}"), "127.0.0.1", 1 + number, settings, Epoch(0), Epoch(0))
        for number in range(count)
    )
    start = now = 1_000_000
    sentinel = Sentinel(SavedState(GlobalSettings(ME), Epoch(0), masters), start, 7, {})
    first: dict[int, int] = {}
    while len(first) < count:
        for effect in sentinel.handle(now, inputs.Woke()).effects:
            if isinstance(effect, Connect) and effect.kind is LinkKind.COMMAND:
                first.setdefault(effect.port, now - start)
        wake = sentinel.wake_at()
        assert wake is not None
        if wake <= now:
            # There is more to be done in this very millisecond.
            continue
        view = sentinel.view(now)
        for port, when in first.items():
            seen = view.master(MasterName(f"m{port - 1}"))
            assert seen is not None
            silent = now - start - when
            assert (seen.instance.sdown_for is not None) == (silent > DOWN_AFTER), (port, when, now - start)
        now = wake
    return sorted(first.values())


def test_a_few_hundred_are_opened_at_once() -> None:
    assert set(opened(TOGETHER)) == {0}


def test_of_more_each_has_its_moment_and_is_silent_from_then_on() -> None:
    more = 100
    moments = opened(TOGETHER + more)
    assert moments[:TOGETHER] == [0] * TOGETHER
    assert moments[-1] <= more * connecting.OPENING
    for earlier, later in zip(moments[TOGETHER:], moments[TOGETHER + 1 :], strict=False):
        assert 0 <= later - earlier <= connecting.OPENING
