"""A master that answers, but will not let us in: our password is wrong, or we have none. It lives, so it is not counted
as down by us, however long it serves us nothing else.
"""

from quorate.model.millis import Millis

_OLD_SERVERS = "ERR invalid password"


def is_denial(text: str) -> bool:
    """Whether an error is about who we are. A right that is missing (NOPERM) is not."""
    return text.partition(" ")[0] in {"NOAUTH", "WRONGPASS"} or text.startswith(_OLD_SERVERS)


def holds(now: Millis, denied: Millis, down_after: Millis) -> bool:
    """Whether the last such answer is young enough to say that somebody is there; `denied` 0 for never."""
    return denied > 0 and now - denied <= down_after
