"""Mixed clusters of C Sentinel and ours under random kills, until each member has been elected often enough.

Each round breaks something: kill -9 or SIGSTOP of the master, at times with kill -9 and a restart of a sentinel; or
SENTINEL FAILOVER at a random sentinel. Then all sentinels must agree on one master and one config-epoch within a bound,
all servers must follow it, and the old master must be taken back. No epoch may have two leaders, no sentinel two votes
in an epoch, and no epoch in a file may ever decrease. The exit status is 1 if any of this fails.

Ours would nearly always be first, so every round draws who shall be: with a quorum of two, that is the member with the
second shortest down-after, set with SENTINEL SET as an operator might.
"""

import argparse
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from benchmarks.events import Events
from benchmarks.lab import C_REDIS, NAME, OURS, Cluster, Kind, ask, c_valkey, fields, wait_until, watched_environment
from benchmarks.ledger import Ledger

AGREEMENT = 60.0
"""Seconds within which a failover must be complete, though the first elections may be lost."""

HEALTH = 120.0
"""Seconds within which everything must be as before, the old master and a killed sentinel included."""

FAILOVER_TIMEOUT = 5000

# Milliseconds of down-after: for who sees it first but alone, for who then makes two, for who comes too late. Ours asks
# its peers again every 50 ms for one second after it has seen a master go down; the second one notices after that.
PATIENCE = (400, 2000, 4000)


class Fault(Enum):
    """How the master ceases to be one."""

    KILL = "kill -9"
    STOP = "SIGSTOP"
    MANUAL = "SENTINEL FAILOVER"


@dataclass
class Drill:
    """A running cluster, its ledger, and the chance by which it suffers."""

    cluster: Cluster
    chance: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    rounds: int = 0
    sentinels_killed: int = 0

    def run(self, leads: int, deadline: float, most_rounds: int) -> bool:
        """Rounds until each member was elected `leads` times; False if time, rounds or agreement ended first."""
        with Events(self.cluster.sentinels, self.ledger.hear) as events:
            wait_until(events.hears_all, "subscriptions to all sentinels")
            while not self.complete(leads):
                if time.monotonic() > deadline or self.rounds >= most_rounds or self.ledger.complaints:
                    return False
                self.round(events)
        return not self.ledger.complaints

    def complete(self, leads: int) -> bool:
        """Whether each member was elected that often."""
        return all(self.ledger.elected[member] >= leads for member in self.cluster.sentinels)

    def round(self, events: Events) -> None:
        """Break something, and see that everybody comes to the same end."""
        self.rounds += 1
        ledger, cluster = self.ledger, self.cluster
        old = cluster.master(next(iter(cluster.sentinels)))
        favourite = self._choose_order()
        fault = self.chance.choices(list(Fault), (5, 3, 2))[0]
        victim = self.chance.choice(list(cluster.sentinels)) if self.chance.random() < 0.2 else None
        ledger.expects_forced = fault is Fault.MANUAL
        time.sleep(self.chance.random())
        begun = time.monotonic()
        self._strike(fault, old)
        if victim is not None and fault is not Fault.MANUAL:
            self._kill_sentinel(victim)
        else:
            victim = None
        try:
            wait_until(lambda: self._agreed(old), "agreement", AGREEMENT, 0.05)
            taken = time.monotonic() - begun
            self._bring_back(fault, old)
            wait_until(cluster.is_healthy, "health", HEALTH, 0.1)
            wait_until(self._agreed, "lasting agreement", AGREEMENT, 0.05)
            wait_until(events.hears_all, "subscriptions")
        except TimeoutError as late:
            ledger.complaints.append(f"no {late} in time: {self._described()}")
            return
        self._check_end(victim)
        self._tell(fault, favourite, victim, taken)

    def _choose_order(self) -> int:
        """Draw who shall lead, among those who led least, and who sees the fault first."""
        members = list(self.cluster.sentinels)
        self.chance.shuffle(members)
        favourite = min(members, key=lambda member: self.ledger.elected[member])
        members.remove(favourite)
        for member, patience in zip((members[0], favourite, *members[1:]), PATIENCE, strict=True):
            reply = ask(member, "SENTINEL", "SET", NAME, "down-after-milliseconds", patience)
            assert reply == "OK", reply
        return favourite

    def _strike(self, fault: Fault, master: int) -> None:
        match fault:
            case Fault.KILL:
                self.cluster.servers[master].kill()
            case Fault.STOP:
                self.cluster.servers[master].notify(signal.SIGSTOP)
            case Fault.MANUAL:
                member = self.chance.choice(list(self.cluster.sentinels))
                wait_until(lambda: ask(member, "SENTINEL", "FAILOVER", NAME) == "OK", "a failover by hand")

    def _kill_sentinel(self, victim: int) -> None:
        """Somewhere within detection and election, and back again before or after it is over."""
        time.sleep(self.chance.uniform(0, 1.2 * max(PATIENCE) / 1000))
        self.cluster.sentinels[victim].kill()
        time.sleep(self.chance.uniform(0, 2))
        self.ledger.restarted(victim)
        self.cluster.sentinels[victim].start()
        self.sentinels_killed += 1

    def _bring_back(self, fault: Fault, old: int) -> None:
        """The old master returns believing that it still is one; sentinels must make it a replica."""
        time.sleep(self.chance.uniform(0, 2))
        match fault:
            case Fault.KILL:
                self.cluster.start_server(old, None)
            case Fault.STOP:
                self.cluster.servers[old].notify(signal.SIGCONT)
            case Fault.MANUAL:
                pass

    def _agreed(self, old: int = 0) -> bool:
        """One master, another one than `old`, with one config-epoch for all, and all its replicas follow it."""
        masters = {self.cluster.master(member) for member in self.cluster.sentinels}
        epochs = {self._config_epoch(member) for member in self.cluster.sentinels}
        if len(masters) != 1 or len(epochs) != 1 or old in masters:
            return False
        master = masters.pop()
        others = [port for port in self.cluster.servers if port not in {master, old}]
        return all(self.cluster.follows(port, master) for port in others)

    def _config_epoch(self, member: int) -> int:
        return int(fields(ask(member, "SENTINEL", "MASTER", NAME))["config-epoch"])

    def _check_end(self, victim: int | None) -> None:
        ledger, cluster = self.ledger, self.cluster
        epoch = self._config_epoch(next(iter(cluster.sentinels)))
        if epoch not in ledger.leaders and victim is None:
            # The events of a sentinel that was killed may have been lost with it.
            ledger.complaints.append(f"config-epoch {epoch} has no leader")
        for member in cluster.sentinels:
            ledger.read_epochs(cluster.conf(member))

    def _described(self) -> str:
        told = []
        for member in self.cluster.sentinels:
            try:
                told.append(f"{member}: {self.cluster.master(member)} {self._config_epoch(member)}")
            except OSError as error:
                told.append(f"{member}: {error}")
        return "; ".join(told)

    def _tell(self, fault: Fault, favourite: int, victim: int | None, taken: float) -> None:
        members = list(self.cluster.sentinels)
        leads = " ".join(str(self.ledger.elected[member]) for member in members)
        more = f", sentinel {members.index(victim) + 1} killed" if victim is not None else ""
        wanted = "" if fault is Fault.MANUAL else f", {members.index(favourite) + 1} to lead"
        print(
            f"  {self.rounds}: {fault.value}{wanted}{more}: {taken:.1f} s; elected {leads}", file=sys.stderr, flush=True
        )


def table(kinds: Sequence[Kind], drill: Drill, seconds: float) -> str:
    """What happened to one mix."""
    ledger = drill.ledger
    lines = ["| member | elected | led by hand | stood | elections lost |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {kind.label} | {ledger.elected[member]} | {ledger.forced[member]} | {ledger.stood[member]} "
        f"| {ledger.lost[member]} |"
        for kind, member in zip(kinds, drill.cluster.sentinels, strict=True)
    ]
    lines.append(
        f"{drill.rounds} failovers in {seconds:.0f} s, {drill.sentinels_killed} sentinels killed, "
        f"{len(ledger.complaints)} disagreements"
    )
    return "\n".join([*lines, *(f"DISAGREEMENT: {complaint}" for complaint in ledger.complaints)])


def drill(kinds: Sequence[Kind], seed: int, chosen: argparse.Namespace) -> bool:
    """One mix; True if each member led often enough and nobody disagreed."""
    print(f"{' + '.join(kind.label for kind in kinds)} (seed {seed})", flush=True)
    begun = time.monotonic()
    with Cluster(kinds, down_after=PATIENCE[0], failover_timeout=FAILOVER_TIMEOUT) as cluster:
        one = Drill(cluster, random.Random(seed))
        good = one.run(chosen.leads, begun + 60 * chosen.minutes, chosen.rounds)
        print(table(kinds, one, time.monotonic() - begun), flush=True)
    return good


def mixes(c_sides: Sequence[Kind]) -> list[list[Kind]]:
    """Two C and one of ours, one C and two of ours, for each C side."""
    return [mix for c_side in c_sides for mix in ([c_side, c_side, OURS], [c_side, OURS, OURS])]


def main() -> None:
    """Drill every mix."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--leads", type=int, default=5, help="elections that each member must win")
    parser.add_argument("--minutes", type=float, default=20, help="at most, for each mix")
    parser.add_argument("--rounds", type=int, default=1000, help="at most, for each mix")
    parser.add_argument("--c-side", choices=("redis", "valkey", "both"), default="both")
    parser.add_argument("--seed", type=int, default=None)
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.randrange(1 << 32)
    c_sides = {"redis": [C_REDIS], "valkey": [c_valkey()], "both": [C_REDIS, c_valkey()]}[chosen.c_side]
    with watched_environment():
        ended = [drill(kinds, seed, chosen) for kinds in mixes(c_sides)]
    sys.exit(0 if all(ended) else 1)


if __name__ == "__main__":
    main()
