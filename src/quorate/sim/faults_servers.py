"""Faults of servers and their data."""

from functools import partial

from quorate.sim.faults import Kind, Planned
from quorate.sim.faults_scene import Scene, Struck
from quorate.sim.faults_sentinels import revive as revive_sentinel
from quorate.sim.network import Node
from quorate.sim.server import RedisServer

STRANGERS_WRITES = 1_000_000_000
"""Where the writes of foreign clusters begin."""


def revive(server: RedisServer) -> None:
    """Start a dead server on whatever its disk holds."""
    if not server.up and server.network.nodes[server.node.ip] is server.node:
        server.node.alive = True
        server.node.paused = False
        server.start()
        server.load_time = 0


def kill(scene: Scene, fault: Planned) -> Struck | None:
    """The process dies, or its whole machine; with all its data on disk, part of it, or nothing."""
    server = scene.server(fault.aim)
    if server is None:
        return None
    told = fault.kind is not Kind.MACHINE_SERVER
    what = f"{server.node.name} dies"
    keep: int | None = None
    if fault.kind is Kind.LOSE_TAIL:
        keep = max(0, len(server.log) - fault.amount)
        what += f" and loses {len(server.log) - keep} writes"
    elif fault.kind is Kind.EMPTY:
        keep = 0
        what += " and loses everything"
    elif fault.kind is Kind.LOADING:
        server.load_time = fault.amount
        what += f", and will load for {fault.amount} ms"
    server.stop(told=told, keep=keep)
    server.node.alive = told
    if fault.kind in {Kind.EMPTY, Kind.LOADING} and scene.dice.chance(60):
        # The supervisor is quick: the sentinels may not have noticed anything.
        scene.world.schedule.after(scene.dice.between(1, 2_000), lambda: revive(server))
    return Struck(what, lambda: revive(server))


def password(scene: Scene, fault: Planned) -> Struck | None:
    """Restarted with a password that nobody was told."""
    server = scene.server(fault.aim)
    if server is None:
        return None
    right = server.masterauth

    def restart(secret: str) -> None:
        if server.up:
            server.stop(told=True)
            server.password = secret
            server.start()
        server.password = secret

    restart("changed")
    return Struck(f"{server.node.name} has another password", lambda: restart(right))


def ailing(scene: Scene, fault: Planned) -> Struck | None:
    """It answers, but with an error."""
    server = scene.server(fault.aim)
    if server is None:
        return None
    life = server.life
    if fault.kind is Kind.BUSY:
        server.busy = True
    else:
        server.misconf = True

    def mend() -> None:
        if server.life == life:
            server.busy = server.misconf = False

    return Struck(f"{server.node.name} answers {'BUSY' if server.busy else 'MISCONF'}", mend)


def reuse(scene: Scene, fault: Planned) -> Struck | None:
    """A machine dies, and its address is given to a server of another cluster, a master or a replica of one.

    That cluster may have a password of its own.
    """
    server = scene.server(fault.aim)
    if server is None:
        return None
    server.stop(told=False)
    server.node.alive = False
    stranger = RedisServer(Node(f"x-{server.node.name}", server.node.ip), server.network, scene.dice.split("stranger"))
    stranger.password = "theirs" if scene.dice.chance(60) else ""
    stranger.saved_log = [STRANGERS_WRITES + n for n in range(scene.dice.between(0, 500))]
    stranger.foreign = True
    # A dice of its own: what else is drawn in a seed stays as it was before strangers could be replicas.
    chief = _chief(scene, stranger) if scene.dice.split("elsewhere").chance(50) else None

    over = False

    def arrive() -> None:
        # Once the fault is over nobody would send the stranger away again.
        if not over and not server.up:
            server.network.add(stranger.node)
            scene.world.foreign.append(stranger)
            stranger.start()

    def mend() -> None:
        nonlocal over
        over = True
        for one in (stranger, chief):
            if one is not None and one.up:
                one.stop(told=True)
        stranger.node.alive = False
        server.network.add(server.node)
        revive(server)

    scene.world.schedule.after(scene.dice.skewed(10, 5_000), arrive)
    guard = "with" if stranger.password else "without"
    whom = "a replica of " if chief is not None else ""
    return Struck(f"the address of {server.node.name} goes to {whom}another cluster {guard} password", mend)


def _chief(scene: Scene, stranger: RedisServer) -> RedisServer:
    """The master that a stranger follows, somewhere else."""
    chief = RedisServer(scene.world.node(f"y-{stranger.node.name}"), stranger.network, stranger.dice.split("chief"))
    chief.password = stranger.masterauth = stranger.password
    chief.saved_log = list(stranger.saved_log)
    chief.foreign = True
    stranger.conf_master = chief.node.ip
    chief.start()
    return chief


def power(scene: Scene, fault: Planned) -> Struck | None:
    """Many machines at once, which come back one after the other."""
    del fault
    dice, schedule = scene.dice, scene.world.schedule
    share = dice.choice((60, 100))
    victims = [server for group in scene.world.groups for server in group.servers if server.up and dice.chance(share)]
    hosts = [host for host in scene.world.sentinels if host.up and dice.chance(share)]
    for server in victims:
        server.stop(told=False, keep=max(0, len(server.log) - dice.skewed(0, 50)) if dice.chance(30) else None)
        server.node.alive = False
    for host in hosts:
        host.stop(told=False)
        host.node.alive = False

    def mend() -> None:
        for server in victims:
            schedule.after(dice.skewed(1, 5_000), partial(revive, server))
        for host in hosts:
            schedule.after(dice.skewed(1, 5_000), partial(revive_sentinel, host))

    return Struck(f"{len(victims)} servers and {len(hosts)} sentinels without power", mend)
