"""The state as read so far, and what the functions that obey directives have in common."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import NamedTuple

from quorate.conf.options import Values
from quorate.model.address import numeric
from quorate.model.identity import Epoch, MasterName, text_of
from quorate.model.saved import SavedMaster, SavedState
from quorate.model.settings import GlobalSettings

NO_HOST = "Can't resolve instance hostname."
NO_PORT = "Invalid port number."
_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]+)")


class Pass(IntEnum):
    """When a directive is obeyed."""

    OURS = 0
    MASTERS = 1
    OF_MASTERS = 2


@dataclass(slots=True)
class Draft:
    """The state as read so far. `executable` answers whether a script may be named."""

    settings: GlobalSettings
    executable: Callable[[str], bool]
    has_myid: bool = False
    current_epoch: int = 0
    masters: dict[MasterName, SavedMaster] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def saved(self) -> SavedState:
        return SavedState(self.settings, Epoch(self.current_epoch), tuple(self.masters.values()))


class Statement(NamedTuple):
    """One directive: its pass, the numbers of arguments it may have, and the function that obeys it.

    The function gives the error text, or None; for OF_MASTERS the first argument is the name of a known master.
    """

    turn: Pass
    counts: tuple[int, ...]
    obey: Callable[[Draft, Values], str | None]


def number(value: bytes) -> int:
    """A number as C's atoi reads it: leading blanks, a sign, digits; anything else is 0."""
    found = _NUMBER.match(value)
    return int(found[1]) if found else 0


def name_of(values: Values) -> MasterName:
    """The master that a directive is about."""
    return MasterName(text_of(values[0]))


def host_of(draft: Draft, value: bytes) -> str | None:
    """The canonical number, a name where names are allowed, else None."""
    host = text_of(value)
    return numeric(host) or (host if host and draft.settings.resolve_hostnames else None)


def set_option(draft: Draft, values: Values, name: str, value: object) -> None:
    """Set one option of the master that a directive is about."""
    master = draft.masters[name_of(values)]
    settings = replace(master.settings, **{name: value})  # type: ignore[arg-type]  # the rows below name such fields
    update(draft, replace(master, settings=settings))


def update(draft: Draft, master: SavedMaster) -> None:
    """Take over what was read of a master."""
    draft.masters[master.name] = master
