"""FAILOVER as a simulated server carries it out: it holds writes, waits for the replica, and changes places with it.

It looks every 100 ms. As in Redis nobody may tell it whom to follow meanwhile, and once it is the replica of its
replica it asks that one to be a master again and again, until it is or FAILOVER ABORT comes.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quorate.core.requests import HandOver
from quorate.model.millis import Millis
from quorate.sim.messages import Offset, Streamed, Wrong

if TYPE_CHECKING:
    from quorate.sim.server import RedisServer

LOOK: Millis = 100
FOR_EVER: Millis = 1 << 40
REFUSED = "ERR REPLICAOF not allowed while failing over."


@dataclass(eq=False, slots=True)
class Changing:
    """The FAILOVER of one server. `target` is "" while there is none, `turned` once it follows its replica."""

    server: "RedisServer"
    target: str = ""
    until: Millis = 0
    turned: bool = False

    def begin(self, order: HandOver) -> object:
        """FAILOVER TO; the answer, which comes before anything is done."""
        server = self.server
        target = server.network.names.get(order.target[0], order.target[0])
        if self.target:
            return Wrong("ERR FAILOVER already in progress.")
        if not server.is_master:
            return Wrong("ERR FAILOVER is not valid when server is a replica.")
        if not any(follower.ip == target and follower.online for follower in server.followers.values()):
            return Wrong("ERR FAILOVER target HOST and PORT is not a replica.")
        self.target, self.until, self.turned = target, server.now + order.millis, False
        server.pause.begin(FOR_EVER)
        self._again()
        return Offset(None)

    def abort(self) -> object:
        """FAILOVER ABORT, or the end by time: a master again, and writes go on."""
        if not self.target:
            return Wrong("ERR No failover in progress.")
        turned = self.turned
        self.target, self.turned = "", False
        if turned:
            self.server.history.turned(self.server.now, None, self.server.log)
            self.server.replicate(None)
        self.server.pause.end()
        return True

    def done(self) -> None:
        """The replica is a master and we follow it: writes that waited learn that."""
        if self.turned:
            self.target, self.turned = "", False
            self.server.pause.end()

    def forget(self) -> None:
        """The server died."""
        self.target, self.turned = "", False

    def _again(self) -> None:
        life, target = self.server.life, self.target
        self.server.network.schedule.after(LOOK, lambda: self._look() if (life, target) == self._now() else None)

    def _now(self) -> tuple[int, str]:
        return self.server.life, self.target

    def _look(self) -> None:
        server = self.server
        if not self.target or self.turned:
            return
        if server.node.paused:
            self._again()
            return
        if server.now >= self.until:
            self.abort()
            return
        for end, follower in list(server.followers.items()):
            if follower.ip != self.target:
                continue
            if follower.online and follower.offset >= len(server.log):
                self.turned = True
                server.history.turned(server.now, self.target, server.log)
                server.replicate(self.target)
                return
            # REPLCONF GETACK: a replica tells how far it is when it hears something.
            end.send(Streamed())
        self._again()
