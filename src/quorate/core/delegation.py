"""A planned move that the old master makes itself: FAILOVER TO host port TIMEOUT ms (COORDINATED ... VIA SERVER).

The server holds its writes until the replica has them, becomes its replica and has it become a master. It looks every
100 ms, so this takes longer than our own way (`handover`). We have been elected by then, watch both, and take the new
configuration over when the replica is a master. If that takes too long the server is told to stop: it is a master
again, unless the replica became one in the same moment. So it never gets an order of ours to be one: there might be
two. What is half way then is brought to its end like any move whose leader has died (`finishing`).
"""

from quorate.core import connecting, record
from quorate.core.inputs import MoveAnswered
from quorate.core.move import Move, Phase
from quorate.core.requests import HandOver, Reconfigure, StopHandOver
from quorate.core.state import DataServer, Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Level
from quorate.model.record import Phase as Noted

GRACE: Millis = 300
"""Beyond its own time-out the server is left so long to begin changing places, or to notice that it has to stop."""

CHANGING: Millis = 700
"""From the old master's being a replica until the new one is a master; the same as `handover.AFTER_ASIDE`."""

LOOK: Millis = 20
"""Both servers are asked for INFO as often."""


def begin(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis:
    """Tell the master to change places; the moment at which to look again."""
    move.conn, move.deadline = master.link.command, turn.now + move.timeout + GRACE
    turn.send(master.link, HandOver(move.id, _target(turn, chosen), move.timeout))
    master.link.pending += 1
    move.enter(Phase.HANDING_OVER)
    return move.deadline


def on_begun(turn: Turn, master: Master, move: Move, answer: MoveAnswered) -> None:
    """The server has begun, or says why it does not."""
    if answer.error:
        # Nothing to stop: a FAILOVER that runs there is somebody else's.
        move.failed = f"the master would not hand over: {answer.error}"
        move.enter(Phase.CLEAR)
        return
    record.moved(turn, master, Noted.HANDED_OVER)
    turn.about(Event.MOVE_LEFT_TO_SERVER, master, master, f" #timeout {move.timeout}")


def hand_over(turn: Turn, master: Master, move: Move, chosen: Replica) -> Millis | None:
    """Watch both servers change places. `move.failed` says so if they do not."""
    if master.role is Role.SLAVE and not move.stepped_aside:
        move.stepped_aside = move.ordered_aside = True
        move.deadline = turn.now + CHANGING
        record.moved(turn, master, Noted.STEPPED_ASIDE)
        turn.about(Event.MOVE_STEPPED_ASIDE, master, master)
    late = turn.now >= move.deadline
    # An old master that has not answered since cannot say so any more; one that has is a second master.
    unheard = late and master.info_at < chosen.role_since
    if chosen.role is Role.MASTER and (move.stepped_aside or unheard):
        _confirm(turn, master, move, chosen)
        return None
    if late:
        move.failed = "the servers did not change places in time"
        return None
    return min(move.deadline, _look(turn, master), _look(turn, chosen))


def _confirm(turn: Turn, master: Master, move: Move, chosen: Replica) -> None:
    """They have changed places. The old master, which cuts no clients by itself and writes no file, does so now."""
    move.ordered_aside, move.deadline = True, turn.now + CHANGING
    if master.link.command_open:
        turn.send(master.link, Reconfigure(master.id, _target(turn, chosen)))
        master.link.pending += 1
        connecting.ask_info(turn, master.link)
    move.enter(Phase.CLEAR)


def _look(turn: Turn, server: DataServer) -> Millis:
    """Ask for INFO if it is time; the moment at which it is next."""
    if turn.now < server.info_at + LOOK:
        return server.info_at + LOOK
    if server.link.command_open and not server.link.info_asked:
        connecting.ask_info(turn, server.link)
    return turn.now + LOOK


def _target(turn: Turn, chosen: Replica) -> tuple[str, int]:
    return chosen.address.shown(turn.state.settings.announce_hostnames), chosen.address.port


def stop(turn: Turn, master: Master, move: Move) -> None:
    """The move is given up before the replica was seen to be a master: the server is to stop, and go on as it was."""
    if move.phase is not Phase.HANDING_OVER:
        # They have changed places, and only the word of the replica is missing: another election takes that over.
        return
    if master.link.command is None:
        turn.remark(Level.WARNING, f"The master of {master.name} cannot be told to go on: no connection to it")
        return
    turn.send(master.link, StopHandOver())
    master.link.pending += 1
    connecting.ask_info(turn, master.link)
    turn.about(Event.MOVE_UNDONE, master, master)
