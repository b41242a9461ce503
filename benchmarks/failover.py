"""How long failovers take beyond fault + down-after, ours and C Sentinel in one run.

Faults: kill -9 of the master, SIGSTOP of the master, SENTINEL FAILOVER. For each: until a replica reports the role of
master (promoted), until a majority of sentinels give its address (announced), until the other replica follows it
(settled). Faults come at random phases of the ping period. A declaration before fault + down-after is marked EARLY.

With --crash-detection ours have that directive; only `kill` is measured then, and all counts from the fault itself.
"""

import argparse
import random
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.lab import (
    HOST,
    NAME,
    OURS,
    Cluster,
    Kind,
    Wire,
    ask,
    kinds_of,
    offer_kinds,
    wait_until,
    watched_environment,
)

FAULTS = ("kill", "stop", "manual")
POLL = 0.001


@dataclass(frozen=True)
class Times:
    """Milliseconds beyond fault + down-after (manual: beyond the command)."""

    promoted: float
    announced: float
    settled: float


class Poll:
    """A port asked again and again; a connection that breaks is made anew."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._wire: Wire | None = None

    def ask(self, *words: str | int) -> object:
        try:
            if self._wire is None:
                self._wire = Wire(self.port, timeout=0.2)
            return self._wire.ask(*words)
        except OSError:
            self._wire = None
            return None


def measure(cluster: Cluster, fault: str, borne: int) -> Times:
    """One failover of a healthy cluster; `borne` ms after the fault are not counted."""
    old = cluster.master(next(iter(cluster.sentinels)))
    servers = [Poll(port) for port in cluster.servers if port != old]
    sentinels = [Poll(port) for port in cluster.sentinels]
    for poll in [*servers, *sentinels]:
        poll.ask("PING")
    time.sleep(random.uniform(0.0, 1.0))
    begun = time.monotonic()
    if fault == "manual":
        reply = ask(random.choice(list(cluster.sentinels)), "SENTINEL", "FAILOVER", NAME)
        assert reply == "OK", reply
    else:
        cluster.servers[old].notify(signal.SIGKILL if fault == "kill" else signal.SIGSTOP)
    zero = begun if fault == "manual" else begun + borne / 1000
    return _watch(servers, sentinels, old, zero)


def _watch(servers: list[Poll], sentinels: list[Poll], old: int, zero: float) -> Times:
    promoted = announced = settled = 0.0
    new = 0
    majority = len(sentinels) // 2 + 1
    end = time.monotonic() + 60
    while not (promoted and announced and settled):
        assert time.monotonic() < end, f"no failover within a minute: {promoted} {announced} {settled}"
        if not promoted:
            new = next((p.port for p in servers if _role(p)[0] == "master"), 0)
            promoted = time.monotonic() if new else 0.0
        if not announced:
            told = [p.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME) for p in sentinels]
            moved = sum(1 for t in told if isinstance(t, list) and int(t[1]) != old)
            announced = time.monotonic() if moved >= majority else 0.0
        if new and not settled:
            others = [_role(p) for p in servers if p.port != new]
            follow = all(r[0] == "slave" and r[2] == new and r[3] == "connected" for r in others)
            settled = time.monotonic() if follow else 0.0
        time.sleep(POLL)
    return Times(*(1000 * (moment - zero) for moment in (promoted, announced, settled)))


def _role(poll: Poll) -> list[object]:
    role = poll.ask("ROLE")
    return role if isinstance(role, list) else [None, None, None, None]


def mend(cluster: Cluster, old: int) -> None:
    """Bring the old master back as a replica, and wait until everything is as before."""
    wait_until(lambda: len({cluster.master(port) for port in cluster.sentinels} - {old}) == 1, "agreement")
    new = cluster.master(next(iter(cluster.sentinels)))
    process = cluster.servers[old]
    if process.child is not None and process.child.poll() is None:
        process.notify(signal.SIGCONT)
        wait_until(
            lambda: ask(old, "REPLICAOF", HOST, new) in ("OK", "OK Already connected to specified master"),
            "the old master",
        )
    else:
        cluster.start_server(old, new)
    wait_until(cluster.is_healthy, "health after a failover", 90)


def run(kind: Kind, fault: str, rounds: int, down_after: int, directives: Sequence[str] = ()) -> list[Times]:
    """Several failovers of one kind of sentinel; with `directives` counted from the fault itself."""
    taken = []
    with Cluster([kind] * 3, down_after=down_after, extra=directives) as cluster:
        for number in range(rounds):
            old = cluster.master(next(iter(cluster.sentinels)))
            taken.append(measure(cluster, fault, 0 if directives else cluster.down_after))
            print(f"  {kind.label} {fault} {number + 1}/{rounds}: {taken[-1].promoted:.0f} ms", file=sys.stderr)
            mend(cluster, old)
    return taken


def row(label: str, taken: list[Times]) -> str:
    """A line of the table: median (and worst) of each figure."""
    columns = ([t.promoted for t in taken], [t.announced for t in taken], [t.settled for t in taken])
    cells = [f"{statistics.median(figures):6.0f} ({max(figures):.0f})" for figures in columns]
    early = " EARLY" if min(t.promoted for t in taken) < 0 else ""
    return f"| {label} | " + " | ".join(cells) + f" |{early}"


def crashes(rounds: int, down_after: int) -> None:
    """The process is gone, and that is all the evidence that is waited for."""
    directive = f"#quorate sentinel crash-detection {NAME} yes"
    with watched_environment():
        line = row(f"kill | {OURS.label}", run(OURS, "kill", rounds, down_after, [directive]))
    print(f"Milliseconds from kill -9; down-after {down_after} ms, crash-detection yes; medians of {rounds} (worst)")
    print("| fault | sentinel | promoted | announced | settled |\n| --- | --- | --- | --- | --- |")
    print(line)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--down-after", type=int, default=1000, metavar="MS")
    parser.add_argument("--faults", default=",".join(FAULTS))
    offer_kinds(parser)
    parser.add_argument("--crash-detection", action="store_true", help="with that directive: kill alone, ours alone")
    chosen = parser.parse_args()
    if chosen.crash_detection:
        crashes(chosen.rounds, chosen.down_after)
        return
    kinds = kinds_of(chosen)
    with watched_environment():
        lines = [
            row(f"{fault} | {kind.label}", run(kind, fault, chosen.rounds, chosen.down_after))
            for fault in chosen.faults.split(",")
            for kind in kinds
        ]
    print(f"Milliseconds beyond fault + down-after ({chosen.down_after} ms); medians of {chosen.rounds} (worst)")
    print("| fault | sentinel | promoted | announced | settled |\n| --- | --- | --- | --- | --- |")
    print("\n".join(f"| {line[2:]}" for line in lines))


if __name__ == "__main__":
    main()
