"""Proves whom the doors let in: addresses, Unix sockets, TLS, the limits on clients, and C's words when a door jams."""

import asyncio
import os
import socket
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from quorate.commands.acl import Book
from quorate.conf.options import ClientOptions, ProcessOptions, TlsOptions
from quorate.model.notice import Level
from quorate.model.settings import Mode
from quorate.runtime.listener import BindFailed, open_doors, serve
from quorate.wire.encode import encode_command
from tests.runtime.manor import PEER_HOST, open_house
from tests.runtime.stage import LOOPS, Notebook, eventually, play

both_loops = pytest.mark.parametrize("loop", LOOPS)

Ports = Callable[[int], list[int]]
PING = encode_command("PING")
FULL = b"-ERR max number of clients reached\r\n"


def test_a_port_in_use_is_refused_in_the_words_of_c_sentinel(free_ports: Ports) -> None:
    log, port = Notebook(), free_ports(1)[0]
    options = ProcessOptions(port=port, bind=("127.0.0.1",))
    doors = open_doors(options, Mode.REDIS_7_2, log.write)
    try:
        with pytest.raises(BindFailed, match=rf"^Failed listening on port {port} \(TCP\), aborting\.$"):
            open_doors(options, Mode.REDIS_7_0, log.write)
        with pytest.raises(BindFailed, match=rf"^Failed listening on port {port} \(tcp\), aborting\.$"):
            open_doors(options, Mode.VALKEY_8, log.write)
        line = f"Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use"
        assert log.lines == [(Level.WARNING, line)] * 2
    finally:
        doors.close()


@pytest.mark.parametrize(
    ("bind", "error"),
    [
        (("127.0.0.1", "192.0.2.7"), "bind: Cannot assign requested address"),
        (("no.such.host.invalid",), ""),
    ],
)
def test_an_address_that_is_not_ours_is_refused(bind: tuple[str, ...], error: str, free_ports: Ports) -> None:
    log = Notebook()
    with pytest.raises(BindFailed):
        open_doors(ProcessOptions(port=free_ports(1)[0], bind=bind), Mode.REDIS_7_2, log.write)
    assert log.lines[-1][1].endswith(error)


def test_an_optional_address_may_be_missing_but_not_all_of_them(free_ports: Ports) -> None:
    log, port = Notebook(), free_ports(1)[0]
    doors = open_doors(ProcessOptions(port=port, bind=("127.0.0.1", "-192.0.2.7")), Mode.REDIS_7_2, log.write)
    assert len(doors.plain) == 1
    assert doors.texts == (f"name=tcp,bind=127.0.0.1,bind=-192.0.2.7,port={port}",)
    doors.close()
    with pytest.raises(BindFailed, match="Configured to not listen anywhere, exiting"):
        open_doors(ProcessOptions(port=port, bind=("-192.0.2.7",)), Mode.REDIS_7_2, log.write)
    with pytest.raises(BindFailed, match="Configured to not listen anywhere, exiting"):
        open_doors(ProcessOptions(port=0), Mode.REDIS_7_2, log.write)


def test_the_default_is_every_address_of_both_families(free_ports: Ports) -> None:
    doors = open_doors(ProcessOptions(port=free_ports(1)[0]), Mode.REDIS_7_2, Notebook().write)
    families = {sock.family for sock in doors.plain}
    assert socket.AF_INET in families
    assert families <= {socket.AF_INET, socket.AF_INET6}
    assert not any(sock.get_inheritable() for sock in doors.plain)
    doors.close()


@both_loops
def test_a_unix_socket_has_its_permissions_and_vanishes_at_the_end(loop: str, tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    path.write_text("left behind by a crash")
    options = ProcessOptions(port=0, unixsocket=str(path), unixsocketperm=0o700)

    async def scene() -> None:
        async with open_house(0, process=options) as manor:
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
            guest = await manor.visit_unix(path)
            guest.say(PING)
            await guest.hears(b"+PONG\r\n")
            (session,) = manor.world.sessions()
            assert session.address == f"{path}:0"
            assert manor.world.facts().listeners == (f"name=unix,bind={path}",)

    play(loop, scene())
    assert not path.exists()


def test_a_unix_socket_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(BindFailed, match=r"^Failed opening Unix socket: bind: No such file or directory$"):
        open_doors(ProcessOptions(port=0, unixsocket="/no/such/place/s"), Mode.REDIS_7_2, Notebook().write)


@both_loops
def test_more_clients_than_maxclients_are_told_so_and_known_peers_still_come_in(loop: str, free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0], ClientOptions(maxclients=3)) as manor:
            inside = [await manor.visit() for _ in range(3)]
            for guest in inside:
                guest.say(PING)
                await guest.hears(b"+PONG\r\n")
            await (await manor.visit()).is_shown_out(FULL)
            peers = [await manor.visit(PEER_HOST) for _ in range(32)]
            for peer in peers:
                peer.say(PING)
                await peer.hears(b"+PONG\r\n")
            await (await manor.visit(PEER_HOST)).is_shown_out(FULL)
            assert manor.world.facts().connections_rejected == 2
            assert manor.world.facts().connections_received == 35
            peers[0].writer.close()
            await eventually(lambda: len(list(manor.world.sessions())) == 34)
            await (await manor.visit()).is_shown_out(FULL)

    play(loop, scene())


def test_protected_mode_keeps_strangers_out_until_there_is_a_password(
    free_ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports(1)[0]
    options = ProcessOptions(port=port, bind=("127.0.0.1",), protected_mode=True)
    acl = Book(Mode.REDIS_7_2)

    async def scene() -> None:
        async with open_house(port, process=options, acl=acl) as manor:
            local = await manor.visit()
            local.say(PING)
            await local.hears(b"+PONG\r\n")
            # There is no address on this machine that is reached from here and is not local.
            monkeypatch.setattr("quorate.runtime.clients._is_local", lambda _: False)
            stranger = await manor.visit()
            assert (await stranger.reader.read()).startswith(b"-DENIED ")
            acl.require_password("pw")
            guest = await manor.visit()
            guest.say(encode_command("AUTH", "pw"))
            await guest.hears(b"+OK\r\n")

    play("uvloop", scene())


def test_silent_clients_are_closed_after_timeout_but_subscribers_are_not(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0], ClientOptions(timeout=1)) as manor:
            silent, listener = await manor.visit(), await manor.visit()
            listener.say(encode_command("SUBSCRIBE", "x"))
            await listener.hear(1)
            for session in manor.world.sessions():
                session.last_active -= 2000
            await silent.is_shown_out()
            assert [session.id for session in manor.world.sessions()] == [2]

    play("uvloop", scene())


def test_clients_are_probed_by_the_kernel_when_they_are_silent(free_ports: Ports) -> None:
    async def scene() -> None:
        async with open_house(free_ports(1)[0], ClientOptions(keepalive=120)) as manor:
            guest = await manor.visit()
            guest.say(PING)
            await guest.hears(b"+PONG\r\n")
            (session,) = manor.world.sessions()
            with socket.socket(fileno=os.dup(session.fd)) as sock:
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 120
                assert not os.get_inheritable(session.fd)

    play("uvloop", scene())


@both_loops
def test_tls_clients_are_served_and_half_a_handshake_harms_nobody(loop: str, tmp_path: Path, free_ports: Ports) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*words, "-subj", "/CN=x", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(cert, key)
    theirs = ssl.create_default_context(cafile=str(cert))
    theirs.check_hostname = False
    port, plain_port = free_ports(2)
    options = ProcessOptions(port=0, bind=("127.0.0.1",), tls=TlsOptions(port=port))

    async def scene() -> None:
        async with open_house(plain_port) as manor:
            doors = open_doors(options, Mode.REDIS_7_2, manor.log.write)
            serving = await serve(asyncio.get_running_loop(), doors, manor.world.clients.protocol, ours)
            with socket.create_connection(("127.0.0.1", port)) as half:
                half.send(b"\x16\x03\x01")
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=theirs)
                writer.write(PING)
                assert await reader.readexactly(7) == b"+PONG\r\n"
                writer.close()
            await eventually(lambda: not list(manor.world.sessions()))
            serving.close()

    play(loop, scene())
