"""A dead replica's address goes to a replica of another cluster: on real servers it keeps its master and its data."""

import time

import pytest

from quorate.local.plan import HOST
from tests.real.cluster import NAME, Lab, Process, eventually, follows

pytestmark = pytest.mark.real


def test_a_replica_of_another_cluster_keeps_its_master_and_its_data(lab: Lab) -> None:
    trio = lab.trio()
    gone = trio.servers.pop()
    chief = lab.server()
    assert chief.ask("SET", "theirs", "1") == "OK"
    gone.kill()
    command = [*gone.command[: gone.command.index("--replicaof")], "--replicaof", HOST, str(chief.port)]
    stranger = lab.add(Process(gone.port, command, lab.folder)).start()
    said = f"The server at {HOST}:{gone.port} belongs to another cluster, not to {NAME}"
    eventually(lambda: all(said in one.log() for one in trio.sentinels), "all sentinels to know it for a stranger")
    # C, and ours before, corrects it after four publish-periods, here two seconds; a failover, at once.
    time.sleep(4)
    assert follows(stranger, chief)
    refused = trio.sentinels[0].sentinel("FAILOVER", NAME)
    assert refused == "OK", refused
    new = trio.moved_from(trio.servers[0])
    assert new is trio.servers[1]
    eventually(lambda: follows(trio.servers[0], new), "the old master to follow the new one")
    time.sleep(2)
    assert follows(stranger, chief)
    assert stranger.ask("GET", "theirs") == "1"
    assert not any("+fix-slave-config" in one.log() or "+convert-to-slave" in one.log() for one in trio.sentinels)
