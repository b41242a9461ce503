"""A vote that was told is never forgotten or changed, not even by a crash; a voter never goes back to an older one, nor
to an epoch in which the master has a configuration already.
"""

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.core.requests import AskDown, Request
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World


class Votes(Checker):
    """Books every vote that left a sentinel: answers to peers, and candidacies, which are votes for oneself."""

    name = "votes are kept"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._votes: dict[tuple[str, str, int], str] = {}
        self._last: dict[tuple[str, str], int] = {}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is not Event.VOTE_FOR_LEADER or notice.master is None or not host.is_ours:
            return
        leader, epoch = notice.text.split()
        master = host.master(notice.master)
        # A candidate that needs nobody else's vote may have a configuration of that epoch in the same moment.
        if master is not None and master.config_epoch >= int(epoch) + (leader == host.myid):
            self.violated(
                f"{host.node.name} votes in {epoch} of {notice.master}, which has a configuration of"
                f" epoch {master.config_epoch}"
            )

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:  # noqa: ARG002 - where to is all the same
        if host.is_ours and isinstance(request, AskDown) and request.candidate is not None:
            self._book(host, request.ip, request.epoch, request.candidate)

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if not host.is_ours:
            # A C sentinel votes even if it cannot save, and so may forget.
            return
        if isinstance(question, VoteRequested) and isinstance(result, Opinion) and question.candidate is not None:
            if result.leader is not None:
                self._book(host, question.ip, result.leader_epoch, result.leader)
            group = self.world.group_at(question.ip)
            # A master that is not at that address (any more) has no epoch to tell.
            if group is not None and result.leader_epoch:
                self._not_back(host, group.name, result.leader_epoch)

    def _book(self, host: SentinelHost, ip: str, epoch: int, leader: str) -> None:
        group = self.world.group_at(ip)
        if group is None:
            return
        known = self._votes.setdefault((host.myid, group.name, epoch), leader)
        if known != leader:
            self.violated(
                f"{host.node.name} voted for {known[:8]} and for {leader[:8]} in epoch {epoch} of {group.name}"
            )

    def _not_back(self, host: SentinelHost, group: str, epoch: int) -> None:
        last = self._last.get((host.myid, group), 0)
        if epoch < last:
            self.violated(f"{host.node.name} answered with epoch {epoch} of {group} after {last}")
        self._last[host.myid, group] = epoch
