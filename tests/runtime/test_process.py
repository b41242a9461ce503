"""Proves file limits, pid files, titles, signals, the background, orphans, and the words to a supervisor."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quorate.conf.options import ProcessOptions, TlsOptions
from quorate.runtime.process import PidFile, raise_file_limit, title
from quorate.runtime.systemd import Supervision, Supervisor, supervision


def python(code: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False, **options
    )


@pytest.mark.parametrize(
    ("maxclients", "limits", "possible"),
    [
        (10_000, (1024, 1_048_576), 10_000),
        (10_000, (20_000, 20_000), 10_000),
        (10_000, (-1, -1), 10_000),
        (10_000, (1024, -1), 10_000),
        (10_000, (256, 1024), 992),
        (10_000, (33, 33), 1),
        (10_000, (32, 32), 0),
        (10_000, (5, 5), 0),
    ],
)
def test_as_many_clients_as_the_system_allows(maxclients: int, limits: tuple[int, int], possible: int) -> None:
    limit = raise_file_limit(maxclients, limits)
    assert limit.maxclients == possible
    assert bool(limit.remark) == (possible != maxclients)


def test_the_limit_is_really_raised() -> None:
    result = python(
        "import resource; from quorate.runtime.process import raise_file_limit as r\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 500))\n"
        "print(r(100), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    assert result.stdout == "FileLimit(maxclients=100, remark='') 132\n"


def test_a_pid_file_is_written_and_removed_by_its_writer_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pidfile = PidFile("my.pid")
    assert not pidfile.remove()
    assert pidfile.write() is None
    monkeypatch.chdir("/")
    assert (tmp_path / "my.pid").read_text() == f"{os.getpid()}\n"
    child = os.fork()
    if child == 0:
        os._exit(pidfile.remove())
    assert os.waitpid(child, 0)[1] == 0
    assert pidfile.remove()
    assert not (tmp_path / "my.pid").exists()
    assert PidFile("no/such/folder").write() == "Failed to write PID file: No such file or directory"


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (ProcessOptions(), "quorate-sentinel *:26379 [sentinel]"),
        (ProcessOptions(bind=("-::1",), port=5), "quorate-sentinel [::1]:5 [sentinel]"),
        (ProcessOptions(port=0, tls=TlsOptions(port=7)), "quorate-sentinel *:7 [sentinel]"),
        (ProcessOptions(port=0, unixsocket="/s"), "quorate-sentinel /s [sentinel]"),
        (ProcessOptions(proc_title_template="{config-file}|{port}|{tls-port}|{nothing} "), "/c|26379|0|{nothing}"),
    ],
)
def test_the_title_follows_its_template(options: ProcessOptions, shown: str) -> None:
    assert title(options, "/c") == shown


def test_before_there_is_a_loop_a_request_to_end_ends_at_once() -> None:
    result = python(
        "import os, signal; from quorate.runtime.signals import Signals\n"
        "Signals().install()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
        "os.kill(os.getpid(), signal.SIGPIPE)\n"
        "print('still here', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "print('never')"
    )
    assert (result.returncode, result.stdout) == (0, "still here\n")


def test_the_second_interrupt_waits_for_nobody() -> None:
    result = python(
        "import signal; from quorate.runtime.signals import Signals\n"
        "signals = Signals(); signals.install(); signals.on_leave(lambda number: print(number.name, flush=True))\n"
        "for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGINT): signal.raise_signal(number)\n"
        "print('never')"
    )
    assert (result.returncode, result.stdout) == (1, "SIGTERM\nSIGTERM\nSIGINT\n")


def test_in_the_background_there_is_a_session_of_our_own_and_no_standard_streams(tmp_path: Path) -> None:
    result = python(
        "import os, sys; from quorate.runtime.process import daemonize\n"
        "daemonize()\n"
        "print('unseen', flush=True)\n"
        "streams = {os.readlink(f'/proc/self/fd/{n}') for n in range(3)}\n"
        f"open('{tmp_path}/tmp', 'w').write(f'{{os.getsid(0) == os.getpid()}} {{streams}}')\n"
        f"os.rename('{tmp_path}/tmp', '{tmp_path}/out')\n",
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    deadline = time.monotonic() + 10
    while not (tmp_path / "out").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert (tmp_path / "out").read_text() == "True {'/dev/null'}"


def test_orphans_are_collected_and_the_status_of_our_own_children_is_not_stolen() -> None:
    # A subreaper inherits orphans as PID 1 does.
    result = python(
        "import ctypes, os, subprocess, time\n"
        "from quorate.runtime.process import reap_orphans\n"
        "assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0\n"
        "ours = subprocess.Popen(['sh', '-c', 'exit 7'])\n"
        "subprocess.run(['sh', '-c', 'sleep 0 & sleep 0.01 & exit 0'])\n"
        "owned, reaped = {ours.pid}, 0\n"
        "def collect():\n"
        "    if ours.poll() is not None: owned.discard(ours.pid)\n"
        "deadline = time.monotonic() + 10\n"
        "while (reaped < 2 or owned) and time.monotonic() < deadline:\n"
        "    reaped += reap_orphans(owned.__contains__, collect)\n"
        "    time.sleep(0.005)\n"
        "print(reaped, ours.returncode)"
    )
    assert (result.stdout, result.stderr) == ("2 7\n", "")


@pytest.mark.parametrize(
    ("wanted", "environment", "kind"),
    [
        ("no", {"NOTIFY_SOCKET": "/x"}, Supervision.NO),
        ("auto", {"NOTIFY_SOCKET": "/x"}, Supervision.SYSTEMD),
        ("auto", {"UPSTART_JOB": "x"}, Supervision.UPSTART),
        ("auto", {}, Supervision.NO),
        ("systemd", {"NOTIFY_SOCKET": "/x", "UPSTART_JOB": "x"}, Supervision.SYSTEMD),
        ("systemd", {}, Supervision.NO),
        ("upstart", {"UPSTART_JOB": "x"}, Supervision.UPSTART),
    ],
)
def test_who_supervises(wanted: str, environment: dict[str, str], kind: Supervision) -> None:
    assert supervision(wanted, environment) is kind


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_of_start_status_and_end(tmp_path: Path, abstract: bool) -> None:
    name = f"@quorate-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name[1:] if abstract else name)
        listener.settimeout(2)
        supervisor = Supervisor(Supervision.SYSTEMD, name)
        supervisor.ready("Watching 2 masters")
        supervisor.status("Watching 3 masters")
        supervisor.stopping()
        assert [listener.recv(1000) for _ in range(3)] == [
            b"READY=1\nSTATUS=Watching 2 masters\n",
            b"STATUS=Watching 3 masters\n",
            b"STOPPING=1\n",
        ]


def test_nobody_listening_is_no_trouble(tmp_path: Path) -> None:
    Supervisor(Supervision.SYSTEMD, str(tmp_path / "nobody")).ready("x")
    Supervisor(Supervision.NO, "").stopping()


def test_upstart_sees_us_stop_until_it_continues_us() -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from quorate.runtime.systemd import *; Supervisor(Supervision.UPSTART).ready('x')",
        ],
        env={**os.environ, "UPSTART_JOB": "x"},
    )
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    child.send_signal(signal.SIGCONT)
    assert child.wait(10) == 0
