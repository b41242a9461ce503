"""A run as lines of fixed width: what failed and was mended, what sentinels said, on demand how everybody stands."""

from collections import deque

from quorate.core.requests import AskDown, HandOver, Reconfigure, Request, StepAside, StopHandOver
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Notice
from quorate.model.saved import SavedState
from quorate.sim.faults import Planned
from quorate.sim.host import SentinelHost
from quorate.sim.server import RedisServer
from quorate.sim.world import Observer, World

LINES_KEPT = 100_000
STANDING_EVERY: Millis = 1_000


class Transcript(Observer):
    """Collects the lines of one run; with `standing`, also one line per node every second."""

    def __init__(self, world: World, *, standing: bool = False) -> None:
        self.world = world
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._standing = standing
        self._ids: dict[str, str] = {}
        self._next: Millis = 0

    def told(self, host: SentinelHost, notice: Notice) -> None:
        self._line(host.node.name, f"{notice.event.channel} {self._named(notice.text)}")

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        self._ids[saved.settings.myid] = host.node.name
        self._line(host.node.name, f"starts at epoch {saved.current_epoch}")

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        if isinstance(request, Reconfigure):
            to = request.target[0] if request.target else "NO ONE"
            self._line(host.node.name, self._named(f"-> {ip} REPLICAOF {to}"))
        elif isinstance(request, StepAside):
            self._line(host.node.name, self._named(f"-> {ip} steps aside for {request.target[0]}"))
        elif isinstance(request, HandOver):
            self._line(host.node.name, self._named(f"-> {ip} FAILOVER TO {request.target[0]}"))
        elif isinstance(request, StopHandOver):
            self._line(host.node.name, self._named(f"-> {ip} FAILOVER ABORT"))
        elif isinstance(request, AskDown) and request.candidate is not None:
            self._line(host.node.name, self._named(f"-> {ip} asks for a vote in epoch {request.epoch}"))

    def struck(self, planned: Planned, what: str) -> None:
        self._line("FAULT", f"#{planned.number} {planned.kind.value}: {what}")

    def mended(self, planned: Planned) -> None:
        self._line("MENDED", f"#{planned.number} {planned.kind.value}")

    def stepped(self) -> None:
        if not self._standing or self.world.schedule.now < self._next:
            return
        self._next = self.world.schedule.now + STANDING_EVERY
        for group in self.world.groups:
            for server in group.servers:
                self._line(server.node.name, self._server(server))
            for host in self.world.sentinels:
                self._line(host.node.name, self._sentinel(host, group.name))

    def _line(self, who: str, text: str) -> None:
        self.lines.append(f"{self.world.schedule.now:>8} {who:<8} {text}")

    def _named(self, text: str) -> str:
        """Addresses and ids as names of nodes."""
        return " ".join(self._name(word) for word in text.split(" "))

    def _name(self, word: str) -> str:
        if word in self._ids:
            return self._ids[word]
        ip, colon, port = word.partition(":")
        node = self.world.network.nodes.get(ip)
        return node.name + colon + port if node is not None else word

    def _server(self, server: RedisServer) -> str:
        if not server.up:
            return f"= {'dead':<8}"
        state = "paused" if server.node.paused else "loading" if server.now < server.loading_until else "up"
        role = "master" if server.is_master else f"of {self._name(server.master_ip or '')}"
        link = "" if server.is_master else " linked" if server.link_up else " cut off"
        return f"= {state:<8} {role:<10} offset {len(server.log):>6}{link}"

    def _sentinel(self, host: SentinelHost, name: MasterName) -> str:
        view = host.master(name)
        if view is None:
            return f"= {'dead' if not host.up else 'up':<8} {name}"
        state = "paused" if host.node.paused else "up"
        where = self._name(view.instance.ip)
        flags = ",".join(flag for flag in view.instance.flags if flag != "master")
        doing = view.failover_state or ""
        epochs = f"config {view.config_epoch:>3} voted {view.leader_epoch:>3}"
        others = f"peers {view.peers} replicas {view.replicas}"
        return f"= {state:<8} {name} at {where:<6} {epochs} {others} {doing} {flags}".rstrip()
