"""The maps that describe instances in replies: which fields, in which order, when (spec 2.6).

All values are bulk strings, the numbers too. Clients count on the order.
"""

from collections.abc import Iterator
from typing import TypeAlias

from quorate.core.view import (
    CandidateView,
    InstanceView,
    MasterView,
    OutlookView,
    PeerView,
    ReplicaView,
    RoleView,
    Verdict,
)
from quorate.model.evidence import confirm_time
from quorate.model.identity import bytes_of
from quorate.wire.values import Map, Reply

Fields: TypeAlias = Iterator[tuple[str, str | int]]


def of_master(view: MasterView) -> Map:
    """A master, as SENTINEL MASTER and MASTERS show it."""
    return _map(_master(view))


def of_replica(view: ReplicaView) -> Map:
    """A replica, as SENTINEL REPLICAS shows it."""
    return _map(_replica(view))


def of_peer(view: PeerView) -> Map:
    """Another sentinel, as SENTINEL SENTINELS shows it."""
    return _map(_peer(view))


def of_outlook(view: OutlookView) -> Map:
    """SENTINEL CANDIDATES: what stands for a failover now, and each replica, the chosen one first."""
    check = view.check
    chosen = next((c.name for c in view.candidates if c.verdict is Verdict.CHOSEN), "")
    told: list[tuple[str, str | int]] = [
        ("chosen", chosen),
        ("usable-sentinels", check.usable),
        ("voters", check.voters),
        ("quorum", check.quorum),
        ("majority", check.majority),
        ("failover-in-progress", int(view.running)),
        ("wait", view.wait),
        ("candidate-max-lag", view.max_lag),
        ("crash-detection", view.settings.crash_detection.value),
        ("confirm-by-replicas", "yes" if view.settings.confirm_by_replicas else "no"),
        ("confirm-timeout", confirm_time(view.settings.confirm_timeout, view.settings.down_after)),
        ("refused", view.trouble),
    ]
    shown: list[Reply] = [_map(_candidate(candidate)) for candidate in view.candidates]
    return Map([*((name.encode(), bytes_of(str(value))) for name, value in told), (b"candidates", shown)])


def _candidate(view: CandidateView) -> Fields:
    yield "name", view.name
    yield "ip", view.ip
    yield "port", view.port
    yield "slave-priority", view.priority
    yield "slave-repl-offset", view.offset
    # Data of another history are neither ahead nor behind.
    yield "behind", "" if view.behind is None else view.behind
    yield "tag", view.tag
    yield "verdict", view.verdict.value
    yield "reason", view.reason


def _map(fields: Fields) -> Map:
    return Map([(name.encode(), bytes_of(str(value))) for name, value in fields])


def _master(view: MasterView) -> Fields:
    yield from _instance(view.instance, view.failover_state)
    yield from _role(view.role)
    settings = view.settings
    yield "config-epoch", view.config_epoch
    yield "num-slaves", view.replicas
    yield "num-other-sentinels", view.peers
    yield "quorum", settings.quorum
    yield "failover-timeout", settings.failover_timeout
    yield "parallel-syncs", settings.parallel_syncs
    if settings.notification_script:
        yield "notification-script", settings.notification_script
    if settings.client_reconfig_script:
        yield "client-reconfig-script", settings.client_reconfig_script


def _replica(view: ReplicaView) -> Fields:
    yield from _instance(view.instance)
    yield from _role(view.role)
    yield "master-link-down-time", view.master_link_down_for
    yield "master-link-status", "ok" if view.master_link_up else "err"
    yield "master-host", view.master_host
    yield "master-port", view.master_port
    yield "slave-priority", view.priority
    yield "slave-repl-offset", view.offset
    yield "replica-announced", int(view.announced)


def _peer(view: PeerView) -> Fields:
    yield from _instance(view.instance)
    yield "last-hello-message", view.last_hello
    yield "voted-leader", view.voted_leader
    yield "voted-leader-epoch", view.voted_epoch


def _instance(view: InstanceView, failover_state: str | None = None) -> Fields:
    yield "name", view.name
    yield "ip", view.ip
    yield "port", view.port
    yield "runid", view.run_id
    yield "flags", ",".join(view.flags)
    yield "link-pending-commands", view.link.pending
    yield "link-refcount", view.link.refcount
    if failover_state is not None:
        yield "failover-state", failover_state
    yield "last-ping-sent", view.link.last_ping_sent
    yield "last-ok-ping-reply", view.link.last_ok_ping_reply
    yield "last-ping-reply", view.link.last_ping_reply
    if view.sdown_for is not None:
        yield "s-down-time", view.sdown_for
    if view.odown_for is not None:
        yield "o-down-time", view.odown_for
    yield "down-after-milliseconds", view.down_after


def _role(view: RoleView) -> Fields:
    yield "info-refresh", view.info_age
    yield "role-reported", view.reported.value
    yield "role-reported-time", view.reported_for
