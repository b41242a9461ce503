"""Whether somebody is asking us things: then work is done in small pieces, between which questions are answered.

Each piece costs: meanwhile servers run that it woke, and the processor's caches are theirs when we come back. So when
nobody asks, the work of a slot is done in one go.
"""

from quorate.model.millis import Millis

OFTEN: Millis = 100
"""Whoever asks twice within this time will ask again. Somebody who types, or connects once, does not."""

STAYS: Millis = 2_000
"""For so long more questions are expected."""

LONGEST: Millis = 20
"""So long at most somebody may have to wait who comes when nobody was expected."""


class Company:
    """Remembers the questions of clients. PING and what peers say to us are none."""

    __slots__ = ("_asked", "_until")

    def __init__(self) -> None:
        self._asked = self._until = -STAYS

    def asked(self, now: Millis) -> None:
        """A client asked something."""
        if now - self._asked <= OFTEN:
            self._until = now + STAYS
        self._asked = now

    def expected(self, now: Millis) -> bool:
        """Whether somebody may be about to ask."""
        return now < self._until
