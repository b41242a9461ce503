"""INFO has five sections, each with the fields of the mode's server in its order, and our own at the very end."""

from dataclasses import replace

import pytest

from quorate.commands.contract import Now, ScriptView
from quorate.core.view import Health
from quorate.model.settings import Mode
from quorate.wire.values import Error, Simple
from tests.commands.support import World

_CLIENTS_7_0 = (
    "connected_clients cluster_connections maxclients client_recent_max_input_buffer client_recent_max_output_buffer "
    "blocked_clients tracking_clients clients_in_timeout_table"
)
_SERVER_7_0 = (
    "redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits monotonic_clock "
    "multiplexing_api atomicvar_api gcc_version process_id process_supervised run_id tcp_port server_time_usec "
    "uptime_in_seconds uptime_in_days hz configured_hz lru_clock executable config_file io_threads_active"
)


def info(world: World, *sections: str) -> str:
    reply = world.reply(world.connect(), "INFO", *sections)
    assert isinstance(reply, bytes)
    return reply.decode()


def keys(text: str) -> str:
    return " ".join(line.split(":")[0] for line in text.split("\r\n") if line and not line.startswith("#"))


@pytest.mark.parametrize(
    ("words", "headers"),
    [
        ("", "Server Clients Stats CPU Sentinel"),
        ("default", "Server Clients Stats CPU Sentinel"),
        ("cpu everything", "Server Clients Stats CPU Sentinel"),
        ("cpu STATS cpu foo", "Stats CPU"),
        ("sentinel", "Sentinel"),
        ("memory", ""),
        ("foo", ""),
    ],
)
def test_sections(words: str, headers: str) -> None:
    text = info(World(), *words.split())
    assert " ".join(line[2:] for line in text.split("\r\n") if line.startswith("# ")) == headers
    assert text.count("\r\n\r\n") == max(0, len(headers.split()) - 1)
    assert text == "" or text.endswith("\r\n")


@pytest.mark.parametrize(
    ("mode", "fields"),
    [
        (Mode.REDIS_7_0, _SERVER_7_0),
        (Mode.REDIS_7_2, f"{_SERVER_7_0} listener0"),
        (
            Mode.VALKEY_8,
            _SERVER_7_0.replace("redis_version", "redis_version server_name valkey_version valkey_release_stage")
            .replace("redis_mode", "server_mode")
            .replace("configured_hz", "configured_hz clients_hz")
            .replace(" atomicvar_api", "")
            + " availability_zone listener0",
        ),
    ],
)
def test_server(mode: Mode, fields: str) -> None:
    text = info(World(mode), "server")
    assert keys(text) == fields
    for line in ("process_id:4242", "uptime_in_seconds:90061", "uptime_in_days:1", "hz:14", "tcp_port:26379"):
        assert f"\r\n{line}\r\n" in text


@pytest.mark.parametrize(
    ("mode", "fields"),
    [
        (Mode.REDIS_7_0, _CLIENTS_7_0),
        (Mode.REDIS_7_2, f"{_CLIENTS_7_0} total_blocking_keys total_blocking_keys_on_nokey"),
        (
            Mode.VALKEY_8,
            _CLIENTS_7_0.replace("tracking_clients", "tracking_clients pubsub_clients watching_clients")
            + " total_watched_keys total_blocking_keys total_blocking_keys_on_nokey paused_reason paused_actions"
            " paused_timeout_milliseconds",
        ),
    ],
)
def test_clients(mode: Mode, fields: str) -> None:
    assert keys(info(World(mode), "clients")) == fields


@pytest.mark.parametrize(("mode", "count"), [(Mode.REDIS_7_0, 50), (Mode.REDIS_7_2, 59), (Mode.VALKEY_8, 67)])
def test_stats(mode: Mode, count: int) -> None:
    world = World(mode)
    world.replies(world.connect(), "SUBSCRIBE", "a", "b")
    text = info(world, "stats")
    assert len(keys(text).split()) == count
    assert "\r\ntotal_connections_received:11\r\ntotal_commands_processed:22\r\n" in text
    assert "\r\npubsub_channels:2\r\n" in text
    assert "\r\ninstantaneous_input_kbps:0.00\r\n" in text


def test_cpu() -> None:
    assert info(World(), "cpu") == (
        "# CPU\r\nused_cpu_sys:0.500000\r\nused_cpu_user:1.500000\r\nused_cpu_sys_children:0.125000\r\n"
        "used_cpu_user_children:0.250000\r\nused_cpu_sys_main_thread:0.500000\r\nused_cpu_user_main_thread:1.500000\r\n"
    )


_OWN = (
    "quorate_current_epoch:3\r\nquorate_save_error:\r\nquorate_refused_epochs:0\r\nquorate_last_refused_epoch:\r\nquorate_peers_beyond_epoch:\r\n"
    "quorate_protocol_errors:0\r\nquorate_dropped_inputs:0\r\n"
)


def test_sentinel() -> None:
    world = World()
    assert info(world, "sentinel") == (
        "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n"
        "sentinel_running_scripts:0\r\nsentinel_scripts_queue_length:0\r\nsentinel_simulate_failure_flags:0\r\n"
        "master0:name=mymaster,status=ok,address=127.0.0.1:6379,slaves=1,sentinels=3\r\n" + _OWN
    )


def test_sentinel_in_trouble() -> None:
    world = World()
    world.seen.add("other")
    for place, name in enumerate(list(world.seen.masters)):
        master = world.seen.masters[name]
        down = replace(master.instance, sdown_for=5, odown_for=5 if place else None)
        world.seen.masters[name] = replace(master, instance=down)
    world.seen.tilt_for = 12_345
    world.seen.simulated = (True, True)
    world.seen.health = Health("no space\r\nleft", 2, "99", ("a", "b"))
    world.queue = [ScriptView((), running, 0, 0, 0, 0) for running in (True, False, False)]
    text = info(world, "sentinel")
    for line in (
        "sentinel_masters:2", "sentinel_tilt:1", "sentinel_tilt_since_seconds:12", "sentinel_running_scripts:1",
        "sentinel_scripts_queue_length:3", "sentinel_simulate_failure_flags:3", "quorate_save_error:no space left",
        "quorate_refused_epochs:2", "quorate_last_refused_epoch:99", "quorate_peers_beyond_epoch:a,b",
    ):  # fmt: skip
        assert f"\r\n{line}\r\n" in text
    assert "name=mymaster,status=sdown," in text
    assert "name=other,status=odown," in text


def test_role_and_ping() -> None:
    world = World()
    client = world.connect()
    assert world.reply(client, "ROLE") == [b"sentinel", [b"mymaster"]]
    assert world.reply(client, "PING") == Simple("PONG")
    assert world.reply(client, "PING", "x") == b"x"


@pytest.mark.parametrize("words", ["", "NOSAVE", "save now force", "NOW"])
def test_shutdown_says_nothing(words: str) -> None:
    world = World()
    assert world.call(world.connect(), "SHUTDOWN", *words.split()) == Now((), close=True)
    assert world.stopped


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("foo", "ERR syntax error"),
        ("NOSAVE SAVE", "ERR syntax error"),
        ("ABORT NOW", "ERR syntax error"),
        ("ABORT", "ERR No shutdown in progress."),
        ("ABORT ABORT", "ERR No shutdown in progress."),
    ],
)
def test_shutdown_refused(words: str, error: str) -> None:
    world = World()
    assert world.reply(world.connect(), "SHUTDOWN", *words.split()) == Error(error)
    assert not world.stopped
