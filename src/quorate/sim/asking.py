"""What simulated sentinels of our kind answer each other, beside opinions and votes."""

from quorate.core.requests import AskConfig, AskGone
from quorate.core.view import SentinelView
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.sim.messages import Wrong

_UNKNOWN = Wrong("ERR No such master with that name")


def config_told(view: SentinelView | None, asked: AskConfig, *, ours: bool) -> object:
    """A configuration: (config epoch, current epoch, leader epoch), from C Sentinel only the first."""
    seen = view.master(asked.master) if view is not None else None
    if seen is None or view is None or (asked.ours and not ours):
        return _UNKNOWN
    return (seen.config_epoch, *((view.current_epoch, seen.leader_epoch) if asked.ours else (None, None)))


def gone_told(
    view: SentinelView | None, asked: AskGone, told: dict[tuple[MasterName, str], Millis], now: Millis
) -> object:
    """Whether the process of a master at an address is gone for it; a yes is booked."""
    seen = view.master(asked.master) if view is not None else None
    if seen is None:
        return _UNKNOWN
    if seen.gone_at == (asked.ip, asked.port):
        told[asked.master, asked.ip] = now
        return True
    return False
