"""Addresses: IPv6, zones, sentinels behind address translation, and announced addresses that are taken back."""

import socket
import threading
from contextlib import suppress

import pytest

from tests.real.cluster import C_SENTINEL, NAME, OURS, Access, Lab, Trio, eventually, follows
from tests.real.impostor import Impostor
from tests.real.wire import HOST, Failure

pytestmark = pytest.mark.real


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
def test_a_cluster_on_ipv6_fails_over(lab: Lab) -> None:
    access = Access("::1")
    master = lab.server(access=access)
    servers = [master, lab.server(master=master, access=access), lab.server(master=master, access=access)]
    text = (
        f"bind ::1\nsentinel monitor {NAME} ::1 {master.port} 2\nsentinel down-after-milliseconds {NAME} 700\n"
        f"sentinel failover-timeout {NAME} 4000\n"
    )
    sentinels = [lab.configured(text, kind=kind, host="::1") for kind in (OURS, OURS, C_SENTINEL)]
    trio = Trio(lab, servers, sentinels).start()
    replica = trio.sentinels[0].replicas()[servers[1].port]
    assert replica["name"] == f"[::1]:{servers[1].port}"
    assert replica["ip"] == "::1"
    master.kill()
    new = trio.moved_from(master)
    other = next(s for s in servers[1:] if s is not new)
    eventually(lambda: follows(other, new), "the other follows")
    switched = f"+switch-master {NAME} ::1 {master.port} ::1 {new.port}"
    eventually(lambda: all(switched in s.log() for s in sentinels), switched)
    master.start()
    trio.settled()
    status = sentinels[0].ask("INFO", "sentinel")
    assert f"address=::1:{new.port}," in str(status)
    assert sentinels[0].stop() == 0
    sentinels[0].start()
    trio.settled()


def test_zones_are_accepted_or_refused_with_a_message(lab: Lab) -> None:
    sentinel = lab.configured("")
    sentinel.start()
    for host in ("fe80::1%lo", "fe80::1%nosuch0", "::1%", "%lo", "fe80::1%lo\nsentinel monitor evil 1.1.1.1 1 1"):
        reply = sentinel.sentinel("MONITOR", f"zone{len(host)}", host, 6379, 1)
        assert reply == "OK" or (isinstance(reply, Failure) and "Invalid IP address" in reply.text), (host, reply)
    assert sentinel.ask("PING") == "PONG"
    before = sentinel.ask("ROLE")
    assert sentinel.stop() == 0
    sentinel.start()
    assert sentinel.ask("ROLE") == before


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "0:0::1", "::ffff:127.0.0.1"])
def test_numbers_are_written_in_one_way(lab: Lab, host: str) -> None:
    master = lab.server()
    ours = lab.configured("")
    theirs = lab.configured("", kind=C_SENTINEL)
    answers = []
    for sentinel in (ours, theirs):
        sentinel.start()
        sentinel.sentinel("MONITOR", NAME, host, master.port, 1)
        answers.append(sentinel.sentinel("GET-MASTER-ADDR-BY-NAME", NAME))
    assert answers[0] == answers[1]


def _forward(port: int) -> Impostor:
    """A door to a local port at another port, as address translation makes them."""

    def relay(near: socket.socket) -> None:
        with socket.create_connection((HOST, port), 3) as far:
            far.settimeout(None)
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far)
            back.join(5)

    return Impostor(relay)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def test_sentinels_behind_address_translation_find_each_other(lab: Lab) -> None:
    master = lab.server()
    servers = [master, lab.server(master=master)]
    hidden = lab.prepared(master)
    with _forward(hidden.port) as door:
        hidden.config.write_text(
            f"{hidden.config.read_text()}sentinel announce-ip 127.0.0.9\nsentinel announce-port {door.port}\n"
        )
        # What is announced must be where the door is.
        hidden.config.write_text(hidden.config.read_text().replace("127.0.0.9", HOST))
        trio = Trio(lab, servers, [hidden, lab.prepared(master), lab.prepared(master)]).start()
        for other in trio.sentinels[1:]:
            assert door.port in other.peers()
            assert hidden.port not in other.peers()
        master.kill()
        trio.moved_from(master)
        assert hidden.sentinel("CONFIG", "SET", "announce-port", 0) == "OK"
        for other in trio.sentinels[1:]:
            eventually(lambda other=other: hidden.port in other.peers(), "the real port again")  # type: ignore[misc]
            assert len(other.peers()) == 2
            assert "+sentinel-address-switch" in other.log()


def test_an_announced_address_can_be_taken_back(lab: Lab) -> None:
    master = lab.server()
    first, second = lab.sentinel(master, ["sentinel announce-ip 127.0.0.1"]), lab.sentinel(master)
    eventually(lambda: len(second.peers()) == 1, "they know each other")
    assert first.sentinel("CONFIG", "SET", "announce-ip", "127.0.0.8") == "OK"
    eventually(lambda: second.peers()[first.port]["ip"] == "127.0.0.8", "the announced address")
    assert first.sentinel("CONFIG", "SET", "announce-ip", "") == "OK"
    eventually(lambda: second.peers()[first.port]["ip"] == HOST, "automatic again")
    assert "announce-ip" not in first.config.read_text()
    assert first.sentinel("CONFIG", "GET", "announce-ip") == ["announce-ip", ""]
    assert first.stop() == 0
    first.start()
    eventually(lambda: second.peers()[first.port]["flags"] == "sentinel", "well")
    assert second.peers()[first.port]["ip"] == HOST
