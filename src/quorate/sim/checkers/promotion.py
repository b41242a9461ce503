"""A promoted replica was eligible, and no better one was known: judged by a second, naive reading of the rule."""

from quorate.core.view import ReplicaView
from quorate.model.candidates import Tag
from quorate.model.identity import MasterName
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.agreement import PLANNED
from quorate.sim.checkers.contract import Checker
from quorate.sim.checkers.left_alone import is_elsewhere
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class Promotion(Checker):
    """Looks at all replicas, as the leader sees them, when it has selected one."""

    name = "the best replica is promoted"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._woke: dict[SentinelHost, Millis] = {}
        """By sentinel: when, by its own clock, it last found that it had stood still."""
        self._planned: set[tuple[SentinelHost, MasterName]] = set()

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - a new life has not slept yet
        self._woke.pop(host, None)

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.TILT:
            self._woke[host] = host.clock()
        if notice.event in PLANNED and notice.master is not None:
            self._planned.add((host, notice.master))
        # A C sentinel looks at its replicas in the middle of a tick, and we at the end of it.
        if notice.event is not Event.SELECTED_SLAVE or notice.master is None or not host.is_ours:
            return
        chosen_name = notice.text.split()[1]
        replicas = host.replicas(notice.master)
        chosen = next((r for r in replicas if r.instance.name == chosen_name), None)
        if chosen is None:
            # A newer configuration came in the same breath.
            return
        if not self._fit(host, notice.master, chosen):
            self.violated(f"{host.node.name} selected {chosen_name}, which is not fit: {chosen}")
        if self._left_behind(host, notice.master, chosen):
            self.violated(f"{host.node.name} selected {chosen_name}, which is too far behind: {chosen}")
        strangers = self._strangers(host, notice.master)
        if chosen_name in strangers:
            self.violated(f"{host.node.name} selected {chosen_name}, which has not the master's data: {chosen}")
        if (host, notice.master) in self._planned:
            # Whoever asked for it, or began it, has chosen.
            self._planned.discard((host, notice.master))
            return
        for other in replicas:
            if other.instance.name in strangers or self._left_behind(host, notice.master, other):
                continue
            if is_elsewhere(self.world, notice.master, other):
                # Another cluster's, if the sentinel knows who was there before; else it may be chosen.
                continue
            better = self._rank(host, notice.master, other) < self._rank(host, notice.master, chosen)
            # A connection that is being made anew shows as one, but carries nothing yet.
            if better and not other.instance.link.pending and self._fit(host, notice.master, other):
                self.violated(f"{host.node.name} selected {chosen_name} though {other.instance.name} is better")

    def _rank(self, host: SentinelHost, name: MasterName, replica: ReplicaView) -> tuple[bool, int, int]:
        return not self._is_tagged(host, name, replica, Tag.PREFER), replica.priority, -replica.offset

    def _is_tagged(self, host: SentinelHost, name: MasterName, replica: ReplicaView, tag: Tag) -> bool:
        master = host.master(name)
        here = (replica.instance.ip, replica.instance.port)
        return master is not None and any((t.host, t.port) == here and t.tag is tag for t in master.settings.tags)

    def _left_behind(self, host: SentinelHost, name: MasterName, replica: ReplicaView) -> bool:
        """Whether somebody of its history has had more than it by more than candidate-max-lag."""
        master = host.master(name)
        if master is None or not master.settings.max_lag or replica.role.reported is Role.MASTER:
            return False
        role = master.role
        ours = role.histories[0] if role.reported is Role.MASTER and role.histories else ""
        # How far another cluster's server has come is no measure for ours.
        known = [r for r in host.replicas(name) if r is replica or not is_elsewhere(self.world, name, r)]
        strange = {r.instance.name for r in known if ours and r.role.histories and ours not in r.role.histories}
        if replica.instance.name in strange:
            offsets = [r.offset for r in known if self._fit(host, name, r)]
        else:
            offsets = [r.offset for r in known if r.instance.name not in strange]
            offsets.append(role.offset if role.reported is Role.MASTER else 0)
        return any(offset - replica.offset > master.settings.max_lag for offset in offsets)

    def _fit(self, host: SentinelHost, name: MasterName, replica: ReplicaView) -> bool:
        flags = replica.instance.flags
        if "s_down" in flags or "disconnected" in flags or replica.priority == 0:
            return False
        if self._is_tagged(host, name, replica, Tag.NOFAILOVER):
            return False
        master = host.master(name)
        if master is None:
            return False
        down = master.instance.sdown_for
        if down is not None and master.role.reported is Role.SLAVE:
            down = max(down, master.role.reported_for)
        last_answer = master.instance.link.last_ok_ping_reply
        if down is not None and host in self._woke and down <= host.clock() - self._woke[host] < last_answer:
            # It went, or may have gone, in that sleep: the outage is as old as its last answer.
            down = last_answer
        fresh = 5_000 if down is not None else 30_000
        cut_off = max(down or 0, self._lost_together(host, name)) + 10 * master.instance.down_after
        known = bool(replica.instance.run_id) and replica.role.info_age <= fresh
        return known and replica.instance.link.last_ok_ping_reply <= 5_000 and replica.master_link_down_for <= cut_off

    def _strangers(self, host: SentinelHost, name: MasterName) -> set[str]:
        """Those with data of another history than the master's, if that lives or somebody who is fit has them."""
        master = host.master(name)
        if master is None or master.role.reported is not Role.MASTER or not master.role.histories:
            return set()
        history = master.role.histories[0]
        replicas = host.replicas(name)
        lives = master.instance.sdown_for is None
        if not lives and not any(history in r.role.histories and self._fit(host, name, r) for r in replicas):
            return set()
        return {r.instance.name for r in replicas if r.role.histories and history not in r.role.histories}

    def _lost_together(self, host: SentinelHost, name: MasterName) -> int:
        """Since when all replicas, at least two, have been without their master; 0 if not all of them have.

        Only who never heard the master believes them. Who did knows when it went, and a replica that was without it
        before then was cut off by itself: its word would excuse that of another, and make fit who is not.
        """
        master = host.master(name)
        if master is not None and master.role.histories:
            return 0
        replicas = host.replicas(name)
        if len(replicas) < 2 or any("s_down" in r.instance.flags or r.role.info_age > 5_000 for r in replicas):
            return 0
        return max(0, min(replica.master_link_down_for for replica in replicas))
