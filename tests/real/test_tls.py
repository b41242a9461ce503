"""TLS from end to end: servers that speak nothing else, our sentinels and one of C's, certificates that change."""

import socket
import ssl

import pytest

from tests.real.certificates import Authority
from tests.real.cluster import C_SENTINEL, NAME, OURS, Lab, Process, Trio, eventually, follows, free_port
from tests.real.secure import Secure, watching
from tests.real.wire import HOST, Wire

pytestmark = pytest.mark.real


@pytest.mark.parametrize("kinds", [(OURS, OURS, OURS), (OURS, C_SENTINEL, OURS)], ids=["ours", "mixed"])
def test_a_cluster_that_speaks_nothing_but_tls_fails_over(
    lab: Lab, authority: Authority, kinds: tuple[tuple[str, ...], ...]
) -> None:
    secure = Secure(lab, authority)
    master = secure.server()
    servers = [master, secure.server(master), secure.server(master)]
    trio = Trio(lab, servers, [secure.sentinel(watching(master), kind=kind) for kind in kinds]).start()
    master.kill()
    new = trio.moved_from(master)
    other = next(s for s in servers[1:] if s is not new)
    eventually(lambda: follows(other, new), "the other replica follows", 20)
    master.start()
    eventually(lambda: follows(master, new), "the old master follows", 20)
    trio.settled()


def _refused(port: int, context: ssl.SSLContext | None) -> bool:
    """Whether a PING gets no PONG."""
    try:
        with Wire(port, context=context) as wire:
            return wire.ask("PING") != "PONG"
    except (OSError, ConnectionError):
        return True


@pytest.mark.parametrize("clients", ["yes", "no", "optional"])
def test_who_may_connect(lab: Lab, authority: Authority, clients: str) -> None:
    secure = Secure(lab, authority)
    master = secure.server()
    sentinel = secure.sentinel(watching(master, 1), f"tls-auth-clients {clients}").start()
    stranger = Authority(lab.folder / "stranger")
    nobody, foreign = authority.client(), stranger.client(stranger.issue("foreign"))
    foreign.load_verify_locations(str(authority.ca))
    assert not _refused(sentinel.port, secure.context)
    assert _refused(sentinel.port, nobody) is (clients == "yes")
    assert _refused(sentinel.port, foreign) is (clients != "no")
    assert _refused(sentinel.port, None), "plain text on the TLS port"
    assert _refused(sentinel.port, stranger.client()), "the client does not trust our certificate"
    assert sentinel.ask("PING") == "PONG"
    assert "Traceback" not in sentinel.log()
    assert not sentinel.output()


def test_a_new_certificate_on_disk_is_used_by_new_connections(lab: Lab, authority: Authority) -> None:
    secure = Secure(lab, authority)
    master = secure.server()
    sentinel = secure.sentinel(watching(master, 1)).start()
    before = _serial(sentinel.port, secure.context)
    with Wire(sentinel.port, context=secure.context) as old:
        authority.issue("member")
        eventually(lambda: _serial(sentinel.port, secure.context) != before, "the new certificate")
        assert old.ask("PING") == "PONG", "old connections stay"
    assert "TLS certificates were read again" in sentinel.log()
    # Half a certificate is no reason to stop serving.
    current = _serial(sentinel.port, secure.context)
    secure.pair[0].write_text("nonsense")
    eventually(lambda: "the old ones stay in use" in sentinel.log(), "a line about it")
    assert _serial(sentinel.port, secure.context) == current


def _serial(port: int, context: ssl.SSLContext) -> bytes:
    with socket.create_connection((HOST, port), 3) as plain, context.wrap_socket(plain) as wrapped:
        certificate = wrapped.getpeercert(binary_form=True)
        assert certificate is not None
        return certificate


def test_plain_and_tls_ports_side_by_side(lab: Lab, authority: Authority) -> None:
    secure = Secure(lab, authority)
    master = secure.server()
    port = free_port()
    sentinel = secure.sentinel(watching(master, 1), port=str(port)).start()
    plain = Process(port, sentinel.command, lab.folder)
    assert plain.ask("PING") == "PONG"
    assert sentinel.ask("PING") == "PONG"
    assert _refused(sentinel.port, None)
    eventually(lambda: plain.flags() == {"master"}, "the master over TLS")


def test_a_handshake_that_never_ends_holds_nobody_up(lab: Lab, authority: Authority) -> None:
    secure = Secure(lab, authority)
    master = secure.server()
    sentinel = secure.sentinel(watching(master, 1)).start()
    silent = [socket.create_connection((HOST, sentinel.port), 3) for _ in range(50)]
    try:
        silent[0].sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        silent[1].sendall(b"PING\r\n" * 1000)
        silent[2].sendall(b"\x80" * 5000)
        assert sentinel.ask("PING") == "PONG"
        assert sentinel.flags() == {"master"}
    finally:
        for one in silent:
            one.close()
    assert "Traceback" not in sentinel.log()


def test_a_server_without_tls_is_down_for_links_with_tls(lab: Lab, authority: Authority) -> None:
    secure = Secure(lab, authority)
    master = lab.server()
    sentinel = secure.sentinel(watching(master, 1)).start()
    eventually(lambda: "s_down" in sentinel.flags(), "down")
    assert sentinel.ask("PING") == "PONG"
    assert "Traceback" not in sentinel.log()


def test_a_broken_tls_set_up_refuses_to_start(lab: Lab, authority: Authority) -> None:
    secure = Secure(lab, authority)
    secure.words["tls-cert-file"] = str(lab.folder / "missing.crt")
    sentinel = secure.sentinel(f"sentinel monitor {NAME} {HOST} 6379 1\n")
    before = sentinel.config.read_text()
    sentinel.launch()
    assert sentinel.child is not None
    assert sentinel.child.wait(10) == 1
    assert "missing.crt" in sentinel.log()
    assert sentinel.config.read_text() == before
