"""One turn of the core: the state, the moment, and what is to be done about it."""

from collections.abc import Callable
from dataclasses import replace

from quorate.core.inputs import Caller
from quorate.core.link import Link
from quorate.core.outcome import Disconnect, Effect, Outcome, Promise, Reply, Resolve, Result, Send, Tell
from quorate.core.requests import ConnId, Request
from quorate.core.state import Master, Peer, State, Watched
from quorate.model.address import Address, numeric
from quorate.model.identity import Epoch, MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Level, Notice, Remark
from quorate.model.saved import SaveDelta, SavedMaster, SavedPeer


class Turn:
    """What the rules write into while one input is handled."""

    __slots__ = ("_promises", "_touched", "checks", "dirty", "effects", "now", "state")

    def __init__(self, state: State, now: Millis) -> None:
        self.state = state
        self.now = now
        self.effects: list[Effect] = []
        self.checks: dict[Master, None] = {}
        """Masters about which something changed: their decisions are taken anew before the turn ends."""
        self.dirty = False
        self._touched: dict[MasterName, Master | None] = {}
        self._promises: list[tuple[Effect, Callable[[], Effect] | None, Millis | None]] = []

    # --- telling ----------------------------------------------------------------------------------------------------

    def tell(self, event: Event, text: str, master: Master | None = None) -> None:
        """Publish an event; with a master it has a subject, and that master's script hears of it."""
        if master is None:
            notice = Notice(event, text)
        else:
            notice = Notice(event, text, MasterName(master.name), master.settings.notification_script)
        self.effects.append(Tell(notice))

    def about(self, event: Event, master: Master, subject: Watched, more: str = "") -> None:
        """Publish an event whose text begins with the subject's identifier."""
        self.tell(event, identifier(self.state, master, subject) + more, master)

    def remark(self, level: Level, text: str) -> None:
        """Write a line into the log."""
        self.effects.append(Tell(Remark(level, text)))

    # --- sending ----------------------------------------------------------------------------------------------------

    def send(self, link: Link, request: Request) -> None:
        """Send on the command connection, which must be there."""
        if link.command is not None:
            self.effects.append(Send(link.command, request))

    def disconnect(self, conn: ConnId) -> None:
        """Close a connection and forget it."""
        if self.state.links.pop(conn, None) is not None:
            self.effects.append(Disconnect(conn))

    def reply(self, caller: Caller, result: Result) -> None:
        """Answer a caller at once."""
        self.effects.append(Reply(caller, result))

    def resolve(self, host: str) -> None:
        """Have a name looked up, unless that is under way."""
        if host.lower() not in self.state.awaited_names:
            self.state.awaited_names.add(host.lower())
            self.effects.append(Resolve(host))

    def address(self, host: str, port: int) -> Address | None:
        """The address that a host text stands for, None if no name is allowed here; unknown names are looked up."""
        number = numeric(host)
        if number is not None:
            return Address(host, number, port)
        if not host or not self.state.settings.resolve_hostnames:
            return None
        known = self.state.names.get(host.lower(), "")
        if not known:
            self.resolve(host)
        return Address(host, known, port)

    # --- saving -----------------------------------------------------------------------------------------------------

    def touch(self, master: Master) -> None:
        """This master's durable state changed."""
        self.dirty = True
        self._touched[MasterName(master.name)] = master

    def removed(self, name: MasterName) -> None:
        """This master is gone for good."""
        self.dirty = True
        self._touched[name] = None

    def promise(
        self, effect: Effect, otherwise: Callable[[], Effect] | None = None, expires: Millis | None = None
    ) -> None:
        """Let `effect` leave when everything decided up to the end of this turn is durable."""
        self._promises.append((effect, otherwise, expires))

    def revision(self) -> int:
        """The revision that will hold everything decided so far in this turn."""
        return self.state.revision + (1 if self.dirty else 0)

    def raise_epoch(self, epoch: Epoch, master: Master) -> None:
        """Adopt a higher current epoch and say so."""
        self.state.current_epoch = epoch
        self.state.raised_at = self.now
        self.dirty = True
        self.tell(Event.NEW_EPOCH, str(epoch), master)

    def check(self, master: Master) -> None:
        """Have the decisions about this master taken anew before the turn ends."""
        self.checks[master] = None

    def outcome(self) -> Outcome:
        """Close the turn."""
        state = self.state
        save = None
        if self.dirty:
            state.revision += 1
            masters = {name: saved(state, m) if m else None for name, m in self._touched.items()}
            save = SaveDelta(state.revision, state.settings, state.current_epoch, masters)
        promises = [Promise(state.revision, *promise) for promise in self._promises]
        return Outcome(self.effects, save, promises)


def identifier(state: State, master: Master, subject: Watched) -> str:
    """How events name an instance: `kind name ip port`, and for all but masters ` @ master ip port`."""
    hostnames = state.settings.announce_hostnames
    address = subject.address
    text = f"{subject.kind} {subject.name} {address.shown(hostnames)} {address.port}"
    if subject is not master:
        text += f" @ {master.name} {master.address.shown(hostnames)} {master.address.port}"
    return text


def saved(state: State, master: Master) -> SavedMaster:
    """The durable part of a master. While a promoted replica is current, its place is taken by the old master."""
    hostnames = state.settings.announce_hostnames
    current = master.current
    replicas: list[tuple[str, int]] = []
    for replica in master.replicas:
        address = master.address if replica is current else replica.address
        place = (address.shown(hostnames), address.port)
        if place not in replicas:
            replicas.append(place)
    return SavedMaster(
        name=MasterName(master.name),
        host=current.address.shown(hostnames),
        port=current.address.port,
        settings=master.settings,
        config_epoch=master.config_epoch,
        leader_epoch=master.leader_epoch,
        replicas=tuple(replicas),
        peers=tuple(_saved_peer(peer, hostnames) for peer in master.peers.values() if peer.run_id),
    )


def _saved_peer(peer: Peer, hostnames: bool) -> SavedPeer:
    assert peer.run_id is not None
    return SavedPeer(peer.address.shown(hostnames), peer.address.port, peer.run_id)


def with_ip(address: Address, ip: str) -> Address:
    """The same host, now known to be `ip`."""
    return replace(address, ip=ip)
