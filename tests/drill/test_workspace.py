"""The folder of a drill: gone at the end, kept on request, and what a killed drill left is removed by the next."""

import fcntl
import os
from pathlib import Path

import pytest

from quorate.drill.trouble import DrillError
from quorate.drill.workspace import remove_leftovers, workspace


def test_a_temporary_folder_ends_with_the_drill() -> None:
    with workspace(None) as folder:
        (folder / "something").write_text("x")
        assert folder not in remove_leftovers(folder.parent)
        assert folder.exists()
    assert not folder.exists()


def test_a_wanted_folder_stays_and_must_be_new(tmp_path: Path) -> None:
    with workspace(tmp_path / "kept") as folder:
        (folder / "log").write_text("x")
    assert (tmp_path / "kept" / "log").exists()
    with pytest.raises(DrillError, match="not empty"), workspace(tmp_path / "kept"):
        pass


def test_what_a_dead_drill_left_is_removed_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    dead, living = tmp_path / "quorate-drill-dead", tmp_path / "quorate-drill-living"
    for folder in (dead, living, tmp_path / "other"):
        folder.mkdir()
        (folder / "lock").touch()
    held = os.open(living / "lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert remove_leftovers(tmp_path) == [dead]
    os.close(held)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "quorate-drill-living"]
