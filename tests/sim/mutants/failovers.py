"""Defects of promotion, configuration, observation and housekeeping."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from quorate.core import (
    cadence,
    discovery,
    failover,
    foreign,
    gossip,
    handover,
    reconfiguration,
    roster,
    selection,
    tilt,
    watching,
)
from quorate.core.move import Move, Phase
from quorate.core.outcome import Tell
from quorate.core.requests import ConnId
from quorate.core.selection import Candidate, Limits
from quorate.core.state import Failover, Master, Peer, Replica, Watched
from quorate.core.turn import Turn
from quorate.model.candidates import Tag
from quorate.model.hello import Hello
from quorate.model.identity import Epoch
from quorate.model.notice import Event, Notice
from tests.sim.mutants.planting import Function, Mutant, Patch, always, instead, mutant, nothing

PROMOTION = "the best replica is promoted"
OBEYED = "a promotion is announced when it has come about"
EPOCHS = "epochs never go back"
CONFIGURATION = "one configuration per epoch"
DEMOTION = "no demotion on a stale view"
TILT = "hands off in TILT"
NOTICES = "notices are consistent"
ORDER = "the core is in order"
MEMORY = "memory is bounded"
LOSSES = "losses are explained"
LEFT_ALONE = "another cluster is left alone"
MOVES = "a coordinated move loses nothing"
LIVENESS = "all comes right in time"


def _most_lagging(candidate: Candidate) -> tuple[bool, int, int, bool, str]:
    return (
        candidate.tag is not Tag.PREFER,
        candidate.priority,
        candidate.offset,
        not candidate.run_id,
        candidate.run_id.lower(),
    )


def _blind_to(**what: str | int) -> Callable[[Function], Function]:
    """Selects without knowing something of the limits."""

    def blinded(right: Function) -> Function:
        return lambda candidates, limit: right(candidates, replace(limit, **what))

    return blinded


def _deaf_to(tag: Tag) -> Callable[[Function], Function]:
    """Selects as if nobody had that tag."""

    def deaf(right: Function) -> Function:
        def select(candidates: Iterable[Candidate], limit: Limits) -> object:
            return right([replace(c, tag=None if c.tag is tag else c.tag) for c in candidates], limit)

        return select

    return deaf


def _newest_or_not(right: Function) -> Function:
    """Whatever a hello says is taken over, its epoch too."""

    def on_hello(turn: Turn, hello: Hello) -> None:
        right(turn, hello)
        master = turn.state.masters.get(hello.master)
        peer = master.peers.get(hello.sender_id) if master is not None else None
        if master is not None and peer is not None and hello.config_epoch < master.config_epoch:
            gossip._adopt(turn, master, peer, hello)

    return on_hello


def _older_address(right: Function) -> Function:
    """The address of an older configuration is taken over, under the epoch that we have."""

    def on_hello(turn: Turn, hello: Hello) -> None:
        right(turn, hello)
        master = turn.state.masters.get(hello.master)
        peer = master.peers.get(hello.sender_id) if master is not None else None
        if master is not None and peer is not None and hello.config_epoch < master.config_epoch:
            epoch = master.config_epoch
            gossip._adopt(turn, master, peer, hello)
            master.config_epoch = Epoch(epoch)

    return on_hello


def _look_in_tilt(right: Function) -> Function:
    def look(turn: Turn, master: Master, watched: Watched) -> None:
        since, turn.state.tilt_since = turn.state.tilt_since, 0
        right(turn, master, watched)
        turn.state.tilt_since = since

    return look


def _no_end_of_sdown(right: Function) -> Function:
    def turned(turn: Turn, master: Master, watched: Watched, down: bool) -> None:
        right(turn, master, watched, down)
        turn.effects[:] = [
            effect
            for effect in turn.effects
            if not (
                isinstance(effect, Tell) and isinstance(effect.what, Notice) and effect.what.event is Event.SDOWN_OVER
            )
        ]

    return turned


def _impatient(right: Mapping[Phase, Function]) -> Mapping[Phase, Function]:
    """The order to step aside is on its way: that must do."""

    def stepping_aside(turn: Turn, master: Master, move: Move, chosen: Replica) -> None:
        move.enter(Phase.CLEAR)

    return {**right, Phase.STEPPING_ASIDE: stepping_aside}


def _takes_for_done(right: Mapping[Phase, Function]) -> Mapping[Phase, Function]:
    """FAILOVER was sent: that must do."""

    def handing_over(turn: Turn, master: Master, move: Move, chosen: Replica) -> None:
        move.enter(Phase.CLEAR)

    return {**right, Phase.HANDING_OVER: handing_over}


def _kept(right: Function) -> Function:
    """Peers that were dropped are watched for ever."""

    def dismiss(turn: Turn, watched: Watched) -> None:
        if not isinstance(watched, Peer):
            right(turn, watched)

    return dismiss


def _on_any_word(right: Function) -> Function:
    """Whatever the promoted replica told last is its answer to the order."""

    def promote(turn: Turn, standing: Failover, chosen: Replica, conn: ConnId) -> None:
        right(turn, standing, chosen, conn)
        standing.proof = 0

    return promote


FAILOVERS = (
    mutant(
        "promotes the most lagging replica",
        Patch(selection, "preference", instead(_most_lagging)),
        PROMOTION,
        at=(61, 20),
    ),
    mutant(
        "promotes whoever has the highest offset, whatever its history",
        Patch(selection, "select", _blind_to(history="")),
        PROMOTION,
        at=(13, 40),
    ),
    mutant("forgets candidate-max-lag", Patch(selection, "select", _blind_to(max_lag=0)), PROMOTION, at=(581, 1)),
    mutant(
        "promotes who is tagged nofailover",
        Patch(selection, "select", _deaf_to(Tag.NOFAILOVER)),
        PROMOTION,
        at=(14, 40),
    ),
    mutant("prefers nobody", Patch(selection, "select", _deaf_to(Tag.PREFER)), PROMOTION, at=(41, 60)),
    mutant("takes an old master for promoted", Patch(failover, "_promote", _on_any_word), OBEYED, at=(1200333, 1)),
    mutant("promotes who does not suit", Patch(selection, "refusal", always(None)), PROMOTION, at=(0, 20)),
    mutant(
        "takes over any configuration", Patch(gossip, "on_hello", _newest_or_not), EPOCHS, CONFIGURATION, at=(0, 20)
    ),
    mutant(
        "accepts the address of an older configuration",
        Patch(gossip, "on_hello", _older_address),
        CONFIGURATION,
        at=(0, 20),
    ),
    mutant(
        "sends clients back to a master of the past",
        Patch(gossip, "on_hello", _older_address),
        LOSSES,
        at=(140, 145),
        alone=True,
    ),
    mutant(
        "moves a master to a replica that has not caught up",
        Patch(handover, "_has_all", always(True)),
        MOVES,
        at=(53, 60),
    ),
    mutant(
        "moves a master without waiting until the old one is a replica",
        Patch(handover, "_STEPS", _impatient),
        MOVES,
        at=(2, 20),
    ),
    mutant(
        "takes a FAILOVER of the servers for done when it was sent",
        Patch(handover, "_STEPS", _takes_for_done),
        MOVES,
        at=(53, 1),
    ),
    mutant(
        "demotes who returns before it has heard a majority",
        Patch(reconfiguration, "majority_agrees", always(True)),
        DEMOTION,
        at=(0, 20),
    ),
    Mutant(
        "demotes at once, on a stale view",
        (Patch(reconfiguration, "hears_majority", always(True)), Patch(reconfiguration, "is_settled", always(True))),
        frozenset({DEMOTION}),
        seed=0,
        within=20,
    ),
    mutant(
        "takes whoever is at a known address for ours",
        Patch(foreign, "_is_elsewhere", always(False)),
        LEFT_ALONE,
        at=(127, 1),
    ),
    mutant("looks around in TILT", Patch(watching, "look", _look_in_tilt), TILT, at=(19, 60)),
    mutant("never notices that it was late", Patch(tilt, "is_late", always(False)), TILT, at=(26, 30)),
    mutant("never points a replica anywhere", Patch(discovery, "repoint", nothing), LIVENESS, at=(0, 20)),
    mutant("forgets -sdown", Patch(watching, "_turned", _no_end_of_sdown), NOTICES, at=(0, 20)),
    mutant("keeps what it dismissed", Patch(roster, "dismiss", _kept), ORDER, at=(0, 20)),
    mutant("enters every replica anew", Patch(roster, "find_replica", always(None)), ORDER, at=(0, 20)),
    Mutant(
        "enters every replica anew, time after time",
        (Patch(roster, "find_replica", always(None)), Patch(cadence, "info_period", always(100))),
        frozenset({MEMORY}),
        seed=0,
        within=10,
        alone=True,
    ),
    mutant("tells nobody of a new configuration", Patch(cadence, "hello", always(None)), LIVENESS, at=(0, 10)),
)
