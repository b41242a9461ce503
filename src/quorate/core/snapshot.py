"""The view: read-only answers taken from the state, each only when somebody asks."""

from collections.abc import Sequence

from quorate.core import crashing, denial, odown
from quorate.core.outlook import outlook
from quorate.core.state import DataServer, Failover, Master, Peer, Reconf, Replica, State, Watched
from quorate.core.view import (
    CachedInfo,
    Health,
    InstanceView,
    LinkView,
    MasterView,
    OutlookView,
    PeerView,
    QuorumCheck,
    ReplicaView,
    RoleView,
)
from quorate.model.identity import Epoch, MasterName
from quorate.model.millis import Millis
from quorate.model.settings import GlobalSettings, MasterSettings, Tuning


class Snapshot:
    """One sentinel at one moment; a `SentinelView`."""

    __slots__ = ("_now", "_state")

    def __init__(self, state: State, now: Millis) -> None:
        self._state = state
        self._now = now

    @property
    def settings(self) -> GlobalSettings:
        """Options of this sentinel."""
        return self._state.settings

    @property
    def tuning(self) -> Tuning:
        """The knobs of SENTINEL DEBUG."""
        return self._state.tuning

    @property
    def current_epoch(self) -> Epoch:
        """The highest epoch seen."""
        return self._state.current_epoch

    @property
    def tilt_for(self) -> Millis | None:
        """How long TILT has lasted; None when not in it."""
        return self._now - self._state.tilt_since if self._state.tilt_since else None

    @property
    def simulated(self) -> tuple[bool, bool]:
        """Simulated failures asked for: crash after election, crash after promotion."""
        return self._state.crash_after_election, self._state.crash_after_promotion

    @property
    def health(self) -> Health:
        """What is wrong with this sentinel itself."""
        state = self._state
        return Health(state.save_error, state.refused_epochs, state.last_refused, tuple(sorted(state.beyond)))

    def names(self) -> tuple[MasterName, ...]:
        """All masters, oldest first."""
        return tuple(self._state.masters)

    def master(self, name: MasterName) -> MasterView | None:
        """One master, None if unknown."""
        master = self._state.masters.get(name)
        if master is None:
            return None
        untold = self._untold(master)
        return MasterView(
            instance=self._instance(master, master),
            role=self._role(master),
            settings=master.settings,
            config_epoch=master.config_epoch if untold is None else untold.replaced_epoch,
            leader_epoch=master.leader_epoch,
            replicas=len(master.replicas),
            peers=len(master.peers),
            failover_state=master.failover.state.value if master.failover else None,
            gone_at=(master.address.ip, master.address.port) if self._is_gone(master) else None,
            denies_us=denial.holds(self._now, master.link.denied, master.settings.down_after),
            crashed=bool(master.crashed),
        )

    def _is_gone(self, master: Master) -> bool:
        return not self._state.tilt_since and crashing.is_gone_for_us(self._state, master)

    def replicas(self, name: MasterName) -> tuple[ReplicaView, ...]:
        """The replicas of a master; empty for an unknown one."""
        master = self._state.masters.get(name)
        return tuple(self._replica(master, replica) for replica in master.replicas) if master else ()

    def peers(self, name: MasterName) -> tuple[PeerView, ...]:
        """The other sentinels of a master; empty for an unknown one."""
        master = self._state.masters.get(name)
        return tuple(self._peer(master, peer) for peer in master.peers.values()) if master else ()

    def current_address(self, name: MasterName) -> tuple[str, int] | None:
        """Where clients should go."""
        master = self._state.masters.get(name)
        if master is None:
            return None
        address = master.address if self._untold(master) is not None else master.current.address
        return address.shown(self._state.settings.announce_hostnames), address.port

    def quorum_check(self, name: MasterName) -> QuorumCheck | None:
        """Who could agree and elect now; we do not count ourselves while our saves fail."""
        master = self._state.masters.get(name)
        if master is None:
            return None
        usable = sum(1 for peer in master.peers.values() if not peer.sdown) + (not self._state.save_error)
        return QuorumCheck(usable, master.voters(), master.settings.quorum)

    def outlook(self, name: MasterName) -> OutlookView | None:
        """Would a failover succeed now, and to whom?"""
        master, check = self._state.masters.get(name), self.quorum_check(name)
        return outlook(self._state, self._now, master, check) if master is not None and check is not None else None

    def info_cache(self, name: MasterName) -> tuple[CachedInfo, ...]:
        """INFO of the master and its replicas, with ages."""
        master = self._state.masters.get(name)
        servers: Sequence[DataServer] = [master, *master.replicas] if master else []
        return tuple(
            CachedInfo(self._now - s.info_at if s.info else 0, s.info.text if s.info else None) for s in servers
        )

    def master_settings(self, name: MasterName) -> MasterSettings | None:
        """The options of one master."""
        master = self._state.masters.get(name)
        return master.settings if master else None

    def known_peer_addresses(self) -> frozenset[str]:
        """Numbers of all peers' hosts."""
        return frozenset(link.address.ip for link in self._state.peer_links.values() if link.address.ip)

    def _untold(self, master: Master) -> Failover | None:
        """A failover whose promotion is not durable yet: address and epoch are told together, when they are."""
        failover = master.failover
        waits = failover is not None and master.current is not master and not self._state.is_durable(failover.needs)
        return failover if waits else None

    # --- parts ------------------------------------------------------------------------------------------------------

    def _instance(self, master: Master, watched: Watched) -> InstanceView:
        now = self._now
        link = watched.link
        odown_for = now - master.odown_since if watched is master and master.odown else None
        return InstanceView(
            name=watched.name,
            ip=watched.address.shown(self._state.settings.announce_hostnames),
            port=watched.address.port,
            run_id=watched.run_id or "",
            flags=self._flags(master, watched),
            link=LinkView(
                pending=link.pending,
                refcount=len(link.owners),
                last_ping_sent=now - link.silent_since if link.silent_since else 0,
                last_ok_ping_reply=now - link.available,
                last_ping_reply=now - link.ponged,
            ),
            sdown_for=now - watched.sdown_since if watched.sdown else None,
            odown_for=odown_for,
            down_after=master.settings.down_after,
            trouble=link.trouble,
        )

    def _flags(self, master: Master, watched: Watched) -> tuple[str, ...]:
        flags = ["s_down"] if watched.sdown else []
        if watched is master and master.odown:
            flags.append("o_down")
        flags.append(watched.kind)
        if watched.link.disconnected:
            flags.append("disconnected")
        if isinstance(watched, Peer):
            stale = odown.is_stale(self._now, watched.answered, self._state.tuning.ask_period)
            if watched.says_down and not stale:
                flags.append("master_down")
        elif isinstance(watched, Replica):
            if master.promoted is watched:
                flags.append("promoted")
            if watched.reconf is not Reconf.NONE:
                flags.append(watched.reconf.value)
        elif master.failover is not None:
            flags.append("failover_in_progress")
            if master.failover.forced:
                flags.append("force_failover")
        if isinstance(watched, DataServer) and watched.script_kill_sent:
            flags.append("script_kill_sent")
        if watched is master and master.rebooted:
            flags.append("master_reboot")
        return tuple(flags)

    def _role(self, server: DataServer) -> RoleView:
        info_age = self._now - server.info_at if server.info is not None else 0
        histories = server.info.histories if server.info is not None else ()
        offset = server.info.offset if server.info is not None else 0
        return RoleView(info_age, server.role, self._now - server.role_since, histories, offset)

    def _replica(self, master: Master, replica: Replica) -> ReplicaView:
        return ReplicaView(
            instance=self._instance(master, replica),
            role=self._role(replica),
            master_link_down_for=replica.link_down_for,
            master_link_up=replica.link_up,
            master_host=replica.master_host or "?",
            master_port=replica.master_port,
            priority=replica.priority,
            offset=replica.offset,
            announced=replica.announced,
        )

    def _peer(self, master: Master, peer: Peer) -> PeerView:
        stale = odown.is_stale(self._now, peer.answered, self._state.tuning.ask_period)
        return PeerView(
            instance=self._instance(master, peer),
            last_hello=self._now - peer.last_hello,
            voted_leader=peer.leader if peer.leader and not stale else "?",
            voted_epoch=peer.leader_epoch,
            config_sure=self._now - peer.config_sure if peer.config_sure else None,
        )
