"""From what a person asked for to a cluster that can be started: directory, lock, ports, plan, files."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quorate.local import files, ports
from quorate.local.folder import Folder
from quorate.local.plan import (
    DEFAULT_DOWN_AFTER,
    DEFAULT_SENTINEL_PORT,
    DEFAULT_SERVER_PORT,
    MAX_PORT,
    Plan,
    default_quorum,
)
from quorate.local.trouble import LocalError

_SENTINEL_OFFSET = DEFAULT_SENTINEL_PORT - DEFAULT_SERVER_PORT

_OUTGOING = 32_768


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `quorate up`; None where nothing was said."""

    name: str | None = None
    replicas: int | None = None
    sentinels: int | None = None
    port: int | None = None
    sentinel_port: int | None = None
    password: str | None = None
    down_after: int | None = None
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Ready to start. `lock` must stay open. `temporary`: nobody asked for the directory. `remarks` for the person."""

    folder: Folder
    plan: Plan
    master: int
    lock: int
    temporary: bool
    again: bool
    remarks: tuple[str, ...]


def prepare(wish: Wish) -> Prepared:
    """Make or reopen a cluster. Raises LocalError."""
    temporary = wish.directory is None
    # Resolved, because the members have other working directories and the files must not depend on ours.
    path = Path(tempfile.mkdtemp(prefix="quorate-")) if wish.directory is None else wish.directory.resolve()
    folder = Folder(path)
    try:
        folder.create()
        return _fill(folder, wish, temporary=temporary)
    except BaseException:
        if temporary:
            shutil.rmtree(path, ignore_errors=True)
        raise


def _fill(folder: Folder, wish: Wish, *, temporary: bool) -> Prepared:
    lock = folder.lock()
    try:
        old = folder.plan()
        if old is not None:
            _must_fit(old, wish)
            ports.exactly(
                old.servers + old.sentinels, "The cluster in this directory uses it; stop that process first."
            )
            start = files.reopen(folder, old)
            return Prepared(folder, old, start.master, lock, temporary, True, start.remarks)
        plan, remarks = design(wish)
        start = files.create(folder, plan)
    except BaseException:
        os.close(lock)
        raise
    return Prepared(folder, plan, start.master, lock, temporary, False, remarks)


def design(wish: Wish) -> tuple[Plan, tuple[str, ...]]:
    """A new plan with free ports, and remarks about ports that are not the usual ones. Raises LocalError."""
    servers_wanted = 1 + (2 if wish.replicas is None else wish.replicas)
    sentinels_wanted = 3 if wish.sentinels is None else wish.sentinels
    first = DEFAULT_SERVER_PORT if wish.port is None else wish.port
    second = _sentinel_base(wish, first, servers_wanted)
    if wish.port is None:
        servers = ports.next_free(first, servers_wanted, ())
    else:
        servers = _asked(first, servers_wanted, "--port")
    if wish.sentinel_port is None and wish.port is None:
        sentinels = ports.next_free(second, sentinels_wanted, servers)
    else:
        sentinels = _asked(second, sentinels_wanted, "--sentinel-port")
    if set(servers) & set(sentinels):
        raise LocalError("Servers and sentinels would share ports.", "Choose --port and --sentinel-port further apart.")
    plan = Plan(
        name=wish.name or "mymaster",
        servers=servers,
        sentinels=sentinels,
        quorum=default_quorum(sentinels_wanted),
        password=wish.password or "",
        down_after=wish.down_after or DEFAULT_DOWN_AFTER,
    )
    usual = [*range(first, first + servers_wanted), *range(second, second + sentinels_wanted)]
    taken = [str(port) for port in usual if port not in {*servers, *sentinels}]
    if not taken:
        return plan, ()
    which = f"Port {taken[0]} is" if len(taken) == 1 else f"Ports {', '.join(taken)} are"
    chosen = f"servers use {spans(servers)}, sentinels {spans(sentinels)}"
    return plan, (f"{which} taken by other processes; {chosen}.",)


def spans(ports_used: tuple[int, ...]) -> str:
    """`6379-6381` for consecutive ports, commas between others."""
    parts: list[list[int]] = []
    for port in ports_used:
        if parts and port == parts[-1][-1] + 1:
            parts[-1].append(port)
        else:
            parts.append([port])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def _sentinel_base(wish: Wish, first: int, servers: int) -> int:
    """20,000 above the servers, as 26379 is above 6379; right behind them where that would be too high.

    From 32768 on Linux gives ports to outgoing connections, so that one might be taken at any moment.
    """
    if wish.sentinel_port is not None:
        return wish.sentinel_port
    return first + (_SENTINEL_OFFSET if first + _SENTINEL_OFFSET + 16 <= _OUTGOING else servers)


def _asked(first: int, count: int, option: str) -> tuple[int, ...]:
    """Ports that a person asked for: these or none."""
    if first + count - 1 > MAX_PORT:
        raise LocalError(f"{count} ports from {first} on go beyond {MAX_PORT}.", f"Choose a lower {option}.")
    wanted = tuple(range(first, first + count))
    ports.exactly(wanted, f"Choose another {option}, or leave it out: then free ports are found.")
    return wanted


def _must_fit(plan: Plan, wish: Wish) -> None:
    """The directory decides; an option that says otherwise is an error rather than ignored."""
    pairs: list[tuple[str, object, object]] = [
        ("--name", wish.name, plan.name),
        ("--replicas", wish.replicas, len(plan.servers) - 1),
        ("--sentinels", wish.sentinels, len(plan.sentinels)),
        ("--port", wish.port, plan.servers[0]),
        ("--sentinel-port", wish.sentinel_port, plan.sentinels[0]),
        ("--down-after", wish.down_after, plan.down_after),
    ]
    for option, wanted, actual in pairs:
        if wanted is not None and wanted != actual:
            raise LocalError(
                f"The cluster in this directory was made with {option} {actual}, not {wanted}.",
                f"Leave {option} out to continue with it, or choose another --dir for a new cluster.",
            )
    if wish.password is not None and wish.password != plan.password:
        raise LocalError(
            "The cluster in this directory was made with another password.",
            "Leave --password out to continue with it, or choose another --dir for a new cluster.",
        )
