"""The configuration file on disk: atomic and durable saves, or the next best thing with a safety copy."""

import asyncio
from collections.abc import Callable, Sequence

from quorate.conf.rewrite import Document
from quorate.model.saved import SaveDelta


class StoreError(Exception):
    """The file could not be made durable. `str()` says what failed, what it means, and what to do about it."""


class Store:
    """One configuration file. All methods block: call them from the worker thread, or before the loop runs."""

    def __init__(self, path: str) -> None:
        """`path` is made absolute at once: `dir` may move the process later."""

    def read(self) -> bytes:
        """The bytes of the file; where an in-place write was cut short, those of its safety copy. OSError."""

    def copies_in(self, directory: str) -> None:
        """Name a second place (`dir`) for safety copies of in-place writes."""

    def check_writable(self) -> None:
        """Raise StoreError if no way of saving can work. Changes nothing."""

    def write(self, data: bytes) -> None:
        """Replace the file durably. Raises StoreError; the old content is then still whole on disk."""

    def changed(self) -> bool:
        """True if somebody else wrote the file since our last `read` or `write`."""


class Saver:
    """Runs saves one at a time on a thread of its own and reports on the loop."""

    def __init__(self, store: Store, document: Document, loop: asyncio.AbstractEventLoop) -> None: ...

    def start(
        self, delta: SaveDelta, users: Sequence[str] | None, done: Callable[[int, str | None], None]
    ) -> None:
        """Apply, render, write; then call `done(revision, reason)` on the loop, `reason` None for success.

        One save may be in flight (the driver sees to it). `users` as for `Document.apply`.
        """

    def close(self) -> None:
        """Wait for a save in flight and end the thread."""
