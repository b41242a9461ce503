"""While a master holds its writes PUBLISH to it would wait, and every PING behind it: no hello goes there."""

import pytest

from tests.core.test_transcripts import obey
from tests.core.world import World

MASTER, REPLICA = 6379, 6380
PAUSE = 5_000


def _greeted(world: World) -> tuple[int, int]:
    return world.servers[MASTER].greeted, world.servers[REPLICA].greeted


@pytest.mark.parametrize("how", ["", "via-server"])
def test_a_master_that_holds_its_writes_gets_no_hello_until_they_go_on(how: str) -> None:
    world = World()
    obey(world, "sentinel quorum=2 down-after=10000 failover-timeout=10000")
    for line in ("master 6379", "replica 6380 offset=100", "peer b 26380", "peer c 26381", "start", "offset 6379 150"):
        obey(world, line)
    world.run(12_000)
    obey(world, f"move 1 timeout={PAUSE} {how}")
    world.run(100)
    assert any("pause writes" in line or "hand over" in line for line in world.out)
    held, free = _greeted(world)
    world.run(PAUSE - 200)
    assert "-failover-abort-move" not in " ".join(world.out)
    assert _greeted(world)[0] == held
    assert _greeted(world)[1] >= free + 2, "a hello goes to the others every two seconds"
    world.run(5_000)
    assert "-move-undone" in " ".join(world.out)
    assert _greeted(world)[0] > held
