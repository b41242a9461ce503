"""After the promotion: it is told, the others are re-pointed, the new configuration is taken over (spec 6.8)."""

from quorate.core import cadence, connecting, discovery, reconfiguration, record, switching
from quorate.core.phases import enter
from quorate.core.reconfiguration import Follower, Progress
from quorate.core.state import Failover, FailoverState, Master, Reconf, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event
from quorate.model.record import Ending


def _tell(turn: Turn, master: Master, failover: Failover, promoted: Replica) -> None:
    """The promotion is on disk: from now on clients, peers and scripts hear of it."""
    failover.told = True
    record.told(turn, failover)
    hostnames = turn.state.settings.announce_hostnames
    old = (master.address.shown(hostnames), master.address.port)
    new = (promoted.address.shown(hostnames), promoted.address.port)
    switching.reconfig_script(turn, master, "leader", old, new)
    cadence.greet_everybody(turn, master)


def take_back(turn: Turn, master: Master, failover: Failover) -> None:
    """The promotion could not be saved, so nobody has heard of it: leave the master to who can write.

    Whoever is elected next finds the promoted server among the replicas. Told without a save, it would be forgotten
    with the process, and with it every write that clients have made there.
    """
    turn.about(Event.ABORT_SLAVE_TIMEOUT, master, master)
    record.close(turn, master, Ending.NOT_SAVED)
    master.config_epoch = failover.replaced_epoch
    master.failover = None
    turn.touch(master)
    turn.check(master)


def reconf_slaves(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    """Tell everybody of the promotion as soon as it is on disk, and have the other replicas follow.

    Returns the moment at which time alone allows another step.
    """
    promoted = failover.promoted
    assert promoted is not None
    if not turn.state.is_durable(failover.needs):
        deadline = failover.entered + master.settings.failover_timeout
        if turn.now > deadline or promoted.role is Role.SLAVE:
            take_back(turn, master, failover)
            return None
        return deadline + 1
    if not failover.told:
        _tell(turn, master, failover, promoted)
    others = [r for r in master.replicas if r is not promoted and not r.foreign]
    give_up_after = turn.state.tuning.slave_reconf_timeout
    plan = reconfiguration.plan([_follower(turn, r) for r in others], master.settings.parallel_syncs, give_up_after)
    for i in plan.give_up:
        turn.about(Event.SLAVE_RECONF_SENT_TIMEOUT, master, others[i])
        others[i].reconf = Reconf.DONE
    for i in plan.repoint:
        _send_reconf(turn, others[i], promoted)
        others[i].reconf, others[i].reconf_sent = Reconf.SENT, turn.now
        turn.about(Event.SLAVE_RECONF_SENT, master, others[i])
        cadence.hurry_info(turn, master, others[i])
    deadline = failover.entered + master.settings.failover_timeout
    # Who leaves does not wait for the others to follow: all are told, and each sentinel sees to the rest.
    timed_out = turn.now > deadline or turn.state.stopping
    # While the promoted server is down nobody can be done; but when the time is up it is for the next failover.
    if (plan.finished and not promoted.sdown) or timed_out:
        _end(turn, master, failover, others, timed_out and not plan.finished)
        return None
    given_up = [r.reconf_sent + give_up_after + 1 for r in others if r.reconf is Reconf.SENT]
    return min([deadline + 1, *given_up])


def _follower(turn: Turn, replica: Replica) -> Follower:
    progress = {
        Reconf.NONE: Progress.WAITING,
        Reconf.SENT: Progress.UNDER_WAY,
        Reconf.INPROG: Progress.UNDER_WAY,
        Reconf.DONE: Progress.DONE,
    }[replica.reconf]
    sent_for = turn.now - replica.reconf_sent if replica.reconf is Reconf.SENT else 0
    return Follower(progress, replica.sdown, not replica.link.usable, sent_for)


def _send_reconf(turn: Turn, replica: Replica, promoted: Replica) -> None:
    discovery.repoint(turn, replica, promoted.address)
    if replica.link.command is not None:
        connecting.ask_info(turn, replica.link)


def _end(turn: Turn, master: Master, failover: Failover, others: list[Replica], timed_out: bool) -> None:
    if timed_out:
        turn.about(Event.FAILOVER_END_FOR_TIMEOUT, master, master)
    turn.about(Event.FAILOVER_END, master, master)
    enter(turn, failover, FailoverState.UPDATE_CONFIG)
    if timed_out and failover.promoted is not None:
        for replica in others:
            if replica.reconf in (Reconf.NONE, Reconf.INPROG) and replica.link.usable:
                discovery.repoint(turn, replica, failover.promoted.address)
                turn.about(Event.SLAVE_RECONF_SENT_BE, master, replica)


def update_config(turn: Turn, master: Master, failover: Failover) -> Millis | None:
    """Take the promoted server for the master: the end of the failover."""
    assert failover.promoted is not None
    address = failover.promoted.address
    shown = address.shown(turn.state.settings.announce_hostnames)
    switching.switch_master(turn, master, address, shown, "leader")
    master.alone = failover.alone
    return None
