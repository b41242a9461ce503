"""TILT means hands off: whoever is in it sees nobody as down, begins nothing and mends nothing.

And whoever stood still for long, by its own clock, enters it before it calls anybody down.
"""

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

LATE: Millis = 3_000
"""The trigger is 2 s; how long somebody slept is seen no more exactly than that."""

_DECISIONS = frozenset(
    {
        Event.SDOWN,
        Event.ODOWN,
        Event.TRY_FAILOVER,
        Event.ELECTED_LEADER,
        Event.SELECTED_SLAVE,
        Event.PROMOTED_SLAVE,
        Event.CONVERT_TO_SLAVE,
        Event.FIX_SLAVE_CONFIG,
    }
)


class Tilt(Checker):
    """Follows who is in TILT. A failover that an operator asks for is the operator's decision."""

    name = "hands off in TILT"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._tilted: set[SentinelHost] = set()
        self._overtaken: dict[SentinelHost, frozenset[int]] = {}
        """Questions that were taken in before TILT began: their answers were on the way, and waited for the disk."""
        self._awake: dict[SentinelHost, tuple[int, Millis]] = {}
        """By sentinel: which life it was in, and what its clock said, when it was last seen running."""

    def stepped(self) -> None:
        for host in self.world.sentinels:
            if host.up and not host.node.paused:
                self._awake[host] = host.life, host.clock()

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - a new life begins upright
        self._tilted.discard(host)

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.TILT:
            self._tilted.add(host)
            now = self.world.schedule.now
            self._overtaken[host] = frozenset(
                question.caller
                for question, asked in host.questions.values()
                if isinstance(question, VoteRequested) and asked < now
            )
            self._awake.pop(host, None)
        elif notice.event is Event.TILT_OVER:
            self._tilted.discard(host)
        elif notice.event in _DECISIONS and host in self._tilted:
            if notice.event is Event.TRY_FAILOVER and notice.master is not None and host.is_forced(notice.master):
                return
            self.violated(f"{host.node.name} told {notice.event.channel} {notice.text}")
        elif notice.event is Event.SDOWN:
            life, seen = self._awake.get(host, (host.life, host.clock()))
            if life == host.life and host.clock() - seen > LATE:
                self.violated(f"{host.node.name} slept {host.clock() - seen} ms and told +sdown {notice.text}")

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if host not in self._tilted or not isinstance(question, VoteRequested) or not isinstance(result, Opinion):
            return
        if result.down and question.caller not in self._overtaken[host]:
            self.violated(f"{host.node.name} answered that {question.ip} is down")
