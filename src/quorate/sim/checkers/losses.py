"""Every acknowledged write is on the final master, or its loss is explained by one of these.

- The server that took it was not the elected master (any more), or less than a majority of the sentinels knew it as
  such: it was on the wrong side of a partition.
- All who knew of the election that had made it the master have lost their disks since.
- It was the elected master, and whoever was elected next never had the write: replication is asynchronous.
- It was the elected master, and was made to follow one that never had the write: by a plain failover that ended there,
  or by a C sentinel, which on a stale view demotes whoever was elected meanwhile.
- A server died before the write was on its disk, or its address was given to somebody else's server without a password.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from quorate.core.requests import Reconfigure, Request, StepAside
from quorate.model.identity import MasterName
from quorate.model.millis import Millis
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.checkers.contract import Checker
from quorate.sim.faults import Kind, Planned
from quorate.sim.history import Turn
from quorate.sim.host import SentinelHost
from quorate.sim.server import RedisServer
from quorate.sim.workload import PATIENCE, Acknowledged
from quorate.sim.world import Group, World

EARLY: Millis = 3_000
"""By so much a C sentinel may announce a promotion before its order arrives: an old master that came back reports the
role of one all the time, and C asks no more. Ours wait for what was said behind the order."""


@dataclass(frozen=True, slots=True)
class Reign:
    """From a moment on an address is the master. `began` None: nobody handed over to it, they went back to it."""

    at: Millis
    ip: str
    began: Turn | None


class Losses(Checker):
    """Books what sentinels tell clients; at the end compares the ledger with the data of the final master."""

    name = "losses are explained"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._told: dict[tuple[MasterName, SentinelHost], list[tuple[Millis, str]]] = {}
        self._promoted: dict[str, list[tuple[Millis, Millis]]] = {}
        """Per address when a promotion was announced, and by when the order had arrived."""
        self._declared: dict[str, list[Turn]] = {}
        """Per address the promotions of who was a master already and had no new order when they were announced."""
        self._untold: dict[tuple[MasterName, SentinelHost], tuple[Millis, str]] = {}
        """The last promotion of each sentinel of ours, and when it was: nobody hears of it before it is saved."""
        self._handed_over: dict[tuple[str, str], list[Turn]] = {}
        """Per address of a server and of whom it was told to follow: what that one had when the order was sent."""
        self._strangers_until: Millis = 0
        self._begun_anew: dict[SentinelHost, int] = {}
        """How often the disk of each sentinel had been replaced when it started last."""
        self.lost = 0

    # --- booking ----------------------------------------------------------------------------------------------------

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        replaced = sum(who is host for who, _ in self.world.replaced_disks)
        # Who begins anew has the first master in its file, and knows of no election.
        knows = replaced == self._begun_anew.get(host, 0)
        self._begun_anew[host] = replaced
        for master in saved.masters:
            self._note(host, master.name, master.host if knows else "")

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        if notice.event is Event.SWITCH_MASTER:
            self._note(host, notice.master, notice.text.split()[3])
        elif notice.event is Event.PROMOTED_SLAVE:
            place = notice.text.split()[2]
            ip = self.world.network.names.get(place, place)
            self._note(host, notice.master, ip)
            self._announced(host, ip)
            self._untold[notice.master, host] = self.world.schedule.now, ip
        elif notice.event is Event.TRY_FAILOVER:
            self._untold.pop((notice.master, host), None)
        elif notice.event is Event.ABORT_SLAVE_TIMEOUT and host.is_ours:
            self._taken_back(host, notice.master)

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        if isinstance(request, StepAside):
            target: tuple[str, int] | None = request.target
        else:
            target = request.target if isinstance(request, Reconfigure) and not host.is_ours else None
        place = self.world.network.names.get(target[0], target[0]) if target is not None else ""
        followed = next((s for group in self.world.groups for s in group.servers if s.node.ip == place and s.up), None)
        if followed is not None:
            now = self.world.schedule.now
            turn = Turn(now, "", frozenset(followed.log), frozenset(followed.history.replaced))
            self._handed_over.setdefault((ip, place), []).append(turn)

    def mended(self, planned: Planned) -> None:
        if planned.kind is Kind.REUSE:
            # What the stranger has said yes to may still be on its way.
            self._strangers_until = self.world.schedule.now + PATIENCE

    def _note(self, host: SentinelHost, name: MasterName, place: str) -> None:
        ip = self.world.network.names.get(place, place)
        self._told.setdefault((name, host), []).append((self.world.schedule.now, ip))

    def _announced(self, host: SentinelHost, ip: str) -> None:
        now = self.world.schedule.now
        earlier = self._promoted.setdefault(ip, [])
        since = max((moment for moment, _ in earlier), default=-1)
        for server in (server for group in self.world.groups for server in self._servers(group)):
            if self.world.network.nodes.get(ip) is not server.node or not server.is_master:
                continue
            # Who is a master reigns from now on even if no order has made it one: whoever settles two configurations
            # gives none, and one of C's that is announced already may never arrive. It has what it has now.
            if not any(turn.at > since and not turn.followed for turn in server.history.turns):
                turn = Turn(now, "", frozenset(server.log), frozenset(server.history.replaced))
                self._declared.setdefault(ip, []).append(turn)
        earlier.append((now, now if host.is_ours else now + EARLY))

    def _taken_back(self, host: SentinelHost, name: MasterName) -> None:
        """It gives up after a promotion: that could not be saved, so it has told neither clients nor peers of it."""
        at, ip = self._untold.pop((name, host), (None, ""))
        told = self._told.get((name, host), [])
        if at is None or told[-1:] != [(at, ip)]:
            return
        told.pop()
        self._promoted[ip].remove((at, at))
        self._declared[ip] = [turn for turn in self._declared.get(ip, ()) if turn.at != at]

    # --- judging ----------------------------------------------------------------------------------------------------

    def finished(self) -> None:
        for group in self.world.groups:
            masters = [server for server in group.servers if server.up and server.is_master]
            if len(masters) != 1:
                continue
            have = set(masters[0].log)
            gone = [self._as_taken(group, e) for e in group.ledger.acknowledged.values() if e.id not in have]
            self.lost += len(gone)
            reigns = self._reigns(group) if gone else []
            for entry in gone:
                if not self._is_explained(group, reigns, entry):
                    self.violated(f"write {entry.id}, acknowledged by {entry.ip} at {entry.at}, is gone unexplained")

    def _as_taken(self, group: Group, entry: Acknowledged) -> Acknowledged:
        """The entry with the moment at which the server took the write: its answer may have come much later."""
        told = (server.history.taken.get(entry.id) for server in self._servers(group) if server.node.ip == entry.ip)
        return replace(entry, at=next((at for at in told if at is not None), entry.at))

    def _is_explained(self, group: Group, reigns: list[Reign], entry: Acknowledged) -> bool:
        if any(entry.id in server.history.unsynced for server in group.servers):
            return True
        if entry.at <= self._strangers_until and self._was_replaced(group):
            return True
        earlier = bisect_right(reigns, entry.at, key=lambda reign: reign.at)
        if reigns[earlier - 1].ip != entry.ip or not self._is_known(group, entry):
            return True
        # Who had it once and was made to follow somebody without it did not lag.
        promotions = [reign.began for reign in reigns[earlier:] if reign.began is not None]
        return any(entry.id not in turn.had and entry.id not in turn.replaced for turn in promotions)

    def _is_known(self, group: Group, entry: Acknowledged) -> bool:
        """Whether a majority of the sentinels sent clients to where the write was taken, and not all of them forgot."""
        knowing = self._knowing(group, entry)
        replaced = self.world.replaced_disks
        forgotten = all(any(who is host and at >= since for who, at in replaced) for host, since in knowing)
        return len(knowing) >= len(self.world.sentinels) // 2 + 1 and not forgotten

    def _knowing(self, group: Group, entry: Acknowledged) -> list[tuple[SentinelHost, Millis]]:
        """Who sent clients to where a write was taken, when it was, and since when."""
        knowing = []
        for host in self.world.sentinels:
            told = self._told.get((group.name, host), [])
            place = bisect_right(told, entry.at, key=lambda at_ip: at_ip[0])
            if place and told[place - 1][1] == entry.ip:
                knowing.append((host, told[place - 1][0]))
        return knowing

    def _reigns(self, group: Group) -> list[Reign]:
        """Who was the elected master from when on, oldest first."""
        reigns = [Reign(0, group.servers[0].node.ip, None)]
        obeyed: dict[tuple[str, str], Millis] = {}
        for at, ip, turn, is_known in sorted(self._turns(group), key=lambda one: one[0]):
            reigns_already = reigns[-1].ip == ip
            if turn.followed:
                followed = self.world.network.names.get(turn.followed, turn.followed)
                orders = self._handed_over.get((ip, followed), ())
                handed = [was for was in orders if obeyed.get((ip, followed), -1) < was.at <= at]
                obeyed[ip, followed] = at
                reigns += [Reign(at, followed, handed[-1] if handed else None)] if reigns_already else []
            # Who reigns already because they went back to it is not elected by being announced, too.
            elif is_known and not (reigns_already and turn in self._declared.get(ip, ())):
                if reigns_already:
                    # It was promoted after that: what it had then counts.
                    reigns[-1] = replace(reigns[-1], began=None)
                reigns.append(Reign(at, ip, turn))
        return reigns

    def _turns(self, group: Group) -> Iterator[tuple[Millis, str, Turn, bool]]:
        """All turns of all servers, with or without an order, and of promotions whether a sentinel ever noticed."""
        for server in group.servers:
            ip = server.node.ip
            yield from ((turn.at, ip, turn, True) for turn in self._declared.get(ip, ()))
        for server in self._servers(group):
            turns, ip = server.history.turns, server.node.ip
            ends = [*(turn.at for turn in turns[1:]), self.world.schedule.now]
            for turn, until in zip(turns, ends, strict=False):
                announced = self._promoted.get(ip, ())
                noticed = any(moment <= until and turn.at <= arrived for moment, arrived in announced)
                yield turn.at, ip, turn, noticed

    def _servers(self, group: Group) -> list[RedisServer]:
        ours = {server.node.ip for server in group.servers}
        return [*group.servers, *(stranger for stranger in self.world.foreign if stranger.node.ip in ours)]

    def _was_replaced(self, group: Group) -> bool:
        """Whether a server of another cluster stood at an address of ours and nothing told the two apart."""
        return any(stranger.foreign and not stranger.password for stranger in self._servers(group))
