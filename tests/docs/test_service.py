"""Proves that systemd understands the unit, alone and with the drop-in of the guide, and finds little to reproach."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging" / "systemd" / "quorate-sentinel.service"
GUIDE = ROOT / "docs" / "replace-and-go-back.md"
PROGRAM = "/usr/local/bin/quorate"

# What `systemd-analyze security` calls OK ends at 4.9; this is where the unit stood when it was written.
EXPOSURE = 1.5

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"),
]


@pytest.mark.parametrize("with_drop_in", [False, True], ids=["alone", "with the drop-in"])
def test_systemd_understands_the_unit(tmp_path: Path, with_drop_in: bool) -> None:
    unit = _installed(tmp_path, drop_in=with_drop_in)
    done = _analyze("verify", str(unit), path=tmp_path)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_little_is_exposed(tmp_path: Path) -> None:
    unit = _installed(tmp_path, drop_in=False)
    found = re.search(
        r"exposure level for \S+: ([0-9.]+)", _analyze("security", "--offline=true", str(unit), path=tmp_path).stdout
    )
    assert found is not None
    assert float(found[1]) <= EXPOSURE


def test_the_drop_in_starts_the_program_that_the_unit_starts() -> None:
    assert f"ExecStart={PROGRAM} sentinel" in UNIT.read_text()
    assert f"ExecStart={PROGRAM} sentinel" in _drop_in()


def _installed(folder: Path, *, drop_in: bool) -> Path:
    """The unit in a folder of its own, with a program that exists."""
    unit = folder / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, "/bin/true"))
    if drop_in:
        place = folder / f"{UNIT.name}.d"
        place.mkdir()
        (place / "debian.conf").write_text(_drop_in().replace(PROGRAM, "/bin/true"))
    return unit


def _drop_in() -> str:
    """What the guide has people write: the lines of its here-document."""
    found = re.search(r"debian\.conf <<'END'\n(.*?)\n {4}END\n", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return "\n".join(line.strip() for line in found[1].splitlines()) + "\n"


def _analyze(*words: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{path}:", "SYSTEMD_COLORS": "0"}
    return subprocess.run(
        ["systemd-analyze", *words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
