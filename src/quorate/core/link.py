"""A link: the connections to one server or peer, and what their silence says."""

from dataclasses import dataclass, field

from quorate.core.requests import ConnId, InstanceId
from quorate.model.address import Address
from quorate.model.millis import Millis


@dataclass(slots=True, eq=False)
class Link:
    """Connections towards one address. Peers that share a run id share a link; masters and replicas never do.

    `command` and `pubsub` are attempts under way or standing (None: missing). `wants_pubsub` is False for peers.
    Points in time are 0 when they never happened, except where said otherwise.
    """

    address: Address
    wants_pubsub: bool
    created: Millis
    owners: set[InstanceId] = field(default_factory=set)
    command: ConnId | None = None
    command_open: bool = False
    command_since: Millis = 0
    pubsub: ConnId | None = None
    pubsub_open: bool = False
    pubsub_since: Millis = 0
    heard_pubsub: Millis = 0
    attempted: Millis | None = None
    """Last attempt to open what was missing; None: never, so the first attempt needs no wait."""
    not_before: Millis = 0
    """No attempt sooner: an operator closed it, and should see that; or many others are opened before it."""
    in_turn: bool = False
    """It has been given a moment for its first attempt."""
    stood: bool = False
    """A connection that the last attempt asked for came to stand."""
    broke: bool = False
    """The last connection had stood and broke: one attempt to open it again needs no wait."""
    command_retried: Millis = 0
    pubsub_retried: Millis = 0
    """The last such attempt of each connection."""
    pending: int = 0
    silent_since: Millis = 0
    """Silence began here: the first PING that stays unanswered, or the loss of the link; 0 while all is answered."""
    pinged: Millis = 0
    ponged: Millis = 0
    """Any reply to PING."""
    available: Millis = 0
    """A good reply to PING."""
    info_asked: Millis = 0
    """The last INFO under way on this connection was sent then; 0 when none is."""
    infos: int = 0
    """How many INFO are under way: the answer to the last comes behind those to the others."""
    informed: int = 0
    """How many INFO have been answered, on whatever connection."""
    ping_slot: int = -1
    """Where the next PING is booked: the number of its slot, or the negative of its very moment."""
    local_ip: str = ""
    trouble: str = ""
    """What the far end answers instead of serving us: a wrong password, a missing right."""
    told: set[str] = field(default_factory=set)
    """Which of these answers the log has been told; forgotten when the link is closed, for new credentials too."""
    denied: Millis = 0
    """It answered last that we are not let in then (see `denial`); 0 since it has let us in."""
    reset: Millis = 0
    """The far end broke a connection that stood then; 0 since one stands again, or we were told to begin anew."""
    refused: Millis = 0
    refused_again: Millis = 0
    """The first attempt after that which found nobody listening, and the last (see `crash`)."""
    ours: bool | None = None
    """Peers: whether the far end is one of ours; None while unknown, which counts as a C Sentinel."""
    gone: bool = False

    @property
    def disconnected(self) -> bool:
        """A connection that this link wants is missing (attempts under way count as connected, as in C)."""
        return self.command is None or (self.wants_pubsub and self.pubsub is None)

    @property
    def usable(self) -> bool:
        """Requests sent now would leave at once."""
        return self.command_open

    def silence(self, now: Millis) -> Millis:
        """For how long the far end has owed us an answer (sentinel documentation, SDOWN)."""
        return now - self.silent_since if self.silent_since else 0

    def ponged_at(self, now: Millis, *, well: bool) -> None:
        """Note a reply to PING. Replies come in order, so whatever was asked before has been answered, well or not."""
        self.pending = 0
        self.ponged = now
        if well:
            self.available = now
            self.silent_since = self.denied = 0

    def fell_silent(self, now: Millis) -> None:
        """Note the beginning of silence; an earlier beginning stands."""
        if not self.silent_since:
            self.silent_since = now
