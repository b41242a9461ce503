"""A winner is left alone: who took part in an election does not stand again while the elected leader may be at work."""

from collections import Counter
from dataclasses import dataclass, replace

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.agreement import PLANNED
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_FORGET = frozenset({Event.SWITCH_MASTER, Event.RESET_MASTER, Event.MONITOR})
"""After these a sentinel owes nothing to elections that were about somewhere else, or that it forgot."""

_OVER = frozenset(
    {
        Event.FAILOVER_END,
        Event.ABORT_NO_GOOD_SLAVE,
        Event.ABORT_SLAVE_TIMEOUT,
        Event.ABORT_NOT_ELECTED,
        Event.ABORT_MOVE,
        Event.ABORT_LEAVING,
    }
)

SEEK: Millis = 1_000
"""For so long an operator's failover must have sought votes before it may go on without them."""


@dataclass(slots=True)
class _Work:
    """What a leader is doing: when it won, how long it may take, and whether it still is at it."""

    host: SentinelHost
    stood: Millis
    clock: Millis
    """By how much its clock was ahead when it stood."""
    won: Millis = 0
    """By its own clock: while that stands still an election takes no time for it, and nobody else can know."""
    timeout: Millis = 0
    running: bool = False
    unelected: bool = False
    """It went on without a majority, for want of one that could be had in time."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A vote that a sentinel has cast: for whom, when, and what it then took for the time that a failover may take.

    Of who knows fewer voters than there are (`counts` False) the votes that it hears prove nothing.
    """

    leader: str
    at: Millis
    timeout: Millis
    counts: bool


class Winners(Checker):
    """Books who stood, who voted and who won in each epoch; looks at every new candidacy."""

    name = "a winner is left alone"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._works: dict[tuple[MasterName, int], list[_Work]] = {}
        self._planned: set[tuple[SentinelHost, MasterName]] = set()
        self._part: dict[tuple[SentinelHost, MasterName], dict[int, _Part]] = {}
        self._ordered: dict[tuple[SentinelHost, MasterName], Millis] = {}
        """When an operator's failover began that is under way, or was the last one."""
        self._alone: set[tuple[SentinelHost, MasterName]] = set()
        self._heard: dict[tuple[MasterName, int, str], dict[str, str]] = {}
        """Who has told a candidate for whom it voted in an epoch, whoever that is."""

    def started(self, host: SentinelHost, saved: SavedState) -> None:  # noqa: ARG002 - it remembers epochs, no times
        self._part = {key: epochs for key, epochs in self._part.items() if key[0] is not host}
        for works in self._works.values():
            for work in works:
                work.running = work.running and work.host is not host

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if not isinstance(question, VoteRequested) or not isinstance(result, Opinion):
            return
        group = self.world.group_at(question.ip)
        if group is not None and result.leader is not None and question.candidate is not None:
            heard = self._heard.setdefault((group.name, result.leader_epoch, question.candidate), {})
            heard[host.myid] = result.leader

    def told(self, host: SentinelHost, notice: Notice) -> None:
        name = notice.master
        if name is None or not host.is_ours:
            return
        now = self.world.schedule.now
        if notice.event in _FORGET:
            self._part.pop((host, name), None)
            self._over(host, name)
        elif notice.event in _OVER:
            self._over(host, name)
        elif notice.event is Event.SET:
            self._set(host, name)
        elif notice.event is Event.VOTE_FOR_LEADER:
            leader, epoch = notice.text.split()
            self._voted(host, name, leader, int(epoch))
        elif notice.event in PLANNED:
            self._planned.add((host, name))
        elif notice.event is Event.TRY_FAILOVER:
            planned = (host, name) in self._planned
            self._planned.discard((host, name))
            if host.is_forced(name):
                # Its own votes say in which epochs it stands: there may be more than one.
                self._ordered[host, name] = now
            else:
                if not planned:
                    self._judge(host, name)
                self._works.setdefault((name, host.leader_epoch(name)), []).append(_Work(host, now, host.clock_offset))
        elif notice.event is Event.FORCED_WITHOUT_MAJORITY:
            self._alone.add((host, name))
        elif notice.event is Event.ELECTED_LEADER:
            self._won(host, name)

    def _voted(self, host: SentinelHost, name: MasterName, leader: str, epoch: int) -> None:
        now = self.world.schedule.now
        if leader == host.myid and host.is_forced(name):
            self._works.setdefault((name, epoch), []).append(_Work(host, now, host.clock_offset))
        master = host.master(name)
        timeout = master.settings.failover_timeout if master is not None else 0
        part = _Part(leader, now, timeout, self.world.knows_all(host, name))
        self._part.setdefault((host, name), {})[epoch] = part

    def _set(self, host: SentinelHost, name: MasterName) -> None:
        """What an operator allows a failover for a while counts for all that is decided meanwhile."""
        master, parts = host.master(name), self._part.get((host, name))
        if master is None or parts is None:
            return
        for epoch, part in parts.items():
            parts[epoch] = replace(part, timeout=min(part.timeout, master.settings.failover_timeout))

    def _won(self, host: SentinelHost, name: MasterName) -> None:
        master = host.master(name)
        alone = (host, name) in self._alone
        self._alone.discard((host, name))
        if master is None:
            return
        sought = self.world.schedule.now - self._ordered.get((host, name), 0) >= SEEK
        # A clock that runs ahead ends that second early; and nobody can have more votes than there are.
        patient = sought or host.clock_offset != 0 or master.settings.quorum > master.peers + 1
        # Whoever died before its candidacy was on disk stands again in the same epoch; the last time is what it won.
        stood = self._works.get((name, master.leader_epoch), ())
        work = next((work for work in reversed(stood) if work.host is host), None)
        if work is not None:
            work.running = True
            work.unelected = alone and patient
            stood_still = max(0, work.clock - host.clock_offset)
            work.won = self.world.schedule.now - stood_still
            work.timeout = master.settings.failover_timeout

    def _over(self, host: SentinelHost, name: MasterName) -> None:
        for (of, _), works in self._works.items():
            for work in works:
                if of == name and work.host is host:
                    work.running = False

    def _judge(self, host: SentinelHost, name: MasterName) -> None:
        """It stands; in which earlier epochs did it take part that somebody else has won?"""
        master = host.master(name)
        if master is None or not self.world.knows_all(host, name):
            # Whoever does not know every voter may take an election for lost by all that somebody has won.
            return
        now = self.world.schedule.now
        for epoch, took_part in self._part.get((host, name), {}).items():
            if took_part.leader == host.myid and not took_part.counts:
                continue
            for work in self._works.get((name, epoch), ()):
                # A clock that runs ahead of ours, and a candidate that began long after us, are nobody's fault.
                known = work.stood <= took_part.at + 500 and host.clock_offset == 0
                # Nobody knows how long an operator allows another sentinel, but only what was set at this one.
                until = work.won + min(work.timeout, took_part.timeout, master.settings.failover_timeout)
                if work.unelected and self._voted_for_another(name, epoch, took_part):
                    # It gave its vote to somebody who was elected, and has waited for that one.
                    continue
                if work.unelected and self._was_split(host, name, epoch):
                    # Nobody was elected, and it could know that. Whoever goes on without a majority cannot tell others
                    # so, and if they all waited for every candidate that was voted down, no split would be mended soon.
                    continue
                if work.running and work.host is not host and now < until and known and master.config_epoch < epoch:
                    self.violated(
                        f"{host.node.name} stands for {name} though {work.host.node.name} won epoch {epoch}"
                        f" and may be at work until {until}"
                    )

    def _voted_for_another(self, name: MasterName, epoch: int, took_part: _Part) -> bool:
        works = self._works.get((name, epoch), ())
        return any(work.won and not work.unelected and work.host.myid == took_part.leader for work in works)

    def _was_split(self, host: SentinelHost, name: MasterName, epoch: int) -> bool:
        """Whether the votes that a candidate was told of, and its own, leave a majority to nobody else."""
        master = host.master(name)
        heard = self._heard.get((name, epoch, host.myid), {})
        others = {voter: leader for voter, leader in heard.items() if voter != host.myid}
        mine = any(work.host is host for work in self._works.get((name, epoch), ()))
        if master is None or not mine:
            return False
        unheard = max(0, master.peers - len(others))
        most = max(Counter(leader for leader in others.values() if leader != host.myid).values(), default=0)
        return most + unheard < (master.peers + 1) // 2 + 1
