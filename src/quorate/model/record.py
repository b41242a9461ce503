"""What is remembered of a failover: why it began, who agreed, who could have been promoted, how long each step took."""

from dataclasses import dataclass
from enum import Enum

from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.millis import Millis


class Cause(Enum):
    """Why a failover began."""

    DOWN = "down"
    """A quorum saw the master down."""
    CRASH = "crash"
    """Its process was gone: a majority was refused where it had answered before, and its replicas had lost it."""
    OPERATOR = "operator"
    """Somebody typed SENTINEL FAILOVER."""
    CONFLICT = "conflict"
    """Two configurations of one epoch had to be settled."""
    MOVE = "move"
    """Somebody asked for a coordinated move."""
    LEFT_OVER = "left-over"
    """Somebody's move or failover had been left half way, and was brought to its end."""
    ELSEWHERE = "elsewhere"
    """Another sentinel led; what made it do so only that one knows."""


class Ending(Enum):
    """How it ended. Only the first three changed the master."""

    DONE = "done"
    PARTLY = "partly"
    """Promoted and told, but a replica had not followed when the time was up."""
    FOLLOWED = "followed"
    """Another sentinel's: its configuration was taken over."""
    NOT_ELECTED = "not-elected"
    NO_GOOD_REPLICA = "no-good-slave"
    NOT_PROMOTED = "slave-timeout"
    """The chosen replica did not become a master in time."""
    OVERTAKEN = "overtaken"
    """A newer configuration came from another sentinel."""
    UNDONE = "undone"
    """A coordinated move that was given up: writes went on where they were."""
    RESTORED = "restored"
    """Nobody was fit, and the old master, which followed nobody who could be followed, got its role back."""
    ALIVE = "master-alive"
    """The process that seemed to be gone was not."""
    LEAVING = "leaving"
    """The leader was told to end before anybody was promoted."""
    NOT_SAVED = "not-saved"
    """The promotion could not be made durable, so nobody was told."""
    RESET = "reset"
    REMOVED = "removed"


class Phase(Enum):
    """The steps, in their order."""

    SILENT = "silent"
    """The first sign: a PING stays unanswered from now on, or the connection broke."""
    SDOWN = "sdown"
    ODOWN = "odown"
    STOOD = "stood"
    ELECTED = "elected"
    CHOSEN = "chosen"
    HANDED_OVER = "handed-over"
    """The master changes places by itself, and holds its writes until it has."""
    PAUSED = "paused"
    """The master holds its writes."""
    CAUGHT_UP = "caught-up"
    """The replica has all that the master had when it began to hold them."""
    STEPPED_ASIDE = "stepped-aside"
    """The old master has acknowledged that it is a replica."""
    ORDERED = "ordered"
    """REPLICAOF NO ONE has left."""
    PROMOTED = "promoted"
    """The replica says that it is a master."""
    TOLD = "told"
    """The promotion is on disk; peers and clients hear of it."""
    SETTLED = "settled"
    """All replicas follow, or will no longer be waited for."""
    SWITCHED = "switched"
    """We follow another sentinel's failover."""


@dataclass(frozen=True, slots=True)
class Voter:
    """A sentinel; `address` is host:port, "" for the one that keeps the record."""

    id: RunId
    address: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """Whom a sentinel voted for, as far as the candidate saw it."""

    voter: Voter
    candidate: RunId


@dataclass(frozen=True, slots=True)
class Contender:
    """A replica when the choice was made. `reason` says why it was refused, "" if it was fit."""

    address: str
    run_id: str
    priority: int
    offset: int
    chosen: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step and when it was taken, in ms after the beginning (before it: negative).

    The word is one of `Phase`, or unknown to us: other versions may know more steps.
    """

    word: str
    at: Millis


@dataclass(frozen=True, slots=True)
class Record:
    """One failover as the sentinel that keeps the record saw it. It begins (0) when that one stood for election.

    Addresses are host:port, `new` "" where nobody was promoted. `known_offset` is the highest offset of the master's
    stream that was known when the choice was made, None if none was made.
    """

    master: MasterName
    cause: Cause
    ending: Ending
    epoch: Epoch
    old: str
    new: str = ""
    leader: Voter | None = None
    """Who led, None if that is not known."""
    told_by: Voter | None = None
    """Whose hello brought the news of a failover that another sentinel led."""
    quorum: int = 0
    voters: int = 0
    alone: bool = False
    """An operator's, which went on without a majority."""
    down: tuple[Voter, ...] = ()
    """Who saw the master down when we stood."""
    votes: tuple[Vote, ...] = ()
    known_offset: int | None = None
    contenders: tuple[Contender, ...] = ()
    steps: tuple[Step, ...] = ()
    lasted: Millis = 0

    @property
    def trailed(self) -> int | None:
        """Bytes by which the promoted replica was behind the highest offset known; at least so much was lost."""
        chosen = next((c for c in self.contenders if c.chosen), None)
        if chosen is None or self.known_offset is None or not self.new:
            return None
        return max(0, self.known_offset - chosen.offset)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place in time. `began` is in ms since 1970, on the clock of who keeps it.

    Attempts that ended alike are one entry: the record is the last one's, `first` when the first of them began.
    """

    began: Millis
    record: Record
    attempts: int = 1
    first: Millis = 0


CHANGED = frozenset((Ending.DONE, Ending.PARTLY, Ending.FOLLOWED))
"""The endings after which the master was another one."""
