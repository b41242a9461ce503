"""Proves that TLS asks for and shows the right certificates, follows their change, and names what is wrong."""

import asyncio
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from quorate.conf.options import TlsOptions
from quorate.model.notice import Level
from quorate.runtime import tls
from quorate.runtime.tls import Tls, TlsError


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def authority(folder: Path, name: str) -> None:
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"),
    )


def certificate(folder: Path, name: str, signer: str = "ca", password: str = "") -> None:
    cipher = ("-passout", f"pass:{password}") if password else ("-nodes",)
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *cipher, "-subj", f"/CN={name}"),
        *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr"),
    )
    openssl(
        *("x509", "-req", "-days", "2", "-in", folder / f"{name}.csr", "-CA", folder / f"{signer}.crt"),
        *("-CAkey", folder / f"{signer}.key", "-CAcreateserial", "-out", folder / f"{name}.crt"),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl program to make certificates")
    folder = tmp_path_factory.mktemp("tls")
    authority(folder, "ca")
    authority(folder, "other")
    for name in ("one", "two"):
        certificate(folder, name)
    certificate(folder, "stranger", "other")
    certificate(folder, "locked", password="opensesame")
    return folder


def options(store: Path, name: str = "one", **more: object) -> TlsOptions:
    base = TlsOptions(
        port=1,
        replication=True,
        cert_file=str(store / f"{name}.crt"),
        key_file=str(store / f"{name}.key"),
        ca_cert_file=str(store / "ca.crt"),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def ignore(level: Level, text: str) -> None:
    del level, text


def meet(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str, str | None]:
    """Let two contexts shake hands: (server's name, client's name or "", TLS version)."""

    def name(side: ssl.SSLObject) -> str:
        return "".join(re.findall(r"'commonName', '(\w+)'", str((side.getpeercert() or {}).get("subject"))))

    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(up, down, server_side=True)
    theirs = client.wrap_bio(down, up)
    for _ in range(6):
        for side in (theirs, ours):
            try:
                side.do_handshake()
                side.read(1)
            except ssl.SSLWantReadError:
                pass
    return name(theirs), name(ours), theirs.version()


def test_our_port_and_our_links_show_their_certificates(store: Path) -> None:
    ours = Tls(options(store, client_cert_file=str(store / "two.crt"), client_key_file=str(store / "two.key")), ignore)
    assert meet(ours.server, ours.client) == ("one", "two", "TLSv1.3")


def test_without_certificates_of_their_own_links_use_those_of_the_port(store: Path) -> None:
    ours = Tls(options(store), ignore)
    assert meet(ours.server, ours.client)[:2] == ("one", "one")


@pytest.mark.parametrize(("auth", "welcome"), [("yes", False), ("optional", True), ("no", True)])
def test_tls_auth_clients_decides_about_those_without_a_certificate(store: Path, auth: str, welcome: bool) -> None:
    ours = Tls(options(store, auth_clients=auth), ignore)
    bare = ssl.create_default_context(cafile=str(store / "ca.crt"))
    bare.check_hostname = False
    if welcome:
        assert meet(ours.server, bare)[0] == "one"
    else:
        with pytest.raises(ssl.SSLError):
            meet(ours.server, bare)


@pytest.mark.parametrize(("auth", "welcome"), [("yes", False), ("optional", False), ("no", True)])
def test_a_certificate_of_a_stranger_is_refused_where_one_is_looked_at(store: Path, auth: str, welcome: bool) -> None:
    ours = Tls(options(store, auth_clients=auth), ignore)
    stranger = Tls(options(store, "stranger"), ignore)
    if welcome:
        assert meet(ours.server, stranger.client)[0] == "one"
    else:
        with pytest.raises(ssl.SSLError):
            meet(ours.server, stranger.client)
    with pytest.raises(ssl.SSLError):
        meet(stranger.server, ours.client)


def test_protocols_and_ciphers_are_limited(store: Path) -> None:
    ours = Tls(options(store, protocols="TLSv1.2", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384"), ignore)
    assert meet(ours.server, ours.client)[2] == "TLSv1.2"
    newer = Tls(options(store, protocols="TLSv1.3"), ignore)
    with pytest.raises(ssl.SSLError):
        meet(newer.server, ours.client)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cert_file": ""}, "No tls-cert-file configured!"),
        ({"key_file": ""}, "No tls-key-file configured!"),
        ({"client_cert_file": "x"}, "No tls-client-key-file configured!"),
        ({"ca_cert_file": ""}, "Either tls-ca-cert-file or tls-ca-cert-dir must be specified"),
        ({"ca_cert_file": "/missing"}, "tls-ca-cert-file '/missing' cannot be used"),
        ({"cert_file": "/missing"}, "tls-cert-file '/missing' cannot be used"),
        ({"ciphers": "NONSENSE"}, "tls-ciphers 'NONSENSE' cannot be used"),
        ({"protocols": "SSLv9"}, "Invalid tls-protocols specified"),
        ({"dh_params_file": "/missing"}, "tls-dh-params-file '/missing' cannot be used"),
    ],
)
def test_what_cannot_be_used_is_named(store: Path, change: dict[str, str], reason: str) -> None:
    with pytest.raises(TlsError, match=reason):
        Tls(options(store, **change), ignore)


def test_a_key_may_have_a_password_and_nobody_is_asked_for_one(store: Path) -> None:
    assert meet(*contexts(Tls(options(store, "locked", key_file_pass="opensesame"), ignore)))[0] == "locked"
    for wrong in ("", "guess"):
        with pytest.raises(TlsError, match="tls-cert-file"):
            Tls(options(store, "locked", key_file_pass=wrong), ignore)


def contexts(both: Tls) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return both.server, both.client


def test_changed_certificates_are_used_at_once_and_broken_ones_never(store: Path, tmp_path: Path) -> None:
    said: list[tuple[Level, str]] = []

    def install(name: str) -> None:
        for kind in ("crt", "key"):
            shutil.copy(store / f"{name}.{kind}", tmp_path / f"mine.{kind}.new")
            (tmp_path / f"mine.{kind}.new").rename(tmp_path / f"mine.{kind}")

    def remember(level: Level, text: str) -> None:
        said.append((level, text))

    install("one")
    mine = {"cert_file": str(tmp_path / "mine.crt"), "key_file": str(tmp_path / "mine.key")}
    ours = Tls(options(store, **mine), remember)
    server = ours.server
    assert not ours.refresh()
    install("two")
    assert ours.refresh()
    assert meet(server, ours.client)[:2] == ("two", "two")
    (tmp_path / "mine.crt").write_text("rubbish")
    assert not ours.refresh()
    assert not ours.refresh()
    assert meet(server, ours.client)[:2] == ("two", "two")
    assert [level for level, _ in said] == [Level.NOTICE, Level.WARNING]


def test_a_changed_authority_is_trusted_instead_of_the_old_one(store: Path, tmp_path: Path) -> None:
    shutil.copy(store / "ca.crt", tmp_path / "ca.crt")
    ours = Tls(options(store, ca_cert_file=str(tmp_path / "ca.crt")), ignore)
    stranger = Tls(options(store, "stranger"), ignore)
    shutil.copy(store / "other.crt", tmp_path / "ca.crt")
    assert ours.refresh()
    meet(ours.server, stranger.client)
    with pytest.raises(ssl.SSLError):
        meet(ours.server, Tls(options(store), ignore).client)


@pytest.mark.parametrize("fast", [False, True])
def test_both_event_loops_serve_with_the_lasting_context(store: Path, fast: bool) -> None:
    ours = Tls(options(store), ignore)

    async def body() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=ours.server)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ours.client, server_hostname="")
        writer.write(b"PING\n")
        assert await reader.readline() == b"PING\n"
        writer.close()
        server.close()
        await asyncio.sleep(0.02)

    runner: Callable[..., object] = pytest.importorskip("uvloop").run if fast else asyncio.run
    runner(body())


def test_what_has_no_effect_is_said(store: Path) -> None:
    given = options(store, ciphersuites="TLS_AES_128_GCM_SHA256", session_cache_size=5)
    assert [remark.split()[0] for remark in tls.remarks(given)] == ["tls-ciphersuites", "tls-session-cache-size"]
    assert tls.remarks(options(store)) == ()
    assert tls.wanted(given)
    assert not tls.wanted(TlsOptions())
