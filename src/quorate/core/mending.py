"""Correcting a replica that calls itself master, or follows somebody else (spec 6.1).

The specification waits: 4 publish-periods, or failover-timeout, in which the news of a failover that we missed would
come. A server that returns with a role of long ago is another matter: nobody has given it that role just now, so it is
corrected as soon as a majority, asked for its configuration since, knows of nothing newer.
"""

from dataclasses import dataclass

from quorate.core import asking, cadence, conflict, discovery, foreign, reconfiguration
from quorate.core.inputs import ConfigTold
from quorate.core.reconfiguration import Contact, MasterSigns
from quorate.core.requests import AskConfig
from quorate.core.state import Master, Peer, Replica
from quorate.core.turn import Turn
from quorate.model.identity import MasterName
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event

CONVERT_WAIT_PERIODS = 4
"""A replica that calls itself master is demoted after this many publish-periods: a hello may be on its way."""

HEARD_PERIODS = 2
"""And only by who has heard a majority in the last so many publish-periods: what was said before a cut may have been
said before the news was there."""

FRESH_CLAIM: Millis = 2 * cadence.FAST_INFO
"""What a replica said longer ago is asked for again before it is corrected."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a replica, since when, how long the specification bears it, and whether it came so."""

    event: Event
    since: Millis
    wait: Millis
    came_so: bool


def look(turn: Turn, master: Master, replica: Replica) -> None:
    """After its INFO: correct it if something is wrong and may be corrected now."""
    wrong = _wrong(turn, master, replica)
    if wrong is None:
        return
    if wrong.came_so:
        _ask_peers(turn, master)
    _mend(turn, master, replica, wrong)


def _ask_peers(turn: Turn, master: Master) -> None:
    for peer in master.peers.values():
        if peer.link.usable and not peer.config_asked:
            turn.send(peer.link, AskConfig(peer.id, MasterName(master.name), peer.link.ours is True))
            peer.link.pending += 1
            peer.config_asked = turn.now


def on_told(turn: Turn, master: Master, peer: Peer, told: ConfigTold) -> None:
    """A peer has told its configuration: that may have been the majority for which some of the replicas wait."""
    asked, peer.config_asked = peer.config_asked, 0
    if told.config_epoch is None or not asked:
        return
    peer.config_sure = asked
    peer.config_epoch = max(peer.config_epoch, told.config_epoch)
    peer.told_epoch = told.current_epoch or peer.told_epoch
    if told.leader_epoch != peer.told_vote:
        peer.told_vote, peer.vote_since = told.leader_epoch, turn.now
    for replica in master.replicas:
        wrong = _wrong(turn, master, replica)
        # One that is held for down because of a full disk still tells what it is, and does as it is told.
        reachable = replica.link.usable and turn.now - replica.info_at <= FRESH_CLAIM
        if wrong is not None and wrong.came_so and reachable:
            _mend(turn, master, replica, wrong)


def _wrong(turn: Turn, master: Master, replica: Replica) -> Wrong | None:
    if master.promoted is replica or replica.foreign:
        return None
    if replica.role is Role.MASTER:
        wait = CONVERT_WAIT_PERIODS * turn.state.tuning.publish_period
        # Who was a replica and became master without a restart was promoted: by whom is for a hello to say.
        came_so = replica.role_since <= replica.met
        return Wrong(Event.CONVERT_TO_SLAVE, replica.role_since, wait, came_so)
    if follows_another(turn, master, replica):
        # While it was up all the time a leader may be about to re-point it, at the pace of parallel-syncs; and one that
        # turns to a stranger may belong there, which its INFO tells once it is connected.
        came_so = (
            replica.returned and replica.conf_changed <= replica.met and foreign.follows_ours(turn, master, replica)
        )
        return Wrong(Event.FIX_SLAVE_CONFIG, replica.conf_changed, master.settings.failover_timeout, came_so)
    return None


def _mend(turn: Turn, master: Master, replica: Replica, wrong: Wrong) -> None:
    state = turn.state
    if state.save_error or state.tilt_since or conflict.rivals(turn, master):
        # Others may know better what we could not write down or tell; and which of two masters under one epoch is the
        # right one is for an elected sentinel to say.
        return
    if master.failover is not None and master.failover.sent is not None:
        # Whom we have given the order to promote they are all to follow soon: our failover sees to that.
        return
    if replica.mended and replica.info_at - replica.mended < cadence.FAST_INFO:
        # The last order is on its way; INFO that was asked for before it proves nothing.
        return
    if not reconfiguration.looks_sane(master_signs(turn, master), state.tuning.info_period):
        return
    if _waited(turn, master, replica, wrong) or _agreed(turn, master, replica, wrong):
        replica.mended = turn.now
        discovery.repoint(turn, replica, master.address)
        turn.about(wrong.event, master, replica)


def _waited(turn: Turn, master: Master, replica: Replica, wrong: Wrong) -> bool:
    """Whether the wait of the specification is over, and a majority was heard in it."""
    if not reconfiguration.is_settled(turn.now, wrong.since, replica.sdown_since, wrong.wait):
        return False
    heard = (peer.last_hello for peer in master.peers.values())
    since = max(wrong.since, turn.now - HEARD_PERIODS * turn.state.tuning.publish_period)
    return master.alone or reconfiguration.hears_majority(heard, since, master.voters())


def _agreed(turn: Turn, master: Master, replica: Replica, wrong: Wrong) -> bool:
    """Whether a majority was heard since it came, and nobody can have been elected of whom that did not know."""
    state = turn.state
    if not master.peers:
        # Nobody is known yet, after a RESET for example: we would be a majority by ourselves.
        return False
    if not wrong.came_so or master.failover is not None:
        return False
    # What it said last is what the peers were asked about; what they answered before may have been long ago.
    since = max(wrong.since, replica.info_at, state.late_at)
    if _election_open(turn, master, since):
        return False
    contacts = [Contact(peer.config_sure, peer.config_epoch) for peer in master.peers.values()]
    return reconfiguration.majority_agrees(contacts, since, master.config_epoch, master.voters())


def _election_open(turn: Turn, master: Master, since: Millis) -> bool:
    """Whether an election that a majority knows of may have had a winner whose configuration we have not heard yet.

    Of any majority that elected somebody, one is in the majority that has answered since, and knows its own vote. Where
    that is newer than the configuration, whoever may have won must have answered, too, when the time for it is over,
    which counts from when we learned of the vote: it may be below the current epoch, which tells no time then. A C
    Sentinel does not tell its vote, but votes in no epoch below its current one.
    """
    state = turn.state
    heard = [peer for peer in master.peers.values() if peer.config_sure >= since]
    if any(peer.told_epoch > state.current_epoch for peer in master.peers.values()):
        # Its hello, which raises ours as well, is still on its way.
        return True
    votes = [(master.leader_epoch, master.voted_at)]
    for peer in heard:
        told = (state.current_epoch, state.raised_at) if peer.told_vote is None else (peer.told_vote, peer.vote_since)
        votes.append(told)
    newer = [when for epoch, when in votes if epoch > master.config_epoch]
    if not newer:
        return False
    lasts = asking.election_time(turn, master) + master.settings.failover_timeout
    return turn.now - max(newer) <= lasts or len(heard) < len(master.peers)


def master_signs(turn: Turn, master: Master) -> MasterSigns:
    """What we know of the configured master."""
    return MasterSigns(
        reports_master=master.role is Role.MASTER,
        is_down=master.sdown or master.odown,
        info_age=turn.now - master.info_at if master.info is not None else None,
    )


def follows_another(turn: Turn, master: Master, replica: Replica) -> bool:
    """Whether a replica says that it follows somebody other than its master."""
    return bool(replica.master_host) and not discovery.follows(turn, replica, master.address)
