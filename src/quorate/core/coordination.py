"""SENTINEL FAILOVER name COORDINATED: what is looked at before anything is touched.

The request is refused with a reason unless the move can be expected to succeed. In the end both servers are asked
whether they would obey: they get every command with arguments that do nothing, so a missing right or an unknown command
shows before it matters. Only then do we stand for election; the rest is `handover`, or `delegation` if the servers are
to do it by their own FAILOVER.
"""

from quorate.core import asking, candidacy, choosing, discovery, handover
from quorate.core.inputs import MoveAnswered, MoveRequested, Step
from quorate.core.move import Move, Rehearsal
from quorate.core.outcome import Done, Refused
from quorate.core.requests import AskOffset, MoveId, Rehearse, RehearseHandOver
from quorate.core.state import DataServer, Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event

USUAL_TIMEOUT: Millis = 1_000
"""The longest pause of writes if the operator names none and half of down-after is not shorter."""

REHEARSAL: Millis = 1_000
"""Both servers must have said within this time that they would obey."""

CATCH_UP_RATE = 10_000
"""Bytes that a replica is expected to take in per ms; one that lags by more than it can within the pause is refused."""

OLDEST_SERVER = (6, 2)
"""CLIENT PAUSE knows WRITE, and CLIENT UNPAUSE and FAILOVER exist, from this version on."""


def request(turn: Turn, asked: MoveRequested) -> None:
    """Begin a planned move, or say why not."""
    state = turn.state
    master = state.masters.get(asked.master)
    if master is None:
        turn.reply(asked.caller, Refused("ERR No such master with that name"))
        return
    longest = master.settings.down_after // 2
    timeout = min(USUAL_TIMEOUT, longest) if asked.timeout is None else asked.timeout
    why = _hindrance(turn, master)
    if not why and not 0 < timeout <= longest:
        why = f"ERR TIMEOUT is at most half of down-after-milliseconds: {longest}"
    if why:
        turn.reply(asked.caller, Refused(why))
        return
    replica = _replica(turn, master, asked.to)
    if isinstance(replica, str):
        turn.reply(asked.caller, Refused(replica))
        return
    _rehearse(turn, master, replica, asked, timeout)


def _hindrance(turn: Turn, master: Master) -> str:
    """Why no move of this master can begin now; "" if one can."""
    state = turn.state
    if master.failover is not None or master.rehearsal is not None:
        return "INPROG Failover already in progress"
    if state.stopping:
        return "ERR This sentinel is about to leave"
    if state.tilt_since:
        return "ERR This sentinel is in TILT mode and decides nothing"
    if state.save_error or asking.awaits_disk(turn, master):
        return "ERR Failed to save config file. Check server logs."
    if master.sdown or not master.link.command_open or master.info is None:
        return "ERR The master does not answer: SENTINEL FAILOVER without COORDINATED does not need it"
    if master.role is not Role.MASTER:
        return "ERR The master says that it is a replica"
    old = _too_old(master)
    if old:
        return old
    living = 1 + sum(1 for peer in master.peers.values() if peer.link.usable and not peer.sdown)
    needed = max(master.voters() // 2 + 1, master.settings.quorum)
    if living < needed:
        return (
            f"ERR Only {living} of {master.voters()} sentinels can be reached, and a leader needs the votes of {needed}"
        )
    return ""


def _too_old(server: DataServer) -> str:
    version = server.info.version if server.info is not None else ()
    if version and version < OLDEST_SERVER:
        told = ".".join(str(number) for number in version)
        return f"ERR {server.address.ip}:{server.address.port} runs version {told}; a coordinated move needs 6.2"
    return ""


def _replica(turn: Turn, master: Master, to: tuple[str, int] | None) -> Replica | str:
    """Whom to promote, or why nobody can be."""
    only = None
    if to is not None:
        address = turn.address(*to)
        only = next((r for r in master.replicas if address is not None and r.address.same_as(address)), None)
        if only is None:
            return f"NOGOODSLAVE {to[0]}:{to[1]} is not known as a replica of {master.name}"
    choice = choosing.choose(turn, master, only)
    chosen = next((r for r in master.replicas if r.name == choice.chosen), None)
    if chosen is None:
        if only is not None:
            return f"NOGOODSLAVE {only.name}: {dict(choice.refused)[only.name].value}"
        return choosing.NO_GOOD_REPLICA + choosing.refusals(choice)
    unfit = _unfit(turn, master, chosen)
    return f"NOGOODSLAVE {chosen.name}: {unfit}" if unfit else _too_old(chosen) or chosen


def _unfit(turn: Turn, master: Master, replica: Replica) -> str:
    """What a failover of a dead master would put up with, and a planned one does not."""
    assert master.info is not None
    if replica.role is not Role.SLAVE or not discovery.follows(turn, replica, master.address):
        return "it does not follow the master"
    if not replica.link_up:
        return "its link to the master is down"
    told = replica.info.histories if replica.info is not None else ()
    if told and master.info.histories and master.info.histories[0] not in told:
        return "its data are not the master's"
    return ""


# --- rehearsal ------------------------------------------------------------------------------------------------------


def _rehearse(turn: Turn, master: Master, replica: Replica, asked: MoveRequested, timeout: Millis) -> None:
    here, there = master.link.command, replica.link.command
    assert here is not None
    assert there is not None
    move = MoveId(turn.state.next_id())
    for server in (master, replica):
        turn.send(server.link, RehearseHandOver(move) if asked.via_server else Rehearse(move))
        turn.send(server.link, AskOffset(move))
        server.link.pending += 2
    ends = turn.now + REHEARSAL
    master.rehearsal = Rehearsal(move, asked.caller, timeout, replica.name, ends, here, there, asked.via_server)
    turn.check(master)


def on_answered(turn: Turn, master: Master, answer: MoveAnswered) -> None:
    """An answer to a request of a move: of one that is rehearsed, or of one that is under way."""
    rehearsal, failover = master.rehearsal, master.failover
    if rehearsal is not None and rehearsal.id == answer.move:
        if answer.error:
            rehearsal.trouble = rehearsal.trouble or (answer.conn, answer.error)
        elif answer.step is Step.REHEARSED:
            rehearsal.willing.add(answer.conn)
        elif answer.offset is not None:
            rehearsal.offsets[answer.conn] = answer.offset
        turn.check(master)
    elif failover is not None and failover.move is not None and failover.move.id == answer.move:
        handover.on_answered(turn, master, failover.move, answer)


def advance(turn: Turn, master: Master) -> Millis | None:
    """End the rehearsal if it can be ended; the moment at which it has taken too long."""
    rehearsal = master.rehearsal
    if rehearsal is None:
        return None
    both = {rehearsal.master_conn, rehearsal.replica_conn}
    replica = next((r for r in master.replicas if r.name == rehearsal.replica), None)
    why = ""
    if master.failover is not None:
        why = "INPROG Failover already in progress"
    elif rehearsal.trouble is not None:
        conn, error = rehearsal.trouble
        who = "The master" if conn == rehearsal.master_conn else f"The replica {rehearsal.replica}"
        why = f"ERR {who} would not obey: {error}"
    elif replica is None or {master.link.command, replica.link.command} != both:
        why = "ERR The connection to the master or the replica broke"
    elif rehearsal.willing == both and rehearsal.offsets.keys() == both:
        _begin(turn, master, replica, rehearsal)
        return None
    elif turn.now < rehearsal.ends:
        return rehearsal.ends
    else:
        silent = [
            name
            for name, conn in (("the master", rehearsal.master_conn), (rehearsal.replica, rehearsal.replica_conn))
            if conn not in rehearsal.willing or conn not in rehearsal.offsets
        ]
        why = f"ERR No answer in time from {' and '.join(silent)}"
    cancel(turn, master, why)
    return None


def cancel(turn: Turn, master: Master, why: str) -> None:
    """Nothing comes of a move that was asked for."""
    rehearsal, master.rehearsal = master.rehearsal, None
    if rehearsal is not None:
        turn.reply(rehearsal.caller, Refused(why))


def _begin(turn: Turn, master: Master, replica: Replica, rehearsal: Rehearsal) -> None:
    offsets = rehearsal.offsets
    lag = offsets[rehearsal.master_conn] - offsets[rehearsal.replica_conn]
    if lag > rehearsal.timeout * CATCH_UP_RATE:
        cancel(turn, master, f"NOGOODSLAVE {replica.name} lags by {lag} bytes, too much for {rehearsal.timeout} ms")
        return
    why = _hindrance_by_now(turn)
    failover = None
    if not why:
        turn.about(Event.MOVE_BEGUN, master, replica)
        failover = candidacy.stand_for(turn, master, replica)
        why = "ERR No epoch is left"
    if failover is None:
        cancel(turn, master, why)
        return
    failover.move = Move(rehearsal.id, rehearsal.timeout, rehearsal.via_server)
    master.rehearsal = None
    turn.reply(rehearsal.caller, Done())


def _hindrance_by_now(turn: Turn) -> str:
    if turn.state.stopping:
        return "ERR This sentinel is about to leave"
    return "ERR Failed to save config file. Check server logs." if turn.state.save_error else ""
