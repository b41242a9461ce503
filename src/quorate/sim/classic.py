"""A sentinel that follows the rules of C Sentinel, so that mixed quorums are explored too.

It is written from the specification of C Sentinel alone and shares no rule with the core, only the nouns of `model` and
the wire of the simulated network. It looks at everything once per tick, stands still while its file is written, and
carries on whether or not that worked.
"""

from collections import deque
from collections.abc import Callable, Sequence

from quorate.core import inputs
from quorate.core.inputs import Input
from quorate.core.outcome import Done, Effect, Exit, Opinion, Reply, Save, Send
from quorate.core.requests import ConnId
from quorate.core.view import SentinelView
from quorate.model.address import Address, numeric
from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.millis import Millis
from quorate.model.notice import Event
from quorate.model.saved import SaveDelta, SavedMaster, SavedPeer, SavedState
from quorate.sim import classic_failover, classic_links, classic_news, classic_operators, classic_rules
from quorate.sim.classic_state import TILT_PERIOD, TILT_TRIGGER, Books, Instance, Kind, Step
from quorate.sim.classic_view import ClassicView
from quorate.sim.host import Rules, SentinelHost
from quorate.sim.randomness import Dice

CRASH_STATUS = 99

SLOWEST_HZ = 10
HZ_SPREAD = 10


class ClassicRules:
    """The decisions of one C sentinel; stands where the driver of our core stands in a host."""

    def __init__(
        self, saved: SavedState, now: Millis, own_ip: str, dice: Dice, lookup: Callable[[str], str | None]
    ) -> None:
        self._books = Books(saved.settings, own_ip, dice, lookup, now, saved.current_epoch, previous_tick=now)
        self._next_tick = now + 1
        self._revision = 0
        self._saving = False
        self._held: list[Effect] = []
        self._waiting: deque[Input] = deque()
        self._begun = False
        for master in saved.masters:
            self._load(master)

    def take(self, now: Millis, event: Input) -> bool:  # noqa: ARG002 - whatever it is, it may have to wait
        """It has no short way for what changes nothing."""
        return False

    def submit(self, now: Millis, event: Input) -> Sequence[Effect]:
        """Handle an input, or the oldest that waits. While the file is written the process stands still."""
        effects: list[Effect] = []
        if isinstance(event, (inputs.Saved, inputs.SaveFailed)):
            self._saving = False
            effects, self._held = self._held, []
            if self._books.crashed:
                return [Exit(CRASH_STATUS)]
        elif not self._waiting or not isinstance(event, inputs.Woke):
            self._waiting.append(event)
        if self._waiting and not self._saving:
            effects += self._turn(now, self._waiting.popleft())
        return effects

    def wake_at(self) -> Millis | None:
        """The next tick, at once while inputs wait; none while it stands still."""
        if self._saving:
            return None
        return 0 if self._waiting else self._next_tick

    def view(self, now: Millis) -> SentinelView:
        """The sentinel as it is now."""
        return ClassicView(self._books, now)

    def _turn(self, now: Millis, event: Input) -> list[Effect]:
        books = self._books
        books.now = now
        self._handle(event)
        effects, books.out = books.out, []
        if not books.unsaved:
            return [*effects, Exit(CRASH_STATUS)] if books.crashed else effects
        # What it says after the flush is written to sockets only when the flush is over.
        books.unsaved = False
        self._saving = True
        self._revision += 1
        self._held = [effect for effect in effects if isinstance(effect, (Send, Reply))]
        return [*(e for e in effects if not isinstance(e, (Send, Reply))), Save(self._delta())]

    def _handle(self, event: Input) -> None:
        books = self._books
        match event:
            case inputs.Woke():
                if books.now >= self._next_tick:
                    self._tick()
                    self._next_tick = books.now + 1_000 // (SLOWEST_HZ + books.dice.between(0, HZ_SPREAD - 1))
            case inputs.HelloSeen(conn, hello):
                if conn is not None and conn in books.links:
                    books.links[conn].pc_activity = books.now
                classic_news.on_hello(books, hello)
            case inputs.PubSubSpoke(conn):
                if conn in books.links:
                    books.links[conn].pc_activity = books.now
            case inputs.VoteRequested():
                self._answer_peer(event)
            case (
                inputs.FailoverRequested()
                | inputs.MonitorRequested()
                | inputs.RemoveRequested()
                | inputs.ResetRequested()
                | inputs.SettingsChanged()
            ):
                classic_operators.obey(books, event)
            case inputs.FlushRequested(caller):
                books.flush()
                books.out.append(Reply(caller, Done()))
            case inputs.FailureSimulated(caller):
                books.crash_after_election, books.crash_after_promotion = event.after_election, event.after_promotion
                books.out.append(Reply(caller, Done()))
            case _:
                self._handle_link(event)

    def _handle_link(self, event: Input) -> None:
        books = self._books
        match event:
            case inputs.LinkClosed(conn) if conn in books.links:
                link = books.links.pop(conn)
                link.disconnected = True
                if link.cc == conn:
                    link.cc = None
                else:
                    link.pc = None
            case inputs.Pinged(conn) if conn in books.links:
                self._replied(conn)
                classic_links.pinged(books, books.links[conn], event)
            case inputs.InfoArrived(conn, report) if conn in books.links:
                self._replied(conn)
                link = books.links[conn]
                for master, server in books.instances.values():
                    if server.link is link:
                        classic_news.on_info(books, master, server, report)
                        break
            case inputs.Published(conn, about, ok):
                self._replied(conn)
                if ok and about in books.instances:
                    books.instances[about][1].last_pub = books.now
            case inputs.PeerAnswered(conn, about):
                self._replied(conn)
                if about in books.instances:
                    classic_news.on_answer(books, books.instances[about][1], event)
            case inputs.Reconfigured(conn) | inputs.LinkRefused(conn):
                self._replied(conn)
            case _:
                pass

    def _replied(self, conn: ConnId) -> None:
        link = self._books.links.get(conn)
        if link is not None:
            link.pending = max(0, link.pending - 1)

    # --- the timer --------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        books = self._books
        if not self._begun:
            self._begun = True
            for master in books.masters.values():
                books.about(Event.MONITOR, master, master, f" quorum {master.settings.quorum}")
        delta = books.now - books.previous_tick
        books.previous_tick = books.now
        if delta < 0 or delta > TILT_TRIGGER:
            books.tilt_since = books.now
            books.tell(Event.TILT, "#tilt mode entered", None)
        to_switch: Instance | None = None
        for master in list(books.masters.values()):
            for instance in [master, *master.slaves.values(), *master.sentinels.values()]:
                self._look_at(master, instance)
            if master.step is Step.UPDATE_CONFIG:
                to_switch = master
        if to_switch is not None:
            classic_failover.finish(books, to_switch)

    def _look_at(self, master: Instance, instance: Instance) -> None:
        books = self._books
        classic_links.reconnect(books, instance)
        classic_links.periodic(books, master, instance)
        if books.tilt_since:
            if books.now - books.tilt_since < TILT_PERIOD:
                return
            books.tilt_since = 0
            books.tell(Event.TILT_OVER, "#tilt mode exited", None)
        classic_rules.check_sdown(books, master, instance)
        if instance is master:
            classic_rules.check_odown(books, master)
            if classic_failover.start_if_needed(books, master):
                classic_rules.ask_others(books, master, forced=True)
            classic_failover.step(books, master)
            classic_rules.ask_others(books, master, forced=False)

    # --- what others ask --------------------------------------------------------------------------------------------

    def _answer_peer(self, asked: inputs.VoteRequested) -> None:
        books = self._books
        number = numeric(asked.ip) or books.lookup(asked.ip) or ""
        where = Address(asked.ip, number, asked.port)
        master = next((m for m in books.masters.values() if m.address.same_as(where)), None)
        down, leader, epoch = False, None, Epoch(0)
        if master is not None:
            down = "s_down" in master.flags and not books.tilt_since
            if asked.candidate is not None:
                leader, epoch = classic_rules.vote(books, master, asked.epoch, asked.candidate)
        books.out.append(Reply(asked.caller, Opinion(down, leader, epoch)))

    # --- the file ---------------------------------------------------------------------------------------------------

    def _load(self, saved: SavedMaster) -> None:
        books = self._books
        where = books.address(saved.host, saved.port) or Address(saved.host, "", saved.port)
        master = books.new_instance(Kind.MASTER, saved.name, where, saved.settings)
        master.config_epoch, master.leader_epoch = saved.config_epoch, saved.leader_epoch
        books.masters[saved.name] = master
        books.instances[master.id] = (master, master)
        for host, port in saved.replicas:
            address = books.address(host, port)
            if address is not None:
                books.add_slave(master, address)
        for peer in saved.peers:
            address = books.address(peer.host, peer.port)
            if address is not None:
                books.add_sentinel(master, peer.run_id, address)

    def _delta(self) -> SaveDelta:
        books = self._books
        masters: dict[MasterName, SavedMaster | None] = dict.fromkeys(books.removed)
        masters |= {name: self._saved(name, master) for name, master in books.masters.items()}
        books.removed.clear()
        return SaveDelta(self._revision, books.settings, books.current_epoch, masters)

    def _saved(self, name: MasterName, master: Instance) -> SavedMaster:
        books = self._books
        current = master.current()
        # The promoted replica's line carries the old master's address.
        places = [
            master.address if slave.address.same_as(current) else slave.address for slave in master.slaves.values()
        ]
        return SavedMaster(
            name,
            books.shown(current),
            current.port,
            master.settings,
            master.config_epoch,
            master.leader_epoch,
            tuple((books.shown(place), place.port) for place in places),
            tuple(
                SavedPeer(books.shown(peer.address), peer.address.port, RunId(peer.run_id))
                for peer in master.sentinels.values()
            ),
        )


class ClassicSentinel(SentinelHost):
    """A host in which the rules of C Sentinel decide."""

    is_ours = False

    def _rules(self, saved: SavedState) -> Rules:
        return ClassicRules(saved, self.clock(), self.node.ip, self.dice, lambda name: self.dns.get(name.lower()))
