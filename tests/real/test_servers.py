"""What servers go through: reboots, loading, busy scripts, disks that refuse writes, and long pauses."""

import threading
import time
from contextlib import suppress

import pytest

from tests.real.cluster import NAME, Lab, eventually
from tests.real.impostor import Answering, Impostor, bulk
from tests.real.wire import HOST

pytestmark = pytest.mark.real


class Rebooting:
    """A master that starts again under another run id and then loads for long."""

    def __init__(self) -> None:
        self.run_id = b"1" * 40
        self.ping = b"+PONG\r\n"

    def __call__(self, words: list[bytes]) -> bytes | None:
        match words[0].upper():
            case b"PING":
                return self.ping
            case b"INFO":
                return bulk(b"role:master\r\nrun_id:" + self.run_id + b"\r\n")
            case b"SUBSCRIBE":
                return b"*3\r\n" + bulk(b"subscribe") + bulk(words[1]) + b":1\r\n"
            case b"PUBLISH":
                return b":1\r\n"
            case _:
                return b"+OK\r\n"


@pytest.mark.parametrize("patience", [0, 500])
def test_a_master_that_loads_after_a_reboot(lab: Lab, patience: int) -> None:
    """LOADING is a sign of life; only master-reboot-down-after-period makes an end of waiting for a PONG."""
    server = Rebooting()
    with Impostor(Answering(server)) as impostor:
        sentinel = lab.configured(
            f"sentinel monitor {NAME} {HOST} {impostor.port} 1\nsentinel down-after-milliseconds {NAME} 600\n"
            f"sentinel master-reboot-down-after-period {NAME} {patience}\n"
        )
        sentinel.start()
        sentinel.sentinel("DEBUG", "INFO-PERIOD", 200)
        eventually(lambda: sentinel.flags() == {"master"}, "up")
        assert sentinel.master()["runid"] == "1" * 40
        server.run_id, server.ping = b"2" * 40, b"-LOADING Redis is loading the dataset in memory\r\n"
        eventually(lambda: "+reboot" in sentinel.log(), "noticed")
        if patience:
            eventually(lambda: {"s_down", "master_reboot"} <= sentinel.flags(), "down after the period")
            server.ping = b"+PONG\r\n"
            eventually(lambda: sentinel.flags() == {"master"}, "up with the first PONG")
        else:
            time.sleep(1.5)
            assert "s_down" not in sentinel.flags()


@pytest.mark.parametrize(
    ("ping", "down"),
    [
        (b"-LOADING Redis is loading the dataset in memory\r\n", False),
        (b"-MASTERDOWN Link with MASTER is down\r\n", False),
        (b"-MISCONF Redis is configured to save RDB snapshots\r\n", True),
        (b"-NOAUTH Authentication required.\r\n", True),
        (b"-ERR unknown command 'PING'\r\n", True),
        (b"$4\r\nPONG\r\n", True),
        (b":1\r\n", True),
        (b"+PONGED\r\n", False),
    ],
)
def test_which_answers_to_ping_are_signs_of_life(lab: Lab, ping: bytes, down: bool) -> None:
    server = Rebooting()
    server.ping = ping
    with Impostor(Answering(server)) as impostor:
        sentinel = lab.configured(
            f"sentinel monitor {NAME} {HOST} {impostor.port} 2\nsentinel down-after-milliseconds {NAME} 300\n"
        )
        sentinel.start()
        if down:
            eventually(lambda: "s_down" in sentinel.flags(), "down")
        else:
            time.sleep(0.8)
            assert "s_down" not in sentinel.flags()


def test_a_script_that_never_ends_is_killed(lab: Lab) -> None:
    master = lab.server("--busy-reply-threshold", "100")
    sentinel = lab.sentinel(master, quorum=2)
    eventually(lambda: sentinel.sees_all(0, 0), "up")

    def run() -> None:
        with suppress(OSError, ConnectionError), master.connect(timeout=20) as wire:
            wire.ask("EVAL", "while true do end", 0)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    eventually(lambda: {"s_down", "script_kill_sent"} <= sentinel.flags(), "down, and told so")
    eventually(lambda: sentinel.flags() == {"master"}, "up again")
    thread.join(10)
    assert not thread.is_alive()
    assert master.ask("PING") == "PONG"


def test_a_master_that_cannot_save_is_down(lab: Lab) -> None:
    master = lab.server("--save", "3600 1")
    replica = lab.server(master=master)
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "up")
    # No file can replace a directory.
    (lab.folder / f"{master.port}.rdb" / "in the way").mkdir(parents=True)
    master.ask("SET", "key", "value")
    master.ask("BGSAVE")
    eventually(lambda: "MISCONF" in str(master.ask("PING")), "it refuses to work")
    eventually(lambda: sentinel.master_port() == replica.port, "it is replaced")


def test_a_replica_that_somebody_promotes_by_hand_is_corrected(lab: Lab) -> None:
    master = lab.server()
    replica = lab.server(master=master)
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "up")
    sentinel.sentinel("DEBUG", "PUBLISH-PERIOD", 300, "INFO-PERIOD", 1000)
    replica.ask("REPLICAOF", "NO", "ONE")
    eventually(lambda: "+convert-to-slave" in sentinel.log(), "corrected", 20)
    eventually(lambda: sentinel.sees_all(1, 0), "up")


def test_a_replica_of_somebody_else_is_corrected(lab: Lab) -> None:
    master, other = lab.server(), lab.server()
    replica = lab.server(master=master)
    sentinel = lab.sentinel(master, [f"sentinel failover-timeout {NAME} 1000"], quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "up")
    sentinel.sentinel("DEBUG", "INFO-PERIOD", 500)
    replica.ask("REPLICAOF", HOST, other.port)
    eventually(lambda: "+fix-slave-config" in sentinel.log(), "corrected", 20)
    eventually(lambda: sentinel.sees_all(1, 0), "up")
