"""Who follows whom: re-pointing replicas after a promotion, and mending servers that follow the wrong master."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from quorate.model.identity import Epoch
from quorate.model.millis import Millis


class Progress(Enum):
    """How far one replica's re-pointing has come."""

    WAITING = "waiting"
    UNDER_WAY = "under way"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Follower:
    """A replica other than the promoted one, as the leader sees it; `sent_for` is 0 unless SENT is its last step."""

    progress: Progress
    is_down: bool
    is_disconnected: bool
    sent_for: Millis = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now, by position: whom to give up, whom to re-point; and whether everybody is done."""

    give_up: tuple[int, ...]
    repoint: tuple[int, ...]
    finished: bool


def plan(followers: Sequence[Follower], parallel: int, give_up_after: Millis) -> Plan:
    """The next steps, with at most `parallel` replicas under way at a time (`parallel-syncs`).

    A replica that shows no sign of obeying for `give_up_after` counts as done; a dead one is not waited for.
    """
    give_up = [i for i, f in enumerate(followers) if f.progress is Progress.UNDER_WAY and f.sent_for > give_up_after]
    under_way = sum(1 for f in followers if f.progress is Progress.UNDER_WAY) - len(give_up)
    waiting = [i for i, f in enumerate(followers) if f.progress is Progress.WAITING]
    # A frozen replica is asked too: it finds the order in its buffer when it wakes.
    ready = [i for i in waiting if not followers[i].is_disconnected]
    repoint = ready[: max(0, parallel - under_way)]
    finished = all(
        f.is_down or f.progress is Progress.DONE or i in give_up for i, f in enumerate(followers) if i not in repoint
    )
    return Plan(tuple(give_up), tuple(repoint), finished and not repoint)


@dataclass(frozen=True, slots=True)
class MasterSigns:
    """What we know of the configured master."""

    reports_master: bool
    is_down: bool
    info_age: Millis | None


def looks_sane(master: MasterSigns, info_period: Millis) -> bool:
    """Whether the configured master is fit to be followed: it says it is master, is up, and said so lately."""
    return (
        master.reports_master
        and not master.is_down
        and master.info_age is not None
        and master.info_age < 2 * info_period
    )


def hears_majority(heard_since: Iterable[Millis], claimed: Millis, voters: int) -> bool:
    """Whether a majority, ourselves included, was heard after a server's claim was seen.

    Peers spread newer configurations with their hellos. Who has heard too few of them since may be the one that is
    cut off and wrong. `heard_since` are the moments at which each peer was last heard.
    """
    return 1 + sum(1 for moment in heard_since if moment >= claimed) >= voters // 2 + 1


@dataclass(frozen=True, slots=True)
class Contact:
    """When a peer was last heard, and the config epoch that it told."""

    heard: Millis
    config_epoch: Epoch


def majority_agrees(contacts: Sequence[Contact], since: Millis, config_epoch: Epoch, voters: int) -> bool:
    """Whether a majority, ourselves included, was heard since, and nobody tells of a newer configuration than ours."""
    newest = max((contact.config_epoch for contact in contacts), default=config_epoch)
    return newest <= config_epoch and hears_majority((contact.heard for contact in contacts), since, voters)


def is_settled(now: Millis, since: Millis, last_down: Millis, wait: Millis) -> bool:
    """Whether a server has claimed the same thing for `wait` ms without going down meanwhile.

    Other sentinels' news may be on its way: a claim that contradicts our view is corrected only after that wait.
    """
    quiet = last_down == 0 or now - last_down > wait
    return quiet and now - since > wait
