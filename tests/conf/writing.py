"""Shared by the tests of rewriting: from bytes to a saved document in one call."""

from collections.abc import Sequence

from quorate.conf.load import load
from quorate.conf.options import Config, Source
from quorate.conf.rewrite import Document
from quorate.model.identity import RunId
from quorate.model.saved import SaveDelta, SavedMaster
from quorate.model.settings import Mode

NEW_ID = RunId("e" * 40)
USERS = ("user default on nopass ~* &* +@all",)


def read(data: bytes, mode: Mode | None = None, *extra: tuple[bytes, ...]) -> Config:
    """The configuration in a text."""
    return load(Source("s.conf", data, extra), NEW_ID, mode)


def delta(config: Config, *masters: SavedMaster) -> SaveDelta:
    """A save of these masters; settings and epoch as loaded."""
    saved = config.saved
    return SaveDelta(1, saved.settings, saved.current_epoch, {master.name: master for master in masters})


def rewritten(data: bytes, users: Sequence[str] | None = USERS) -> bytes:
    """The file after the first save."""
    config = read(data)
    document = Document(data, config)
    document.apply(delta(config), users)
    return document.render()
