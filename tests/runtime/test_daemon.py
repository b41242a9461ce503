"""Proves by real processes how a sentinel starts, saves, and leaves."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from tests.runtime.spawned import Process, free_port, until

pytestmark = pytest.mark.real

SELF_SIGNED = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
SELF_SIGNED += ["-subj", "/CN=us", "-keyout", "key.pem", "-out", "cert.pem"]


def test_at_start_the_configuration_is_saved_with_an_id_and_our_words_come_first(sentinel: Process) -> None:
    process = sentinel.start()
    sentinel.await_answer()
    (line,) = [line for line in sentinel.conf.read_text().splitlines() if line.startswith("sentinel myid")]
    said = [line.split(" ", 6)[6] for line in sentinel.said().splitlines() if " Quorate " not in line]
    assert said[:4] == [
        "Configuration loaded",
        f"Running mode=sentinel, port={sentinel.port}.",
        "Sentinel new configuration saved on disk",
        f"Sentinel ID is {line.split()[2]}",
    ]
    assert said[4] == "+monitor master mymaster 127.0.0.1 1 quorum 2"
    assert sentinel.said().startswith(f"{process.pid}:X ")
    title = Path(f"/proc/{process.pid}/cmdline").read_bytes().rstrip(b"\0").decode()
    assert title == f"quorate-sentinel 127.0.0.1:{sentinel.port} [sentinel]"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_with_zero_and_says_so(sentinel: Process, number: signal.Signals) -> None:
    sentinel.write("pidfile sentinel.pid", "sentinel monitor mymaster 127.0.0.1 1 2")
    process = sentinel.start()
    sentinel.await_answer()
    assert (sentinel.folder / "sentinel.pid").read_text() == f"{process.pid}\n"
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGPIPE)
    sentinel.await_answer()
    process.send_signal(number)
    assert process.wait(5) == 0
    assert not (sentinel.folder / "sentinel.pid").exists()
    assert f"Received {number.name} scheduling shutdown..." in sentinel.said()
    assert sentinel.said().endswith("Sentinel is now ready to exit, bye bye...\n")
    assert sentinel.complained() == ""


def test_a_signal_is_obeyed_at_any_moment_of_the_start(sentinel: Process) -> None:
    for delay in (0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35):
        process = sentinel.start()
        time.sleep(delay)
        process.terminate()
        # Until the interpreter itself has started, nobody's handlers can be there.
        assert process.wait(5) in ((0, -signal.SIGTERM) if delay < 0.15 else (0,)), delay
    assert sentinel.complained() == ""


def test_shutdown_ends_it_too(sentinel: Process) -> None:
    process = sentinel.start()
    sentinel.await_answer()
    with socket.create_connection(("127.0.0.1", sentinel.port), 5) as client:
        client.sendall(b"SHUTDOWN\r\n")
        assert client.recv(100) == b""
    assert process.wait(5) == 0


def test_started_again_it_is_the_same_sentinel(sentinel: Process) -> None:
    ids = set()
    for _ in range(2):
        process = sentinel.start()
        sentinel.await_answer()
        ids.add(sentinel.ask("SENTINEL MYID"))
        process.terminate()
        process.wait(5)
    assert len(ids) == 1


def test_directives_after_the_file_win_and_standard_input_is_read(sentinel: Process) -> None:
    port = free_port()
    words = ("sentinel.conf", "--port", str(port), "--sentinel", "monitor", "other", "127.0.0.1", "2", "3", "-")
    process = sentinel.start(*words, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"# a comment\nsentinel monitor third 127.0.0.1 3 1\n")
    process.stdin.close()
    sentinel.port = port
    sentinel.await_answer()
    info = sentinel.ask("INFO sentinel")
    assert b"sentinel_masters:3" in info
    kept = sentinel.conf.read_text()
    assert "sentinel monitor other 127.0.0.1 2 3" in kept
    assert "sentinel monitor third 127.0.0.1 3 1" in kept
    assert f"port {port}\n" in kept


@pytest.mark.parametrize("mode", ["redis-7.0", "valkey-8"])
def test_the_mode_of_the_command_line_counts(sentinel: Process, mode: str) -> None:
    sentinel.start("--compatible-with", mode, "sentinel.conf")
    sentinel.await_answer()
    field = b"valkey_version:" if mode == "valkey-8" else b"redis_version:7.0"
    assert field in sentinel.ask("INFO server")


def test_in_the_background_it_logs_to_its_file_and_writes_its_pid(sentinel: Process) -> None:
    words = ("sentinel.conf", "--daemonize", "yes", "--pidfile", "my.pid", "--logfile", "log.txt")
    assert sentinel.refused(*words) == 0
    sentinel.await_answer()
    pid = int((sentinel.folder / "my.pid").read_text())
    try:
        assert sentinel.said() + sentinel.complained() == ""
        assert f"{pid}:X" in (sentinel.folder / "log.txt").read_text()
        assert {Path(f"/proc/{pid}/fd/{fd}").readlink() for fd in range(3)} == {Path("/dev/null")}
    finally:
        os.kill(pid, signal.SIGTERM)
    until(lambda: not (sentinel.folder / "my.pid").exists())


def test_names_that_are_no_utf8_survive_in_the_c_locale(sentinel: Process) -> None:
    name = b"m\xff\xe9"
    sentinel.conf.write_bytes(sentinel.conf.read_bytes() + b"sentinel monitor " + name + b" 127.0.0.1 1 1\n")
    sentinel.start(env={**os.environ, "LANG": "C", "LC_ALL": "C"})
    sentinel.await_answer()
    assert name in sentinel.ask("SENTINEL MASTERS")
    assert b"sentinel monitor " + name in sentinel.conf.read_bytes().replace(b'"m\\xff\\xe9"', name)
    assert b"+monitor master " + name in (sentinel.folder / "out").read_bytes()


def test_a_rotated_log_is_written_anew(sentinel: Process) -> None:
    sentinel.write("logfile log.txt", "sentinel monitor mymaster 127.0.0.1 1 2")
    process = sentinel.start()
    sentinel.await_answer()
    log = sentinel.folder / "log.txt"
    until(lambda: "+monitor" in log.read_text())
    log.rename(sentinel.folder / "log.1")
    process.terminate()
    process.wait(5)
    assert log.read_text().endswith("bye bye...\n")
    assert "bye bye" not in (sentinel.folder / "log.1").read_text()
    assert sentinel.said() == ""


def test_systemd_hears_when_it_is_ready_and_when_it_ends(sentinel: Process) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(sentinel.folder / "notify"))
        listener.settimeout(15)
        words = ("sentinel.conf", "--supervised", "auto", "--daemonize", "yes")
        process = sentinel.start(*words, env={**os.environ, "NOTIFY_SOCKET": str(sentinel.folder / "notify")})
        message = listener.recv(1000)
        assert message == b"READY=1\nSTATUS=Ready to accept connections, watching 1 master\n"
        assert sentinel.ask().startswith(b"+PONG")
        assert b"sentinel myid" in sentinel.conf.read_bytes()
        process.terminate()
        assert listener.recv(1000) == b"STOPPING=1\n"
        assert process.wait(5) == 0


def test_a_small_limit_of_files_makes_room_for_fewer_clients(sentinel: Process) -> None:
    # Root may raise every limit, unless it has given that right away.
    through = ["sh", "-c", 'ulimit -n 200; exec "$@"', "sh"]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may raise every limit")
        through += ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    sentinel.start(through=through)
    sentinel.await_answer()
    assert "maxclients is 168 instead of 10000" in sentinel.said()
    assert b"maxclients:168" in sentinel.ask("INFO clients")
    assert sentinel.complained() == ""


def test_scripts_are_children_with_nothing_but_their_standard_streams(sentinel: Process) -> None:
    script = sentinel.folder / "script.sh"
    script.write_text('#!/bin/sh\necho "$PPID $*" >> told\nls /proc/$$/fd >> fds\n')
    script.chmod(0o755)
    sentinel.write(
        "dir ./",
        "sentinel monitor mymaster 127.0.0.1 1 2",
        "sentinel down-after-milliseconds mymaster 100",
        "sentinel notification-script mymaster ./script.sh",
    )
    process = sentinel.start()
    told = sentinel.folder / "told"
    until(lambda: told.exists() and "+sdown master mymaster 127.0.0.1 1" in told.read_text())
    assert f"{process.pid} +monitor master mymaster 127.0.0.1 1 quorum 2" in told.read_text()
    numbers = {int(number) for number in (sentinel.folder / "fds").read_text().split()}
    assert {number for number in numbers if number < 10} == {0, 1, 2}


def test_as_pid_1_it_collects_orphans(sentinel: Process) -> None:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("must make a namespace of processes")
    script = sentinel.folder / "script.sh"
    # Leaves a child behind that ends at once and that nobody but PID 1 can collect.
    script.write_text("#!/bin/sh\nsleep 0.05 & exit 0\n")
    script.chmod(0o755)
    sentinel.write(
        "sentinel monitor mymaster 127.0.0.1 1 2",
        "sentinel down-after-milliseconds mymaster 100",
        f"sentinel notification-script mymaster {script}",
    )
    outer = sentinel.start(through=["unshare", "--pid", "--fork", "--kill-child"])
    sentinel.await_answer()
    if not sentinel.said().startswith("1:X"):
        pytest.skip("no namespaces here")
    until(lambda: "+sdown" in sentinel.said())
    (inner,) = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
    time.sleep(0.3)
    until(lambda: Path(f"/proc/{inner}/task/{inner}/children").read_text() == "", 5)
    assert "-script-error" not in sentinel.said()


def test_tls_on_the_port(sentinel: Process) -> None:
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl program to make certificates")
    subprocess.run(
        ["openssl", "req", *SELF_SIGNED],
        cwd=sentinel.folder,
        check=True,
        capture_output=True,
    )
    tls = ("--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem")
    secure = free_port()
    process = sentinel.start("sentinel.conf", "--tls-port", str(secure), *tls)
    sentinel.await_answer()
    context = ssl.create_default_context(cafile=str(sentinel.folder / "cert.pem"))
    context.check_hostname = False
    context.load_cert_chain(sentinel.folder / "cert.pem", sentinel.folder / "key.pem")
    with socket.create_connection(("127.0.0.1", secure), 5) as plain, context.wrap_socket(plain) as client:
        client.sendall(b"PING\r\n")
        assert client.recv(100) == b"+PONG\r\n"
    process.terminate()
    assert process.wait(5) == 0
    assert sentinel.refused("sentinel.conf", "--tls-key-file", "missing.pem") == 1
    assert "Failed to configure TLS. Check logs for more info." in sentinel.said()
    assert sentinel.complained() == ""
