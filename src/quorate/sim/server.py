"""A Redis server as its neighbours see it: role, replication, INFO, Pub/Sub, and what it loses when it dies.

The dataset is the list of write ids in the order of the replication stream; the offset is its length. That is enough to
say which acknowledged writes exist where, and it makes partial and full resynchronisation mean what they mean in Redis.
"""

from dataclasses import dataclass, field

from quorate.core.inputs import Pong
from quorate.core.requests import (
    AskInfo,
    AskOffset,
    Authenticate,
    HandOver,
    KillScript,
    NameClient,
    PauseWrites,
    Ping,
    PublishHello,
    Reconfigure,
    Rehearse,
    RehearseHandOver,
    ResumeWrites,
    StepAside,
    StopHandOver,
    SubscribeHello,
)
from quorate.model.hello import Hello
from quorate.model.identity import RunId
from quorate.model.info import Role
from quorate.model.millis import Millis
from quorate.sim.changing import REFUSED, Changing
from quorate.sim.follower import Follower
from quorate.sim.messages import Ack, Continue, Full, Offset, Psync, Streamed, Write, Wrong
from quorate.sim.network import End
from quorate.sim.pausing import Pause
from quorate.sim.server_state import PORT, ServerState

RECONNECT: Millis = 1_000
ACK_PERIOD: Millis = 1_000
REPL_TIMEOUT: Millis = 6_000
BACKLOG = 400
"""Writes that a master remembers for partial resynchronisation."""


@dataclass(eq=False)
class RedisServer(ServerState):
    """One server process on a node of its own; an `Owner` of connections."""

    pause: Pause = field(init=False)
    changing: Changing = field(init=False)

    def __post_init__(self) -> None:
        self.pause = Pause(self.network.schedule, self._answer)
        self.changing = Changing(self)

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Come up with what the disk holds, in the role that the configuration names."""
        self.up = True
        self.life += 1
        self.run_id = RunId(self.dice.hexadecimal(40))
        self.busy = self.misconf = False
        self.log = list(self.saved_log)
        self.loading_until = self.now + self.load_time if self.log else 0
        self.master_ip = self.conf_master
        if self.master_ip is None or not self.log:
            self.replid = self.dice.hexadecimal(40)
        self.replid2, self.offset2 = "", -1
        self.link_up = False
        self.link_down_since = self.now
        self.node.listening[PORT] = self._accept
        self._changed()
        if self.master_ip is not None:
            self._follow()

    def stop(self, *, told: bool, keep: int | None = None) -> None:
        """Die. `keep` is how much of the data was on disk (None: all of it)."""
        self.saved_log = self.log if keep is None else self.log[:keep]
        self.history.died(self.log, self.saved_log)
        self.up = False
        self.life += 1
        self.node.listening.pop(PORT, None)
        self.followers.clear()
        self.subscribers.clear()
        self.clients.clear()
        self.trusted.clear()
        self.upstream = None
        self.pause.forget()
        self.changing.forget()
        self.network.hang_up(self.node, told=told)

    # --- connections ------------------------------------------------------------------------------------------------

    def _accept(self, end: End) -> "RedisServer":
        self.clients[end] = None
        return self

    def opened(self, end: End) -> None:
        """Our connection to the master stands: introduce ourselves."""
        if end is self.upstream:
            self.heard_master = self.now
            asks = Psync(self.node.ip, self.replid, len(self.log), self.masterauth, self.changing.turned)
            end.send(asks)

    def ended(self, end: End, reason: str) -> None:  # noqa: ARG002 - an Owner's signature
        """A connection is gone."""
        self.trusted.pop(end, None)
        self.clients.pop(end, None)
        self.subscribers.pop(end, None)
        self.pause.waiting.pop(end, None)
        if self.followers.pop(end, None) is not None:
            self._changed()
        if end is self.upstream:
            self._lost_master()

    def received(self, end: End, message: object) -> None:
        """A request, or something from our master."""
        if not self.up:
            return
        if end is self.upstream:
            self._from_master(end, message)
        elif not self.pause.holds(end, message):
            self._answer(end, message)

    def _answer(self, end: End, message: object) -> None:
        if self.password and end not in self.trusted and not isinstance(message, (Authenticate, Psync, Ack)):
            reply: object = (Pong.OTHER, "NOAUTH") if isinstance(message, Ping) else Wrong("NOAUTH")
        else:
            reply = self._reply(end, message)
        if reply is not None:
            end.send(reply)

    def _reply(self, end: End, message: object) -> object:
        match message:
            case Ping():
                return self._pong()
            case Authenticate():
                if self.password and message.password != self.password:
                    return Wrong("WRONGPASS")
                self.trusted[end] = None
                return True
            case KillScript():
                self.busy = False
                return True
            case NameClient():
                return True
            case AskInfo():
                return self.info()
            case SubscribeHello():
                self.clients.pop(end, None)
                self.subscribers[end] = None
                return True
            case PublishHello():
                self._publish(message.hello)
                return True
            case Reconfigure():
                return self._reconfigure(end, message.target)
            case StepAside():
                told = self.offset_told(Role.MASTER)
                refused = self._reconfigure(end, message.target)
                return Wrong(refused) if refused else Offset(told)
            case Rehearse() | RehearseHandOver() | AskOffset() | PauseWrites() | ResumeWrites():
                return self.pause.obey(message, self.offset_told)
            case HandOver():
                return self.changing.begin(message)
            case StopHandOver():
                return self.changing.abort()
            case Write():
                return self._write(message.id)
            case Psync():
                self._psync(end, message)
            case Ack() if end in self.followers:
                follower = self.followers[end]
                follower.offset, follower.heard = message.offset, self.now
            case _:
                pass
        return None

    # --- writes and messages ----------------------------------------------------------------------------------------

    def _write(self, write: int) -> object:
        if self.now < self.loading_until:
            return Wrong("LOADING")
        if self.busy or self.misconf:
            return Wrong("BUSY" if self.busy else "MISCONF")
        if not self.is_master:
            return Wrong("READONLY")
        if self.min_replicas:
            good = sum(1 for f in self.followers.values() if f.online and self.now - f.heard <= 10_000)
            if good < self.min_replicas:
                return Wrong("NOREPLICAS")
        self.log.append(write)
        self.history.taken[write] = self.now
        self._stream(Streamed(write=write))
        return True

    def _publish(self, hello: Hello) -> None:
        for end in list(self.subscribers):
            end.send(hello)
        self._stream(Streamed(hello=hello))

    def _stream(self, message: Streamed) -> None:
        for end, follower in list(self.followers.items()):
            if follower.online:
                end.send(message)

    # --- replication ------------------------------------------------------------------------------------------------

    def _reconfigure(self, asker: End, target: tuple[str, int] | None) -> str:
        """SLAVEOF, CONFIG REWRITE, and CLIENT KILL of everybody but the one who asks; the error if it is refused."""
        if self.changing.target:
            return REFUSED
        self.history.turned(self.now, target[0] if target else None, self.log)
        self.replicate(target[0] if target else None)
        self.conf_master = self.master_ip
        for end in [*self.clients, *self.subscribers]:
            if end is not asker and end not in self.followers:
                self.clients.pop(end, None)
                self.subscribers.pop(end, None)
                self.pause.waiting.pop(end, None)
                end.close()
        return ""

    def replicate(self, master_ip: str | None) -> None:
        """Follow a master, or be one."""
        if master_ip == self.master_ip:
            return
        if master_ip is None:
            # A promoted replica starts a history of its own and can continue the old one for who was not ahead of it.
            self.replid2, self.offset2 = self.replid, len(self.log)
            self.replid = self.dice.hexadecimal(40)
        self.master_ip = master_ip
        self._drop_upstream()
        for end in list(self.followers):
            # Whoever follows us must learn of our new history.
            del self.followers[end]
            end.close()
        self.link_up = False
        self.link_down_since = self.now
        self._changed()
        if master_ip is not None:
            self._follow()

    def _drop_upstream(self) -> None:
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.close()

    def _follow(self) -> None:
        if not self.up or self.master_ip is None or self.upstream is not None:
            return
        self.heard_master = self.now
        self.upstream = self.network.connect(self.node, self, self.master_ip, PORT)
        life = self.life
        self.network.schedule.after(REPL_TIMEOUT, lambda: self._mind_master(life, self.upstream))

    def _mind_master(self, life: int, end: End | None) -> None:
        if life != self.life or end is None or end is not self.upstream or self.node.paused:
            if life == self.life and end is self.upstream and end is not None:
                self.network.schedule.after(ACK_PERIOD, lambda: self._mind_master(life, end))
            return
        if self.now - self.heard_master > REPL_TIMEOUT:
            end.close()
            self._lost_master()
        else:
            self.network.schedule.after(ACK_PERIOD, lambda: self._mind_master(life, end))

    def _lost_master(self) -> None:
        self.upstream = None
        if self.link_up:
            self.link_up = False
            self.link_down_since = self.now
        self._changed()
        life = self.life

        def again() -> None:
            if life == self.life:
                self._follow()

        self.network.schedule.after(RECONNECT, again)

    def _psync(self, end: End, asked: Psync) -> None:
        denied = self.password not in ("", asked.password)
        if denied or self.now < self.loading_until or (not self.is_master and not self.link_up):
            end.close()
            self.clients.pop(end, None)
            return
        self.clients.pop(end, None)
        if asked.failover and not self._take_over(end, asked):
            return
        same = asked.replid == self.replid
        former = asked.replid == self.replid2 and asked.offset <= self.offset2
        within = len(self.log) - BACKLOG <= asked.offset <= len(self.log)
        follower = Follower(asked.port_ip, asked.offset, self.now)
        self.followers[end] = follower
        if (same or former) and within:
            end.send(Continue(self.replid, tuple(self.log[asked.offset :])))
            follower.online = True
            self._changed()
        else:
            self._send_full(end, follower)
        self._ping_follower(end, self.life)

    def _take_over(self, end: End, asked: Psync) -> bool:
        """PSYNC ... FAILOVER: our master wants us to be one. Whether we are."""
        if self.is_master or asked.replid != self.replid:
            end.send(Wrong("ERR PSYNC FAILOVER"))
            return False
        self.history.turned(self.now, None, self.log)
        self.replicate(None)
        return True

    def _send_full(self, end: End, follower: Follower) -> None:
        """A snapshot takes a while to make and send; what is written meanwhile comes behind it."""
        life = self.life

        def ready() -> None:
            if life == self.life and end in self.followers:
                end.send(Full(self.replid, tuple(self.log), frozenset(self.history.unsynced)))
                follower.online = True
                self._changed()

        self.network.schedule.after(100 + self.dice.skewed(0, 1_500), ready)

    def _ping_follower(self, end: End, life: int) -> None:
        """The stream is never silent for long, so that a replica notices a dead master."""
        if life != self.life or end not in self.followers:
            return
        if not self.node.paused:
            if self.now - self.followers[end].heard > REPL_TIMEOUT:
                del self.followers[end]
                end.close()
                self._changed()
                return
            end.send(Streamed())
        self.network.schedule.after(ACK_PERIOD, lambda: self._ping_follower(end, life))

    def _from_master(self, end: End, message: object) -> None:
        self.heard_master = self.now
        match message:
            case Full():
                self.history.resynced(self.log, message)
                self.log = list(message.data)
                self._now_following(end, message.replid)
            case Continue():
                self.log += message.missing
                self.history.regained(message.missing)
                self._now_following(end, message.replid)
            case Streamed():
                self._streamed(end, message)
            case Wrong():
                self.changing.abort()
            case _:
                pass

    def _now_following(self, end: End, replid: str) -> None:
        self.replid = replid
        self.replid2, self.offset2 = "", -1
        self.link_up = True
        self.changing.done()
        self._changed()
        end.send(Ack(len(self.log)))
        for other in list(self.followers):
            del self.followers[other]
            other.close()

    def _streamed(self, end: End, message: Streamed) -> None:
        if message.write is not None:
            self.log.append(message.write)
        elif message.hello is not None:
            for subscriber in list(self.subscribers):
                subscriber.send(message.hello)
        else:
            end.send(Ack(len(self.log)))
        self._stream(message)
