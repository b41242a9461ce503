"""Nonsense from others: ignored, counted, and told to the log once a minute (whoever sends it must not fill a disk)."""

from quorate.model.millis import Millis
from quorate.model.notice import Level
from quorate.runtime.ports import Log

_QUIET: Millis = 60_000


class Tally:
    """Counts what was dropped. A line is written for the first of a kind, then at most one a minute for each kind."""

    def __init__(self, log: Log) -> None:
        self.total = 0
        self._log = log
        self._counts: dict[str, int] = {}
        self._told: dict[str, tuple[Millis, int]] = {}

    def drop(self, what: str, label: str, now: Millis) -> None:
        """Count one; `what` is one of a few words, `label` names who sent it."""
        self.total += 1
        count = self._counts[what] = self._counts.get(what, 0) + 1
        last = self._told.get(what)
        if last is not None and now - last[0] < _QUIET:
            return
        since = count - (last[1] if last is not None else 0)
        self._told[what] = now, count
        self._log.write(Level.WARNING, f"Ignored {since} malformed {what}(s), the last one from {label}")
