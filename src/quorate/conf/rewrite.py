"""Values → sentinel.conf, leaving the operator's order, comments and unknown lines as they are."""

from collections.abc import Sequence

from quorate.conf.options import Config
from quorate.model.saved import SaveDelta


class Document:
    """The file as it stands, and as it should be. Not thread-safe: one save at a time."""

    def __init__(self, data: bytes, config: Config) -> None:
        """`data` is what `config` was loaded from."""

    def apply(self, delta: SaveDelta, users: Sequence[str] | None = None) -> None:
        """Take over what changed. `users`: the words after `user` of each ACL user (as ACL LIST gives them, without
        the leading `user `), or None to leave those lines alone (aclfile, or nothing changed since)."""

    def rebase(self, data: bytes) -> None:
        """The file was edited by somebody: keep their lines, and write our whole state into them at the next `render`."""

    def render(self) -> bytes:
        """The bytes of the whole file."""
