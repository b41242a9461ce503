"""Values → the lines of sentinel directives, in the order in which C writes them."""

from typing import NamedTuple

from quorate.conf.lines import plain, quoted
from quorate.model.evidence import Detection
from quorate.model.identity import Epoch, bytes_of
from quorate.model.saved import SavedMaster
from quorate.model.settings import DEFAULT_DOWN_AFTER, DEFAULT_FAILOVER_TIMEOUT, GlobalSettings, MasterSettings, Mode


class Written(NamedTuple):
    """One line to be: the directive that it belongs to, and its bytes."""

    directive: str
    line: bytes


CANONICAL = {"known-slave": "known-replica", "primary-reboot-down-after-period": "master-reboot-down-after-period"}
"""Directives of two names, so that the new line takes the place of the old one whichever name that has."""

HEAD = ("myid", "deny-scripts-reconfig", "resolve-hostnames", "announce-hostnames")
TAIL = ("current-epoch", "announce-ip", "announce-port", "sentinel-user", "sentinel-pass")
"""This sentinel's own directives: those before the masters, and those after."""


def head(settings: GlobalSettings, present: frozenset[str]) -> list[Written]:
    """Our own lines above the masters. A setting at its default is written only if its directive is `present`."""
    found = [_line("myid", bytes_of(settings.myid))]
    for directive, value, default in (
        ("deny-scripts-reconfig", settings.deny_scripts_reconfig, True),
        ("resolve-hostnames", settings.resolve_hostnames, False),
        ("announce-hostnames", settings.announce_hostnames, False),
    ):
        if value != default or directive in present:
            found.append(Written(directive, b"sentinel %s %s" % (directive.encode(), b"yes" if value else b"no")))
    return found


def tail(settings: GlobalSettings, current_epoch: Epoch) -> list[Written]:
    """Our own lines below the masters."""
    found = [_line("current-epoch", b"%d" % current_epoch)]
    if settings.announce_ip:
        # C quotes this one value always.
        found.append(Written("announce-ip", b"sentinel announce-ip " + quoted(bytes_of(settings.announce_ip))))
    if settings.announce_port:
        found.append(_line("announce-port", b"%d" % settings.announce_port))
    if settings.sentinel_user:
        found.append(_line("sentinel-user", bytes_of(settings.sentinel_user)))
    if settings.sentinel_pass:
        found.append(_line("sentinel-pass", bytes_of(settings.sentinel_pass)))
    return found


def of_master(master: SavedMaster, mode: Mode) -> list[Written]:
    """All lines of one master. Options at their defaults have none; the epochs always have."""
    name, options = bytes_of(master.name), master.settings
    found = [_line("monitor", name, bytes_of(master.host), b"%d" % master.port, b"%d" % options.quorum)]
    for directive, value, default in (
        ("down-after-milliseconds", options.down_after, DEFAULT_DOWN_AFTER),
        ("failover-timeout", options.failover_timeout, DEFAULT_FAILOVER_TIMEOUT),
        ("parallel-syncs", options.parallel_syncs, 1),
    ):
        if value != default:
            found.append(_line(directive, name, b"%d" % value))
    for directive, text in (
        ("notification-script", options.notification_script),
        ("client-reconfig-script", options.client_reconfig_script),
        ("auth-pass", options.auth_pass),
        ("auth-user", options.auth_user),
    ):
        if text:
            found.append(_line(directive, name, bytes_of(text)))
    if options.reboot_down_after:
        found.append(_reboot(name, options.reboot_down_after, mode))
    found.append(_line("config-epoch", name, b"%d" % master.config_epoch))
    found.append(_line("leader-epoch", name, b"%d" % master.leader_epoch))
    found.extend(_line("known-replica", name, bytes_of(host), b"%d" % port) for host, port in _once(master.replicas))
    for peer in master.peers:
        if peer.run_id:
            words = (name, bytes_of(peer.host), b"%d" % peer.port, bytes_of(peer.run_id))
            found.append(_line("known-sentinel", *words))
    found.extend(_line("rename-command", name, bytes_of(old), bytes_of(new)) for old, new in options.renames)
    if options.max_lag:
        found.append(_comment("candidate-max-lag", name, b"%d" % options.max_lag))
    found.extend(
        _comment("replica-tag", name, bytes_of(tag.host), b"%d" % tag.port, tag.tag.value.encode())
        for tag in options.tags
    )
    return found + _evidence(name, options)


def _evidence(name: bytes, options: MasterSettings) -> list[Written]:
    found = []
    if options.crash_detection is not Detection.NO:
        found.append(_comment("crash-detection", name, options.crash_detection.value.encode()))
    if options.confirm_by_replicas:
        found.append(_comment("confirm-by-replicas", name, b"yes"))
    if options.confirm_timeout:
        found.append(_comment("confirm-timeout", name, b"%d" % options.confirm_timeout))
    return found


def _reboot(name: bytes, period: int, mode: Mode) -> Written:
    """Redis knows only the older name, Valkey writes only the newer one."""
    word = b"primary" if mode is Mode.VALKEY_8 else b"master"
    line = b"sentinel %s-reboot-down-after-period %s %d" % (word, plain(name), period)
    return Written("master-reboot-down-after-period", line)


def _once(replicas: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Each address once: C refuses a file that names one twice."""
    return tuple(dict.fromkeys(replicas))


def _comment(directive: str, *words: bytes) -> Written:
    """A line that C takes for a comment, and keeps."""
    return Written(directive, b"#quorate " + _line(directive, *words).line)


def _line(directive: str, *words: bytes) -> Written:
    return Written(directive, b" ".join((b"sentinel", directive.encode(), *map(plain, words))))
