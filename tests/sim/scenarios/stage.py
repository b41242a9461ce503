"""A simulated world that obeys verbs and tells what follows, one line per event: the stage of the scenarios."""

import re
from collections import Counter
from dataclasses import replace

from quorate.core.inputs import FailoverRequested, Input, MoveRequested, ResetRequested, SettingsChanged
from quorate.core.requests import Reconfigure, Request, StepAside
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim.host import SentinelHost
from quorate.sim.network import Node, Weather
from quorate.sim.server import RedisServer
from quorate.sim.world import Group, Observer, Options, World

DETAILS = frozenset(
    {
        Event.MONITOR,
        Event.SENTINEL,
        Event.SLAVE,
        Event.NEW_EPOCH,
        Event.ROLE_CHANGE,
        Event.ROLE_CHANGE_AWAY,
        Event.REBOOT,
        Event.STATE_SELECT_SLAVE,
        Event.STATE_SEND_SLAVEOF_NOONE,
        Event.STATE_WAIT_PROMOTION,
        Event.STATE_RECONF_SLAVES,
        Event.SLAVE_RECONF_SENT,
        Event.SLAVE_RECONF_INPROG,
        Event.SLAVE_RECONF_DONE,
        Event.FAILOVER_END,
        Event.CONFIG_UPDATE_FROM,
    }
)
"""Told only after `loud`."""

PLACE = re.compile(r"\b(10\.0\.\d+\.\d+)(?:[ :]\d+)?\b")
RUN_ID = re.compile(r"\b[0-9a-f]{40}\b")


class Stage(Observer):
    """The world of one scenario. `out` holds what happened since it was last emptied."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.hidden = DETAILS
        self.counted: Counter[str] = Counter()
        self.counting = False
        self.times: dict[str, list[int]] = {}
        self._world: World | None = None
        self._shown_at = 0

    # --- what is seen -----------------------------------------------------------------------------------------------

    def told(self, host: SentinelHost, notice: Notice) -> None:
        channel = notice.event.channel
        if self.counting:
            self.times.setdefault(channel, []).append(self.world.schedule.now)
        elif notice.event not in self.hidden:
            self.say(host.node.name, f"{channel} {self.named(notice.text)}")

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        if self.world.schedule.now > 1_000:
            self.say(host.node.name, f"starts with epoch {saved.current_epoch}")

    def sent(self, host: SentinelHost, ip: str, request: Request) -> None:
        if isinstance(request, Reconfigure) and not self.counting:
            to = self.named(request.target[0]) if request.target else "NO ONE"
            self.say(host.node.name, f"-> {self.named(ip)} REPLICAOF {to}")
        elif isinstance(request, StepAside) and not self.counting:
            self.say(host.node.name, f"-> {self.named(ip)} steps aside for {self.named(request.target[0])}")

    def say(self, who: str, text: str) -> None:
        """A line."""
        self.out.append(f"{self.world.schedule.now:>7}  {who:<4} {text}")

    def named(self, text: str) -> str:
        """A text with names in place of addresses and ids; a place that changed hands has the name it began with."""
        ids = {str(host.myid): host.node.name for host in self.world.sentinels}
        names = {ip: name for name, ip in reversed(self.world.network.names.items())}
        text = RUN_ID.sub(lambda found: ids.get(found[0], found[0][:6]), text)
        return PLACE.sub(lambda found: names.get(found[1], found[1]), text)

    # --- who is who -------------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        assert self._world is not None, "the first verb is `world`"
        return self._world

    def build(self, options: dict[str, str]) -> None:
        """The world that the options describe; what they leave out is plain and quick."""
        plain = Options("scenario", 3, 1, 2, 2, 1_000, 10_000, 1, 0, 1, 0, 0.0)
        values = {key.replace("-", "_"): value for key, value in options.items()}
        numbers = {key: int(value) for key, value in values.items() if key not in ("hostnames", "password", "seed")}
        texts = {key: value for key, value in values.items() if key in ("password", "seed")}
        self._world = World(replace(plain, **numbers, **texts))  # type: ignore[arg-type]
        self._world.observers.append(self)

    def host(self, name: str) -> SentinelHost | None:
        """The sentinel of that name."""
        return next((host for host in self.world.sentinels if host.node.name == name), None)

    def sentinel(self, name: str) -> SentinelHost:
        """The sentinel that must be there."""
        host = self.host(name)
        assert host is not None, name
        return host

    def server(self, name: str) -> RedisServer:
        """The server of that name."""
        return next(s for group in self.world.groups for s in group.servers if s.node.name == name)

    def node(self, name: str) -> Node:
        """The machine of a server, sentinel or client."""
        return next(node for node in self._nodes() if node.name == name)

    def _nodes(self) -> list[Node]:
        world = self.world
        servers = [server.node for group in world.groups for server in group.servers]
        clients = [group.client.node for group in world.groups if group.client is not None]
        return [*(host.node for host in world.sentinels), *servers, *clients]

    # --- what is done -----------------------------------------------------------------------------------------------

    def run(self, span: int) -> None:
        """Let time pass."""
        self.world.schedule.run_until(self.world.schedule.now + span)

    def until(self, channel: str, most: int) -> None:
        """Let time pass to the very event, or so long."""
        before = len(self.out)
        wanted = f"{channel} "

        def heard() -> bool:
            return any(line[14:].startswith(wanted) for line in self.out[before:])

        self.world.schedule.run_until(self.world.schedule.now + most, heard)
        assert heard(), f"no {channel} within {most} ms"

    def stop(self, name: str, *, told: bool, keep: int | None = None) -> None:
        """A process dies (`told`), or its machine."""
        host = self.host(name)
        victim = host or self.server(name)
        if isinstance(victim, SentinelHost):
            victim.stop(told=told)
        else:
            victim.stop(told=told, keep=keep)
        victim.node.alive = told

    def start(self, name: str, load: int = 0) -> None:
        """A dead process starts again with what its disk holds."""
        dead = self.host(name) or self.server(name)
        dead.node.alive = True
        if isinstance(dead, RedisServer):
            dead.load_time = load
        dead.start()

    def move(self, name: str) -> None:
        """The same disk on a new machine: whoever lived at the old address is gone from there."""
        host = self.host(name)
        gone = host or self.server(name)
        if gone.up:
            gone.stop(told=False)
        gone.node.alive = False
        self.world.network.names[f"{name}-old"] = gone.node.ip
        gone.node = self.world.node(name)
        if not isinstance(gone, SentinelHost):
            self.world._group_by_place[gone.node.ip] = next(g for g in self.world.groups if gone in g.servers)
        gone.start()

    def stranger(self, name: str, writes: int, *, follows: bool) -> None:
        """The address of a dead server is given to a server of somebody else, a master or one that follows its own."""
        old = self.server(name)
        if old.up:
            old.stop(told=False)
        old.node.alive = False
        self.world.network.names[f"{name}-old"] = old.node.ip
        node = Node("x", old.node.ip)
        self.world.network.names["x"] = node.ip
        self.world.network.add(node)
        foreign = RedisServer(node, self.world.network, self.world.dice.split("x"))
        foreign.saved_log = [1_000_000_000 + n for n in range(writes)]
        self.world.foreign.append(foreign)
        if follows:
            chief = RedisServer(self.world.node("y"), self.world.network, self.world.dice.split("y"))
            chief.saved_log = list(foreign.saved_log)
            foreign.conf_master = chief.node.ip
            self.world.foreign.append(chief)
            chief.start()
        foreign.start()

    def cut(self, names: list[str]) -> None:
        """Cut these off from all others."""
        side = [self.node(name) for name in names]
        for here in side:
            for there in self._nodes():
                if there not in side:
                    self.world.network.cut(here.ip, there.ip)
                    self.world.network.cut(there.ip, here.ip)

    def weather(self, options: dict[str, str]) -> None:
        """How the network behaves from now on."""
        latency, jitter = int(options.get("latency", "1")), int(options.get("jitter", "0"))
        self.world.network.weather = Weather(latency, jitter, float(options.get("loss", "0")))

    def type(self, name: str, words: list[str]) -> None:
        """An operator's command; its answer is told."""
        host, master = self.sentinel(name), self.world.groups[0].name
        caller = host.caller(None)
        request: Input
        match words:
            case ["FAILOVER"]:
                request = FailoverRequested(caller, master)
            case ["FAILOVER", "COORDINATED"]:
                request = MoveRequested(caller, master, None, None)
            case ["RESET"]:
                request = ResetRequested(caller, (master,))
            case ["SET", option, value]:
                seen = host.master(master)
                assert seen is not None
                new: int | str = value if option == "auth-pass" else int(value)
                changed = replace(seen.settings, **{option.replace("-", "_"): new})  # type: ignore[arg-type]
                text = f"{option} {value}"
                request = SettingsChanged(caller, master, changed, (text,), option == "auth-pass", None)
            case _:
                raise AssertionError(words)
        host.submit(request)
        if caller in host.results:
            self.say(name, f"answers {host.results[caller]}")

    # --- how things stand -------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Servers, sentinels, and what clients were promised and have lost."""
        for group in self.world.groups:
            for server in [*group.servers, *self.world.foreign]:
                self._show_server(server)
            for host in self.world.sentinels:
                self._show_sentinel(host, group)
            self._show_ledger(group)

    def _show_server(self, server: RedisServer) -> None:
        name = server.node.name
        if not server.up:
            self.out.append(f"    = {name} is dead")
        elif server.is_master:
            self.out.append(f"    = {name} is master, {len(server.log)} writes")
        else:
            link = "" if server.link_up else ", its link is down"
            self.out.append(
                f"    = {name} follows {self.named(server.master_ip or '')}, {len(server.log)} writes{link}"
            )

    def _show_sentinel(self, host: SentinelHost, group: Group) -> None:
        seen, place = host.master(group.name), host.address_of(group.name)
        if seen is None or place is None:
            self.out.append(f"    = {host.node.name} is dead")
            return
        down = sum(1 for replica in host.replicas(group.name) if "s_down" in replica.instance.flags)
        dead = sum(1 for peer in host.peers(group.name) if "s_down" in peer.instance.flags)
        flags = ", ".join(flag for flag in seen.instance.flags if flag != "master")
        place_named = f"{self.named(place[0])} ({flags})" if flags else self.named(place[0])
        self.out.append(
            f"    = {host.node.name} names {place_named}, config epoch {seen.config_epoch};"
            f" replicas {seen.replicas} ({down} down); peers {seen.peers} ({dead} down)"
        )

    def _show_ledger(self, group: Group) -> None:
        """Lost: acknowledged, and not on the server that most sentinels call master."""
        places = Counter(host.address_of(group.name) for host in self.world.sentinels if host.up)
        common = places.most_common(1)[0][0]
        master = next((s for s in group.servers if common and s.node.ip == common[0]), None)
        have = set(master.log) if master is not None else set()
        acknowledged = group.ledger.acknowledged
        lost = len(acknowledged.keys() - have)
        gap = max(group.ledger.longest_gap, self.world.schedule.now - group.ledger.last)
        group.ledger.longest_gap = 0
        self.out.append(
            f"    = {len(acknowledged)} writes acknowledged, {lost} lost; longest time without one: {gap} ms"
        )

    def summary(self) -> None:
        """How often each event was told since `count`, first and last."""
        for channel, times in self.times.items():
            self.out.append(f"    = {channel} {len(times)} times, {times[0]} to {times[-1]}")
        self.times.clear()
