"""`quorate status --tls` against sentinels that speak TLS: it shows them, or says which option or file is wrong."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real.certificates import Authority
from tests.real.cluster import C_SENTINEL, OURS, Lab, Process, eventually, free_port
from tests.real.secure import Secure, watching

pytestmark = pytest.mark.real

DEGRADED, UNREACHABLE, USAGE = 1, 2, 64


def _status(sentinel: int, *words: str | Path) -> tuple[int, str]:
    """The exit status, and everything that was printed, in one line."""
    command = [sys.executable, "-m", "quorate", "status", "--port", str(sentinel), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@dataclass(frozen=True)
class Files:
    """What a person may name: authorities, certificates and keys, good and wrong ones."""

    ca: Path
    cert: Path
    key: Path
    strange_ca: Path
    strange_cert: Path
    strange_key: Path
    junk: Path

    def words(self) -> Sequence[str | Path]:
        """The options that work."""
        return ("--tls", "--cacert", self.ca, "--cert", self.cert, "--key", self.key)


@pytest.fixture
def files(authority: Authority) -> Files:
    stranger = Authority(authority.folder / "stranger")
    junk = authority.folder / "junk"
    junk.write_text("junk")
    return Files(authority.ca, *authority.issue("person"), stranger.ca, *stranger.issue("stranger"), junk)


@pytest.mark.parametrize("kind", [OURS, C_SENTINEL], ids=["ours", "C"])
def test_a_sentinel_with_tls(lab: Lab, authority: Authority, files: Files, kind: tuple[str, ...]) -> None:
    secure = Secure(lab, authority)
    master = secure.server()
    sentinel = secure.sentinel(watching(master, 1), kind=kind).start()
    eventually(lambda: sentinel.flags() == {"master"}, "the master is up")
    code, text = _status(sentinel.port, *files.words())
    assert (code, f"127.0.0.1:{master.port} up" in text) == (DEGRADED, True), "a master without a replica"
    code, text = _status(sentinel.port, "--tls", "--insecure", "--cert", files.cert, "--key", files.key)
    assert code == DEGRADED
    words: tuple[str | Path, ...]
    for words in ((), ("--cacert", files.strange_ca)):
        code, text = _status(sentinel.port, "--tls", *words)
        assert (code, "its certificate is not trusted" in text, "--cacert" in text) == (UNREACHABLE, True, True), text
    for words in ((), ("--cert", files.strange_cert, "--key", files.strange_key)):
        code, text = _status(sentinel.port, "--tls", "--cacert", files.ca, *words)
        assert (code, "--cert" in text) == (UNREACHABLE, True), text
    code, text = _status(sentinel.port)
    assert (code, "it may want TLS: --tls" in text) == (UNREACHABLE, True), text
    code, text = _status(sentinel.port, "--json", "--tls", "--cacert", files.strange_ca)
    assert json.loads(text)["problems"][0]["code"] == "sentinel-tls"
    assert sentinel.ask("PING") == "PONG"


def test_tls_to_a_port_without(lab: Lab, authority: Authority, files: Files) -> None:
    secure = Secure(lab, authority)
    plain = free_port()
    sentinel = secure.sentinel(watching(secure.server(), 1), port=str(plain)).start()
    code, text = _status(plain, *files.words())
    assert (code, "this port speaks no TLS" in text) == (UNREACHABLE, True), text
    assert Process(plain, sentinel.command, lab.folder).ask("PING") == "PONG"


def test_files_that_are_no_use_are_named_before_anything_is_asked(files: Files) -> None:
    for words, said in (
        (("--cacert", "/nope.crt"), "/nope.crt: No such file"),
        (("--cacert", files.junk), f"{files.junk} holds no certificates"),
        (("--cert", "/nope.crt"), "/nope.crt: No such file"),
        (("--cert", files.junk, "--key", files.key), f"{files.junk} and {files.key} are no certificate and its key"),
        (("--cert", files.cert), f"{files.cert} and a key inside it are no certificate and its key"),
        (("--cert", files.cert, "--key", files.strange_key), "KEY_VALUES_MISMATCH"),
        (("--key", files.key), "a key needs its certificate"),
    ):
        code, text = _status(1, "--tls", *words)
        assert (code, said in text) == (USAGE, True), text


def test_a_key_with_a_password_is_not_asked_for_on_the_terminal(files: Files) -> None:
    locked = files.key.with_suffix(".locked")
    command = ["openssl", "ec", "-in", str(files.key), "-aes256", "-passout", "pass:secret", "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    code, text = _status(1, "--tls", "--cert", files.cert, "--key", locked)
    assert (code, "are no certificate and its key" in text) == (USAGE, True), text
