"""Nothing in the repository says on whose machine it was made."""

import re
import subprocess
from pathlib import Path

from tests.house.source import ROOT

# Written in pieces, so that this file does not contain what it looks for.
_REGISTRIES = [
    ("debian", "org"),
    ("ubuntu", "com"),
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
]
_HOST = re.compile("|".join(re.escape(".".join(pair)) for pair in _REGISTRIES), re.IGNORECASE)

# At the start of a path only: a folder of ours may have such a name further inside.
_MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root)/")

# Where there is no git (an unpacked archive), what our tools leave behind is told by the first part of its path.
_LEFT_BEHIND = re.compile(r"\.(?!ci/|github/|gitignore)|build/|dist/|.*__pycache__/")


def test_no_file_names_a_machine_path_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in _repository_files()
        for number, line in enumerate(_lines(path), 1)
        if _HOST.search(line) or _MACHINE_PATH.search(line)
    ]
    assert not found


def test_the_top_folder_holds_nothing_that_a_tool_or_a_trial_left_behind() -> None:
    known = {".ci", ".github", ".gitignore", "benchmarks", "docs", "packaging", "src", "tests"}
    pages = {"ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"}
    tools = {"pyproject.toml", "requirements.lock", "requirements-dev.lock"}
    top = {path.relative_to(ROOT).parts[0] for path in _repository_files()}
    assert top - known - pages - tools == set()


def _repository_files() -> list[Path]:
    """What is committed or would be by the next `git add`."""
    # In a container the checkout often belongs to somebody else; reading its list of files does no harm.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        everything = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*"))
        listed = [name for name in everything if not _LEFT_BEHIND.match(name)]
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []  # a picture
