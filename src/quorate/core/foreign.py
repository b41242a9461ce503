"""Whether the process at a replica's address still belongs to its master, or came by it from another cluster.

Addresses of dead pods are given to others. Redis has no name for a cluster, so only what a server says can tell: it is
another process than the one known there, with data of another history, and follows a living master elsewhere, or is the
master that another name is monitored under. It is left alone then: no REPLICAOF, no hello, no promotion. A server that
calls itself master and is known to nobody may be ours, come back without its data, and is treated as such.
"""

from quorate.core import discovery, roster
from quorate.core.inputs import HelloSeen
from quorate.core.state import DataServer, Master, Replica
from quorate.core.turn import Turn
from quorate.model.info import InfoReport, Role
from quorate.model.notice import Level


def look(turn: Turn, master: Master, server: DataServer) -> None:
    """After its INFO: know the process for ours, or for another cluster's."""
    if isinstance(server, Replica):
        _look_at_replica(turn, master, server)
    elif server.info is not None and server.info.role is Role.MASTER:
        # One that calls itself a replica may have been a stranger already when it was made the master.
        server.ours = server.run_id if server.run_id != server.stranger else server.ours
        for replica in master.replicas:
            # What the master's data are was perhaps not known when it told of its own.
            _look_at_replica(turn, master, replica)


def _look_at_replica(turn: Turn, master: Master, replica: Replica) -> None:
    report = replica.info
    if report is None or report.run_id in (None, replica.ours):
        return
    if _shares_data(master, report) or follows_ours(turn, master, replica):
        replica.ours, replica.stranger = report.run_id, None
    elif replica.ours is not None and not replica.foreign and _is_elsewhere(turn, master, replica, report):
        replica.stranger = report.run_id
        turn.remark(
            Level.WARNING,
            f"The server at {replica.name} belongs to another cluster, not to {master.name}: it is left alone."
            " SENTINEL RESET forgets its address",
        )


def is_hearsay(turn: Turn, event: HelloSeen) -> bool:
    """Whether a sentinel that we do not know speaks on a server of another cluster: its masters may have our names."""
    link = turn.state.links.get(event.conn) if event.conn is not None else None
    if link is None:
        return False
    master, watched = turn.state.instances[min(link.owners)]
    return isinstance(watched, Replica) and watched.foreign and event.hello.sender_id not in master.peers


def _shares_data(master: Master, report: InfoReport) -> bool:
    known = _histories(master)
    return any(history in known for history in report.histories)


def _histories(master: Master) -> tuple[str, ...]:
    info = master.info
    return info.histories if info is not None and info.role is Role.MASTER else ()


def follows_ours(turn: Turn, master: Master, replica: Replica) -> bool:
    """Whether it says that it follows the master, or a server that we know as a replica of it."""
    if replica.info is None or replica.info.role is not Role.SLAVE:
        return False
    return any(discovery.follows(turn, replica, server.address) for server in (master, *master.replicas))


def _is_elsewhere(turn: Turn, master: Master, replica: Replica, report: InfoReport) -> bool:
    if not _histories(master) or not report.histories:
        return False
    if report.role is Role.SLAVE:
        # Its master lives, and it is at an address that means something here.
        place = turn.address(replica.master_host, replica.master_port)
        return bool(report.slave.link_up) and place is not None and bool(place.ip)
    other = roster.master_at(turn.state, replica.address)
    return other is not None and other is not master and other.run_id == report.run_id and not other.sdown
