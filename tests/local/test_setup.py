"""From the options of `quorate up` to a plan: ports, refusals, and what a directory of before allows."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from quorate.local import folder as folders
from quorate.local import ports, setup
from quorate.local.folder import Folder
from quorate.local.setup import Wish
from quorate.local.trouble import LocalError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_port_is_passed_over_and_never_handed_out(taken: int) -> None:
    assert not ports.is_free(taken)
    found = ports.next_free(taken, 2, {taken + 1})
    assert taken not in found
    assert taken + 1 not in found


def test_a_port_that_was_asked_for_must_be_free(taken: int) -> None:
    with pytest.raises(LocalError, match=f"Port {taken} is taken"):
        setup.design(Wish(port=taken, replicas=0))


def test_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(LocalError, match="beyond 65535"):
        setup.design(Wish(port=65534))


def test_sentinels_stay_below_the_ports_of_outgoing_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    assert setup.design(Wish(port=6379))[0].sentinels == (26379, 26380, 26381)
    assert setup.design(Wish(port=7000))[0].sentinels == (27000, 27001, 27002)
    assert setup.design(Wish(port=20_000))[0].sentinels == (20_003, 20_004, 20_005)


def test_the_quorum_is_the_majority() -> None:
    plan, _ = setup.design(Wish(sentinels=5, replicas=0))
    assert (len(plan.servers), len(plan.sentinels), plan.quorum) == (1, 5, 3)


def test_spans() -> None:
    assert setup.spans((6379, 6380, 6381)) == "6379-6381"
    assert setup.spans((6379, 6381, 6382, 7000)) == "6379, 6381-6382, 7000"


def test_a_directory_remembers_and_contradictions_are_errors(tmp_path: Path) -> None:
    first = setup.prepare(Wish(directory=tmp_path, replicas=1, password="x"))
    with pytest.raises(LocalError, match="already running"):
        setup.prepare(Wish(directory=tmp_path))
    os.close(first.lock)
    again = setup.prepare(Wish(directory=tmp_path))
    assert (again.plan, again.again) == (first.plan, True)
    os.close(again.lock)
    with pytest.raises(LocalError, match="--replicas 1, not 2"):
        setup.prepare(Wish(directory=tmp_path, replicas=2))
    with pytest.raises(LocalError, match="another password"):
        setup.prepare(Wish(directory=tmp_path, password="y"))


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = setup.prepare(Wish(directory=tmp_path / "new"))
    os.close(made.lock)
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_directory_that_cannot_be_made_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot be written to"):
        setup.prepare(Wish(directory=tmp_path / "file" / "below"))


def test_a_master_without_data_is_replaced_in_the_sentinels_files(tmp_path: Path) -> None:
    made = setup.prepare(Wish(directory=tmp_path, replicas=1, sentinels=1))
    os.close(made.lock)
    folder, (_, replica, sentinel) = Folder(tmp_path), made.plan.members()
    (folder.of(replica) / "appendonlydir").mkdir()
    (folder.of(replica) / "appendonlydir" / "appendonly.aof.1.incr.aof").write_text("x")
    again = setup.prepare(Wish(directory=tmp_path))
    os.close(again.lock)
    assert again.master == replica.port
    assert f"sentinel monitor mymaster 127.0.0.1 {replica.port} 1" in (folder.read_conf(sentinel) or "")
    assert any("lost its data" in remark for remark in again.remarks)


def test_a_lost_sentinel_file_is_written_anew_with_the_right_master(tmp_path: Path) -> None:
    made = setup.prepare(Wish(directory=tmp_path, replicas=1, sentinels=2))
    os.close(made.lock)
    folder = Folder(tmp_path)
    _, replica, kept, lost = made.plan.members()
    conf = folder.conf(kept)
    text = conf.read_text().replace(f"127.0.0.1 {made.plan.servers[0]} 2", f"127.0.0.1 {replica.port} 2")
    conf.write_text(text + "sentinel config-epoch mymaster 4\n")
    folder.conf(lost).unlink()
    again = setup.prepare(Wish(directory=tmp_path))
    os.close(again.lock)
    assert again.master == replica.port
    assert f"sentinel monitor mymaster 127.0.0.1 {replica.port} 2" in (folder.read_conf(lost) or "")


def test_a_register_that_cannot_be_written_is_an_error_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("QUORATE_RUN_DIR", str(tmp_path / "file" / "run"))
    with pytest.raises(LocalError, match="cannot be written: Not a directory"):
        folders.register(tmp_path)
    assert folders.running() == []
