"""From the options of `quorate drill` to clusters, and from what came of them to files."""

import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from quorate.cli import target
from quorate.cli.drill_view import View
from quorate.client.aio import Access, Line, UnreadableError
from quorate.client.parse import fields_of, number
from quorate.drill import ground as grounds
from quorate.drill import html, inject, json_text, run
from quorate.drill.existing import Allowed, ExistingInjector, Found, find
from quorate.drill.faults import DEFAULT_FAULTS, Fault
from quorate.drill.ground import Ground, Loopback, Namespaces
from quorate.drill.nodes import SentinelKind, Setup
from quorate.drill.report import Conditions, Report, Run
from quorate.drill.run import Plan
from quorate.drill.trouble import DrillError
from quorate.local.binaries import find_server

_OURS = "quorate"
_C = "c"
_C_VALKEY = "c-valkey"
_ODD_LEAST = 3
_Item = TypeVar("_Item", Fault, Allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    sentinels: str | None
    compare: str | None
    replicas: int
    server: str | None
    faults: str | None
    rounds: int
    duration: float | None
    seed: int
    writers: int
    rate: float
    path: str
    down_after: int
    failover_timeout: int
    loopback: bool
    cluster: str | None
    name: str | None
    password: str | None
    allow: str | None
    json_file: Path | None
    html_file: Path | None
    keep: Path | None


@dataclass(frozen=True, slots=True)
class Wanted(_Given):
    """All options as they were given, and the command line that gave them."""

    command: str

    def plan(self) -> Plan:
        faults = named(self.faults, Fault, "--faults") or DEFAULT_FAULTS
        if self.cluster is not None and self.faults is None:
            faults = tuple(Fault)
        return Plan(self.seed, tuple(faults), self.rounds, self.duration, self.writers, self.rate, self.path)

    def kinds(self) -> tuple[str, ...]:
        return tuple(words(self.sentinels)) if self.sentinels is not None else (_OURS,) * 3


def check(wanted: Wanted) -> None:
    """Raise click.UsageError for options that make no sense, before anything is done."""
    named(wanted.faults, Fault, "--faults")
    named(wanted.allow, Allowed, "--allow")
    for kind in wanted.kinds():
        if kind not in {_OURS, _C, _C_VALKEY}:
            raise click.BadParameter(f"{kind!r} is none of quorate, c, c-valkey", param_hint="--sentinels")
    if len(wanted.kinds()) < _ODD_LEAST:
        raise click.BadParameter(
            "three sentinels at least, or no majority survives the first fault", param_hint="--sentinels"
        )
    for path in (wanted.json_file, wanted.html_file):
        if path is not None and not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise click.UsageError(f"{path} cannot be written.")
    if wanted.cluster is None:
        for option, value in (("--allow", wanted.allow), ("--name", wanted.name), ("--password", wanted.password)):
            if value is not None:
                raise click.UsageError(f"{option} is for --cluster.")
        return
    for option, value in (
        ("--sentinels", wanted.sentinels),
        ("--compare", wanted.compare),
        ("--server", wanted.server),
    ):
        if value is not None:
            raise click.UsageError(f"{option} is for a cluster that the drill starts, not for --cluster.")
    if not named(wanted.allow, Allowed, "--allow"):
        raise click.UsageError("Say with --allow what may be done to an existing cluster: kill, stop, failover.")
    for text in words(wanted.cluster):
        target.place(text)


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def named(text: str | None, kind: type[_Item], option: str) -> list[_Item]:
    """A list of names as members of an enum; click.BadParameter tells those that there are."""
    found = []
    for word in words(text or ""):
        try:
            found.append(kind(word))
        except ValueError:
            there = ", ".join(item.value for item in kind)
            raise click.BadParameter(f"{word!r} is none of {there}", param_hint=option) from None
    return found


async def carry_out(wanted: Wanted, folder: Path, view: View) -> Report:
    """Do what was asked for."""
    if wanted.cluster is not None:
        return await _existing(wanted, folder, view)
    server = find_server(wanted.server)
    programs = [tuple(_kind(kind) for kind in wanted.kinds())]
    if wanted.compare is not None:
        programs.append((_kind(wanted.compare),) * len(programs[0]))
    why = "switched off with --loopback" if wanted.loopback else grounds.take_privileges()
    left_out: dict[Fault, str] = {}
    plan = wanted.plan()
    runs: list[Run] = []
    for index, sentinels in enumerate(programs):
        setup = Setup(
            server=(str(server),),
            sentinels=sentinels,
            replicas=wanted.replicas,
            down_after=wanted.down_after,
            failover_timeout=wanted.failover_timeout,
        )
        ground: Ground = Loopback(why) if why else Namespaces(wanted.seed)
        try:
            runs.append(await _one(setup, ground, folder / f"run-{index + 1}", (plan, view)))
            left_out |= _left_out(plan, ground, setup)
        finally:
            ground.close()
    place = f"loopback: {why}" if why else "a network namespace and a small disk for each node, a switch in user space"
    return Report(_conditions(wanted, version(str(server)), place, left_out), tuple(runs))


async def _one(setup: Setup, ground: Ground, folder: Path, work: tuple[Plan, View]) -> Run:
    plan, view = work
    left = _left_out(plan, ground, setup)
    for fault, reason in left.items():
        view.remark(f"{fault.value} is left out: {reason}")
    if len(left) == len(plan.faults):
        raise DrillError("None of the faults can be done here.", "Run it as root on Linux, or choose other faults.")
    folder.mkdir(parents=True)  # noqa: ASYNC240 - nothing else runs yet
    return await run.drill_own(setup, ground, folder, (plan, view.tell))


def _left_out(plan: Plan, ground: Ground, setup: Setup) -> dict[Fault, str]:
    refused = {fault: inject.refusal(fault, ground.missing, setup.replicas) for fault in plan.faults}
    return {fault: why for fault, why in refused.items() if why}


async def _existing(wanted: Wanted, folder: Path, view: View) -> Report:
    assert wanted.cluster is not None, "this is for an existing cluster"
    seeds = [target.place(text) for text in words(wanted.cluster)]
    found = await find(seeds, wanted.name, Access(password=wanted.password or ""))
    injector = ExistingInjector(found, frozenset(named(wanted.allow, Allowed, "--allow")), view.remark)
    plan = wanted.plan()
    left = {fault: why for fault in plan.faults if (why := injector.refuses(fault))}
    if wanted.faults is not None:
        for fault, why in left.items():
            view.remark(f"{fault.value} is left out: {why}")
    if len(left) == len(plan.faults):
        raise DrillError("None of the faults may be done to this cluster.", "Allow more with --allow.")
    down_after, failover_timeout = await _times(found)
    result = await run.drill_existing(injector, folder, down_after, (plan, view.tell))
    told = replace(
        wanted, down_after=down_after, failover_timeout=failover_timeout, replicas=len(found.roster.servers) - 1
    )
    return Report(_conditions(told, "servers of the cluster", f"existing cluster {wanted.cluster}", left), (result,))


async def _times(found: Found) -> tuple[int, int]:
    """down-after and failover-timeout as a sentinel has them."""
    with suppress(UnreadableError):
        async with await Line.open(found.roster.sentinels[0].place, Access()) as line:
            (reply,) = await line.ask(("SENTINEL", "MASTER", found.master))
        fields = fields_of(reply)
        return number(fields.get("down-after-milliseconds")) or 30_000, number(
            fields.get("failover-timeout")
        ) or 180_000
    return 30_000, 180_000


def write(wanted: Wanted, report: Report) -> None:
    """The files that were asked for. A drill that ran must not end without its report: trouble is told, not raised."""
    for path, text in ((wanted.json_file, json_text.render), (wanted.html_file, html.render)):
        if path is None:
            continue
        try:
            path.write_text(text(report), encoding="utf-8")
        except OSError as error:
            click.secho(f"{path} cannot be written: {error.strerror}.", fg="red", err=True)
        else:
            click.echo(f"Report written to {path}")


def _kind(name: str) -> SentinelKind:
    if name == _OURS:
        return SentinelKind("quorate", (sys.executable, "-m", "quorate", "sentinel"), (), ours=True)
    program = str(find_server("redis-server" if name == _C else None))
    return SentinelKind(f"{version(program)} Sentinel (C)", (program,), ("--sentinel",))


def version(program: str) -> str:
    """`Redis 7.0.15`, as the program tells it."""
    told = subprocess.run([program, "--version"], capture_output=True, check=False).stdout.decode(errors="replace")
    found = re.match(r"(\w+) server v=([\d.]+)", told)
    return f"{found[1]} {found[2]}" if found else Path(program).name


def _conditions(wanted: Wanted, server: str, place: str, left_out: dict[Fault, str]) -> Conditions:
    return Conditions(
        seed=wanted.seed,
        command=wanted.command,
        machine=machine(),
        server=server,
        ground=place,
        path=wanted.path,
        writers=wanted.writers,
        rate=wanted.rate,
        down_after=wanted.down_after,
        failover_timeout=wanted.failover_timeout,
        replicas=wanted.replicas,
        left_out=left_out,
    )


def machine() -> str:
    """The processor, its cores, the system and Python: figures without that mean little."""
    model = platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"
