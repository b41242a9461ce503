"""Which sentinels `status` and `failover` talk to: options, the local cluster, or the usual address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from quorate.client.aio import Access, Tls, fault_of
from quorate.client.picture import Place
from quorate.local import folder as folders
from quorate.local.folder import Folder
from quorate.local.plan import DEFAULT_SENTINEL_PORT, HOST, MAX_PORT
from quorate.local.trouble import LocalError

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Target:
    """Sentinels to ask, and how. `remark` is for the person, "" if there is nothing to say."""

    seeds: tuple[Place, ...]
    access: Access
    remark: str = ""


def place(text: str) -> Place:
    """HOST:PORT, HOST, [V6]:PORT or [V6]. Raises click.BadParameter."""
    host, colon, port = text.rpartition(":")
    if text.endswith("]") or not colon or (":" in host and not host.endswith("]")):
        host, port = text, str(DEFAULT_SENTINEL_PORT)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port[:6]) <= MAX_PORT:
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--sentinel")
    return Place(host, int(port))


_OPTIONS = (
    click.option("--sentinel", "sentinels", multiple=True, metavar="HOST:PORT", help="A sentinel; may be repeated."),
    click.option("--host", help="A sentinel's host.  [default: 127.0.0.1]"),
    click.option("--port", type=click.IntRange(1, MAX_PORT), help="Its port.  [default: 26379]"),
    click.option("--dir", "directory", type=click.Path(path_type=Path), help="The cluster of `quorate up --dir`."),
    click.option("--user", help="User name for the sentinel."),
    click.option("--password", envvar="QUORATE_SENTINEL_PASSWORD", help="Password of the sentinel."),
    click.option("--tls", is_flag=True, help="Speak TLS."),
    click.option("--cacert", help="File of the authorities to trust."),
    click.option("--cert", help="Our certificate."),
    click.option("--key", help="Its key."),
    click.option("--insecure", is_flag=True, help="Accept any certificate."),
    click.option("--timeout", type=click.FloatRange(0.05, 60), default=1.0, show_default=True, help="Seconds to wait."),
)


def options(function: _Function) -> _Function:
    """Add the options that say whom to ask; the command gets them as keyword arguments for `find`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def find(given: Mapping[str, Any]) -> Target:
    """Options first, then the cluster that runs here, then 127.0.0.1:26379. Raises LocalError or UsageError."""
    access = _access(given)
    named = [place(text) for text in given["sentinels"]]
    if given["host"] or given["port"]:
        named.insert(0, Place(given["host"] or HOST, given["port"] or DEFAULT_SENTINEL_PORT))
    if given["directory"] is not None:
        if named:
            raise click.UsageError("--dir and the address of a sentinel exclude each other.")
        return Target(_sentinels(Folder(given["directory"].resolve())), access)
    if named:
        return Target(tuple(named), access)
    clusters = folders.running()
    if not clusters:
        return Target((Place(HOST, DEFAULT_SENTINEL_PORT),), access)
    remark = ""
    if len(clusters) > 1:
        others = ", ".join(str(folder.path) for folder in clusters[1:])
        remark = f"This is the cluster in {clusters[0].path}; others run in {others} (choose with --dir)."
    return Target(_sentinels(clusters[0]), access, remark)


def _sentinels(folder: Folder) -> tuple[Place, ...]:
    plan = folder.plan()
    if plan is None:
        raise LocalError(f"There is no cluster in {folder.path}.", "`quorate up --dir DIR` makes one.")
    return tuple(Place(HOST, port) for port in plan.sentinels)


def _access(given: Mapping[str, Any]) -> Access:
    files = {name: given[name] or "" for name in ("cacert", "cert", "key")}
    tls = Tls(files["cacert"], files["cert"], files["key"], verify=not given["insecure"]) if given["tls"] else None
    if tls is None and (any(files.values()) or given["insecure"]):
        raise click.UsageError("--cacert, --cert, --key and --insecure need --tls.")
    fault = fault_of(tls) if tls is not None else ""
    if fault:
        raise click.UsageError(f"--tls: {fault}.")
    return Access(given["user"] or "", given["password"] or "", tls, given["timeout"])
