"""From the source tree of a peer to a directory in which its suite can run against the sentinel of our choice."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.aptsource import UnavailableError

# What an outer `make` tells its children would have the peer's Makefile look for a job server that is not there.
_MAKE_VARIABLES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")


@dataclass(frozen=True, slots=True)
class Tree:
    """A source tree of Redis or Valkey: `flavour` is the word that the names of its programs start with."""

    root: Path
    flavour: str
    version: str

    @property
    def server_name(self) -> str:
        return f"{self.flavour}-server"

    @property
    def sentinel_name(self) -> str:
        return f"{self.flavour}-sentinel"

    @property
    def title(self) -> str:
        return f"{self.flavour.capitalize()} {self.version}"

    def units(self) -> dict[str, bool]:
        """The units of the suite by name, in the order they run in; True for those that have any check.

        Both suites have a unit that is all comment, planned and never written.
        """
        files = sorted((self.root / "tests" / "sentinel" / "tests").glob("*.tcl"))
        return {path.stem: _has_code(path.read_text(encoding="utf-8")) for path in files}


def recognise(root: Path) -> Tree:
    """Tell which peer's tree this is by the program that its harness starts."""
    harness = root / "tests" / "instances.tcl"
    version_file = root / "src" / "version.h"
    if not harness.is_file() or not version_file.is_file():
        raise UnavailableError(f"{root} is no source tree of Redis or Valkey")
    flavour = "valkey" if "valkey-server" in harness.read_text(encoding="utf-8") else "redis"
    wanted = rf'^#define {flavour.upper()}_VERSION "([^"]+)"'
    defined = re.search(wanted, version_file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return Tree(root, flavour, defined[1] if defined else "unknown")


def _has_code(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def find_server(tree: Tree) -> Path | None:
    """The data server that belongs to the tree: built in it, or installed in the same version."""
    built = tree.root / "src" / tree.server_name
    if os.access(built, os.X_OK):
        return built
    installed = shutil.which(tree.server_name)
    if installed is None:
        return None
    says = subprocess.run([installed, "--version"], capture_output=True, text=True, check=False).stdout
    return Path(installed) if f" v={tree.version} " in says else None


def build_server(tree: Tree) -> Path:
    """Compile the data server inside the tree.

    Valkey's server is compiled (20 s on two cores, once) instead of taken from the wheel that `quorate up` uses: that
    one is a later release, and a suite deserves the servers it was written for.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _MAKE_VARIABLES}
    command = ["make", "-C", str(tree.root / "src"), f"-j{os.cpu_count() or 1}", tree.server_name]
    # The allocator of libc saves compiling another one; neither speed nor TLS is asked of these servers.
    command += ["MALLOC=libc", "OPTIMIZATION=-O1", "BUILD_TLS=no", "USE_SYSTEMD=no"]
    if not shutil.which("make") or not shutil.which("cc"):
        raise UnavailableError(f"{tree.server_name} must be compiled (on Debian: apt-get install make gcc libc6-dev)")
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise UnavailableError(f"`{shlex.join(command)}` failed:\n" + "\n".join(done.stdout.splitlines()[-20:]))
    return tree.root / "src" / tree.server_name


def prepare(tree: Tree, server: Path, sentinel: list[str] | None, directory: Path) -> None:
    """Lay out a fresh `directory` with the tree's tests and programs.

    `sentinel` is the command to put in the place of the tree's own; None keeps the C sentinel, which is the server
    started by its other name.
    """
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(tree.root / "tests", directory / "tests", symlinks=True)
    temporary = directory / "tests" / "sentinel" / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    programs = directory / "src"
    programs.mkdir()
    (programs / tree.server_name).symlink_to(server)
    if sentinel is None:
        (programs / tree.sentinel_name).symlink_to(server)
    else:
        _write_wrapper(programs / tree.sentinel_name, sentinel)


def our_sentinel(mode: str) -> list[str]:
    """The daemon of the environment that runs this tool."""
    # Not resolve(): the interpreter is a link out of the environment, the command lies beside the link.
    command = Path(sys.executable).parent / "quorate"
    if not command.is_file():
        raise UnavailableError(f"{command} is missing: install the project into this environment (make does)")
    return [str(command), "sentinel", "--compatible-with", mode]


def _write_wrapper(path: Path, command: list[str]) -> None:
    # The harness kills the process it started, so that process has to become the daemon.
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
