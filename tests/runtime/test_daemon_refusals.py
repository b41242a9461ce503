"""Proves by real processes when a sentinel refuses to start, where it says why, and that it leaves the file alone."""

import os
import shutil
import socket
import subprocess

import pytest

from tests.runtime.spawned import QUORATE, Process

pytestmark = pytest.mark.real

SELF_SIGNED = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
SELF_SIGNED += ["-subj", "/CN=us", "-keyout", "key.pem", "-out", "cert.pem"]


def test_a_broken_configuration_is_explained_on_standard_error_and_left_alone(sentinel: Process) -> None:
    sentinel.write("sentinel monitor mymaster 127.0.0.1 1 0")
    before = sentinel.conf.read_bytes()
    assert sentinel.refused() == 1
    assert sentinel.said() == ""
    lines = sentinel.complained().splitlines()
    assert "FATAL CONFIG FILE ERROR" in lines[1]
    assert lines[2:] == [
        f"Reading the configuration file, at line 3 of {sentinel.conf}",
        ">>> 'sentinel monitor mymaster 127.0.0.1 1 0'",
        "Quorum must be 1 or greater.",
    ]
    assert sentinel.conf.read_bytes() == before


@pytest.mark.parametrize("path", ["/nonexistent/x.log", "/"])
def test_a_log_that_cannot_be_written_is_said_on_standard_error(sentinel: Process, path: str) -> None:
    before = sentinel.conf.read_bytes()
    assert sentinel.refused("sentinel.conf", "--logfile", path) == 1
    assert sentinel.said() == ""
    _, banner, reason = sentinel.complained().splitlines()
    assert "FATAL CONFIG FILE ERROR" in banner
    assert reason.startswith("Can't open the log file: ")
    assert path in reason
    assert sentinel.conf.read_bytes() == before


def test_a_log_that_is_a_pipe_without_a_reader_holds_nobody_up(sentinel: Process) -> None:
    os.mkfifo(sentinel.folder / "pipe")
    sentinel.start("sentinel.conf", "--logfile", "pipe")
    sentinel.await_answer()


@pytest.mark.skipif(not shutil.which("prlimit"), reason="prlimit is not installed")
def test_too_few_open_files_to_work_with(sentinel: Process) -> None:
    assert sentinel.start(through=["prlimit", "--nofile=20:20"]).wait(20) == 1
    assert "is not enough for the server to start" in sentinel.said()
    assert sentinel.complained() == ""


def test_a_unix_socket_with_a_long_path(sentinel: Process) -> None:
    assert sentinel.refused("sentinel.conf", "--unixsocket", f"/tmp/{'x' * 200}") == 1
    assert "Failed opening Unix socket: bind: AF_UNIX path too long" in sentinel.said()


def test_a_port_in_use_is_said_in_the_log_and_the_configuration_is_left_alone(sentinel: Process) -> None:
    before = sentinel.conf.read_bytes()
    with socket.create_server(("127.0.0.1", sentinel.port)):
        assert sentinel.refused() == 1
    assert f"socket 127.0.0.1:{sentinel.port}: bind: Address already in use" in sentinel.said()
    assert f"Failed listening on port {sentinel.port} (tcp), aborting." in sentinel.said()
    assert sentinel.complained() == ""
    assert sentinel.conf.read_bytes() == before


def test_nothing_to_listen_on(sentinel: Process) -> None:
    assert sentinel.refused("sentinel.conf", "--port", "0") == 1
    assert "Configured to not listen anywhere, exiting." in sentinel.said()


def test_no_file_is_a_line_of_the_log(sentinel: Process) -> None:
    assert sentinel.refused("--port", "5") == 1
    assert sentinel.said().endswith(" # Sentinel needs config file on disk to save state. Exiting...\n")
    assert sentinel.complained() == ""


def test_an_unreadable_file_is_a_line_of_the_log(sentinel: Process) -> None:
    assert sentinel.refused("missing.conf") == 1
    path = sentinel.folder / "missing.conf"
    assert sentinel.said().endswith(f" # Fatal error, can't open config file '{path}': No such file or directory\n")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="must become another user")
def test_a_file_that_may_not_be_written_is_a_line_of_the_log(sentinel: Process) -> None:
    sentinel.conf.chmod(0o644)
    for folder in (sentinel.folder, sentinel.folder.parent, sentinel.folder.parent.parent):
        folder.chmod(0o755)
    words = ["setpriv", "--reuid=65534", "--clear-groups", *QUORATE, str(sentinel.conf)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    if "Permission denied" in result.stderr:
        pytest.skip("that user cannot run this Python")
    assert (result.returncode, result.stderr) == (1, "")
    assert f"Sentinel config file {sentinel.conf} is not writable: Permission denied. Exiting..." in result.stdout


def test_users_in_two_places_are_refused(sentinel: Process) -> None:
    (sentinel.folder / "acl").write_text("user default on nopass ~* &* +@all\n")
    sentinel.write("user a on >x +@all", "aclfile acl")
    assert sentinel.refused() == 1
    assert "aclfile" in sentinel.said() + sentinel.complained()
