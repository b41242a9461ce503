"""Kills and stops the leader, the old master and the chosen replica at every step of a coordinated move, under writers.

The leader itself sends the signal in the moment of the step (`benchmarks.hooked`), so the victim is hit between it and
the next one. What was stopped goes on after some seconds, what was killed is started again: a sentinel on its file, a
server as a replica of whoever is the master by then. Then everything that was acknowledged is looked for.

A write that was lost by the move makes the exit status 1. Apart from these are counted those that no move could have
kept, because replication is asynchronous: who acknowledges a write and is killed, or stopped, before a replica has it
takes it along; and who was stopped, replaced meanwhile, and goes on acknowledges writes until it is told.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks import hooked
from benchmarks.lab import C_REDIS, NAME, Cluster, Kind, Process, ask, wait_until, watched_environment
from benchmarks.writers import Count, Loss, Writers

HOOKED = Kind("quorate", (sys.executable, hooked.__file__))
QUORUMS = {"ours": (HOOKED, HOOKED, HOOKED), "mixed": (HOOKED, C_REDIS, C_REDIS)}

DOWN_AFTER = {"ours": 1_000, "mixed": 2_000}
"""In ms. A C Sentinel pings a master that it has just taken over for the first time after a second: if down-after is no
longer than that it may take the new master for down at once, and fail over once more, which loses writes of its own."""

PAUSE = 500
"""TIMEOUT of each move in ms."""
AWAY = {"ours": 3.0, "mixed": 5.0}
"""Seconds for which a victim stands still, or is gone: time enough for a failover, which C peers see a second later."""
REACHED = 10.0
HEALTH = 150.0
READING = 0.05
"""Seconds after a signal in which an acknowledgement that was sent before may still be read."""


class Victim(Enum):
    """Who is hit."""

    LEADER = "leader"
    OLD = "old master"
    CHOSEN = "chosen replica"


STEPS = {
    "begun": ("+move-begun", "at"),
    "elected": ("+elected-leader", "at"),
    "pause sent": ("+failover-state-send-slaveof-noone", "after"),
    "paused": ("+move-paused", "at"),
    "caught up": ("+move-caught-up", "at"),
    "aside sent": ("+move-caught-up", "after"),
    "stepped aside": ("+move-stepped-aside", "at"),
    "ordered": ("+failover-state-wait-promotion", "after"),
    "promoted": ("+promoted-slave", "at"),
    "told": ("+slave-reconf-sent", "at"),
    "re-pointing": ("+slave-reconf-inprog", "at"),
    "settled": ("+failover-end", "at"),
}
"""The leader's event of each step, and whether the signal is sent before or after what it does next has left."""

ORDER = list(STEPS)
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass(frozen=True)
class Case:
    """One blow."""

    quorum: str
    victim: Victim
    blow: str
    step: str

    def __str__(self) -> str:
        return f"{self.quorum}: {self.blow} {self.victim.value}, {self.step}"


@dataclass(frozen=True)
class Blow:
    """What was hit when, and when it went on."""

    case: Case
    old: int
    chosen: int
    struck: float
    resumed: float


@dataclass(frozen=True)
class Outcome:
    """How a case ended: who is the master, what was counted, and why each lost write was beyond keeping."""

    case: Case
    ended: str
    count: Count
    reasons: tuple[str, ...]

    @property
    def by_the_move(self) -> int:
        """Losses that are the move's."""
        return self.reasons.count("")


def reason(blow: Blow, loss: Loss) -> str:
    """Why nobody could have kept a write; "" if the move should have."""
    case, step = blow.case, ORDER.index(blow.case.step)
    if case.victim is Victim.OLD and loss.port == blow.old:
        unreplicated = step < ORDER.index("caught up") and loss.at <= blow.struck + READING
    elif case.victim is Victim.CHOSEN and loss.port == blow.chosen:
        unreplicated = step >= ORDER.index("promoted") and loss.at <= blow.struck + READING
    else:
        return ""
    if unreplicated:
        return "acknowledged by who was hit before a replica had it"
    if case.blow == "stop" and loss.at >= blow.resumed:
        return "acknowledged by who was replaced while it stood still, before it was told"
    return ""


class Drill:
    """A cluster under writers, and what happens to it."""

    def __init__(self, cluster: Cluster, writers: Writers, order: Path) -> None:
        self._cluster, self._writers, self._order = cluster, writers, order
        self._ours = [port for port, process in cluster.sentinels.items() if hooked.__file__ in process.command]

    def run(self, case: Case) -> Outcome:
        """One case, from a healthy cluster to a healthy cluster; TimeoutError names what did not come."""
        cluster = self._cluster
        old = cluster.master(self._ours[0])
        chosen = random.choice([port for port in cluster.servers if port != old])
        leader = random.choice(self._ours)
        time.sleep(0.3)
        self._writers.check(old)
        victim = {Victim.LEADER: cluster.sentinels[leader], Victim.OLD: cluster.servers[old]}.get(
            case.victim, cluster.servers[chosen]
        )
        channel, when = STEPS[case.step]
        self._order.with_suffix(hooked.STRUCK).unlink(missing_ok=True)
        self._order.write_text(f"{channel} {when} {int(SIGNALS[case.blow])} {victim.pid}")
        self._begin(leader, chosen)
        wait_until(self._order.with_suffix(hooked.STRUCK).exists, f"the step {case.step}", REACHED, 0.001)
        struck = time.monotonic()
        time.sleep(AWAY[case.quorum])
        resumed = time.monotonic()
        if case.blow == "stop":
            victim.notify(signal.SIGCONT)
        else:
            self._return(case, victim)
        new = self._settled(leader)
        count = self._writers.check(new)
        blow = Blow(case, old, chosen, struck, resumed)
        ended = "moved" if new == chosen else "as it was" if new == old else "another replica"
        return Outcome(case, ended, count, tuple(reason(blow, loss) for loss in count.losses))

    def _settled(self, leader: int) -> int:
        """The master, when all is well and stays so: a leader that goes on after a stop may go on with its move."""
        time.sleep(1.0)
        while True:
            wait_until(self._cluster.is_healthy, "health", HEALTH, 0.1)
            new = self._cluster.master(leader)
            time.sleep(0.5)
            role = ask(new, "ROLE")
            same = self._cluster.is_healthy() and self._cluster.master(leader) == new
            if same and isinstance(role, list) and role[0] == "master":
                return new

    def _begin(self, leader: int, chosen: int) -> None:
        said: object = None

        def begins() -> bool:
            nonlocal said
            words = ("COORDINATED", "TO", "127.0.0.1", chosen, "TIMEOUT", PAUSE)
            try:
                said = ask(leader, "SENTINEL", "FAILOVER", NAME, *words)
            except OSError:
                # Killed, or stopped, before it could answer.
                return True
            return said == "OK" or self._order.with_suffix(hooked.STRUCK).exists()

        try:
            wait_until(begins, "the move is begun", HEALTH, 0.2)
        except TimeoutError as late:
            raise TimeoutError(f"{late} (the last answer: {said})") from late

    def _return(self, case: Case, victim: Process) -> None:
        """A killed server comes back without its data, so as a replica; as soon as there is somebody to follow."""
        assert victim.child is not None
        victim.child.wait()
        if case.victim is Victim.LEADER:
            victim.start()
            return
        port = victim.port

        def master() -> int:
            told = {self._cluster.master(sentinel) for sentinel in self._cluster.sentinels}
            return told.pop() if len(told) == 1 else port

        wait_until(lambda: master() != port, "another master", HEALTH, 0.1)
        self._cluster.start_server(port, master())


def cases(quorums: Sequence[str], only: str) -> Iterator[Case]:
    """All cases whose text contains one of the phrases that are divided by semicolons."""
    words = [word.strip() for word in only.split(";")]
    for quorum in quorums:
        for victim in Victim:
            for blow in SIGNALS:
                for step in ORDER:
                    case = Case(quorum, victim, blow, step)
                    if any(word in str(case) for word in words):
                        yield case


def drill(todo: Sequence[Case], folder: Path) -> Iterator[Outcome | str]:
    """The outcomes of cases of one quorum; in place of one a complaint if the cluster did not come right."""
    order = folder / "order"
    os.environ[hooked.VARIABLE] = str(order)
    left = list(todo)
    while left:
        quorum = left[0].quorum
        with (
            Cluster(QUORUMS[quorum], down_after=DOWN_AFTER[quorum], failover_timeout=5_000) as cluster,
            Writers(list(cluster.sentinels), 20, 50.0) as writers,
        ):
            one = Drill(cluster, writers, order)
            time.sleep(1.0)
            while left:
                case = left.pop(0)
                try:
                    yield one.run(case)
                except TimeoutError as late:
                    yield f"{case}: not in time: {late}"
                    # The next case gets a cluster of its own.
                    order.unlink(missing_ok=True)
                    break


def told(number: int, of: int, outcome: Outcome) -> str:
    """A line of progress."""
    count = outcome.count
    excused = [why for why in outcome.reasons if why]
    text = (
        f"  {number}/{of} {outcome.case}: {outcome.ended}, longest silence {count.silence:.0f} ms,"
        f" {count.acknowledged} acknowledged, {outcome.by_the_move} lost"
    )
    return text + "".join(f"; {excused.count(why)} {why}" for why in sorted(set(excused)))


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """By quorum, victim and blow: how the cases ended and what was lost."""
    yield "| quorum | hit | cases | moved | as it was | another | acknowledged | lost by the move | unavoidable |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    keys = dict.fromkeys((o.case.quorum, o.case.victim, o.case.blow) for o in outcomes)
    for quorum, victim, blow in keys:
        own = [o for o in outcomes if (o.case.quorum, o.case.victim, o.case.blow) == (quorum, victim, blow)]
        ended = [sum(o.ended == how for o in own) for how in ("moved", "as it was", "another replica")]
        lost = sum(o.by_the_move for o in own)
        excused = sum(o.count.lost for o in own) - lost
        acknowledged = sum(o.count.acknowledged for o in own)
        figures = " | ".join(str(number) for number in (len(own), *ended, acknowledged, lost, excused))
        yield f"| {quorum} | {victim.value}, {blow} | {figures} |"


def main() -> int:
    """Drill, print, and complain."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quorum", choices=QUORUMS, action="append", help="ours, mixed (two C and one of ours) or both"
    )
    parser.add_argument("--only", default="", help="cases whose text has one of these phrases, divided by semicolons")
    chosen = parser.parse_args()
    outcomes: list[Outcome] = []
    complaints: list[str] = []
    with watched_environment(), tempfile.TemporaryDirectory(prefix="quorate-steps-") as folder:
        for quorum in chosen.quorum or QUORUMS:
            todo = list(cases([quorum], chosen.only))
            for number, outcome in enumerate(drill(todo, Path(folder)), 1):
                if isinstance(outcome, str):
                    complaints.append(outcome)
                    print(f"  {number}/{len(todo)} {outcome}", file=sys.stderr, flush=True)
                    continue
                outcomes.append(outcome)
                print(told(number, len(todo), outcome), file=sys.stderr, flush=True)
    print("\n".join(table(outcomes)))
    complaints += [f"{o.case}: the move lost {o.by_the_move} writes" for o in outcomes if o.by_the_move]
    print("\n".join(complaints) or "nothing was lost by a move")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
