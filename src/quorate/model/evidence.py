"""What an operator accepts as evidence that a master is gone, or alive."""

from enum import Enum

from quorate.model.millis import Millis

NO_DETECTION = "crash-detection takes yes, no or always"
NO_CONFIRMING = "confirm-by-replicas takes yes or no"
NO_TIMEOUT = "confirm-timeout takes a number of milliseconds; 0 is two times down-after"


LONGEST: Millis = (1 << 31) - 1
"""No time is longer."""


class Detection(Enum):
    """Whether a master whose process is gone is down before down-after; ALWAYS: at an address behind NAT, too."""

    NO = "no"
    YES = "yes"
    ALWAYS = "always"


def detection(value: bytes) -> Detection | None:
    """The value of crash-detection, None if it is none."""
    lowered = value.lower()
    return next((one for one in Detection if one.value.encode() == lowered), None)


def yes_or_no(value: bytes) -> bool | None:
    """The value of confirm-by-replicas, None if it is none."""
    return {b"yes": True, b"no": False}.get(value.lower())


def confirm_time(timeout: Millis, down_after: Millis) -> Millis:
    """How long replicas that hear a master may delay its failover; 0 stands for two times down-after."""
    return timeout or 2 * down_after
