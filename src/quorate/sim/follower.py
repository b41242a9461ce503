"""A replica in the books of its master."""

from dataclasses import dataclass

from quorate.model.millis import Millis


@dataclass(slots=True)
class Follower:
    """A replica as its master knows it."""

    ip: str
    offset: int
    heard: Millis
    online: bool = False
