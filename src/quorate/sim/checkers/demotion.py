"""No master is demoted by a sentinel that has not heard a majority lately, and since that server's claim was seen.

But for the configuration that an operator forced upon that sentinel without a majority. And who demotes before the wait
of the specification is over never strikes the master of a newer configuration that somebody was elected for.
"""

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

WAIT: Millis = 8_000
"""Four publish-periods."""

LATELY: Millis = 4_000
"""Two of them: what was heard before may have been said before the news was there."""


class Demotion(Checker):
    """Looks at who was heard, when a sentinel tells a server that calls itself master to follow another."""

    name = "no demotion on a stale view"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._forced: dict[tuple[SentinelHost, MasterName], int] = {}
        self._won: dict[tuple[MasterName, int], SentinelHost] = {}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.FORCED_WITHOUT_MAJORITY and notice.master is not None:
            self._forced[host, notice.master] = host.leader_epoch(notice.master)
        if notice.event is Event.ELECTED_LEADER and notice.master is not None:
            self._elected(host, notice.master)
        if notice.event is not Event.CONVERT_TO_SLAVE or notice.master is None or not host.is_ours:
            return
        master = host.master(notice.master)
        if master is not None and self._forced.get((host, notice.master)) == master.config_epoch:
            return
        name = notice.text.split()[1]
        replica = next((r for r in host.replicas(notice.master) if r.instance.name == name), None)
        if replica is None:
            return
        peers = host.peers(notice.master)
        claimed = replica.role.reported_for
        heard = 1 + sum(
            1
            for peer in peers
            if peer.last_hello <= min(claimed, LATELY) or (peer.config_sure is not None and peer.config_sure <= claimed)
        )
        if heard < (len(peers) + 1) // 2 + 1:
            self.violated(f"{host.node.name} demoted {name} having heard {heard} of {len(peers) + 1} since its claim")
        if replica.role.reported_for < WAIT:
            self._newest(host, notice.master, replica.instance.ip)

    def _elected(self, host: SentinelHost, name: MasterName) -> None:
        """Note an epoch that somebody won with a majority of all; C sentinels need none when an operator asks them."""
        epoch = host.leader_epoch(name)
        forced = self._forced.get((host, name)) == epoch
        if host.is_ours and not forced and epoch > self.world.amnesia and self.world.knows_all(host, name):
            self._won[name, epoch] = host

    def _newest(self, host: SentinelHost, name: MasterName, ip: str) -> None:
        master = host.master(name)
        ours = master.config_epoch if master is not None else 0
        for other in self.world.sentinels:
            theirs = other.master(name)
            place = other.address_of(name)
            if theirs is None or place is None or place[0] != ip or theirs.config_epoch <= ours:
                continue
            if (name, theirs.config_epoch) in self._won:
                self.violated(
                    f"{host.node.name} demoted {ip} at once under epoch {ours}, though it is the master of epoch"
                    f" {theirs.config_epoch} for {other.node.name}"
                )
