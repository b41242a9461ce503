"""Real failovers leave their record: shown by `quorate history`, from all sentinels together, also after a restart."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.real.cluster import C_SENTINEL, NAME, OURS, Lab, Process, eventually

pytestmark = pytest.mark.real


def history(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "quorate", "history", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def remembered(sentinel: Process, status: int = 0) -> list[dict[str, Any]]:
    """The failovers that the sentinels remember, newest first."""
    ended = history("--port", sentinel.port, "--json")
    assert ended.returncode == status, ended.stderr
    failovers = json.loads(ended.stdout)["failovers"]
    assert isinstance(failovers, list)
    return failovers


def test_a_failover_is_remembered_and_survives_a_restart(lab: Lab) -> None:
    trio = lab.trio(replicas=2)
    old = trio.servers[0]
    assert remembered(trio.sentinels[0]) == []
    old.kill()
    new = trio.moved_from(old)
    eventually(lambda: all("+switch-master" in s.log() for s in trio.sentinels), "everybody has switched")
    files = [sentinel.config.with_name(sentinel.config.name + ".quorate") for sentinel in trio.sentinels]
    eventually(lambda: all(file.exists() for file in files), "everybody has kept a record")

    done = [failover for failover in remembered(trio.sentinels[0]) if failover["ending"] == "done"]
    (failover,) = done
    assert (failover["cause"], failover["master"]) == ("down", NAME)
    assert failover["from"].endswith(f":{old.port}")
    assert failover["to"].endswith(f":{new.port}")
    assert len(failover["down"]) >= failover["quorum"] == 2
    assert len(failover["votes"]) >= 2
    assert [one["chosen"] for one in failover["candidates"]].count(True) == 1
    assert failover["trailed_bytes"] == 0, "nobody has written anything"
    steps = failover["steps"]
    assert list(steps)[-5:] == ["chosen", "ordered", "promoted", "told", "settled"]
    assert list(steps.values()) == sorted(steps.values())
    assert steps["silent"] < steps["sdown"] <= steps["odown"] <= steps["stood"] == 0

    assert {s.port for s in trio.sentinels} == {int(s["address"].rsplit(":")[-1]) for s in _asked(trio.sentinels[0])}
    for sentinel in trio.sentinels:
        sentinel.stop()
        sentinel.start()
    eventually(lambda: failover in remembered(trio.sentinels[1]), "the same record after a restart")
    shown = history(NAME, "--port", trio.sentinels[2].port)
    assert shown.returncode == 0
    assert "the replica says it is a master" in shown.stdout
    assert all("Traceback" not in sentinel.log() for sentinel in trio.sentinels)


def _asked(sentinel: Process) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = json.loads(history("--port", sentinel.port, "--json").stdout)["sentinels"]
    assert all(one["history"] for one in asked)
    return asked


def test_a_manual_failover_says_who_asked(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old = trio.servers[0]
    assert trio.sentinels[0].sentinel("FAILOVER", NAME) == "OK"
    trio.moved_from(old)
    eventually(lambda: [f["cause"] for f in remembered(trio.sentinels[1])] == ["operator"], "one failover, by hand")


def test_a_file_that_cannot_be_written_costs_only_the_file(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    for sentinel in trio.sentinels:
        # A directory of that name: not even root can put a file there.
        os.mkdir(sentinel.config.with_name(sentinel.config.name + ".quorate"))  # noqa: PTH102
    old = trio.servers[0]
    old.kill()
    trio.moved_from(old)
    eventually(lambda: remembered(trio.sentinels[0]), "it is remembered all the same")
    warning = "The history of failovers cannot be written"
    eventually(lambda: all(s.log().count(warning) == 1 for s in trio.sentinels), "told of once")


def test_a_c_sentinel_keeps_none_and_ours_beside_it_do(lab: Lab) -> None:
    master = lab.server()
    lab.server(master=master)
    theirs = lab.sentinel(master, kind=C_SENTINEL)
    alone = history("--port", theirs.port)
    assert alone.returncode == 1
    assert f"127.0.0.1:{theirs.port} keeps no history: it does not know SENTINEL FAILOVERS (Redis " in alone.stderr
    assert "quorate status" in alone.stderr
    ours = lab.sentinel(master, kind=OURS)
    eventually(lambda: theirs.sees_all(1, 1) and ours.sees_all(1, 1), "they know each other")
    both = history("--port", theirs.port)
    assert both.returncode == 0
    assert both.stdout == "No failover is remembered.\n"
    assert "keeps no history" in both.stderr
