"""Looking at one instance: is it subjectively down, since when, and when to look again."""

from quorate.core import fallen, sdown
from quorate.core.calendar import SLOT, WIDE
from quorate.core.sdown import Patience, Signs
from quorate.core.state import DataServer, Master, Watched
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.notice import Event

LEAST_WAIT = 10
"""A look that found nothing is never repeated sooner than this many ms."""

SPREAD = 8
"""Over so many wide slots the looks of instances with a long down-after are spread."""


def signs(master: Master, watched: Watched) -> Signs:
    """What speaks against an instance."""
    if watched is not master:
        return Signs(watched.link.silent_since)
    wrong_role = master.role_since if master.role is Role.SLAVE and master.info is not None else 0
    rebooted = master.rebooted if master.settings.reboot_down_after else 0
    return Signs(watched.link.silent_since, wrong_role, rebooted, master.crashed)


def patience(turn: Turn, master: Master) -> Patience:
    """How long it is borne."""
    down_after = master.settings.down_after
    return Patience(
        silence=down_after,
        wrong_role=down_after + 2 * turn.state.tuning.info_period,
        reboot=master.settings.reboot_down_after,
    )


def look(turn: Turn, master: Master, watched: Watched) -> None:
    """Notice the beginning or end of SDOWN, and arrange the next look."""
    if turn.state.tilt_since:
        return
    marks, limits = signs(master, watched), patience(turn, master)
    down = sdown.is_down(turn.now, marks, limits)
    if down != watched.sdown:
        _turned(turn, master, watched, down)
    deadline = sdown.deadline(marks, limits)
    if not down:
        # Silence that begins after this look cannot have lasted for down-after before the next one. To look too early
        # does no harm, and costs nothing if we are awake then anyway.
        unless_silent = turn.now + max(LEAST_WAIT, master.settings.down_after)
        width = SLOT
        if master.settings.down_after >= 10 * WIDE:
            # Spread, or all that was found together would be looked at together for ever.
            width = WIDE
            unless_silent -= watched.id % SPREAD * WIDE
        unless_silent = max(turn.state.calendar.slot_before(unless_silent, width), turn.now + LEAST_WAIT)
        turn.state.calendar.at(min(deadline or unless_silent, unless_silent), watched)


def _turned(turn: Turn, master: Master, watched: Watched, down: bool) -> None:
    watched.sdown = down
    if down:
        watched.sdown_since = turn.now
        if watched is master:
            fallen.note(turn)
        turn.about(Event.SDOWN, master, watched)
    else:
        turn.about(Event.SDOWN_OVER, master, watched)
        if isinstance(watched, DataServer):
            watched.script_kill_sent = False
    turn.check(master)


def look_at_owners(turn: Turn, link_owners: list[tuple[Master, Watched]]) -> None:
    """Look at every instance behind a link whose state changed."""
    for master, watched in link_owners:
        look(turn, master, watched)
