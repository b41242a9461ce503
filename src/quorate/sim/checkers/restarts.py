"""A restart forgets nothing: a file that had time to be written holds what the sentinel knew."""

from typing import TypeAlias

from quorate.model.address import numeric
from quorate.model.millis import Millis
from quorate.model.notice import Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.host import SentinelHost
from quorate.sim.world import World

QUIET: Millis = 5_000
"""So long nothing may have changed, in a living sentinel on a healthy disk, until the file must have caught up."""

LOOK: Millis = 2_000
"""How long it is between two looks at everybody."""

Known: TypeAlias = dict[str, tuple[object, ...]]
"""By master: address, both epochs, peers, replicas; under "" our id and the current epoch."""


class Restarts(Checker):
    """Looks at each sentinel now and then, and again through the loader's eyes when it starts."""

    name = "a restart forgets nothing"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._known: dict[SentinelHost, tuple[Known, Millis]] = {}
        self._alive: dict[SentinelHost, Millis] = {}
        """When each was last seen alive."""
        self._next: Millis = 0

    def stepped(self) -> None:
        now = self.world.schedule.now
        self._alive.update((host, now) for host in self.world.sentinels if host.up)
        if now < self._next:
            return
        self._next = now + LOOK
        for host in self.world.sentinels:
            if host.node.paused or host.disk.full or host.disk.delay or host.disk.saving is not None:
                self._known.pop(host, None)
            elif host.up and host.is_ours:
                # C sentinels do not save what RESET did, nor a config epoch that came with a known address.
                known = _view(host)
                before = self._known.get(host)
                if before is None or before[0] != known:
                    self._known[host] = known, now

    def told(self, host: SentinelHost, notice: Notice) -> None:  # noqa: ARG002 - whatever it says, something changed
        self._known.pop(host, None)

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        known, since = self._known.pop(host, ({}, 0))
        # The quiet ends with the life: the dead write nothing. Who is looked at a moment before its save is tried again
        # on a mended disk, and dies with that save, as in a simulated crash, comes back with what it had told nobody
        # yet, however long it was dead: what was seen of it was not all that it knew.
        if not known or known[""][0] != saved.settings.myid or self._alive.get(host, 0) - since < QUIET:
            return
        found = _file(saved)
        for name, facts in known.items():
            if found.get(name) != facts and not _resolved_since(facts, found.get(name)):
                self.violated(f"{host.node.name} knew of {name or 'itself'}: {facts}, and its file: {found.get(name)}")


def _resolved_since(facts: tuple[object, ...], found: tuple[object, ...] | None) -> bool:
    """Whether a name has got its number after our last look, and in time for the file: nothing tells of that."""
    return found is not None and bool(_names(facts) - _names(found))


def _names(facts: tuple[object, ...]) -> set[str]:
    """Host names, not numbers, among the places of a master's servers."""
    servers = facts[-1]
    return {ip for ip, _ in servers if not numeric(ip)} if isinstance(servers, frozenset) else set()


def _view(host: SentinelHost) -> Known:
    assert host.driver is not None
    view = host.driver.view(host.clock())
    known: Known = {"": (host.myid, view.current_epoch)}
    for name in view.names():
        master = view.master(name)
        address = view.current_address(name)
        assert master is not None
        assert address is not None
        peers = frozenset((peer.instance.run_id, peer.instance.ip, peer.instance.port) for peer in view.peers(name))
        servers = {(replica.instance.ip, replica.instance.port) for replica in view.replicas(name)}
        servers |= {address, (master.instance.ip, master.instance.port)}
        known[name] = (address, master.config_epoch, master.leader_epoch, peers, frozenset(servers))
    return known


def _file(saved: SavedState) -> Known:
    found: Known = {"": (saved.settings.myid, saved.current_epoch)}
    for master in saved.masters:
        peers = frozenset((peer.run_id, peer.host, peer.port) for peer in master.peers)
        servers = frozenset({(master.host, master.port), *master.replicas})
        found[master.name] = (
            (master.host, master.port),
            master.config_epoch,
            master.leader_epoch,
            peers,
            servers,
        )
    return found
