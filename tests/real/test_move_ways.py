"""Planned moves by the servers' own FAILOVER, in mixed quorums, and with a blow in their midst."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import steps
from tests.real.cluster import C_SENTINEL, NAME, OURS, Lab, eventually, follows
from tests.real.wire import Failure
from tests.real.writing import writers_of

pytestmark = pytest.mark.real

# The server waits until the replica says that it has everything, and that is once a second.
PATIENT = f"sentinel down-after-milliseconds {NAME} 8000"
VIA_SERVER = ("COORDINATED", "TIMEOUT", 300, "VIA", "SERVER")


def test_a_move_by_the_servers_own_failover_loses_no_acknowledged_write(lab: Lab) -> None:
    trio = lab.trio([PATIENT])
    old, asked = trio.servers[0], trio.sentinels[0]
    with writers_of(trio) as writers:
        eventually(lambda: writers.check(old.port).acknowledged > 100, "writers at work", pause=0.5)
        assert asked.sentinel("FAILOVER", NAME, "COORDINATED", "TIMEOUT", 4000, "VIA", "SERVER") == "OK"
        new = trio.moved_from(old)
        trio.settled()
        time.sleep(0.5)
        count = writers.check(new.port)
    print(f"{count.acknowledged} writes acknowledged, {count.lost} lost, write gap {count.gaps} ms")
    assert count.lost == 0
    assert count.acknowledged > 100
    assert "+move-left-to-server" in asked.log()
    assert "+move-stepped-aside" in asked.log()


def test_a_server_that_cannot_hand_over_goes_on_as_it_was(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old, frozen = trio.servers
    leader = trio.sentinels[0]
    with writers_of(trio) as writers:
        eventually(lambda: writers.check(old.port).acknowledged > 100, "writers at work", pause=0.5)
        assert leader.sentinel("FAILOVER", NAME, *VIA_SERVER) == "OK"
        # It has just said that it would obey.
        frozen.notify(signal.SIGSTOP)
        eventually(lambda: "-move-undone" in leader.log(), "the move is taken back", 3)
        eventually(lambda: "master_failover_state:no-failover" in str(old.ask("INFO", "replication")), "it is over", 1)
        writers.check(old.port)
        time.sleep(0.3)
        assert writers.check(old.port).acknowledged > 50, "writes go on where they were"
        frozen.notify(signal.SIGCONT)
        eventually(lambda: follows(frozen, old), "the replica follows as before", 20)
        trio.settled()
        assert all(sentinel.master_port() == old.port for sentinel in trio.sentinels)
        count = writers.check(old.port)
    assert count.lost == 0


def test_without_the_right_to_failover_nothing_is_touched(lab: Lab) -> None:
    trio = lab.trio([PATIENT, f"sentinel auth-user {NAME} watcher", f"sentinel auth-pass {NAME} secret"])
    old = trio.servers[0]
    for server in trio.servers:
        rights = ("+@all", "-failover")
        assert server.ask("ACL", "SETUSER", "watcher", "on", ">secret", "allchannels", *rights) == "OK"
        server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    trio.settled()
    asked = trio.sentinels[0]

    def refused() -> bool:
        reply = asked.sentinel("FAILOVER", NAME, *VIA_SERVER)
        return isinstance(reply, Failure) and "NOPERM" in reply.text

    eventually(refused, "a refusal", pause=0.5)
    assert "+try-failover" not in asked.log()
    for server in trio.servers:
        assert server.ask("ACL", "SETUSER", "watcher", "+failover") == "OK"
    switchover = (sys.executable, "-m", "quorate", "switchover", NAME, "--port", str(asked.port))
    command = [*switchover, "--via-server", "--pause", "4000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changes places by itself" in done.stdout
    trio.moved_from(old)


def test_after_a_move_that_was_taken_back_among_c_voters_ours_starts_the_next_failover(lab: Lab) -> None:
    trio = lab.trio(kinds=(OURS, C_SENTINEL, C_SENTINEL))
    old, wanted, other = trio.servers
    ours = trio.sentinels[0]
    words = ("COORDINATED", "TO", "127.0.0.1", wanted.port, "TIMEOUT", 200)
    assert ours.sentinel("FAILOVER", NAME, *words) == "OK"
    wanted.notify(signal.SIGSTOP)
    eventually(lambda: "-move-undone" in ours.log(), "the move is taken back", 3)
    wanted.notify(signal.SIGCONT)
    command = [sys.executable, "-m", "quorate", "status", "--why", "--port", str(ours.port)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
    assert "starts none for another" not in told, told
    eventually(lambda: ours.sees_all(2, 2), "all are up again", 20)
    old.kill()
    began = time.monotonic()
    # C peers that gave their votes to the move start nothing for twice failover-timeout, which is eight seconds.
    eventually(lambda: ours.master_port() in {wanted.port, other.port}, "a failover", 6)
    print(f"failed over {time.monotonic() - began:.1f} s after the kill")
    assert ours.log().count("+elected-leader") == 2


CASES = (
    steps.Case("ours", steps.Victim.LEADER, "kill", "stepped aside"),
    steps.Case("ours", steps.Victim.OLD, "kill", "stepped aside"),
    steps.Case("ours", steps.Victim.CHOSEN, "stop", "paused"),
)


def test_a_blow_in_the_midst_of_a_move_loses_no_acknowledged_write(tmp_path: Path) -> None:
    for outcome in steps.drill(CASES, tmp_path):
        assert not isinstance(outcome, str), outcome
        print(outcome.case, outcome.ended, outcome.count.acknowledged, outcome.reasons)
        assert outcome.count.acknowledged > 100
        assert outcome.by_the_move == 0
        assert outcome.ended == ("as it was" if outcome.case.victim is steps.Victim.CHOSEN else "moved")
