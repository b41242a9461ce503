"""Who is promoted (sentinel documentation, "Replica selection and priority").

First everybody who cannot be trusted with the data is refused, each with a reason that operators see. Of the rest whom
the operator prefers wins, then the lowest priority, then the highest replication offset, then the smallest run id.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from quorate.model.candidates import Tag
from quorate.model.millis import Millis

CUT_OFF_FACTOR = 10
"""A replica may have lost its master this many times down-after before the master went down."""

LEAST_WITNESSES = 2
"""One replica that lost its master may have lost it by itself, and its data may be of any age."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A replica as the leader knows it. Ages in ms; None where there never was one."""

    name: str
    run_id: str
    priority: int
    offset: int
    is_down: bool
    is_disconnected: bool
    ping_age: Millis
    info_age: Millis | None
    link_down_for: Millis
    histories: frozenset[str] = frozenset()
    """The replication ids of its data, present and former; empty where a server tells none (before Redis 4)."""
    tag: Tag | None = None
    is_master: bool = False
    """It says that it is a master itself, and tells no offset of a replica."""
    is_foreign: bool = False
    """A server of another cluster has come by its address."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The greatest ages that a candidate may show, in ms, and the replication id of the master ("": unknown).

    `max_lag` in bytes, 0 for none; it counts from the highest offset known of any candidate or of the master, which was
    `offset` when it was last asked.
    """

    ping_age: Millis
    info_age: Millis
    link_down_for: Millis
    history: str = ""
    offset: int = 0
    max_lag: int = 0
    is_up: bool = False
    """The master lives: an operator wants another one, and the data are there to be kept."""


class Reason(Enum):
    """Why a replica is refused."""

    DOWN = "it is down"
    DISCONNECTED = "no connection to it"
    SILENT = "its last good reply to PING is too old"
    FOREIGN = "another cluster's server is at its address"
    NEVER_PROMOTE = "its priority is 0, which means never promote"
    NO_FAILOVER = "it is tagged nofailover"
    STALE_INFO = "its last INFO is too old"
    CUT_OFF_TOO_LONG = "it has been cut off from its master for too long"
    OTHER_HISTORY = "its data are not the master's, and another replica has those"
    DATA_GIVEN_UP = "its data are not the master's, which is up: promoting it would throw those away"
    TOO_FAR_BEHIND = "it is further behind than candidate-max-lag allows"


class Edge(Enum):
    """What the chosen replica has over one that would do as well."""

    PREFERRED = "another one is tagged prefer"
    PRIORITY = "another one has a lower priority number, which comes first"
    DATA = "another one has more of the data"
    RUN_ID = "another one has the smaller run id, and they are alike in all else"


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen replica's name (None: nobody suits), and why each of those that do not suit was refused.

    `suitable` are the chosen one and those that come after it, best first. `highest` is the offset from which lag
    counts; those in `strangers` cannot be measured by it. `awaited` is for how long, in ms, nobody is chosen because
    whoever has the master's data is out of reach; 0 where nobody is waited for.
    """

    chosen: str | None
    refused: tuple[tuple[str, Reason], ...]
    suitable: tuple[Candidate, ...] = ()
    highest: int = 0
    strangers: frozenset[str] = frozenset()
    awaited: Millis = 0

    def edge(self, candidate: Candidate) -> Edge:
        """Why a suitable candidate is not the chosen one."""
        mine, best = preference(candidate), preference(self.suitable[0])
        fields = (Edge.PREFERRED, Edge.PRIORITY, Edge.DATA)
        return next((edge for edge, a, b in zip(fields, mine, best, strict=False) if a != b), Edge.RUN_ID)


def limits(master_down_for: Millis | None, down_after: Millis, ping_period: Millis, info_period: Millis) -> Limits:
    """The limits in force; `master_down_for` is None while the master is up."""
    return Limits(
        ping_age=5 * ping_period,
        info_age=3 * info_period if master_down_for is None else 5 * ping_period,
        link_down_for=(master_down_for or 0) + CUT_OFF_FACTOR * down_after,
    )


def outage(seen: Millis, heard: bool, cut_off: Sequence[Millis | None], down_after: Millis) -> Millis:
    """For how long the master has been down: since we saw it go, or since its replicas lost it if that was before.

    Sentinels that start long after the master died have seen nothing of its end (`heard` is False: it never answered
    us). If all replicas, at least two, tell that they lost it at about the same time, that is when it went. `cut_off`
    is what each of them tells; None for one that cannot be asked, and might have been with the master until now.
    """
    if heard or len(cut_off) < LEAST_WITNESSES:
        return seen
    told = [moment for moment in cut_off if moment is not None and moment > 0]
    if len(told) < len(cut_off) or max(told) - min(told) > CUT_OFF_FACTOR * down_after:
        return seen
    return max(seen, min(told))


def refusal(candidate: Candidate, limit: Limits) -> Reason | None:
    """Why this replica cannot be promoted; None if it can."""
    if candidate.is_down:
        return Reason.DOWN
    if candidate.is_disconnected:
        return Reason.DISCONNECTED
    if candidate.ping_age > limit.ping_age:
        return Reason.SILENT
    if candidate.is_foreign:
        return Reason.FOREIGN
    if candidate.priority == 0:
        return Reason.NEVER_PROMOTE
    if candidate.tag is Tag.NOFAILOVER:
        return Reason.NO_FAILOVER
    if candidate.info_age is None or candidate.info_age > limit.info_age:
        return Reason.STALE_INFO
    if candidate.link_down_for > limit.link_down_for:
        return Reason.CUT_OFF_TOO_LONG
    return None


def preference(candidate: Candidate) -> tuple[bool, int, int, bool, str]:
    """The sort key: the smallest is promoted. A replica whose run id is unknown comes last among equals."""
    others = (candidate.priority, -candidate.offset, not candidate.run_id, candidate.run_id.lower())
    return (candidate.tag is not Tag.PREFER, *others)


def select(candidates: Iterable[Candidate], limit: Limits) -> Selection:
    """Choose the replica to promote.

    A server that has not followed the master since that became one, such as an old master that came back, may well have
    the higher offset, and nothing of what was written since. It is chosen only if nobody has the master's data, the
    master itself not excepted. (The master may have changed its history unseen by us; then all of them seem to have
    another one.) Whoever is only out of reach for a moment still has them: data that are given up now are lost, and the
    moment is soon over.
    """
    everybody = tuple(candidates)
    reasons = {candidate.name: refusal(candidate, limit) for candidate in everybody}
    fit = [candidate for candidate in everybody if reasons[candidate.name] is None]
    ready = any(limit.history in candidate.histories for candidate in fit)
    away = [c for c in everybody if limit.history in c.histories and is_out_of_reach(c, limit)]
    in_line = ready or bool(away)
    # If all have a history of their own, what others and the master have is no measure for it.
    astray = bool(fit) and not in_line and all(is_stranger(candidate, limit) for candidate in fit)
    alike = fit if astray else [candidate for candidate in everybody if not is_stranger(candidate, limit)]
    # Replicas that are down count, too: the stream has come as far as they have.
    highest = max([0 if astray else limit.offset, *(candidate.offset for candidate in alike)])
    for candidate in fit:
        if in_line and is_stranger(candidate, limit):
            reasons[candidate.name] = Reason.OTHER_HISTORY
        elif limit.is_up and is_stranger(candidate, limit):
            reasons[candidate.name] = Reason.DATA_GIVEN_UP
        elif limit.max_lag and not candidate.is_master and highest - candidate.offset > limit.max_lag:
            reasons[candidate.name] = Reason.TOO_FAR_BEHIND
    suitable = tuple(sorted((c for c in fit if reasons[c.name] is None), key=preference))
    refused = tuple((name, reason) for name, reason in reasons.items() if reason is not None)
    strangers = frozenset(candidate.name for candidate in everybody if candidate not in alike)
    waits = not ready and Reason.OTHER_HISTORY in reasons.values()
    return Selection(
        chosen=suitable[0].name if suitable else None,
        refused=refused,
        suitable=suitable,
        highest=highest,
        strangers=strangers,
        awaited=max((limit.ping_age - c.ping_age + 1 for c in away), default=0) if waits and not suitable else 0,
    )


def is_out_of_reach(candidate: Candidate, limit: Limits) -> bool:
    """Whether nothing but a connection is missing. That is so for a while only: its last reply to PING grows old."""
    return candidate.is_disconnected and refusal(replace(candidate, is_disconnected=False), limit) is None


def is_stranger(candidate: Candidate, limit: Limits) -> bool:
    """Whether its data are known to be of another history than the master's."""
    return limit.history != "" and bool(candidate.histories) and limit.history not in candidate.histories
