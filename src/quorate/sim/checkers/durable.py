"""What is told is on disk: votes, epochs in hellos, our own vote before a promotion, a promotion before its news."""

import re
from dataclasses import dataclass, field

from quorate.core.inputs import Input, VoteRequested
from quorate.core.outcome import Opinion, Result
from quorate.core.requests import AskDown, HandOver, PublishHello, Reconfigure, Request, StepAside
from quorate.model.identity import MasterName, bytes_of
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

_EPOCH = re.compile(rb"^sentinel (config-epoch|leader-epoch|current-epoch) (?:(\S+) )?(\d+)\r?$", re.MULTILINE)


@dataclass(slots=True)
class _Page:
    """The epochs in a file, by directive and master."""

    data: bytes = b""
    epochs: dict[tuple[bytes, bytes], int] = field(default_factory=dict)


class Durable(Checker):
    """Reads the file with an eye of its own each time something is told that a crash must not take back."""

    name = "what is told is on disk"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._pages: dict[SentinelHost, _Page] = {}
        self._stands: dict[tuple[SentinelHost, MasterName], int] = {}
        self._leads: dict[tuple[SentinelHost, MasterName], int] = {}

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is Event.TRY_FAILOVER and notice.master is not None:
            self._stands[host, notice.master] = host.leader_epoch(notice.master)
        elif notice.event is Event.ELECTED_LEADER and notice.master is not None:
            # Not always the epoch in which it stood: an operator's failover seeks votes in more than one.
            self._stands[host, notice.master] = self._leads[host, notice.master] = host.leader_epoch(notice.master)

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        if not host.is_ours:
            return
        match request:
            case PublishHello(hello=said):
                self._compare(host, "current-epoch", "", said.current_epoch)
                self._compare(host, "config-epoch", said.master, said.config_epoch)
            case AskDown(candidate=str()):
                self._vote(host, request.ip, request.epoch)
            case Reconfigure(target=None) | StepAside() | HandOver():
                group = self.world.group_at(ip)
                if group is not None:
                    self._compare(host, "leader-epoch", group.name, self._stands.get((host, group.name), 0))
            case Reconfigure():
                group = self.world.group_at(ip)
                if group is not None and host.has_promoted(group.name):
                    self._compare(host, "config-epoch", group.name, self._leads.get((host, group.name), 0))
            case _:
                pass

    def stepped(self) -> None:
        """Look at what clients would be told now by leaders that have promoted somebody."""
        for host in self.world.sentinels:
            if not host.is_ours:
                continue
            for group in self.world.groups:
                # Cheapest question first: this is asked of everybody at every step.
                place = host.address_of(group.name) if host.has_promoted(group.name) else None
                if place is not None and place[0] == host.promoted_ip(group.name):
                    self._compare(host, "config-epoch", group.name, self._leads.get((host, group.name), 0))

    def replied(self, host: SentinelHost, question: Input | None, result: Result) -> None:
        if host.is_ours and isinstance(question, VoteRequested) and isinstance(result, Opinion) and result.leader:
            self._vote(host, question.ip, result.leader_epoch)

    def _vote(self, host: SentinelHost, ip: str, epoch: int) -> None:
        group = self.world.group_at(ip)
        if group is not None:
            self._compare(host, "leader-epoch", group.name, epoch)

    def _compare(self, host: SentinelHost, directive: str, master: str, told: int) -> None:
        page = self._pages.get(host)
        if page is None:
            page = self._pages[host] = _Page()
        if page.data is not host.disk.data:
            page.data = host.disk.data
            page.epochs = {(kind, name): int(number) for kind, name, number in _EPOCH.findall(page.data)}
        kept = page.epochs.get((directive.encode(), bytes_of(master)), 0)
        if told > kept:
            self.violated(f"{host.node.name} told {directive} {master} {told}, its file says {kept}")
