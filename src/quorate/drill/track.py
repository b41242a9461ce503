"""What was seen over time: spans of equal values, and the measures taken from them. Pure; seconds of one clock."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from quorate.client.picture import Place

T = TypeVar("T")


class Span(NamedTuple, Generic[T]):
    """A value and the time through which it held."""

    begin: float
    end: float
    value: T


class ServerSight(NamedTuple):
    """A server's own word (ROLE): `role` master or replica, "" when it does not answer; `following` as a replica."""

    role: str
    following: Place | None = None
    linked: bool = False


class SentinelSight(NamedTuple):
    """Where a sentinel sends clients, and the epoch of that; `answers` False while it says nothing."""

    answers: bool
    master: Place | None = None
    epoch: int = -1


@dataclass(slots=True)
class Track(Generic[T]):
    """One value over time, kept as the moments at which it changed."""

    times: list[float] = field(default_factory=list)
    values: list[T] = field(default_factory=list)

    def see(self, at: float, value: T) -> None:
        """Note the value; a moment before the last one counts as the last one."""
        if self.values and self.values[-1] == value:
            return
        self.times.append(max(at, self.times[-1]) if self.times else at)
        self.values.append(value)

    def at(self, moment: float) -> T | None:
        """The value at a moment; None before the first."""
        index = bisect_right(self.times, moment) - 1
        return self.values[index] if index >= 0 else None

    def spans(self, begin: float, end: float) -> list[Span[T]]:
        """What held between two moments, cut to them."""
        found = []
        for index, (since, value) in enumerate(zip(self.times, self.values, strict=True)):
            until = self.times[index + 1] if index + 1 < len(self.times) else end
            if until > begin and since < end and until > since:
                found.append(Span(max(begin, since), min(end, until), value))
        return found


def seconds_where(tracks: Sequence[Track[T]], begin: float, end: float, holds: Callable[[list[T]], bool]) -> float:
    """For how long a condition on the values of all tracks held."""
    moments = sorted({begin, end, *(t for track in tracks for t in track.times if begin < t < end)})
    total = 0.0
    for since, until in pairwise(moments):
        values = [value for track in tracks if (value := track.at(since)) is not None]
        if holds(values):
            total += until - since
    return total


def two_masters(servers: Mapping[str, Track[ServerSight]], begin: float, end: float) -> float:
    """Seconds in which more than one server took writes."""
    return seconds_where(list(servers.values()), begin, end, lambda now: sum(s.role == "master" for s in now) > 1)


def disagreement(sentinels: Mapping[str, Track[SentinelSight]], begin: float, end: float) -> float:
    """Seconds in which sentinels that answered sent clients to different masters."""

    def differ(now: list[SentinelSight]) -> bool:
        return len({sight.master for sight in now if sight.answers}) > 1

    return seconds_where(list(sentinels.values()), begin, end, differ)


def following_since(
    servers: Mapping[str, Track[ServerSight]], who: Sequence[str], begin: float, end: float
) -> float | None:
    """The first moment from which on, until the end, these servers are the final master or follow it."""
    latest = begin
    master = _final_master(servers, end)
    for name in who:
        since: float | None = None
        for span in servers[name].spans(begin, end):
            fits = span.value.role == "master" if name == master else _follows(span.value)
            since = (span.begin if since is None else since) if fits else None
        if since is None:
            return None
        latest = max(latest, since)
    return latest


def promotions(
    servers: Mapping[str, Track[ServerSight]], begin: float, end: float, before: str
) -> list[tuple[float, str]]:
    """When which server, other than the master `before`, began to take writes."""
    found = []
    for name, track in servers.items():
        was = track.at(begin)
        role = was.role if was is not None else ""
        for span in track.spans(begin, end):
            if span.value.role == "master" and role != "master" and name != before:
                found.append((span.begin, name))
            role = span.value.role or role
    return sorted(found)


def conflicts(sentinels: Mapping[str, Track[SentinelSight]], begin: float, end: float) -> list[str]:
    """Epochs under which different masters were named: never legal, however briefly."""
    named: dict[int, set[Place]] = {}
    for track in sentinels.values():
        for span in track.spans(begin, end):
            if span.value.answers and span.value.master is not None and span.value.epoch > 0:
                named.setdefault(span.value.epoch, set()).add(span.value.master)
    return [
        f"config-epoch {epoch} stands for {' and '.join(sorted(map(str, places)))}"
        for epoch, places in sorted(named.items())
        if len(places) > 1
    ]


def _follows(sight: ServerSight) -> bool:
    return sight.role == "replica" and sight.linked


def _final_master(servers: Mapping[str, Track[ServerSight]], end: float) -> str | None:
    for name, track in servers.items():
        sight = track.at(end)
        if sight is not None and sight.role == "master":
            return name
    return None
