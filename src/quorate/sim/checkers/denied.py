"""A master that answers, but will not let us in, is not counted as down by ours, and none of ours stands for it."""

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost


class Denied(Checker):
    """Looks at opinions and candidates, and at what the master last answered to them."""

    name = "a master that refuses us lives"

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if not host.is_ours or not isinstance(question, VoteRequested) or not isinstance(result, Opinion):
            return
        if not result.down:
            return
        for group in self.world.groups:
            master = host.master(group.name)
            here = master is not None and (master.instance.ip, master.instance.port) == (question.ip, question.port)
            # An answer that waited for the disk was given before.
            if master is not None and here and master.denies_us and question.candidate is None:
                self.violated(f"{host.node.name} calls {group.name} down, which answers it {master.instance.trouble}")

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is not Event.TRY_FAILOVER or notice.master is None or not host.is_ours:
            return
        master = host.master(notice.master)
        if master is None or not master.denies_us or host.is_forced(notice.master):
            return
        if "o_down" in master.instance.flags:
            self.violated(f"{host.node.name} stands for {notice.master}, which answers it {master.instance.trouble}")
