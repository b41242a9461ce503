"""Who may be promoted, on real servers: what operators say survives a restart and C's rewriting, and is obeyed; and
`quorate status --why` says beforehand what then happens, for our sentinels and for C ones.
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from quorate.local.plan import HOST
from tests.real.cluster import C_SENTINEL, NAME, OURS, Lab, Process, eventually
from tests.real.wire import Failure

pytestmark = pytest.mark.real


def why(sentinel: Process) -> dict[str, Any]:
    """The outlook of the master, as one sentinel has it."""
    command = [sys.executable, "-m", "quorate", "status", NAME, "--why", "--json", "--port", str(sentinel.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    found: dict[str, Any] = json.loads(done.stdout)["masters"][0]["outlook"]
    return found


def comments(sentinel: Process) -> list[str]:
    """The lines of its file that are ours alone."""
    return sorted(line for line in sentinel.config.read_text().splitlines() if line.startswith("#quorate"))


def test_what_was_said_at_run_time_survives_a_restart_and_is_obeyed(lab: Lab) -> None:
    trio = lab.trio()
    old, wanted, never = trio.servers
    for sentinel in trio.sentinels:
        for port, tag in ((wanted.port, "prefer"), (never.port, "nofailover")):
            assert sentinel.sentinel("SET", NAME, "replica-tag", HOST, port, tag) == "OK"
        assert sentinel.sentinel("SET", NAME, "candidate-max-lag", "1mb") == "OK"
    again = trio.sentinels[0]
    said = sorted(
        (
            f"#quorate sentinel candidate-max-lag {NAME} 1048576",
            f"#quorate sentinel replica-tag {NAME} {HOST} {wanted.port} prefer",
            f"#quorate sentinel replica-tag {NAME} {HOST} {never.port} nofailover",
        )
    )
    assert comments(again) == said
    again.stop()
    again.start()
    trio.settled()
    assert comments(again) == said
    expected = why(again)
    assert (expected["would_succeed"], expected["promoted"]) == (True, f"{HOST}:{wanted.port}")
    assert expected["max_lag_bytes"] == 1 << 20
    assert expected["others"] == []
    assert again.sentinel("FAILOVER", NAME) == "OK"
    assert trio.moved_from(old) is wanted
    assert f"{never.port} of {NAME} is not promoted: it is tagged nofailover" in again.log()


def test_the_reason_stands_in_the_error(lab: Lab) -> None:
    master = lab.server()
    replica = lab.server(master=master)
    sentinel = lab.sentinel(master, [f"sentinel replica-tag {NAME} {HOST} {replica.port} nofailover"], quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "the replica is found")
    assert sentinel.sentinel("FAILOVER", NAME) == Failure(
        f"NOGOODSLAVE No suitable replica to promote: {HOST}:{replica.port}: it is tagged nofailover"
    )
    assert sentinel.sentinel("SET", NAME, "replica-tag", HOST, replica.port, "none") == "OK"
    assert comments(sentinel) == []
    assert sentinel.sentinel("FAILOVER", NAME) == "OK"
    eventually(lambda: sentinel.master_port() == replica.port, "it moved")


def test_c_sentinel_keeps_what_we_wrote(lab: Lab) -> None:
    master = lab.server()
    replica = lab.server(master=master)
    sentinel = lab.sentinel(master, [f"sentinel replica-tag {NAME} {HOST} {replica.port} nofailover"], quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "the replica is found")
    said, ours = comments(sentinel), sentinel.command
    assert said
    sentinel.stop()
    sentinel.command = [*C_SENTINEL, str(sentinel.config), "--sentinel"]
    sentinel.start()
    assert sentinel.sentinel("SET", NAME, "parallel-syncs", 3) == "OK"
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    assert comments(sentinel) == said
    sentinel.stop()
    sentinel.command = ours
    sentinel.start()
    eventually(lambda: why(sentinel)["candidates"], "the replica is known")
    assert why(sentinel)["candidates"][0]["tag"] == "nofailover"


@pytest.mark.parametrize("kind", [OURS, C_SENTINEL], ids=["ours", "c"])
def test_the_answer_comes_true_for_ours_and_for_c(lab: Lab, kind: tuple[str, ...]) -> None:
    trio = lab.trio(kinds=(kind,) * 3)
    old, asked = trio.servers[0], trio.sentinels[0]
    expected = why(asked)
    assert expected["computed"] is (kind == C_SENTINEL)
    assert expected["would_succeed"]
    assert [one["verdict"] for one in expected["candidates"]] == ["chosen", "fit"]
    assert asked.sentinel("FAILOVER", NAME) == "OK"
    new = trio.moved_from(old)
    # Offsets move on between the question and the failover; without writes only pings count, and they reach all.
    assert new.port in {int(one["address"].rpartition(":")[2]) for one in expected["candidates"]}
    for peer in trio.sentinels[1:]:
        peer.kill()
    # Until the old master follows, there may be nobody to choose either.
    eventually(lambda: not why(asked)["majority_reached"], "there is no majority", 20)
    assert not why(asked)["would_succeed"]
