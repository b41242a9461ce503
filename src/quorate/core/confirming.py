"""Whether a master that is silent for sentinels is still heard by its replicas.

A link that says "up" proves nothing: replicas keep it for a minute. Bytes do: an offset that has grown between two
answers, or the age of the last byte, if that came after the last good answer that we had ourselves.
"""

from dataclasses import dataclass

from quorate.model.identity import RunId
from quorate.model.millis import Millis

SHORTEST: Millis = 2_000
"""A proof counts for so long at least: replicas must have the time to give the next one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a replica said of its master at some moment: `last_byte` in whole seconds, None where it did not say."""

    at: Millis
    run_id: RunId | None
    master: tuple[str, int]
    link_up: bool
    offset: int
    last_byte: int | None


def proven(before: Heard | None, now: Heard) -> Millis:
    """The last moment at which the master certainly lived by what one replica said; 0 where nothing is certain.

    Growth counts from the earlier answer, the age of the last byte from the end of its second. An offset that another
    process has told, or that came from another master, is no measure.
    """
    if not now.link_up:
        return 0
    moments = [0]
    if now.last_byte is not None and now.last_byte >= 0:
        moments.append(now.at - 1000 * (now.last_byte + 1))
    if before is not None and before.link_up and (before.run_id, before.master) == (now.run_id, now.master):
        if now.offset > before.offset:
            moments.append(before.at)
    return max(moments)


def is_alive(now: Millis, proof: Millis, last_good: Millis, down_after: Millis) -> bool:
    """Whether such a proof speaks against a failover: younger than our own last good answer, and not too old."""
    return proof > last_good and now - proof <= lasts(down_after)


def lasts(down_after: Millis) -> Millis:
    """How long a proof counts: down-after, for a master that died after it is down no sooner anyway."""
    return max(down_after, SHORTEST)
