"""With many connections sentinels let them doze in calm times; what happens then is noticed as ever."""

import signal
import time

import pytest

from quorate.runtime.doze import CALM_SECONDS, LOOK_SECONDS, MANY
from tests.real.cluster import NAME, Lab, Trio, eventually, follows

pytestmark = pytest.mark.real

NAMES = 8
"""Masters watched at the same address: each has its own two connections to it and to both replicas."""


def calm(lab: Lab) -> Trio:
    """Three sentinels, nothing having happened for a while."""
    assert NAMES * 6 > MANY
    master = lab.server()
    servers = [master, lab.server(master=master), lab.server(master=master)]
    # Nobody will ever agree on the others, so that only one name is failed over.
    more = [f"sentinel monitor other{number} 127.0.0.1 {master.port} 99" for number in range(NAMES - 1)]
    trio = Trio(lab, servers, [lab.prepared(master, more) for _ in range(3)])
    for sentinel in trio.sentinels:
        sentinel.start()
    trio.settled()
    # Replicas of all names are known after the first INFO; then it has to stay quiet.
    eventually(lambda: _quiet_for(trio, CALM_SECONDS + 2 * LOOK_SECONDS), "a calm time", 60, 0.5)
    return trio


def _quiet_for(trio: Trio, seconds: float) -> bool:
    newest = max((one.folder / f"sentinel-{one.port}.log").stat().st_mtime for one in trio.sentinels)
    return time.time() - newest > seconds


def test_a_hang_and_a_death_in_a_calm_time_are_noticed_as_ever(lab: Lab) -> None:
    trio = calm(lab)
    old, replica, _ = trio.servers
    replica.notify(signal.SIGSTOP)
    down = f"+sdown slave 127.0.0.1:{replica.port} 127.0.0.1 {replica.port} @ {NAME}"
    eventually(lambda: all(down in one.log() for one in trio.sentinels), down)
    replica.notify(signal.SIGCONT)
    eventually(lambda: all(down.replace("+", "-") in one.log() for one in trio.sentinels), "it is back")
    eventually(lambda: _quiet_for(trio, CALM_SECONDS + 2 * LOOK_SECONDS), "a calm time", 60, 0.5)
    # Nobody seemed down meanwhile: answers that were left unread for a while were read in time.
    assert all(one.log().count("+sdown") == 1 for one in trio.sentinels), trio.logs()
    old.kill()
    new = trio.moved_from(old)
    other = next(one for one in trio.servers[1:] if one is not new)
    eventually(lambda: follows(other, new), "the other replica follows")
