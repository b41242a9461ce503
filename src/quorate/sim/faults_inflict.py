"""Carries a plan out: at its times, and in the middle of the steps that a failover announces."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from quorate.core.state import FailoverState
from quorate.model.notice import Event, Notice
from quorate.model.saved import SavedState
from quorate.sim import faults_network, faults_operators, faults_sentinels, faults_servers
from quorate.sim.faults import Entering, Kind, Plan, Planned
from quorate.sim.faults_scene import Scene, Striker, Struck
from quorate.sim.host import SentinelHost
from quorate.sim.network import Weather
from quorate.sim.randomness import Dice
from quorate.sim.world import Observer, World

ENTERED = {
    Event.TRY_FAILOVER: FailoverState.WAIT_START,
    Event.STATE_SELECT_SLAVE: FailoverState.SELECT_SLAVE,
    Event.STATE_SEND_SLAVEOF_NOONE: FailoverState.SEND_SLAVEOF_NOONE,
    Event.STATE_WAIT_PROMOTION: FailoverState.WAIT_PROMOTION,
    Event.STATE_RECONF_SLAVES: FailoverState.RECONF_SLAVES,
    Event.FAILOVER_END: FailoverState.UPDATE_CONFIG,
}
"""The event by which a sentinel says that a failover of its own enters a state."""

LEFT = frozenset(
    {
        Event.ABORT_NOT_ELECTED,
        Event.ABORT_NO_GOOD_SLAVE,
        Event.ABORT_SLAVE_TIMEOUT,
        Event.SWITCH_MASTER,
        Event.RESET_MASTER,
        Event.UNMONITOR,
    }
)
"""The events with which a failover ends."""

STRIKERS: dict[Kind, Striker] = {
    Kind.DELAY: faults_network.weather,
    Kind.JITTER: faults_network.weather,
    Kind.LOSS: faults_network.weather,
    Kind.PARTITION: faults_network.partition,
    Kind.ONE_WAY: faults_network.partition,
    Kind.REJECT: faults_network.reject,
    Kind.FORGET: faults_network.forget,
    Kind.KILL_SENTINEL: faults_sentinels.kill,
    Kind.MACHINE_SENTINEL: faults_sentinels.kill,
    Kind.CRASH_IN_SAVE: faults_sentinels.crash_in_save,
    Kind.DISK_FULL: faults_sentinels.disk,
    Kind.DISK_SLOW: faults_sentinels.disk,
    Kind.PAUSE_SENTINEL: faults_sentinels.pause,
    Kind.CLOCK: faults_sentinels.clock,
    Kind.DNS: faults_sentinels.names,
    Kind.NEW_ID: faults_sentinels.kill,
    Kind.SIMULATED: faults_sentinels.simulated,
    Kind.KILL_SERVER: faults_servers.kill,
    Kind.MACHINE_SERVER: faults_servers.kill,
    Kind.LOSE_TAIL: faults_servers.kill,
    Kind.EMPTY: faults_servers.kill,
    Kind.PAUSE_SERVER: faults_sentinels.pause,
    Kind.PASSWORD: faults_servers.password,
    Kind.BUSY: faults_servers.ailing,
    Kind.MISCONF: faults_servers.ailing,
    Kind.LOADING: faults_servers.kill,
    Kind.REUSE: faults_servers.reuse,
    Kind.POWER: faults_servers.power,
    Kind.SET: faults_operators.typed,
    Kind.AUTH_PASS: faults_operators.typed,
    Kind.RESET: faults_operators.typed,
    Kind.MONITOR: faults_operators.typed,
    Kind.FAILOVER: faults_operators.typed,
    Kind.MOVE: faults_operators.typed,
}


class Inflictor(Observer):
    """Strikes and mends. A fault strikes once; after `heal` none does any more."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self._healed = False
        self._striking = False
        self._active: dict[int, tuple[Planned, Callable[[], None]]] = {}
        self.cells: Counter[tuple[Kind, FailoverState | None]] = Counter()
        """How often each kind struck while some sentinel was in each state (None: while none was in any)."""
        self._standing: dict[tuple[SentinelHost, str], FailoverState] = {}
        self._seen: dict[FailoverState, int] = {}
        self._waiting: dict[Entering, list[Planned]] = {}
        for fault in plan:
            if fault.entering is not None:
                self._waiting.setdefault(fault.entering, []).append(fault)
            elif fault.at is not None:
                world.schedule.after(fault.at, partial(self._strike_timed, fault))

    def told(self, host: SentinelHost, notice: Notice) -> None:
        if notice.master is None:
            return
        state = ENTERED.get(notice.event)
        if notice.event in LEFT:
            self._standing.pop((host, notice.master), None)
        if state is None or self._healed:
            return
        self._standing[host, notice.master] = state
        self._seen[state] = self._seen.get(state, 0) + 1
        for fault in self._waiting.pop(Entering(state, self._seen[state]), ()):
            self._strike_soon(fault, host, str(notice.master))

    def started(self, host: SentinelHost, saved: SavedState) -> None:
        for master in saved.masters:
            self._standing.pop((host, master.name), None)

    def heal(self) -> None:
        """End everything that goes wrong: the network, disks, passwords, names; the dead rise, operators take back."""
        self._healed = True
        for number in list(self._active):
            self._mend(number)
        world = self.world
        calm = Weather(world.options.latency)
        world.troubles.calm = calm
        world.network.weather = calm
        world.network.heal()
        for group in world.groups:
            for server in group.servers:
                faults_servers.revive(server)
        for host in world.sentinels:
            faults_sentinels.revive(host)
            faults_operators.restore(world, host)
            faults_operators.unmonitor(host)

    # --- striking ---------------------------------------------------------------------------------------------------

    def _strike_timed(self, fault: Planned) -> None:
        groups = self.world.groups
        self._strike(fault, Scene(self.world, self._dice(fault), groups[fault.group % len(groups)]))

    def _dice(self, fault: Planned) -> Dice:
        return self.world.dice.split(f"fault {fault.number}")

    def _strike_soon(self, fault: Planned, host: SentinelHost, name: str) -> None:
        group = next((group for group in self.world.groups if group.name == name), None)
        if group is None:
            return
        scene = Scene(self.world, self._dice(fault), group, host)
        promoted = host.promoted_ip(group.name)
        scene.promoted = next((server for server in group.servers if server.node.ip == promoted), None)
        if fault.delay or self._striking:
            # Whoever announces while somebody is struck is in the middle of a step as well.
            self.world.schedule.after(fault.delay, lambda: self._strike(fault, scene))
        else:
            self._strike(fault, scene)

    def _strike(self, fault: Planned, scene: Scene) -> None:
        if self._healed:
            return
        self._striking = True
        # Whoever is killed now has been in its state until now.
        states: set[FailoverState | None] = {state for (host, _), state in self._standing.items() if host.up}
        struck = STRIKERS[fault.kind](scene, fault)
        self._striking = False
        if struck is None:
            return
        self.cells.update((fault.kind, state) for state in states or {None})
        self._begun(fault, struck)

    def _begun(self, fault: Planned, struck: Struck) -> None:
        self._active[fault.number] = (fault, struck.mend)
        self.world.schedule.after(fault.duration, lambda: self._mend(fault.number))
        for observer in self.world.observers:
            observer.struck(fault, struck.what)

    def _mend(self, number: int) -> None:
        fault, mend = self._active.pop(number, (None, None))
        if fault is None or mend is None:
            return
        mend()
        for observer in self.world.observers:
            observer.mended(fault)
