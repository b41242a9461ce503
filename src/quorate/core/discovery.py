"""What INFO teaches: replicas, roles, and who follows whom (spec 6.1); and telling replicas whom to follow."""

from quorate.core import cadence, roster, watching
from quorate.core.outcome import Send
from quorate.core.requests import Reconfigure
from quorate.core.state import DataServer, Master, Reconf, Replica
from quorate.core.turn import Turn
from quorate.model.address import Address
from quorate.model.info import InfoReport, Role
from quorate.model.notice import Event, Level


def on_info(turn: Turn, master: Master, server: DataServer, report: InfoReport) -> None:
    """Take an INFO reply in. What it means for a failover under way is the failover's business."""
    previous, run_before = server.info, server.run_id
    was_cut_off = isinstance(server, Replica) and server.cut_off
    server.info, server.info_at = report, turn.now
    if report is not previous:
        _note_run(turn, master, server, report)
        if server is master:
            _note_replicas(turn, master, report)
    if isinstance(server, Replica):
        restarted = run_before is not None and server.run_id != run_before
        if previous is None or restarted:
            server.met, server.returned = turn.now, restarted or server.sdown_since > 0
        server.link_down_for = report.link_down_for
        if report.role is Role.SLAVE:
            _note_following(turn, server, report)
        if was_cut_off != server.cut_off:
            cadence.hurry_info(turn, master, server)
    if report.role is not None and report.role is not server.role:
        _note_role(turn, master, server, report.role)
        if server is master:
            watching.look(turn, master, master)


def _note_run(turn: Turn, master: Master, server: DataServer, report: InfoReport) -> None:
    if report.run_id is None or report.run_id == server.run_id:
        return
    if server.run_id is not None:
        turn.about(Event.REBOOT, master, server)
        if server is master and master.settings.reboot_down_after:
            master.rebooted = turn.now
            watching.look(turn, master, master)
    server.run_id = report.run_id


def _note_replicas(turn: Turn, master: Master, report: InfoReport) -> None:
    for host, port in report.replicas:
        address = turn.address(host, port)
        if address is None:
            turn.remark(Level.WARNING, f"Failed to resolve hostname '{host}'")
            continue
        if roster.find_replica(master, address) is None and not address.same_as(master.address):
            replica = roster.add_replica(turn, master, address)
            turn.about(Event.SLAVE, master, replica)
            turn.touch(master)


def _note_following(turn: Turn, replica: Replica, report: InfoReport) -> None:
    said = report.slave
    if said.master_host is not None and said.master_host != replica.master_host:
        replica.master_host = said.master_host
        replica.conf_changed = turn.now
    if said.master_port is not None and said.master_port != replica.master_port:
        replica.master_port = said.master_port
        replica.conf_changed = turn.now
    if said.link_up is not None:
        replica.link_up = said.link_up
    if said.priority is not None:
        replica.priority = said.priority
    if said.offset is not None:
        replica.offset = said.offset
    if said.announced is not None:
        replica.announced = said.announced


def _note_role(turn: Turn, master: Master, server: DataServer, role: Role) -> None:
    server.role, server.role_since = role, turn.now
    expected = Role.MASTER if server is master else Role.SLAVE
    if isinstance(server, Replica) and role is Role.SLAVE:
        server.conf_changed = turn.now
    if isinstance(server, Replica):
        cadence.hurry_info(turn, master, server)
    event = Event.ROLE_CHANGE if role is expected else Event.ROLE_CHANGE_AWAY
    turn.about(event, master, server, f" new reported role is {role.value}")


# --- re-pointing ----------------------------------------------------------------------------------------------------


def follows(turn: Turn, replica: Replica, leader: Address) -> bool:
    """Whether a replica says that it follows the server at this address."""
    if replica.master_port != leader.port:
        return False
    said = turn.address(replica.master_host, replica.master_port)
    if said is not None and said.ip:
        return said.same_as(leader)
    return replica.master_host.lower() in (leader.host.lower(), leader.ip)


def repoint(turn: Turn, replica: Replica, leader: Address) -> None:
    """Tell a replica to follow the server at an address, if it can be told now."""
    if replica.link.command is None:
        return
    target = (leader.shown(turn.state.settings.announce_hostnames), leader.port)
    turn.effects.append(Send(replica.link.command, Reconfigure(replica.id, target)))
    replica.link.pending += 1


def note_reconfigured(turn: Turn, master: Master, replica: Replica) -> None:
    """While a failover re-points replicas: note that one has turned to the promoted server, and caught up."""
    promoted = master.promoted
    if promoted is None or replica is promoted:
        return
    if replica.reconf is Reconf.SENT and replica.role is Role.SLAVE and follows(turn, replica, promoted.address):
        replica.reconf = Reconf.INPROG
        turn.about(Event.SLAVE_RECONF_INPROG, master, replica)
    if replica.reconf is Reconf.INPROG and replica.link_up:
        replica.reconf = Reconf.DONE
        turn.about(Event.SLAVE_RECONF_DONE, master, replica)
