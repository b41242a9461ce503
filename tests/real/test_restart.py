"""Sentinels that end and start again: identity, epochs, votes and everything known survive, whoever wrote the file."""

import re
import secrets
import signal

import pytest

from tests.real.cluster import C_SENTINEL, NAME, Lab, Process, eventually

pytestmark = pytest.mark.real


def _lines(sentinel: Process, word: str) -> list[str]:
    return sorted(line for line in sentinel.config.read_text().splitlines() if line.startswith(f"sentinel {word}"))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_forgets_nothing(lab: Lab, end: signal.Signals) -> None:
    trio = lab.trio(replicas=1)
    old = trio.servers[0]
    old.kill()
    trio.moved_from(old)
    eventually(lambda: all("+switch-master" in s.log() for s in trio.sentinels), "everybody has switched")
    sentinel = trio.sentinels[0]
    myid, before = sentinel.sentinel("MYID"), sentinel.master()
    # The log may be ahead of the disk for a moment.
    eventually(lambda: before["port"] in " ".join(_lines(sentinel, "monitor")).split(), "the new master is on disk")
    written = {word: _lines(sentinel, word) for word in ("monitor", "known-replica", "known-sentinel", "current-epoch")}
    assert len(written["known-sentinel"]) == 2
    status = sentinel.stop(end)
    assert status == (0 if end is signal.SIGTERM else -signal.SIGKILL)
    sentinel.start()
    assert sentinel.sentinel("MYID") == myid
    after = sentinel.master()
    for field in ("ip", "port", "config-epoch", "num-slaves", "num-other-sentinels", "quorum"):
        assert after[field] == before[field], field
    eventually(lambda: all(p["flags"] == "sentinel" for p in sentinel.peers().values()), "peers are seen again")
    assert {word: _lines(sentinel, word) for word in written} == written
    assert "Traceback" not in sentinel.log()


def test_a_vote_that_was_told_survives_a_crash(lab: Lab) -> None:
    master = lab.server()
    sentinel = lab.sentinel(master)
    first, second = secrets.token_hex(20), secrets.token_hex(20)
    ask = ("IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", master.port, 7)
    with sentinel.connect() as wire:
        assert wire.ask("SENTINEL", *ask, first) == [0, first, 7]
        sentinel.kill()
    assert _lines(sentinel, "leader-epoch") == [f"sentinel leader-epoch {NAME} 7"]
    sentinel.start()
    assert sentinel.sentinel(*ask, second) == [0, "*", 7], "no second vote in that epoch"
    assert sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", master.port, 8, second) == [0, second, 8]


def test_votes_are_kept_under_a_storm_of_requests_and_a_kill(lab: Lab) -> None:
    """Every vote that left has been on disk: after kill -9 no answer about a lower epoch grants anything."""
    master = lab.server()
    sentinel = lab.sentinel(master)
    told = 0
    with sentinel.connect() as wire:
        for epoch in range(1, 200):
            wire.send("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", master.port, epoch, secrets.token_hex(20))
        for _ in range(60):
            reply = wire.reply()
            assert isinstance(reply, list)
            told = max(told, int(reply[2]))
        sentinel.kill()
    assert told
    saved = int(_lines(sentinel, "leader-epoch")[0].split()[-1])
    assert saved >= told
    sentinel.start()
    reply = sentinel.sentinel("IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", master.port, told, secrets.token_hex(20))
    assert reply == [0, "*", saved]


def test_a_sentinel_that_ends_in_a_failover_leaves_at_once_and_others_carry_on(lab: Lab) -> None:
    # Who has voted for another leaves it this long before standing itself.
    trio = lab.trio([f"sentinel failover-timeout {NAME} 1500"])
    old = trio.servers[0]
    old.kill()
    eventually(lambda: any("+try-failover" in s.log() for s in trio.sentinels), "it began", pause=0.005)
    leader = next(s for s in trio.sentinels if "+try-failover" in s.log())
    assert leader.stop(signal.SIGTERM, 4.0) == 0
    rest = [s for s in trio.sentinels if s is not leader]
    trio.sentinels = rest
    trio.moved_from(old)
    leader.start()
    trio.sentinels = [leader, *rest]
    trio.moved_from(old)


def test_one_file_goes_from_ours_to_c_and_back(lab: Lab) -> None:
    trio = lab.trio(replicas=1)
    sentinel = trio.sentinels[0]
    myid = sentinel.sentinel("MYID")
    current = trio.servers[0]
    for kind in ("c", "ours"):
        assert sentinel.stop() == 0
        path = str(sentinel.config)
        command = [*C_SENTINEL, path, "--sentinel"] if kind == "c" else [*trio.sentinels[1].command[:-1], path]
        sentinel.command = command
        sentinel.start()
        assert sentinel.sentinel("MYID") == myid
        trio.settled()
        trio.hurry()
        current.kill()
        new = trio.moved_from(current, 30)
        current.start()
        trio.settled()
        current = new
    config = sentinel.config.read_text()
    assert len(re.findall(r"^sentinel known-sentinel ", config, re.MULTILINE)) == 2
    assert "# ???" not in config
