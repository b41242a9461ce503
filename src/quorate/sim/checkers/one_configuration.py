"""One configuration per epoch: whoever tells of a config epoch tells the same address."""

from quorate.core.requests import PublishHello, Request
from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_PROMOTED = frozenset({Event.PROMOTED_SLAVE, Event.FAILOVER_END})


class OneConfiguration(Checker):
    """Compares hellos.

    An epoch may be told twice if an operator forced a failover without a majority in it, or if its leader knew too few
    peers to tell what a majority is.
    """

    name = "one configuration per epoch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._told: dict[tuple[MasterName, int], tuple[str, int]] = {}
        self._forced: set[tuple[MasterName, int]] = set()

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.FORCED_WITHOUT_MAJORITY and notice.master is not None:
            self._forced.add((notice.master, host.leader_epoch(notice.master)))
        elif notice.event is Event.ELECTED_LEADER and notice.master is not None:
            if not self.world.knows_all(host, notice.master):
                self._forced.add((notice.master, host.leader_epoch(notice.master)))
        elif notice.event in _PROMOTED and notice.master is not None and not host.is_ours:
            # A C sentinel may promote in an epoch that others were elected in. Until its failover ends it takes over
            # the epochs of newer configurations for the address that it is failing over from, and tells its promoted
            # replica under the last of them then, maybe without having told it before.
            master = host.master(notice.master)
            self._forced.add((notice.master, master.config_epoch if master is not None else 0))

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:  # noqa: ARG002 - where to is all the same
        if not isinstance(request, PublishHello) or not request.hello.config_epoch:
            return
        said = request.hello
        key = (said.master, int(said.config_epoch))
        if not host.is_ours and _is_conducting(host, said.master):
            # A C sentinel that waits for its promoted replica takes over the epoch of a newer configuration, but not
            # the address if that is the one from which it is failing over; it tells so, then and afterwards.
            self._forced.add(key)
            return
        place = (said.master_host, said.master_port)
        known = self._told.setdefault(key, place)
        if known != place and key not in self._forced and said.config_epoch > self.world.amnesia:
            self.violated(f"{host.node.name} tells of {place} under {key}, others of {known}")


def _is_conducting(host: SentinelHost, name: MasterName) -> bool:
    """Whether a sentinel is in the second half of a failover of its own."""
    master = host.master(name)
    return master is not None and master.failover_state in ("reconf_slaves", "update_config")
