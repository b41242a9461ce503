"""What is sent again and again leaves at its pace, and as much of it as can be in one packet."""

from collections import defaultdict
from itertools import pairwise

import pytest

from quorate.core import inputs, requests
from quorate.core.inputs import Caller
from quorate.model.settings import Tuning
from tests.core.scenes import BEHIND, MASTER, scene
from tests.core.world import World


class Listener(World):
    """Notes when which request leaves for which port."""

    def _send(self, conn: requests.ConnId, port: int, request: requests.Request) -> None:
        sent[port, type(request)].append(self.now)
        super()._send(conn, port, request)


sent: defaultdict[tuple[int, type], list[int]] = defaultdict(list)


def moments(down_after: int) -> defaultdict[tuple[int, type], list[int]]:
    """All moments of twenty calm seconds at which something left, by port and request."""
    world = scene(kind="ours", down_after=down_after)
    world.__class__ = Listener
    sent.clear()
    world.run(20_000)
    return sent


@pytest.mark.parametrize(
    ("down_after", "master", "replica"),
    [
        (300, 50, 300),
        (500, 50, 500),
        (900, 50, 900),
        (1_000, 100, 1_000),
        (1_900, 100, 1_000),
        (2_500, 200, 1_000),
        (5_000, 500, 1_000),
        (10_000, 1_000, 2_000),
        (60_000, 1_000, 2_000),
    ],
)
def test_masters_are_pinged_ten_times_per_down_after_and_replicas_five_times(
    down_after: int, master: int, replica: int
) -> None:
    left = moments(down_after)
    for port, period in ((MASTER, master), (BEHIND, replica)):
        pings = left[port, requests.Ping]
        assert {later - earlier for earlier, later in pairwise(pings)} == {period}


@pytest.mark.parametrize("period", [20, 70, 150, 400, 1_000, 3_000])
def test_a_period_that_an_operator_sets_counts_as_it_is(period: int) -> None:
    world = scene(kind="ours", down_after=500)
    world.__class__ = Listener
    world.submit(inputs.TuningChanged(Caller(1), Tuning(ping_period=period, ping_period_set=True), None))
    world.run(2 * period)
    sent.clear()
    world.run(40_000)
    for port in (MASTER, BEHIND):
        gaps = [later - earlier for earlier, later in pairwise(sent[port, requests.Ping])]
        # Links that break are pinged when they come back; none does here.
        assert set(gaps) == {period}, port


def test_a_hello_and_an_info_leave_together_with_a_ping() -> None:
    left = moments(10_000)
    for port in (MASTER, BEHIND):
        pings = set(left[port, requests.Ping])
        assert len(left[port, requests.PublishHello]) == 10
        assert len(left[port, requests.AskInfo]) == 2
        assert set(left[port, requests.PublishHello]) <= pings
        assert set(left[port, requests.AskInfo]) <= pings


def test_a_process_is_woken_twice_a_second_for_them() -> None:
    left = moments(10_000)
    assert len({moment for times in left.values() for moment in times}) <= 41
