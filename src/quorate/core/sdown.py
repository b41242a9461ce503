"""Who is subjectively down (sentinel documentation, "SDOWN and ODOWN failure state").

An instance is down for us when it has owed us an answer for longer than down-after; a master also when it has
reported the role of a replica for too long, came back from a restart and does not answer in the time set for that, or
is known to be gone (see `crash`).
"""

from dataclasses import dataclass

from quorate.model.millis import Millis


@dataclass(frozen=True, slots=True)
class Signs:
    """What an instance shows. Points in time, 0 for never: unanswered since, wrong role since, restarted at,
    known to be gone since.
    """

    silent_since: Millis
    wrong_role_since: Millis = 0
    rebooted: Millis = 0
    gone_since: Millis = 0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each sign is borne, in ms."""

    silence: Millis
    wrong_role: Millis = 0
    reboot: Millis = 0


def deadline(signs: Signs, patience: Patience) -> Millis | None:
    """The first moment at which the instance is down if nothing changes; None if nothing speaks against it."""
    moments = [signs.gone_since] if signs.gone_since else []
    if signs.silent_since:
        moments.append(signs.silent_since + patience.silence + 1)
    if signs.wrong_role_since:
        moments.append(signs.wrong_role_since + patience.wrong_role + 1)
    if signs.rebooted:
        moments.append(signs.rebooted + patience.reboot + 1)
    return min(moments, default=None)


def is_down(now: Millis, signs: Signs, patience: Patience) -> bool:
    """Whether the instance is subjectively down at `now`."""
    moment = deadline(signs, patience)
    return moment is not None and now >= moment
