"""Planned moves of real servers under writers: nothing that was acknowledged is lost, and refusals touch nothing."""

import signal
import subprocess
import sys
import time

import pytest

from tests.real.cluster import NAME, Lab, Process, eventually, fields, follows
from tests.real.wire import Failure
from tests.real.writing import writers_of

pytestmark = pytest.mark.real


def test_a_coordinated_move_loses_no_acknowledged_write(lab: Lab) -> None:
    trio = lab.trio()
    old, wanted = trio.servers[0], trio.servers[2]
    with writers_of(trio) as writers:
        eventually(lambda: writers.check(old.port).acknowledged > 100, "writers at work", pause=0.5)
        asked = trio.sentinels[1]
        assert asked.sentinel("FAILOVER", NAME, "COORDINATED", "TO", "127.0.0.1", wanted.port, "TIMEOUT", 300) == "OK"
        eventually(lambda: all(s.master_port() == wanted.port for s in trio.sentinels), "the move is made")
        eventually(lambda: follows(old, wanted), "the old master follows", 2)
        trio.settled()
        time.sleep(0.5)
        count = writers.check(wanted.port)
    print(f"{count.acknowledged} writes acknowledged, {count.lost} lost, write gap {count.gaps} ms")
    assert count.lost == 0
    assert count.acknowledged > 100
    assert len(count.gaps) == 1
    assert "+move-stepped-aside" in asked.log()


def test_a_plain_failover_loses_no_acknowledged_write_while_its_old_master_answers(lab: Lab) -> None:
    trio = lab.trio()
    old = trio.servers[0]
    with writers_of(trio) as writers:
        eventually(lambda: writers.check(old.port).acknowledged > 100, "writers at work", pause=0.5)
        assert trio.sentinels[0].sentinel("FAILOVER", NAME) == "OK"
        new = trio.moved_from(old)
        trio.settled()
        count = writers.check(new.port)
    print(f"{count.acknowledged} writes acknowledged, {count.lost} lost, write gap {count.gaps} ms")
    assert count.lost == 0


def test_a_missing_right_is_named_before_anything_is_touched(lab: Lab) -> None:
    trio = lab.trio([f"sentinel auth-user {NAME} watcher", f"sentinel auth-pass {NAME} secret"])
    old = trio.servers[0]
    rights = ("+@all", "-client|pause")
    for server in trio.servers:
        assert server.ask("ACL", "SETUSER", "watcher", "on", ">secret", "allchannels", *rights) == "OK"
        server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    trio.settled()
    asked = trio.sentinels[0]
    eventually(lambda: "NOPERM" in _told(asked.sentinel("FAILOVER", NAME, "COORDINATED")), "a refusal", pause=0.5)
    assert all(sentinel.master_port() == old.port for sentinel in trio.sentinels)
    assert "+try-failover" not in asked.log()
    for server in trio.servers:
        assert server.ask("ACL", "SETUSER", "watcher", "+client|pause") == "OK"
    assert asked.sentinel("FAILOVER", NAME, "COORDINATED") == "OK"
    trio.moved_from(old)


def _told(reply: object) -> str:
    return reply.text if isinstance(reply, Failure) else ""


def test_quorate_switchover_follows_the_move_and_names_refusals(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old, new = trio.servers
    command = [sys.executable, "-m", "quorate", "switchover", NAME, "--port", str(trio.sentinels[0].port)]
    refused = subprocess.run([*command, "--to", "127.0.0.1:1"], capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 1
    assert "127.0.0.1:1 is not known as a replica of mymaster" in refused.stderr
    done = subprocess.run([*command, "--pause", "250"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"The master of {NAME} is now 127.0.0.1:{new.port} (it was 127.0.0.1:{old.port})" in done.stdout
    assert "holds its writes" in done.stdout


def test_a_leader_that_is_told_to_end_in_a_move_leaves_soon_and_loses_nothing(lab: Lab) -> None:
    trio = lab.trio()
    old, leader = trio.servers[0], trio.sentinels[0]
    with writers_of(trio) as writers:
        eventually(lambda: writers.check(old.port).acknowledged > 100, "writers at work", pause=0.5)
        assert leader.sentinel("FAILOVER", NAME, "COORDINATED") == "OK"
        began = time.monotonic()
        assert leader.stop() == 0
        assert time.monotonic() - began < 2.5
        rest = trio.sentinels = trio.sentinels[1:]
        eventually(lambda: len({one.master_port() for one in rest}) == 1, "both name the same master")
        time.sleep(2.5)
        masters = [server for server in trio.servers if _role(server) == "master"]
        assert len(masters) == 1
        assert {one.master_port() for one in rest} == {masters[0].port}
        eventually(lambda: masters[0].ask("DBSIZE"), "it is written to")
        count = writers.check(masters[0].port)
    assert count.lost == 0


def test_a_move_whose_leader_is_killed_is_ended_by_another_sentinel(lab: Lab) -> None:
    trio = lab.trio()
    old, new = trio.servers[:2]
    # What a leader leaves behind that dies when it has promoted: the others gave it their votes, and know no more.
    leader, *rest = trio.sentinels
    assert leader.sentinel("SIMULATE-FAILURE", "CRASH-AFTER-PROMOTION") == "OK"
    began = time.monotonic()
    assert leader.sentinel("FAILOVER", NAME, "COORDINATED", "TO", "127.0.0.1", new.port) == "OK"
    trio.sentinels = rest
    eventually(lambda: all(one.master_port() == new.port for one in rest), "the others end it", 4)
    print(f"ended {time.monotonic() - began:.1f} s after it began")
    assert follows(old, new)
    assert any("+move-left-over" in one.log() for one in rest)


def test_a_move_to_a_replica_that_stands_still_is_taken_back(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old, frozen = trio.servers
    leader = trio.sentinels[0]
    with writers_of(trio) as writers:
        eventually(lambda: writers.check(old.port).acknowledged > 100, "writers at work", pause=0.5)
        assert leader.sentinel("FAILOVER", NAME, "COORDINATED", "TIMEOUT", 200) == "OK"
        # It has just said that it would obey.
        frozen.notify(signal.SIGSTOP)
        eventually(lambda: "-move-undone" in leader.log(), "the move is taken back", 2)
        eventually(lambda: _role(old) == "master", "the old master is one again", 1)
        writers.check(old.port)
        time.sleep(0.3)
        assert writers.check(old.port).acknowledged > 50, "writes go on where they were"
        frozen.notify(signal.SIGCONT)
        assert all(sentinel.master_port() == old.port for sentinel in trio.sentinels)
        eventually(lambda: follows(frozen, old), "the replica follows as before", 20)
        trio.settled()
        count = writers.check(old.port)
    assert count.lost == 0
    told = history_of(leader)
    assert (told["cause"], told["new"]) == ("move", "")
    assert told["ending"] in {"undone", "slave-timeout"}


def test_a_leader_that_brings_a_failover_to_its_end_leaves_at_the_second_signal(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old, frozen = trio.servers
    leader, *rest = trio.sentinels
    frozen.notify(signal.SIGSTOP)
    assert leader.sentinel("FAILOVER", NAME) == "OK"
    eventually(lambda: _role(old) == "slave", "the old master has stepped aside", 1, 0.01)
    leader.notify(signal.SIGTERM)
    time.sleep(0.15)
    assert leader.child is not None
    assert leader.child.poll() is None, "it does not leave a master without its role"
    leader.stop(patience=0.3)
    frozen.notify(signal.SIGCONT)
    trio.sentinels = rest
    eventually(lambda: all(one.master_port() == frozen.port for one in rest), "the others end it", 4)
    eventually(lambda: follows(old, frozen), "the old master follows", 4)
    assert any("+move-left-over" in one.log() for one in rest)


def test_a_leader_that_cannot_bring_a_failover_to_its_end_leaves_after_two_seconds(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old, frozen = trio.servers
    leader = trio.sentinels[0]
    frozen.notify(signal.SIGSTOP)
    assert leader.sentinel("FAILOVER", NAME) == "OK"
    eventually(lambda: "+failover-state-wait-promotion" in leader.log(), "the promotion is ordered", 2, 0.01)
    begun = time.monotonic()
    assert leader.stop(patience=4) == 0
    # It may be over sooner: when the replica does not obey in time the old master gets its role back.
    assert time.monotonic() - begun < 2.2
    frozen.notify(signal.SIGCONT)
    trio.sentinels = trio.sentinels[1:]
    eventually(lambda: {_role(old), _role(frozen)} == {"master", "slave"}, "one of them is master", 15)


def history_of(sentinel: Process) -> dict[str, str]:
    """The newest record that a sentinel keeps."""
    found = sentinel.sentinel("FAILOVERS", NAME)
    assert isinstance(found, list)
    return fields(found[0])


def _role(server: Process) -> str:
    reply = server.ask("ROLE")
    return str(reply[0]) if isinstance(reply, list) else ""
