"""The rules a second time, written from the specification and not from the code: slow, simple, as different as can be.

Nothing here shares a type or a helper with the core. A number is that of the section which the function plays through.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple


def election(votes: dict[int, int], voters: int, quorum: int, refusing: int = 0) -> str:
    """How voter 0 must read the votes, by playing through every way in which the silent voters may have voted.

    Nobody knows for whom a silent one voted: for any voter at all, so each of them is tried (6.6: a winner needs more
    than half of all voters and at least the quorum). Nobody knows the quorum of others either: it may be 1. Of the
    silent ones the last `refusing` vote for nobody.
    """
    silent = [voter for voter in range(voters) if voter not in votes]
    silent = silent[: len(silent) - refusing]
    if _winner(list(votes.values()), voters, quorum) == 0:
        return "won"
    ends = [[*votes.values(), *guess] for guess in product(range(voters), repeat=len(silent))]
    leaders = {_winner(end, voters, 1) for end in ends}
    if leaders - {None, 0}:
        return "pending" if 0 in leaders else "lost"
    return "pending" if 0 in {_winner(end, voters, quorum) for end in ends} else "nobody"


def _winner(votes: list[int], voters: int, quorum: int) -> int | None:
    for candidate in range(voters):
        mine = votes.count(candidate)
        if 2 * mine > voters and mine >= quorum:
            return candidate
    return None


class Voter:
    """One voter for one master, as 6.5 tells it, but that the current epoch is not a limit: it is all masters'."""

    def __init__(self) -> None:
        self.current_epoch = 0
        self.leader = ""
        self.leader_epoch = 0
        self.config_epoch = 0
        self.spent = {0}
        """Epochs in which it has nothing to give: those up to its vote, up to a configuration, and before MONITOR."""

    def restart(self) -> None:
        """The file keeps the epochs and not the name, and not when MONITOR was said: without a vote it may be new."""
        self.leader = ""
        self.spent = {epoch for epoch in self.spent if epoch <= max(self.leader_epoch, self.config_epoch)}
        if not self.leader_epoch:
            self.spent |= set(range(self.current_epoch))

    def configured(self, epoch: int) -> None:
        """A hello tells a configuration of the master."""
        self.hear(epoch)
        self.config_epoch = max(self.config_epoch, epoch)
        self.spent |= set(range(epoch + 1))

    def monitor(self) -> None:
        """An operator removes the master, and has it watched again."""
        self.leader, self.leader_epoch, self.config_epoch = "", 0, 0
        self.spent = {0, *range(self.current_epoch)}

    def hear(self, epoch: int) -> None:
        """A hello tells an epoch."""
        self.current_epoch = max(self.current_epoch, epoch)

    def ask(self, candidate: str, epoch: int) -> tuple[str, int]:
        """A candidate asks; the answer names the vote that stands."""
        # 1. A higher epoch is adopted.
        self.hear(epoch)
        # 2. One vote per epoch, none in this master's past.
        if epoch not in self.spent:
            self.leader = candidate
            self.leader_epoch = epoch
            self.spent |= set(range(epoch + 1))
        # 3. The earlier vote if there was one.
        return self.leader, self.leader_epoch


class Server(NamedTuple):
    """A replica to choose from; `since_info` -1 when there was no INFO."""

    name: str
    run_id: str
    priority: int
    offset: int
    down: bool
    connected: bool
    since_pong: int
    since_info: int
    cut_off_for: int
    word: str = ""
    """What the operator has tagged it with."""


def fit(server: Server, master_down_for: int, down_after: int) -> bool:
    """6.7 and 1.2, with the periods at their defaults; `master_down_for` -1 while the master is up."""
    info_limit = 3 * 10_000 if master_down_for < 0 else 5 * 1000
    cut_off_limit = 10 * down_after + max(0, master_down_for)
    return not (
        server.down
        or not server.connected
        or server.since_pong > 5 * 1000
        or server.priority == 0
        or server.since_info < 0
        or server.since_info > info_limit
        or server.cut_off_for > cut_off_limit
        or server.word == "nofailover"
    )


def choice(servers: Sequence[Server], master_down_for: int, down_after: int) -> str | None:
    """The one that beats every other fit one; the first of those that are alike in everything."""
    best: Server | None = None
    for server in servers:
        if fit(server, master_down_for, down_after) and (best is None or _beats(server, best)):
            best = server
    return best.name if best else None


def near(servers: Sequence[Server], allowed: int) -> list[Server]:
    """Without those that have more than `allowed` bytes less than anybody; 0 allows everything (candidate-max-lag)."""
    return [one for one in servers if not allowed or all(other.offset <= one.offset + allowed for other in servers)]


def _beats(one: Server, other: Server) -> bool:
    if (one.word == "prefer") != (other.word == "prefer"):
        return one.word == "prefer"
    if one.priority != other.priority:
        return one.priority < other.priority
    if one.offset != other.offset:
        return one.offset > other.offset
    if not one.run_id or not other.run_id:
        return bool(one.run_id) and not other.run_id
    return one.run_id.lower() < other.run_id.lower()


class Follower(NamedTuple):
    """A replica to re-point: "none", "sent", "stuck" (sent too long ago), "inprog" or "done"."""

    step: str
    down: bool
    connected: bool


def walk(followers: Sequence[Follower], parallel: int) -> tuple[list[int], list[int], bool]:
    """One pass over the replicas (6.8, reconf_slaves): who is given up, who gets the order, whether that was all.

    Two deliberate differences from C: the time limit of an order is looked at also while all places are taken, and
    after an order nothing ends in the same pass, so that it leaves before the connection is closed.
    """
    steps = [follower.step for follower in followers]
    given_up = []
    for i, step in enumerate(steps):
        if step == "stuck":
            steps[i] = "done"
            given_up.append(i)
    ordered = []
    for i, follower in enumerate(followers):
        busy = len([step for step in steps if step in {"sent", "inprog"}])
        if busy < parallel and steps[i] == "none" and follower.connected:
            steps[i] = "sent"
            ordered.append(i)
    open_ends = [i for i, step in enumerate(steps) if step != "done" and not followers[i].down]
    return given_up, ordered, not open_ends and not ordered
