"""Evidence on real servers: a killed process is replaced long before down-after, a rejecting firewall and a wrong
password are no deaths, and a master that its replicas hear is waited for.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from quorate.drill import kernel
from tests.conftest import missing
from tests.real.cluster import C_SENTINEL, NAME, OURS, Access, Lab, Trio, eventually, follows

pytestmark = pytest.mark.real

PATIENT = f"sentinel down-after-milliseconds {NAME} 30000"
CRASH = f"#quorate sentinel crash-detection {NAME} yes"
CONFIRM = f"#quorate sentinel confirm-by-replicas {NAME} yes"
SENTINELS_HOST = "127.0.0.9"
"""From where sentinels speak to servers in the test that rejects them."""


def test_a_killed_process_is_replaced_long_before_down_after(lab: Lab) -> None:
    trio = lab.trio([PATIENT, CRASH])
    old = trio.servers[0]
    begun = time.monotonic()
    old.kill()
    new = trio.moved_from(old, 10)
    print(f"every sentinel names the new master {1000 * (time.monotonic() - begun):.0f} ms after kill -9")
    leader = next(s for s in trio.sentinels if "+elected-leader" in s.log())
    assert f"+crashed master {NAME} 127.0.0.1 {old.port} #refused" in leader.log()
    eventually(lambda: "crash" in str(leader.sentinel("FAILOVERS", NAME)), "the record says why")
    old.start()
    eventually(lambda: follows(old, new), "the old master was made a replica")
    trio.settled()


def test_one_of_ours_among_c_sentinels_waits_for_down_after(lab: Lab) -> None:
    trio = lab.trio([f"sentinel down-after-milliseconds {NAME} 3000", CRASH], kinds=(OURS, C_SENTINEL, C_SENTINEL))
    old = trio.servers[0]
    old.kill()
    time.sleep(2)
    assert all("+crashed" not in s.log() for s in trio.sentinels)
    assert {s.master_port() for s in trio.sentinels} == {old.port}
    trio.moved_from(old)


def test_a_stopped_process_is_no_crash(lab: Lab) -> None:
    trio = lab.trio([PATIENT, CRASH])
    trio.servers[0].notify(signal.SIGSTOP)
    time.sleep(3)
    assert {s.master_port() for s in trio.sentinels} == {trio.servers[0].port}
    trio.servers[0].notify(signal.SIGCONT)
    assert all("+crashed" not in s.log() for s in trio.sentinels)


def test_a_wrong_password_is_no_death(lab: Lab) -> None:
    access = Access(password="right")
    words = ["--requirepass", "right", "--masterauth", "right"]
    master = lab.server(*words, access=access)
    servers = [master, *(lab.server(*words, master=master, access=access) for _ in range(2))]
    sentinels = [lab.prepared(master, [f"sentinel auth-pass {NAME} right"]) for _ in range(3)]
    trio = Trio(lab, servers, sentinels).start()
    assert master.ask("CONFIG", "SET", "requirepass", "changed") == "OK"
    master.access = Access(password="changed")
    assert master.ask("CLIENT", "KILL", "TYPE", "normal") != ""
    eventually(lambda: all("s_down" in s.flags() for s in trio.sentinels), "the flags are as in C")
    time.sleep(3)
    assert all("o_down" not in s.flags() and s.master_port() == master.port for s in trio.sentinels)
    assert all("+try-failover" not in s.log() for s in trio.sentinels)
    answer = sentinels[0].sentinel("is-master-down-by-addr", "127.0.0.1", master.port, 0, "*")
    assert isinstance(answer, list)
    assert answer[0] == 0
    # An operator may nevertheless.
    eventually(lambda: sentinels[0].sentinel("FAILOVER", NAME) == "OK", "a failover by hand begins")
    trio.moved_from(master)


def test_a_master_that_replicas_hear_is_waited_for(lab: Lab, rejecting: Callable[[int], None]) -> None:
    """The sentinels are rejected; replicas hear the master, because it is written to, until the time is up."""
    trio = _behind_firewall(lab, [CONFIRM, f"#quorate sentinel confirm-timeout {NAME} 6000"])
    old = trio.servers[0]
    rejecting(old.port)
    eventually(lambda: old.ask("INCR", "x") and any("+confirm-wait" in s.log() for s in trio.sentinels), "waiting")
    assert {s.master_port() for s in trio.sentinels} == {old.port}
    eventually(lambda: old.ask("INCR", "x") and any("+confirm-timeout" in s.log() for s in trio.sentinels), "going on")
    trio.moved_from(old)


def test_a_firewall_that_rejects_is_no_crash(lab: Lab, rejecting: Callable[[int], None]) -> None:
    trio = _behind_firewall(lab, [PATIENT, CRASH])
    old = trio.servers[0]
    rejecting(old.port)
    eventually(lambda: all("disconnected" in s.flags() for s in trio.sentinels), "the connections are reset")
    time.sleep(4)
    assert all("+crashed" not in s.log() and "+sdown master" not in s.log() for s in trio.sentinels), trio.logs()
    assert {s.master_port() for s in trio.sentinels} == {old.port}
    # Behind the same firewall it is replaced as soon as it is dead for its replicas, too.
    old.kill()
    trio.moved_from(old, 10)


def _behind_firewall(lab: Lab, lines: list[str]) -> Trio:
    return lab.trio([*lines, f"bind-source-addr {SENTINELS_HOST}", "sentinel announce-ip 127.0.0.1"])


@pytest.fixture
def rejecting() -> Iterator[Callable[[int], None]]:
    """A network of our own for the test; the function has what sentinels send to a port rejected."""
    if shutil.which("nft") is None:
        missing("nft")
    try:
        home, inside = kernel.current_network(), kernel.new_network()
        kernel.enter(inside)
    except OSError as error:
        pytest.skip(f"network namespaces are not allowed here ({error.strerror or error})")
    kernel.link_up("lo")

    def reject(port: int) -> None:
        rule = f"ip saddr {SENTINELS_HOST} tcp dport {port} reject with tcp reset"
        script = f"table ip t {{ chain c {{ type filter hook input priority 0;\n {rule}\n }}\n}}\n"
        subprocess.run(["nft", "-f", "-"], input=script.encode(), check=True)

    try:
        yield reject
    finally:
        kernel.enter(home)
        os.close(home)
        os.close(inside)
