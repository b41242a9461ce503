"""When a dead member comes back: soon, but a master only after the sentinels had their chance."""

from dataclasses import replace

import pytest

from quorate.local import revival
from quorate.local.revival import Death, Scene, Wait

SCENE = Scene(down_after=1.0, successor_since=None, can_move=True, failing_over=False, would_wipe=False)


@pytest.mark.parametrize(("deaths", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (50, 15)])
def test_pauses_grow_to_a_limit(deaths: int, seconds: float) -> None:
    assert revival.pause(deaths) == seconds


def test_a_replica_or_sentinel_returns_after_its_pause() -> None:
    death = Death(10.0, 2)
    assert revival.of_other(death, 11.9).wait is Wait.PAUSE
    assert revival.of_other(death, 12.0).wait is None


@pytest.mark.parametrize(
    ("scene", "now", "wait"),
    [
        pytest.param(SCENE, 15.9, Wait.FAILOVER, id="before down-after and patience: the failover may still begin"),
        pytest.param(SCENE, 16.0, None, id="nobody moved: it comes back as master"),
        pytest.param(replace(SCENE, failing_over=True), 40.9, Wait.FAILOVER, id="a running failover gets longer"),
        pytest.param(replace(SCENE, failing_over=True), 41.0, None, id="but not for ever"),
        pytest.param(replace(SCENE, can_move=False), 10.9, Wait.PAUSE, id="nobody can take over: only the pause"),
        pytest.param(replace(SCENE, can_move=False), 11.0, None, id="nobody can take over: back at once"),
        pytest.param(replace(SCENE, successor_since=12.0), 12.9, Wait.PAUSE, id="switched: a moment to see it"),
        pytest.param(replace(SCENE, successor_since=12.0), 13.0, None, id="switched: back as a replica"),
        pytest.param(replace(SCENE, would_wipe=True), 1000.0, Wait.EMPTY, id="empty: never as master"),
        pytest.param(replace(SCENE, would_wipe=True, successor_since=12.0), 13.0, None, id="empty: fine as a replica"),
    ],
)
def test_a_dead_master(scene: Scene, now: float, wait: Wait | None) -> None:
    assert revival.of_master(Death(10.0, 1), scene, now).wait is wait
