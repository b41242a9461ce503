"""What operators may change while we run: SENTINEL MONITOR, REMOVE, RESET, SET, CONFIG SET, DEBUG, FAILOVER."""

from typing import assert_never

from quorate.core import (
    cadence,
    candidacy,
    choosing,
    connecting,
    coordination,
    handover,
    record,
    repointing,
    roster,
    switching,
    watching,
)
from quorate.core.inputs import (
    Caller,
    FailoverRequested,
    FailureSimulated,
    FlushRequested,
    GlobalsChanged,
    MonitorRequested,
    MoveRequested,
    RemoveRequested,
    ResetRequested,
    SettingsChanged,
    TuningChanged,
)
from quorate.core.move import Move
from quorate.core.outcome import Count, Done, Refused, Reply, Result, UseRenames
from quorate.core.requests import MoveId
from quorate.core.state import Master, Peer, Watched
from quorate.core.turn import Turn
from quorate.model.address import MAX_PORT, Address, numeric
from quorate.model.notice import Event, Level
from quorate.model.record import Ending
from quorate.model.settings import MasterSettings

MOST_NAMES = 1024
"""Host names whose numbers are remembered."""

NO_SUCH_MASTER = Refused("ERR No such master with that name")
NOT_SAVED = Refused("ERR Failed to save config file. Check server logs.")

Change = (
    FailoverRequested
    | MoveRequested
    | MonitorRequested
    | RemoveRequested
    | ResetRequested
    | SettingsChanged
    | GlobalsChanged
    | FlushRequested
    | TuningChanged
    | FailureSimulated
)


def on_change(turn: Turn, change: Change) -> None:
    """Carry out an operator's request."""
    match change:
        case FailoverRequested():
            _failover(turn, change)
        case MoveRequested():
            coordination.request(turn, change)
        case MonitorRequested():
            monitor(turn, change)
        case RemoveRequested():
            _remove(turn, change)
        case ResetRequested():
            _reset(turn, change)
        case SettingsChanged():
            _set(turn, change)
        case GlobalsChanged():
            _globals(turn, change)
        case FlushRequested():
            turn.dirty = True
            _when_saved(turn, change.caller, Done())
        case TuningChanged():
            turn.state.tuning = change.tuning
            _rebook(turn)
            turn.reply(change.caller, Refused(change.error) if change.error else Done())
        case FailureSimulated():
            turn.state.crash_after_election = change.after_election
            turn.state.crash_after_promotion = change.after_promotion
            turn.reply(change.caller, Refused(change.error) if change.error else Done())
        case _:
            assert_never(change)


def _when_saved(turn: Turn, caller: Caller, result: Result) -> None:
    turn.promise(Reply(caller, result), otherwise=lambda: Reply(caller, NOT_SAVED))


def _failover(turn: Turn, request: FailoverRequested) -> None:
    master = turn.state.masters.get(request.master)
    if master is None:
        turn.reply(request.caller, NO_SUCH_MASTER)
    elif master.failover is not None or master.rehearsal is not None:
        turn.reply(request.caller, Refused("INPROG Failover already in progress"))
    elif (choice := choosing.choose(turn, master)).chosen is None:
        for name, reason in choice.refused:
            turn.remark(Level.NOTICE, f"Replica {name} of {master.name} is not promoted: {reason.value}")
        turn.reply(request.caller, Refused(choosing.NO_GOOD_REPLICA + choosing.refusals(choice)))
    elif turn.state.save_error:
        turn.reply(request.caller, NOT_SAVED)
    else:
        turn.remark(Level.NOTICE, f"Executing user requested FAILOVER of '{master.name}'")
        candidacy.stand(turn, master, forced=True)
        if master.failover is not None:
            master.failover.move = Move(MoveId(turn.state.next_id()))
        turn.reply(request.caller, Done())


def monitor(turn: Turn, request: MonitorRequested) -> None:
    """Begin to watch a master; a host name that is not known yet is looked up first."""
    state = turn.state
    if request.quorum <= 0:
        turn.reply(request.caller, Refused("ERR Quorum must be 1 or greater."))
        return
    address = turn.address(request.host, request.port)
    if address is not None and not address.ip and request.host.lower() in state.awaited_names:
        state.waiting_monitors.append(request)
    elif address is None or not address.ip:
        turn.reply(request.caller, Refused("ERR Invalid IP address or hostname specified"))
    elif not 0 <= request.port <= MAX_PORT:
        turn.reply(request.caller, Refused("ERR Invalid port number."))
    elif request.name in state.masters:
        turn.reply(request.caller, Refused("ERR Duplicate master name."))
    else:
        tuning = state.tuning
        settings = MasterSettings(
            request.quorum, down_after=tuning.default_down_after, failover_timeout=tuning.default_failover_timeout
        )
        master = roster.add_master(turn, request.name, address, settings, roster.REOPEN_AFTER)
        master.watched_from = state.current_epoch
        turn.touch(master)
        turn.about(Event.MONITOR, master, master, f" quorum {request.quorum}")
        _when_saved(turn, request.caller, Done())


def on_resolved(turn: Turn, host: str, ip: str | None) -> None:
    """A look-up has ended: go on with whoever waited for it."""
    state = turn.state
    key = host.lower()
    state.awaited_names.discard(key)
    number = numeric(ip) if ip else None
    if number is not None:
        state.names.pop(key, None)
        state.names[key] = number
        if len(state.names) > MOST_NAMES:
            # Whoever may publish a hello may make names up; one that is used is soon looked up again.
            del state.names[next(iter(state.names))]
        for master, watched in list(state.instances.values()):
            if watched.address.host.lower() == key and watched.id in state.instances:
                _moved(turn, master, watched, number)
    waiting = [r for r in state.waiting_monitors if r.host.lower() == key]
    state.waiting_monitors = [r for r in state.waiting_monitors if r.host.lower() != key]
    for request in waiting:
        if number is None:
            turn.remark(Level.WARNING, f"Failed to resolve hostname '{host}'")
            turn.reply(request.caller, Refused("ERR Invalid IP address or hostname specified"))
        else:
            monitor(turn, request)


def _moved(turn: Turn, master: Master, watched: Watched, number: str) -> None:
    """A name stands for another number now: dial that, unless the connection to the old one stands."""
    old = watched.address
    if old.ip == number or watched.link.command_open:
        return
    watched.address = Address(old.host, number, old.port)
    link = watched.link
    if link.address.ip != number:
        link.address = watched.address
        connecting.close(turn, link)
        connecting.reopen(turn, link)
    # The file names hosts by their numbers, too.
    turn.touch(master)
    if watched is master and old.ip:
        switching.renew_peers(turn, master)
    if not isinstance(watched, Peer):
        roster.drop_doubles(turn, master)


def _remove(turn: Turn, request: RemoveRequested) -> None:
    master = turn.state.masters.get(request.name)
    if master is None:
        turn.reply(request.caller, NO_SUCH_MASTER)
        return
    _let_go(turn, master)
    turn.about(Event.UNMONITOR, master, master)
    record.close(turn, master, Ending.REMOVED)
    roster.remove_master(turn, master)
    _when_saved(turn, request.caller, Done())


def _reset(turn: Turn, request: ResetRequested) -> None:
    masters = [turn.state.masters[name] for name in request.names if name in turn.state.masters]
    for master in masters:
        if master.current is not master and master.failover is not None and not turn.state.save_error:
            # A promotion is a fact; only what is left to do is forgotten.
            promoted = master.current.address
            shown = promoted.shown(turn.state.settings.announce_hostnames)
            switching.switch_master(turn, master, promoted, shown, "leader")
        elif master.failover is not None and master.current is not master:
            repointing.take_back(turn, master, master.failover)
        _let_go(turn, master)
        switching.reset(turn, master)
    answer = Reply(request.caller, Count(len(masters)))
    if masters:
        turn.promise(answer, otherwise=lambda: answer)
    else:
        turn.effects.append(answer)


def _let_go(turn: Turn, master: Master) -> None:
    """Nothing more comes of a move: its master goes on as it was."""
    coordination.cancel(turn, master, "ERR The master was reset or removed meanwhile")
    if master.failover is not None and master.current is master:
        handover.undo(turn, master, master.failover)


def _set(turn: Turn, change: SettingsChanged) -> None:
    master = turn.state.masters.get(change.name)
    if master is None:
        turn.reply(change.caller, NO_SUCH_MASTER)
        return
    old, master.settings = master.settings, change.settings
    for text in change.events:
        turn.about(Event.SET, master, master, f" {text}")
    if change.events:
        turn.touch(master)
    look_up_tags(turn, master)
    servers = [w for w in master.instances() if not isinstance(w, Peer)]
    if old.renames != change.settings.renames:
        for watched in master.instances():
            for conn in (watched.link.command, watched.link.pubsub):
                if conn is not None:
                    turn.effects.append(UseRenames(conn, change.settings.renames))
    if change.reconnect:
        for server in servers:
            connecting.close(turn, server.link)
            connecting.reopen(turn, server.link)
    for watched in master.instances():
        watching.look(turn, master, watched)
    turn.check(master)
    if change.error:
        turn.reply(change.caller, Refused(change.error))
    else:
        _when_saved(turn, change.caller, Done())


def look_up_tags(turn: Turn, master: Master) -> None:
    """Servers are known by numbers mostly, and may be tagged by name."""
    for tag in master.settings.tags:
        turn.address(tag.host, tag.port)


def _globals(turn: Turn, change: GlobalsChanged) -> None:
    turn.state.settings = change.settings
    turn.dirty = True
    if change.reconnect_peers:
        for link in turn.state.peer_links.values():
            connecting.close(turn, link)
            connecting.reopen(turn, link)
    _when_saved(turn, change.caller, Done())


def _rebook(turn: Turn) -> None:
    """Shorter periods count from now, not from the next turn of the longer ones."""
    for master in turn.state.masters.values():
        for watched in master.instances():
            watched.link.ping_slot = -1
            cadence.begin(turn, master, watched)
            watching.look(turn, master, watched)
        turn.check(master)


def announce_monitored(turn: Turn, master: Master) -> None:
    """+monitor, at start."""
    turn.about(Event.MONITOR, master, master, f" quorum {master.settings.quorum}")
