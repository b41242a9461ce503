"""C Sentinel and ours agree on every failover, whoever leads it: the drill of benchmarks/mixed.py, cut short."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.lab import OURS, Cluster, Kind
from benchmarks.mixed import FAILOVER_TIMEOUT, PATIENCE, Drill

pytestmark = pytest.mark.real

_SECONDS = 150
_SEED = 5


def _drill(kinds: Sequence[Kind]) -> None:
    """Each member must be elected once."""
    with Cluster(kinds, down_after=PATIENCE[0], failover_timeout=FAILOVER_TIMEOUT) as cluster:
        drill = Drill(cluster, random.Random(_SEED))
        complete = drill.run(leads=1, deadline=time.monotonic() + _SECONDS, most_rounds=12)
    assert drill.ledger.complaints == []
    assert complete, f"elected: {dict(drill.ledger.elected)} in {drill.rounds} rounds"


def test_two_of_redis_and_one_of_ours(redis_server: Path) -> None:
    c_side = Kind("redis", (str(redis_server),), ("--sentinel",))
    _drill([c_side, c_side, OURS])


def test_one_of_valkey_and_two_of_ours(valkey_server: Path, redis_server: Path) -> None:
    c_side = Kind("valkey", (str(valkey_server),), ("--sentinel",))
    _drill([c_side, OURS, OURS])
