"""A look at a C sentinel, in the shape in which we look at our own."""

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
from quorate.sim.classic_state import Books, Instance

FLAGS = (
    "s_down",
    "o_down",
    "master",
    "slave",
    "sentinel",
    "disconnected",
    "master_down",
    "failover_in_progress",
    "promoted",
    "reconf_sent",
    "reconf_inprog",
    "reconf_done",
    "force_failover",
    "script_kill_sent",
    "master_reboot",
)


class ClassicView:
    """A `SentinelView` of the books at one moment."""

    def __init__(self, books: Books, now: Millis) -> None:
        self._books = books
        self._now = now

    @property
    def settings(self) -> GlobalSettings:
        """Options of this sentinel."""
        return self._books.settings

    @property
    def tuning(self) -> Tuning:
        """The periods are fixed here."""
        return Tuning()

    @property
    def current_epoch(self) -> Epoch:
        """The global epoch."""
        return self._books.current_epoch

    @property
    def tilt_for(self) -> Millis | None:
        """How long TILT has lasted."""
        return self._now - self._books.tilt_since if self._books.tilt_since else None

    @property
    def simulated(self) -> tuple[bool, bool]:
        """Simulated failures asked for."""
        return self._books.crash_after_election, self._books.crash_after_promotion

    @property
    def health(self) -> Health:
        """It does not know what is wrong with itself."""
        return Health("", 0, "", ())

    def names(self) -> tuple[MasterName, ...]:
        """All masters."""
        return tuple(self._books.masters)

    def master(self, name: MasterName) -> MasterView | None:
        """One master."""
        master = self._books.masters.get(name)
        if master is None:
            return None
        return MasterView(
            instance=self._instance(master),
            role=self._role(master),
            settings=master.settings,
            config_epoch=master.config_epoch,
            leader_epoch=master.leader_epoch,
            replicas=len(master.slaves),
            peers=len(master.sentinels),
            failover_state=master.step.name.lower() if "failover_in_progress" in master.flags else None,
        )

    def replicas(self, name: MasterName) -> tuple[ReplicaView, ...]:
        """Its replicas."""
        master = self._books.masters.get(name)
        return tuple(self._replica(slave) for slave in master.slaves.values()) if master else ()

    def peers(self, name: MasterName) -> tuple[PeerView, ...]:
        """The other sentinels."""
        master = self._books.masters.get(name)
        if master is None:
            return ()
        return tuple(
            PeerView(self._instance(peer), self._now - peer.last_hello, peer.leader or "?", peer.leader_epoch)
            for peer in master.sentinels.values()
        )

    def current_address(self, name: MasterName) -> tuple[str, int] | None:
        """Where clients should go."""
        master = self._books.masters.get(name)
        if master is None:
            return None
        where = master.current()
        return self._books.shown(where), where.port

    def quorum_check(self, name: MasterName) -> QuorumCheck | None:
        """Who could agree and elect."""
        master = self._books.masters.get(name)
        if master is None:
            return None
        usable = 1 + sum(1 for peer in master.sentinels.values() if not peer.is_down())
        return QuorumCheck(usable, len(master.sentinels) + 1, master.settings.quorum)

    def outlook(self, name: MasterName) -> OutlookView | None:
        """C Sentinel does not tell."""
        del name
        return None

    def info_cache(self, name: MasterName) -> tuple[CachedInfo, ...]:
        """Simulated INFO has no text."""
        del name
        return ()

    def master_settings(self, name: MasterName) -> MasterSettings | None:
        """The options of one master."""
        master = self._books.masters.get(name)
        return master.settings if master is not None else None

    def known_peer_addresses(self) -> frozenset[str]:
        """Numeric hosts of all known peers."""
        masters = self._books.masters.values()
        return frozenset(peer.address.ip for master in masters for peer in master.sentinels.values())

    def _instance(self, instance: Instance) -> InstanceView:
        now, link = self._now, instance.link
        flags = {*instance.flags, instance.kind.value}
        if link.disconnected:
            flags.add("disconnected")
        return InstanceView(
            name=instance.name,
            ip=self._books.shown(instance.address),
            port=instance.address.port,
            run_id=instance.run_id,
            flags=tuple(flag for flag in FLAGS if flag in flags),
            link=LinkView(
                pending=link.pending,
                refcount=link.owners,
                last_ping_sent=now - link.act_ping if link.act_ping else 0,
                last_ok_ping_reply=now - link.last_avail,
                last_ping_reply=now - link.last_pong,
            ),
            sdown_for=now - instance.s_down_since if "s_down" in instance.flags else None,
            odown_for=now - instance.o_down_since if "o_down" in instance.flags else None,
            down_after=instance.settings.down_after,
            trouble="",
        )

    def _role(self, instance: Instance) -> RoleView:
        age = self._now - instance.info_refresh if instance.info_refresh else 0
        return RoleView(age, instance.role, self._now - instance.role_time)

    def _replica(self, slave: Instance) -> ReplicaView:
        return ReplicaView(
            instance=self._instance(slave),
            role=self._role(slave),
            master_link_down_for=slave.link_down_time,
            master_link_up=slave.master_link_up,
            master_host=slave.master_host or "?",
            master_port=slave.master_port,
            priority=slave.priority,
            offset=slave.offset,
            announced=slave.announced,
        )
