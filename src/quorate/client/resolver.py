"""How a client finds the master: a state machine without I/O (redis.io, "Guidelines for Redis clients with Sentinel").

The world around it has one connection at a time. It does what `handle` returns, in order, tells what came of it, and
calls again at `wake_at`. Once `Use` was said the connection belongs to the application, until `Lost` is told.

The rules: each sentinel gets a short time; the one that answered is asked first next time; whatever it names must say
of itself that it is master; every reconnection and every READONLY begins with the sentinels again; the list of
sentinels grows by what they say of each other. Two rules are ours: a server that failed is not tried again in the same
round though other sentinels name it too, and a sentinel that named a wrong server is asked last, not first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, assert_never

from quorate.client.picture import Place
from quorate.model.millis import Millis

__all__ = [
    "Action",
    "AskAddress",
    "AskPeers",
    "AskRole",
    "Connected",
    "Dial",
    "Exhausted",
    "Failed",
    "Listed",
    "Lost",
    "News",
    "Patience",
    "Place",
    "Reason",
    "Refusal",
    "Resolver",
    "RoleTold",
    "Told",
    "Use",
    "Wanted",
    "Woke",
]


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in ms: for a sentinel to connect and answer, for a server likewise, and between rounds without success.

    The pause doubles with each such round, up to the longest.
    """

    sentinel: Millis = 300
    server: Millis = 1_000
    pause: Millis = 100
    longest_pause: Millis = 1_000


# --- what happens ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody needs the master."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection of the last `Dial` stands, and whatever it takes to be let in has been sent."""


@dataclass(frozen=True, slots=True)
class Failed:
    """That connection could not be made, broke before it was used, or answered with an error."""

    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to `AskAddress`: a place, or None for a name that the sentinel does not know."""

    place: Place | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The answer to `AskPeers`: the other sentinels that the sentinel knows; an error need not be told."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class RoleTold:
    """The answer to `AskRole`."""

    is_master: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection in use broke, or the server said that it is no master (READONLY)."""

    why: str


@dataclass(frozen=True, slots=True)
class Woke:
    """The moment of `wake_at` has come."""


News: TypeAlias = Wanted | Connected | Failed | Told | Listed | RoleTold | Lost | Woke

# --- what to do -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dial:
    """Drop the connection that there is, if any, and connect to this sentinel or server."""

    place: Place
    is_sentinel: bool


@dataclass(frozen=True, slots=True)
class AskPeers:
    """SENTINEL SENTINELS name. Leaves in one write with what follows it."""


@dataclass(frozen=True, slots=True)
class AskAddress:
    """SENTINEL GET-MASTER-ADDR-BY-NAME name."""


@dataclass(frozen=True, slots=True)
class AskRole:
    """ROLE."""


@dataclass(frozen=True, slots=True)
class Use:
    """The connection leads to the master: let the application have it."""

    place: Place


class Reason(Enum):
    """Why a sentinel did not lead to the master."""

    SILENT = "did not answer in time"
    UNREACHABLE = "cannot be reached"
    UNKNOWN_NAME = "does not know this master"
    MASTER_UNREACHABLE = "names a server that cannot be reached"
    NOT_MASTER = "names a server that is not master"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One sentinel's part in a round without success; `detail` is for people."""

    sentinel: Place
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """All sentinels were asked in vain. Drop the connection; the next round begins at `until` unless nobody waits."""

    refusals: tuple[Refusal, ...]
    until: Millis


Action: TypeAlias = Dial | AskPeers | AskAddress | AskRole | Use | Exhausted


class _Phase(Enum):
    IDLE = "idle"
    SENTINEL = "sentinel"
    SERVER = "server"
    IN_USE = "in use"
    RESTING = "resting"


class Resolver:
    """Finds one master. `sentinels` are never forgotten; those found later last until the next list without them."""

    def __init__(self, sentinels: Iterable[Place], patience: Patience | None = None) -> None:
        """At least one sentinel; the order is the order in which they are asked."""
        self._given = tuple(dict.fromkeys(sentinels))
        if not self._given:
            raise ValueError("a resolver needs a sentinel to ask")
        self._patience = patience or Patience()
        self._order = list(self._given)
        self._phase = _Phase.IDLE
        self._deadline: Millis | None = None
        self._sentinel = self._given[0]
        self._server: Place | None = None
        self._queue: list[Place] = []
        self._wrong: set[Place] = set()
        self._refusals: list[Refusal] = []
        self._pause = self._patience.pause
        self._used_since: Millis = 0

    @property
    def sentinels(self) -> tuple[Place, ...]:
        """All known sentinels, the one to ask first in front."""
        return tuple(self._order)

    def wake_at(self) -> Millis | None:
        """When to tell `Woke`; None while nothing is waited for."""
        return self._deadline

    def handle(self, now: Millis, news: News) -> tuple[Action, ...]:
        """What to do now. News that do not fit the situation (they came late) change nothing."""
        match news:
            case Wanted():
                return self._begin(now) if self._phase is _Phase.IDLE else ()
            case Connected():
                return self._connected()
            case Failed(why):
                return self._failed(now, Reason.UNREACHABLE, why)
            case Told(place):
                return self._told(now, place) if self._phase is _Phase.SENTINEL else ()
            case Listed(places):
                if self._phase is _Phase.SENTINEL:
                    self._learn(places)
                return ()
            case RoleTold(is_master):
                return self._role(now, is_master) if self._phase is _Phase.SERVER else ()
            case Lost():
                return self._lost(now) if self._phase is _Phase.IN_USE else ()
            case Woke():
                return self._woke(now)
            case _:
                assert_never(news)

    # --- one round --------------------------------------------------------------------------------------------------

    def _begin(self, now: Millis) -> tuple[Action, ...]:
        self._queue = list(self._order)
        self._wrong.clear()
        self._refusals = []
        return self._next(now)

    def _next(self, now: Millis) -> tuple[Action, ...]:
        self._server = None
        if not self._queue:
            self._rest(now)
            return (Exhausted(tuple(self._refusals), now + self._pause),)
        self._sentinel = self._queue.pop(0)
        self._phase, self._deadline = _Phase.SENTINEL, now + self._patience.sentinel
        return (Dial(self._sentinel, is_sentinel=True),)

    def _rest(self, now: Millis) -> None:
        """Let some time pass before the next round."""
        self._phase, self._deadline = _Phase.RESTING, now + self._pause

    def _refused(self, now: Millis, reason: Reason, detail: str = "") -> tuple[Action, ...]:
        self._refusals.append(Refusal(self._sentinel, reason, detail))
        return self._next(now)

    def _connected(self) -> tuple[Action, ...]:
        if self._phase is _Phase.SENTINEL:
            return (AskPeers(), AskAddress())
        return (AskRole(),) if self._phase is _Phase.SERVER else ()

    def _told(self, now: Millis, place: Place | None) -> tuple[Action, ...]:
        if place is None:
            return self._refused(now, Reason.UNKNOWN_NAME)
        if place in self._wrong:
            return self._refused(now, Reason.MASTER_UNREACHABLE, f"{place}, as another sentinel said")
        self._order.remove(self._sentinel)
        self._order.insert(0, self._sentinel)
        self._server = place
        self._phase, self._deadline = _Phase.SERVER, now + self._patience.server
        return (Dial(place, is_sentinel=False),)

    def _role(self, now: Millis, is_master: bool) -> tuple[Action, ...]:
        assert self._server is not None
        if not is_master:
            return self._misled(now, Reason.NOT_MASTER, str(self._server))
        self._phase, self._deadline = _Phase.IN_USE, None
        self._used_since = now
        return (Use(self._server),)

    def _misled(self, now: Millis, reason: Reason, detail: str) -> tuple[Action, ...]:
        """The sentinel named a server that is of no use: others may know better, so it is asked last next time."""
        assert self._server is not None
        self._wrong.add(self._server)
        self._order.remove(self._sentinel)
        self._order.append(self._sentinel)
        return self._refused(now, reason, detail)

    def _failed(self, now: Millis, reason: Reason, detail: str) -> tuple[Action, ...]:
        if self._phase is _Phase.SERVER:
            return self._misled(now, Reason.MASTER_UNREACHABLE, f"{self._server}: {detail}")
        return self._refused(now, reason, detail) if self._phase is _Phase.SENTINEL else ()

    def _lost(self, now: Millis) -> tuple[Action, ...]:
        if now - self._used_since >= self._pause:
            self._pause = self._patience.pause
            return self._begin(now)
        # It was master and of no use: whatever is wrong there, asking again at once would be a hot loop.
        self._rest(now)
        return (Exhausted((), now + self._pause),)

    def _woke(self, now: Millis) -> tuple[Action, ...]:
        if self._deadline is None or now < self._deadline:
            return ()
        if self._phase is _Phase.RESTING:
            self._pause = min(2 * self._pause, self._patience.longest_pause)
            return self._begin(now)
        return self._failed(now, Reason.SILENT, "no answer in time")

    def _learn(self, places: tuple[Place, ...]) -> None:
        """The list of sentinels as this one sees it, itself and those that we were given included."""
        known = dict.fromkeys((*places, *self._given, self._sentinel))
        kept = [place for place in self._order if place in known]
        self._order = [*kept, *(place for place in known if place not in kept)]
