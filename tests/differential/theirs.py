"""The C sentinels that ours is compared with, and where their binaries are."""

import os
import re
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from quorate.model.settings import Mode

_ROOT = Path(__file__).parents[2]

VALKEY_8 = "QUORATE_VALKEY8"
"""Names a valkey-server 8; without it the one is taken that `make conformance` has built, if it has."""


class Kind(Enum):
    """Which server it is, for what is known to differ."""

    REDIS_7_0 = "Redis 7.0"
    VALKEY_8 = "Valkey 8"
    VALKEY_9 = "Valkey 9"


@dataclass(frozen=True, slots=True)
class Theirs:
    """One binary, and the mode that it is compared with."""

    kind: Kind
    mode: Mode
    server: Path


def version(server: Path) -> str:
    """Such as 8.1.1; "" for what cannot be asked."""
    try:
        text = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(r" v=([0-9.]+)", text)
    return found[1] if found else ""


def valkey_8() -> Path | None:
    """A valkey-server 8 if there is one. One that was named and is none is an error."""
    named = os.environ.get(VALKEY_8)
    if named:
        found = version(Path(named))
        assert found.startswith("8."), f"{VALKEY_8}={named} is no valkey-server 8 but {found or 'nothing'}"
        return Path(named)
    built = sorted(_ROOT.glob(".cache/conformance/sources/valkey*/src/valkey-server"))
    return next((server for server in built if version(server).startswith("8.")), None)
