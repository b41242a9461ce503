"""The Stats section of INFO: the data server's long list, of which a sentinel has little to tell."""

from collections.abc import Iterator, Mapping

from quorate.commands.acl_rules import Reason
from quorate.commands.contract import Host
from quorate.model.settings import Mode

_HEAD = """
    total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes
    total_net_output_bytes total_net_repl_input_bytes total_net_repl_output_bytes instantaneous_input_kbps
    instantaneous_output_kbps instantaneous_input_repl_kbps instantaneous_output_repl_kbps rejected_connections
    sync_full sync_partial_ok sync_partial_err expired_keys expired_stale_perc expired_time_cap_reached_count
    expire_cycle_cpu_milliseconds evicted_keys evicted_clients
"""
_MIDDLE = """
    total_eviction_exceeded_time current_eviction_exceeded_time keyspace_hits keyspace_misses pubsub_channels
    pubsub_patterns pubsubshard_channels latest_fork_usec total_forks migrate_cached_sockets slave_expires_tracked_keys
    active_defrag_hits active_defrag_misses active_defrag_key_hits active_defrag_key_misses total_active_defrag_time
    current_active_defrag_time tracking_total_keys tracking_total_items tracking_total_prefixes unexpected_error_replies
    total_error_replies dump_payload_sanitizations total_reads_processed total_writes_processed
    io_threaded_reads_processed io_threaded_writes_processed
"""
_THREADS = """
    io_threaded_freed_objects io_threaded_accept_processed io_threaded_poll_processed
    io_threaded_total_prefetch_batches io_threaded_total_prefetch_entries client_query_buffer_limit_disconnections
    client_output_buffer_limit_disconnections
"""
_TAIL = "reply_buffer_shrinks reply_buffer_expands"
_LOOP = """
    eventloop_cycles eventloop_duration_sum eventloop_duration_cmd_sum instantaneous_eventloop_cycles_per_sec
    instantaneous_eventloop_duration_usec acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key
    acl_access_denied_channel
"""

_REDIS_7_2 = tuple(f"{_HEAD} {_MIDDLE} {_TAIL} {_LOOP}".split())
_FIELDS: Mapping[Mode, tuple[str, ...]] = {
    Mode.REDIS_7_0: tuple(f"{_HEAD} {_MIDDLE} {_TAIL}".split()),
    Mode.REDIS_7_2: _REDIS_7_2,
    Mode.QUORATE: _REDIS_7_2,
    Mode.VALKEY_8: tuple(f"{_HEAD} evicted_scripts {_MIDDLE} {_THREADS} {_TAIL} {_LOOP}".split()),
}

_FRACTIONS = frozenset(word for word in _HEAD.split() if word.endswith(("_kbps", "_perc")))


def stats(host: Host, mode: Mode) -> Iterator[tuple[str, str | int]]:
    """Every field in order; what a sentinel does not do, or we do not measure, is 0."""
    facts = host.facts()
    denied = host.acl.log.denied
    channels: set[bytes] = set()
    patterns: set[bytes] = set()
    for session in host.sessions():
        channels.update(session.channels)
        patterns.update(session.patterns)
    known = {
        "total_connections_received": facts.connections_received,
        "total_commands_processed": facts.commands_processed,
        "total_net_input_bytes": facts.bytes_in,
        "total_net_output_bytes": facts.bytes_out,
        "rejected_connections": facts.connections_rejected,
        "pubsub_channels": len(channels),
        "pubsub_patterns": len(patterns),
        "acl_access_denied_auth": denied[Reason.AUTH],
        "acl_access_denied_cmd": denied[Reason.COMMAND],
        "acl_access_denied_channel": denied[Reason.CHANNEL],
    }
    for name in _FIELDS[mode]:
        yield name, known.get(name, "0.00" if name in _FRACTIONS else 0)
