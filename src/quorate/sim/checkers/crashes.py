"""No master is called crashed while its process lives and a replica that the sentinel can reach is connected to it.

And never by fewer sentinels than the quorum, or than a majority, or where no replica has told anything since.
"""

from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.server import RedisServer
from quorate.sim.world import World


class Crashes(Checker):
    """Books since when which replica has been connected to which master, looking ten times a second."""

    name = "a crash is no cut"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._together: dict[tuple[RedisServer, str], Millis] = {}
        """Since when a server that has not died has had the replica at an address."""

    def stepped(self) -> None:
        self._together = {pair: self._together.get(pair, since) for pair, since in self._pairs().items()}

    def _pairs(self) -> dict[tuple[RedisServer, str], Millis]:
        """Who is connected now, in the eyes of both."""
        servers = [server for group in self.world.groups for server in group.servers if server.up]
        linked = {server.node.ip for server in servers if server.link_up}
        return {
            (server, follower.ip): self.world.schedule.now
            for server in servers
            for follower in server.followers.values()
            if follower.online and follower.ip in linked
        }

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.event is not Event.CRASHED or notice.master is None:
            return
        self.stepped()
        words = notice.text.split()
        place = words[2]
        ip = self.world.network.names.get(place, place)
        self._judge_agreement(host, notice.master, words[-1])
        self._judge_witnesses(host, notice.master)
        for replica in host.replicas(notice.master):
            if {"s_down", "disconnected"} & set(replica.instance.flags):
                continue
            if not self.world.network.passes(host.node.ip, replica.instance.ip):
                # It dials anew and has not been refused yet: no flag shows that.
                continue
            since = self._since(ip, replica.instance.ip)
            if since is not None and self.world.schedule.now - since > host.slowness() + 1_000:
                who = replica.instance.ip
                self.violated(f"{host.node.name} calls {ip} crashed, which {who} has followed since {since}")

    def _judge_witnesses(self, host: SentinelHost, name: MasterName) -> None:
        """Some replica must have said something since the master did."""
        master = host.master(name)
        if master is None:
            return
        silence = master.instance.link.last_ok_ping_reply
        up = [r for r in host.replicas(name) if "s_down" not in r.instance.flags and r.instance.run_id]
        if not any(r.role.info_age <= silence for r in up):
            self.violated(f"{host.node.name} calls {name} crashed, of which no replica has said anything")

    def _judge_agreement(self, host: SentinelHost, name: MasterName, told: str) -> None:
        seen_by, voters = map(int, told.split("/"))
        master = host.master(name)
        quorum = master.settings.quorum if master is not None else 0
        if seen_by < quorum or 2 * seen_by <= voters:
            self.violated(f"{host.node.name} calls {name} crashed, as {told} sentinels do, with a quorum of {quorum}")

    def _since(self, ip: str, replica: str) -> Millis | None:
        node = self.world.network.nodes.get(ip)
        return next(
            (since for (server, other), since in self._together.items() if server.node is node and other == replica),
            None,
        )
