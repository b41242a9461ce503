"""What operators type at bad moments, and what they take back later."""

from collections.abc import Callable
from dataclasses import replace

from quorate.core.inputs import (
    FailoverRequested,
    MonitorRequested,
    MoveRequested,
    RemoveRequested,
    ResetRequested,
    SettingsChanged,
)
from quorate.model.identity import MasterName
from quorate.model.settings import MasterSettings
from quorate.sim.faults import Aim, Kind, Planned
from quorate.sim.faults_scene import Scene, Struck
from quorate.sim.host import SentinelHost
from quorate.sim.server import RedisServer
from quorate.sim.server_state import PORT
from quorate.sim.world import World

EXTRA = MasterName("extra")


def typed(scene: Scene, fault: Planned) -> Struck | None:
    """One request to one sentinel; sometimes to all of them, as the documentation says."""
    host = scene.other_sentinel()
    if host is None:
        return None
    name = scene.name
    change: Callable[[MasterSettings], MasterSettings]
    match fault.kind:
        case Kind.FAILOVER:
            return _failover(scene, host)
        case Kind.MOVE:
            return _move(scene, fault, host)
        case Kind.RESET:
            return _reset(host, name)
        case Kind.MONITOR:
            return _monitor(scene, host)
        case Kind.AUTH_PASS:
            what, change = "auth-pass mistyped", _mistyped
        case _:
            what, change = _tuned(scene)
    if not _set(host, name, change, reconnect=fault.kind is Kind.AUTH_PASS):
        return None
    return Struck(f"SET {name} {what} at {host.node.name}", lambda: restore(scene.world, host))


def _reset(host: SentinelHost, name: MasterName) -> Struck | None:
    seen = host.master(name)
    if not host.is_ours and seen is not None and seen.failover_state in ("reconf_slaves", "update_config"):
        # C keeps the new epoch and the old address, and tells them together for ever: a known way to lose.
        return None
    host.typed(ResetRequested(host.caller(None), (name,)))
    return Struck(f"RESET {name} at {host.node.name}", lambda: None)


def _failover(scene: Scene, host: SentinelHost) -> Struck:
    """By one operator, or by two who do not know of each other."""
    name = scene.name
    host.typed(FailoverRequested(host.caller(None), name))
    what = f"FAILOVER {name} at {host.node.name}"
    second = scene.other_sentinel()
    if second is not None and second is not host and scene.dice.chance(25):
        scene.world.schedule.after(
            scene.dice.skewed(1, 1_000), lambda: second.typed(FailoverRequested(second.caller(None), name))
        )
        what += f" and soon at {second.node.name}"
    return Struck(what, lambda: None)


def _move(scene: Scene, fault: Planned, host: SentinelHost) -> Struck | None:
    """Coordinated; C Sentinel does not know the word, so who knows it is asked. Often the replicas fall behind soon."""
    if not host.is_ours:
        return None
    # By the number and not by chance, so that whatever else happens in a world does not depend on it.
    via_server = fault.number % 4 == 3
    host.typed(MoveRequested(host.caller(None), scene.name, None, None, via_server))
    what = f"FAILOVER {scene.name} COORDINATED{' VIA SERVER' if via_server else ''} at {host.node.name}"
    master = scene.server(Aim.MASTER)
    if master is None or not scene.dice.chance(40):
        return Struck(what, lambda: None)
    others = [server.node.ip for server in scene.group.servers if server is not master]
    stream = frozenset((master.node.ip, ip) for ip in others)
    begin = scene.dice.skewed(1, 60)
    end = begin + scene.dice.skewed(20, 3_000)
    book = scene.world.troubles
    scene.world.schedule.after(begin, lambda: book.cut(fault.number, stream))
    scene.world.schedule.after(end, lambda: book.cut(fault.number, frozenset()))
    return Struck(f"{what}; nothing comes from {master.node.name} to other servers for {end - begin} ms", lambda: None)


def _mistyped(settings: MasterSettings) -> MasterSettings:
    return replace(settings, auth_pass=settings.auth_pass + "x")


def _tuned(scene: Scene) -> tuple[str, Callable[[MasterSettings], MasterSettings]]:
    dice = scene.dice
    match dice.between(0, 3):
        case 0:
            value = dice.choice((200, 1_000, 3_000, 10_000))
            return f"down-after {value}", lambda settings: replace(settings, down_after=value)
        case 1:
            value = dice.between(1, scene.world.options.sentinels)
            return f"quorum {value}", lambda settings: replace(settings, quorum=value)
        case 2:
            value = dice.choice((1_000, 5_000, 30_000))
            return f"failover-timeout {value}", lambda settings: replace(settings, failover_timeout=value)
        case _:
            value = dice.between(1, 4)
            return f"parallel-syncs {value}", lambda settings: replace(settings, parallel_syncs=value)


def _set(
    host: SentinelHost, name: MasterName, change: Callable[[MasterSettings], MasterSettings], *, reconnect: bool
) -> bool:
    seen = host.master(name)
    if seen is None:
        return False
    changed = change(seen.settings)
    if changed != seen.settings:
        host.typed(SettingsChanged(host.caller(None), name, changed, ("settings",), reconnect, None))
    return True


def restore(world: World, host: SentinelHost) -> None:
    """Give a sentinel the settings that it began with."""
    options = world.options

    def original(settings: MasterSettings) -> MasterSettings:
        return replace(
            settings,
            quorum=options.quorum,
            down_after=options.down_after,
            failover_timeout=options.failover_timeout,
            parallel_syncs=options.parallel_syncs,
            auth_pass=options.password,
        )

    if host.up:
        for group in world.groups:
            seen = host.master(group.name)
            wrong = seen is not None and seen.settings.auth_pass != options.password
            _set(host, group.name, original, reconnect=wrong)


def _monitor(scene: Scene, host: SentinelHost) -> Struck | None:
    """Another master, which is forgotten again in the end."""
    if host.master(EXTRA) is not None:
        return None
    server = _extra_server(scene.world)
    host.typed(MonitorRequested(host.caller(None), EXTRA, server.node.ip, PORT, 1))
    return Struck(f"MONITOR {EXTRA} at {host.node.name}", lambda: unmonitor(host))


def unmonitor(host: SentinelHost) -> None:
    """Forget the other master."""
    if host.up and host.master(EXTRA) is not None:
        host.typed(RemoveRequested(host.caller(None), EXTRA))


def _extra_server(world: World) -> RedisServer:
    for server in world.foreign:
        if server.node.name == EXTRA:
            return server
    server = RedisServer(world.node(EXTRA), world.network, world.dice.split("extra"))
    server.start()
    world.foreign.append(server)
    return server
