"""Notification and reconfiguration scripts: what they are given, in which order, how often, and for how long."""

from pathlib import Path

import pytest

from tests.real.cluster import NAME, Lab, Process, Trio, eventually
from tests.real.wire import HOST

pytestmark = pytest.mark.real


def _script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def _logging(lab: Lab, name: str, status: int = 0) -> tuple[Path, Path]:
    """A script that writes one line per run, its words between brackets; and where it writes."""
    out = lab.folder / f"{name}.out"
    body = f"""line=
for word in "$@"; do line="$line[$word]"; done
echo "$line" >> {out}
exit {status}"""
    return _script(lab.folder / f"{name}.sh", body), out


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_scripts_are_told_what_happens_in_order(lab: Lab) -> None:
    master = lab.server()
    servers = [master, lab.server(master=master)]
    sentinels, notes, moves = [], [], []
    for number in range(3):
        notify, note = _logging(lab, f"notify{number}")
        reconf, move = _logging(lab, f"reconf{number}")
        lines = [f"sentinel notification-script {NAME} {notify}", f"sentinel client-reconfig-script {NAME} {reconf}"]
        sentinels.append(lab.prepared(master, lines))
        notes.append(note)
        moves.append(move)
    trio = Trio(lab, servers, sentinels).start()
    master.kill()
    new = trio.moved_from(master)
    wanted = f"start][{HOST}][{master.port}][{HOST}][{new.port}]"
    eventually(lambda: all(_lines(move) for move in moves), "all have run")
    roles = sorted(line for move in moves for line in _lines(move))
    assert roles == [f"[{NAME}][leader][{wanted}", *[f"[{NAME}][observer][{wanted}"] * 2]
    switched = f"[+switch-master][{NAME} {HOST} {master.port} {HOST} {new.port}]"
    eventually(lambda: all(switched in _lines(note) for note in notes), "all were told")
    for sentinel, note in zip(sentinels, notes, strict=True):
        told = _lines(note)
        assert f"[+sdown][master {NAME} {HOST} {master.port}]" in told
        logged = [line.split(" # ", 1)[1] for line in sentinel.log().splitlines() if " # " in line]
        for line in told:
            channel, text = line[1:-1].split("][")
            assert f"{channel} {text}" in logged
        events = {line[1:].split("]")[0] for line in told}
        assert not events & {"+slave", "+sentinel", "+tilt"}, "notices, and what is about nobody, run nothing"


def test_a_script_that_fails_is_tried_again_and_one_that_says_two_is_not(lab: Lab) -> None:
    master = lab.server()
    again, tried = _logging(lab, "again", 1)
    never, once = _logging(lab, "never", 2)
    sentinel = lab.sentinel(master, ["sentinel deny-scripts-reconfig no"], quorum=1)
    assert sentinel.sentinel("DEBUG", "SCRIPT-RETRY-DELAY", 2) == "OK"
    assert sentinel.sentinel("SET", NAME, "notification-script", never) == "OK"
    eventually(lambda: _lines(once), "it ran")
    eventually(lambda: f"-script-error {never} 0 2" in sentinel.log(), "an event for it")
    assert sentinel.sentinel("SET", NAME, "notification-script", again) == "OK"
    # Nine delays of 2, 4, ... 512 milliseconds.
    eventually(lambda: f"-script-error {again} 0 1" in sentinel.log(), "given up")
    assert len(_lines(tried)) == 10
    assert len(_lines(once)) == 1
    assert sentinel.sentinel("PENDING-SCRIPTS") == []


def test_a_script_that_hangs_is_killed(lab: Lab) -> None:
    master = lab.server()
    hangs = _script(lab.folder / "hangs.sh", f"echo $$ >> {lab.folder}/pids\nexec sleep 600")
    sentinel = lab.sentinel(master, ["sentinel deny-scripts-reconfig no"], quorum=1)
    sentinel.sentinel("DEBUG", "SCRIPT-MAX-RUNTIME", 300, "SCRIPT-RETRY-DELAY", 100_000)
    assert sentinel.sentinel("SET", NAME, "notification-script", hangs) == "OK"
    pids = lab.folder / "pids"
    eventually(lambda: "-script-timeout" in sentinel.log(), "too slow")
    pid = int(_lines(pids)[0])
    eventually(lambda: not Path(f"/proc/{pid}").exists(), "killed and collected")
    pending = sentinel.sentinel("PENDING-SCRIPTS")
    assert isinstance(pending, list)
    assert pending[0][3] == "scheduled"


def test_scripts_inherit_no_file_of_ours(lab: Lab) -> None:
    master = lab.server()
    looks = _script(lab.folder / "looks.sh", f"ls -l /proc/$$/fd >> {lab.folder}/fds; env >> {lab.folder}/env")
    sentinel = lab.prepared(master, ["sentinel deny-scripts-reconfig no"], quorum=1)
    sentinel.environment = {"PATH": "/usr/bin:/bin", "MARK": "inherited"}
    sentinel.start()
    eventually(lambda: sentinel.sees_all(0, 0), "links stand")
    assert sentinel.sentinel("SET", NAME, "notification-script", looks) == "OK"
    fds = lab.folder / "fds"
    eventually(lambda: fds.exists() and (lab.folder / "env").exists(), "it ran")
    eventually(lambda: "MARK=inherited" in (lab.folder / "env").read_text(), "it has our environment")
    targets = {line.split(" -> ")[1] for line in _lines(fds) if " -> " in line}
    # Standard streams, the script that the shell reads, and what it redirects to.
    assert targets <= {"/dev/null", str(sentinel.output_path), str(looks), str(fds)}, targets


def test_a_crowd_of_scripts_is_bounded(lab: Lab) -> None:
    master = lab.server()
    slow = _script(lab.folder / "slow.sh", f"echo $1 >> {lab.folder}/ran\nsleep 0.3")
    sentinel = lab.sentinel(master, ["sentinel deny-scripts-reconfig no"], quorum=1)
    assert sentinel.sentinel("SET", NAME, "notification-script", slow, *["parallel-syncs", "1"] * 400) == "OK"
    counts = set()
    for _ in range(10):
        pending = sentinel.sentinel("PENDING-SCRIPTS")
        assert isinstance(pending, list)
        counts.add((len(pending), sum(one[3] == "running" for one in pending)))
    assert max(total for total, _ in counts) <= 256
    assert max(running for _, running in counts) == 16
    assert _quiet(sentinel)


def _quiet(sentinel: Process) -> bool:
    return sentinel.ask("PING") == "PONG" and "Traceback" not in sentinel.log()
