"""Who is called the master under our own config epoch though we call another server so."""

from quorate.core import roster, settling
from quorate.core.settling import Claimant
from quorate.core.state import DataServer, Master, Peer, Replica
from quorate.core.turn import Turn
from quorate.model.info import Role
from quorate.model.millis import Millis

CLAIM_PERIODS = 5
"""What a peer has not said again for this many publish-periods it may not believe any more."""


def rivals(turn: Turn, master: Master) -> list[Replica]:
    """The servers that peers call the master, under our config epoch, instead of the one that we call so.

    Only servers that we know as replicas, by a run id of their own: an address that we cannot place may be another
    name of the same server, or belong to somebody else. One that is down cannot be the server that answers us as
    master, and may never have told us its run id. Epoch 0 is no election but the word of operators.
    """
    if not master.config_epoch:
        return []
    claimed = {_claimed(turn, master, peer) for peer in master.peers.values()}
    return [server for server in master.replicas if server in claimed]


def _claimed(turn: Turn, master: Master, peer: Peer) -> Replica | None:
    said = peer.hello
    if said is None or said.config_epoch != master.config_epoch:
        return None
    if turn.now - peer.last_hello > CLAIM_PERIODS * turn.state.tuning.publish_period:
        return None
    ours = master.current
    place = turn.state.placed(said.master_host, said.master_port)
    if place.same_as(ours.address):
        return None
    server = roster.find_replica(master, place)
    if server is None or server is ours or not ours.run_id:
        return None
    if server.run_id is None:
        # When it comes up it is soon told apart, and until then there is nothing new.
        return server if server.sdown or master.settle_at else None
    return server if server.run_id != ours.run_id else None


def choose(turn: Turn, master: Master, since: Millis) -> DataServer | None:
    """The server that shall be the master, on INFO that is not older than `since`; None while that cannot be told."""
    servers: list[DataServer] = [master, *rivals(turn, master)]
    chosen = settling.settle([_claimant(server, since) for server in servers])
    return next((server for server in servers if server.name == chosen), None)


def _claimant(server: DataServer, since: Millis) -> Claimant:
    report = server.info
    return Claimant(
        name=server.name,
        run_id=server.run_id or "",
        is_down=server.sdown,
        is_fresh=report is not None and server.info_at >= since,
        is_master=server.role is Role.MASTER,
        offset=report.offset if report is not None else 0,
        followers=len(report.replicas) if report is not None else 0,
        histories=frozenset(report.histories) if report is not None else frozenset(),
    )
