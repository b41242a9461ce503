"""Whoever leads was elected: the votes that were told in its epoch are a majority of those it knows, and the quorum."""

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.model.identity import MasterName
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class Elected(Checker):
    """Counts the votes that left their voters, not those that a candidate believes to have."""

    name = "a leader was elected"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._voters: dict[tuple[MasterName, int, str], set[str]] = {}
        self._forced: set[tuple[SentinelHost, MasterName]] = set()

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if not isinstance(question, VoteRequested) or not isinstance(result, Opinion) or result.leader is None:
            return
        group = self.world.group_at(question.ip)
        if group is not None:
            self._voters.setdefault((group.name, result.leader_epoch, result.leader), set()).add(host.myid)

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        if notice.event is Event.FORCED_WITHOUT_MAJORITY:
            self._forced.add((host, notice.master))
        elif notice.event is Event.ELECTED_LEADER and host.is_ours:
            # C sentinels need no votes when forced, and take those of another epoch for their own.
            if (host, notice.master) in self._forced:
                self._forced.discard((host, notice.master))
                return
            self._count(host, notice.master)

    def _count(self, host: SentinelHost, name: MasterName) -> None:
        master = host.master(name)
        if master is None:
            return
        epoch = master.leader_epoch
        others = self._voters.get((name, epoch, host.myid), set()) - {host.myid}
        voters = master.peers + 1
        needed = max(voters // 2 + 1, master.settings.quorum)
        if 1 + len(others) < needed:
            self.violated(
                f"{host.node.name} leads {name} in {epoch} with {1 + len(others)} votes; of {voters} it needs {needed}"
            )
