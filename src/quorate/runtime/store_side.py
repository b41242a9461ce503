"""FILE.quorate: what we like to remember beside the configuration file, and can live without."""

import os
from pathlib import Path

from quorate.runtime import store_copy

SUFFIX = ".quorate"


class SideFile:
    """A small file beside the configuration, replaced as a whole. Methods block; losing it loses no decision."""

    def __init__(self, path: str, limit: int = 1 << 20) -> None:
        """`path` is that of the configuration file; `limit` is in bytes."""
        real = Path(os.path.realpath(path))
        self.path = real.with_name(real.name + SUFFIX)
        self._limit = limit
        self._swept = False

    def read(self) -> bytes:
        """What was written last, or nothing if there is no such file or it has grown beyond reason."""
        try:
            with self.path.open("rb") as file:
                data = file.read(self._limit + 1)
        except OSError:
            return b""
        return data if len(data) <= self._limit else b""

    def write(self, data: bytes) -> None:
        """Replace the file. ValueError if `data` is beyond the limit, OSError if the disk refuses."""
        if len(data) > self._limit:
            raise ValueError(f"{len(data)} bytes are more than the {self._limit} that {self.path} may have")
        store_copy.replace_file(self.path, data, 0o600)
        if not self._swept:
            # Not before the first write: until then another process may be at work on this file.
            self._swept = True
            store_copy.sweep([self.path])
