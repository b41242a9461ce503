"""Failovers of real servers: crash, hang, on request; replicas follow, the old master comes back as a replica."""

import signal

import pytest

from tests.real.cluster import NAME, Lab, eventually, follows
from tests.real.wire import Failure

pytestmark = pytest.mark.real


def test_a_killed_master_is_replaced_and_comes_back_as_a_replica(lab: Lab) -> None:
    trio = lab.trio()
    old = trio.servers[0]
    old.ask("SET", "key", "value")
    # WAIT would say nothing of a write on another connection, and a replica may be served only after its first ACK.
    eventually(lambda: all(s.ask("GET", "key") == "value" for s in trio.servers[1:]), "both replicas have it")
    old.kill()
    new = trio.moved_from(old)
    other = next(s for s in trio.servers[1:] if s is not new)
    eventually(lambda: follows(other, new), "the other replica follows")
    assert new.ask("GET", "key") == "value"
    switched = f"+switch-master {NAME} 127.0.0.1 {old.port} 127.0.0.1 {new.port}"
    eventually(lambda: all(switched in s.log() for s in trio.sentinels), switched)
    assert all("+sdown master" in s.log() for s in trio.sentinels)
    old.start()
    eventually(lambda: follows(old, new), "the old master was made a replica")
    trio.settled()
    leaders = [s for s in trio.sentinels if "+elected-leader" in s.log()]
    assert len(leaders) == 1
    epochs = {s.master()["config-epoch"] for s in trio.sentinels}
    assert epochs == {"1"}


def test_an_old_master_takes_no_writes_for_long_when_it_returns(lab: Lab) -> None:
    trio = lab.trio()
    for sentinel in trio.sentinels:
        sentinel.sentinel("DEBUG", "PUBLISH-PERIOD", 2000, "INFO-PERIOD", 10000)
    old = trio.servers[0]
    old.kill()
    trio.moved_from(old)
    old.start()
    eventually(lambda: old.ask("ROLE")[0] == "slave", "it is a replica within two seconds", 2)  # type: ignore[index]


def test_a_hanging_master_is_replaced_and_corrected_when_it_wakes_up(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old = trio.servers[0]
    old.notify(signal.SIGSTOP)
    new = trio.moved_from(old)
    old.notify(signal.SIGCONT)
    # It still believes to be the master, until somebody has heard a majority and corrects it.
    eventually(lambda: follows(old, new), "the old master was made a replica", 25)
    trio.settled()


def test_failover_on_request(lab: Lab) -> None:
    trio = lab.trio([f"sentinel parallel-syncs {NAME} 2"])
    old, asked = trio.servers[0], trio.sentinels[0]
    assert asked.sentinel("FAILOVER", "nobody") == Failure("ERR No such master with that name")
    with asked.connect() as wire:
        wire.send("SENTINEL", "FAILOVER", NAME)
        wire.send("SENTINEL", "FAILOVER", NAME)
        assert wire.reply() == "OK"
        assert wire.reply() == Failure("INPROG Failover already in progress")
    new = trio.moved_from(old)
    eventually(lambda: follows(old, new), "the old master follows")
    trio.settled()
    # The peers were up and voted, so no majority was missing.
    assert "+forced-without-majority" not in asked.log()
    assert asked.sentinel("FAILOVER", NAME) == "OK", "a second one follows without delay"
    trio.moved_from(new)
    trio.settled()


def test_a_manual_failover_without_a_majority_is_carried_out_and_says_so(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    old, asked = trio.servers[0], trio.sentinels[0]
    for peer in trio.sentinels[1:]:
        peer.kill()
    assert asked.sentinel("FAILOVER", NAME) == "OK"
    eventually(lambda: asked.master_port() == trio.servers[1].port, "it moved")
    assert "+forced-without-majority" in asked.log()
    # It was the operator's word, so nobody need be heard to stand by it; the wait for other news holds.
    eventually(lambda: follows(old, trio.servers[1]), "the old master follows", 25)


def test_nobody_good_enough(lab: Lab) -> None:
    master = lab.server()
    lab.server("--replica-priority", "0", master=master)
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "the replica is found")
    refusal = sentinel.sentinel("FAILOVER", NAME)
    assert isinstance(refusal, Failure)
    code, _, reason = refusal.text.partition(": ")
    assert code == "NOGOODSLAVE No suitable replica to promote"
    assert reason.endswith("its priority is 0, which means never promote")
    assert "failover_in_progress" not in sentinel.flags()
    master.kill()
    eventually(lambda: "-failover-abort-no-good-slave" in sentinel.log(), "no good slave")
    assert sentinel.master_port() == master.port
    master.start()
    eventually(lambda: sentinel.flags() == {"master"}, "up again")


def test_the_replica_with_the_most_data_is_promoted_unless_priorities_differ(lab: Lab) -> None:
    master = lab.server()
    behind, ahead = lab.server(master=master), lab.server(master=master)
    last = lab.server("--replica-priority", "200", master=master)
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: sentinel.sees_all(3, 0), "all are found")
    behind.ask("REPLICAOF", "NO", "ONE")  # It stops following for a moment, and misses what is written meanwhile.
    master.ask("SET", "key", "x" * 1000)
    eventually(lambda: ahead.ask("GET", "key") == last.ask("GET", "key") == "x" * 1000, "replicated")
    behind.ask("REPLICAOF", "127.0.0.1", 1)
    master.kill()
    eventually(lambda: sentinel.master_port() == ahead.port, "the right one is promoted")
    for replica in (behind, last):
        eventually(lambda replica=replica: follows(replica, ahead), "they follow")  # type: ignore[misc]
