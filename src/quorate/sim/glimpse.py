"""What observers may see of a simulated sentinel: what it would answer if it were asked now."""

from abc import ABC, abstractmethod

from quorate.core.view import MasterView, PeerView, ReplicaView, SentinelView
from quorate.model.identity import MasterName


class Glimpse(ABC):
    """The answers. A dead sentinel knows nothing."""

    @abstractmethod
    def _view(self) -> SentinelView | None: ...

    def master(self, name: MasterName) -> MasterView | None:
        """How this sentinel sees a master; None for a dead sentinel or an unknown master."""
        view = self._view()
        return view.master(name) if view is not None else None

    def replicas(self, name: MasterName) -> tuple[ReplicaView, ...]:
        """How it sees the replicas."""
        view = self._view()
        return view.replicas(name) if view is not None else ()

    def peers(self, name: MasterName) -> tuple[PeerView, ...]:
        """How it sees its peers."""
        view = self._view()
        return view.peers(name) if view is not None else ()

    def address_of(self, name: MasterName) -> tuple[str, int] | None:
        """Where it sends clients."""
        view = self._view()
        return view.current_address(name) if view is not None else None

    def leader_epoch(self, name: MasterName) -> int:
        """The epoch of its last vote for a master."""
        master = self.master(name)
        return master.leader_epoch if master is not None else 0

    def is_forced(self, name: MasterName) -> bool:
        """Whether an operator forced the failover that it conducts."""
        master = self.master(name)
        return master is not None and "force_failover" in master.instance.flags

    def has_promoted(self, name: MasterName) -> bool:
        """Whether it conducts a failover whose promotion has succeeded."""
        master = self.master(name)
        return master is not None and master.failover_state in ("reconf_slaves", "update_config")
