"""INFO: five sections about the process and about what it monitors, fields and order as the mode's server has them.

Our own fields stand at the end of the Sentinel section and begin with `quorate_`: `save_error` (empty while saves
work), `refused_epochs` and `last_refused_epoch` (epochs too far above ours), `peers_beyond_epoch` (run ids of peers
that took such an epoch), `protocol_errors` and `dropped_inputs` (what was malformed from clients and from the network),
and `troubleN` for each instance that answers without serving us: its address and its words.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import quorate
from quorate.commands.contract import Handler, Host, Now, Session
from quorate.commands.info_stats import stats
from quorate.commands.versions import COMPATIBLE_REDIS, VERSIONS
from quorate.core.view import MasterView, SentinelView
from quorate.model.address import join
from quorate.model.identity import bytes_of, text_of
from quorate.model.settings import Mode

_Fields: TypeAlias = Iterator[tuple[str, str | int]]

_LRU_CLOCK_MASK = (1 << 24) - 1
_EVERYTHING = frozenset({"default", "all", "everything"})


def _server(host: Host, mode: Mode) -> _Fields:
    facts = host.facts()
    valkey = mode is Mode.VALKEY_8
    number = VERSIONS[mode].number
    yield "redis_version", COMPATIBLE_REDIS if valkey else number
    if valkey:
        yield "server_name", "valkey"
        yield "valkey_version", number
        yield "valkey_release_stage", "ga"
    yield "redis_git_sha1", "00000000"
    yield "redis_git_dirty", 0
    yield "redis_build_id", f"{zlib.crc32(quorate.__version__.encode()):016x}"
    yield "server_mode" if valkey and not facts.extended_redis_compatibility else "redis_mode", "sentinel"
    yield "os", facts.os
    yield "arch_bits", 64 if sys.maxsize > 1 << 32 else 32
    yield "monotonic_clock", "POSIX clock_gettime"
    yield "multiplexing_api", facts.multiplexing
    if not valkey:
        yield "atomicvar_api", "none"
    yield "gcc_version", "0.0.0"
    yield "process_id", facts.pid
    yield "process_supervised", facts.supervised
    yield "run_id", facts.run_id
    yield "tcp_port", facts.tcp_port
    yield "server_time_usec", facts.wall_clock_us
    yield "uptime_in_seconds", facts.uptime // 1000
    yield "uptime_in_days", facts.uptime // 86_400_000
    yield "hz", facts.hz
    yield "configured_hz", facts.hz
    if valkey:
        yield "clients_hz", facts.hz
    yield "lru_clock", facts.wall_clock_us // 1_000_000 & _LRU_CLOCK_MASK
    yield "executable", facts.executable
    yield "config_file", facts.config_file
    yield "io_threads_active", 0
    if valkey:
        yield "availability_zone", facts.availability_zone
    if mode is not Mode.REDIS_7_0:
        for index, listener in enumerate(facts.listeners):
            yield f"listener{index}", listener


def _clients(host: Host, mode: Mode) -> _Fields:
    sessions = list(host.sessions())
    yield "connected_clients", len(sessions)
    yield "cluster_connections", 0
    yield "maxclients", host.facts().maxclients
    yield "client_recent_max_input_buffer", max((each.buffers.query for each in sessions), default=0)
    yield "client_recent_max_output_buffer", max((each.buffers.output_memory for each in sessions), default=0)
    yield "blocked_clients", sum(each.held for each in sessions)
    yield "tracking_clients", sum(each.tracking is not None for each in sessions)
    if mode is Mode.VALKEY_8:
        yield "pubsub_clients", sum(each.subscribed for each in sessions)
        yield "watching_clients", 0
    yield "clients_in_timeout_table", 0
    if mode is Mode.VALKEY_8:
        yield "total_watched_keys", 0
    if mode is not Mode.REDIS_7_0:
        yield "total_blocking_keys", 0
        yield "total_blocking_keys_on_nokey", 0
    if mode is Mode.VALKEY_8:
        left = max(0, host.paused_until() - host.now())
        yield "paused_reason", "client_pause" if left else "none"
        yield "paused_actions", ("write" if host.paused_writes_only() else "all") if left else "none"
        yield "paused_timeout_milliseconds", left


def _cpu(host: Host, mode: Mode) -> _Fields:
    user, system, children_user, children_system = host.facts().cpu
    yield "used_cpu_sys", f"{system:.6f}"
    yield "used_cpu_user", f"{user:.6f}"
    yield "used_cpu_sys_children", f"{children_system:.6f}"
    yield "used_cpu_user_children", f"{children_user:.6f}"
    # All decisions are taken in one thread; what the helper threads use is not worth a clock of its own.
    yield "used_cpu_sys_main_thread", f"{system:.6f}"
    yield "used_cpu_user_main_thread", f"{user:.6f}"


def _sentinel(host: Host, mode: Mode) -> _Fields:
    view = host.view()
    scripts = host.scripts()
    tilt = view.tilt_for
    after_election, after_promotion = view.simulated
    names = view.names()
    yield "sentinel_masters", len(names)
    yield "sentinel_tilt", 0 if tilt is None else 1
    yield "sentinel_tilt_since_seconds", -1 if tilt is None else tilt // 1000
    yield "sentinel_running_scripts", sum(script.running for script in scripts)
    yield "sentinel_scripts_queue_length", len(scripts)
    yield "sentinel_simulate_failure_flags", after_election + 2 * after_promotion
    index = 0
    for name in names:
        master = view.master(name)
        if master is not None:
            yield f"master{index}", _master(master)
            index += 1
    yield from _own(host)


def _master(master: MasterView) -> str:
    """One master; the address is the configured one, which a promotion changes only when the failover ends."""
    instance = master.instance
    status = "odown" if instance.odown_for is not None else "sdown" if instance.sdown_for is not None else "ok"
    return (
        f"name={instance.name},status={status},address={instance.ip}:{instance.port},"
        f"slaves={master.replicas},sentinels={master.peers + 1}"
    )


def _own(host: Host) -> _Fields:
    health = host.view().health
    facts = host.facts()
    yield "quorate_current_epoch", host.view().current_epoch
    yield "quorate_save_error", " ".join(health.save_error.split())
    yield "quorate_refused_epochs", health.refused_epochs
    yield "quorate_last_refused_epoch", health.last_refused_epoch
    yield "quorate_peers_beyond_epoch", ",".join(health.peers_beyond_epoch)
    yield "quorate_protocol_errors", facts.protocol_errors
    yield "quorate_dropped_inputs", facts.dropped_inputs
    for index, (address, text) in enumerate(_troubles(host.view())):
        yield f"quorate_trouble{index}", f"{address} {text}"


def _troubles(view: SentinelView) -> Iterator[tuple[str, str]]:
    """Who answers us without serving us, and in which words: a wrong password, a missing right, a busy script."""
    for name in view.names():
        master = view.master(name)
        others = (*view.replicas(name), *view.peers(name))
        for seen in (*((master,) if master is not None else ()), *others):
            if seen.instance.trouble:
                yield join(seen.instance.ip, seen.instance.port), " ".join(seen.instance.trouble.split())


_SECTIONS: Mapping[str, Callable[[Host, Mode], _Fields]] = {
    "Server": _server,
    "Clients": _clients,
    "Stats": stats,
    "CPU": _cpu,
    "Sentinel": _sentinel,
}


def info(host: Host, session: Session, args: list[bytes]) -> Now:
    """INFO [section ...]: always a bulk string; unknown sections are left out, even if nothing remains."""
    wanted = {text_of(word).lower() for word in args[1:]}
    everything = not wanted or bool(wanted & _EVERYTHING)
    mode = host.view().settings.mode
    sections = [
        f"# {name}\r\n" + "".join(f"{key}:{value}\r\n" for key, value in fields(host, mode))
        for name, fields in _SECTIONS.items()
        if everything or name.lower() in wanted
    ]
    return Now((bytes_of("\r\n".join(sections)),))


HANDLERS: Mapping[str, Handler] = {"info": info}
