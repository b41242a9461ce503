"""Everything small, exhaustively: the rules of the core against a naive second implementation.

Up to five sentinels with every set of votes and every quorum; sequences of vote requests, hellos and restarts; up to
four replicas with few values for each field; every mixture of followers with every parallel-syncs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, product

import pytest

from quorate.core import reconfiguration, selection, voting
from quorate.core.reconfiguration import Progress
from quorate.core.selection import Candidate
from quorate.core.voting import Ballot, Grant
from quorate.model.candidates import Tag
from quorate.model.identity import Epoch, RunId
from tests.core import twin

IDS = [RunId(letter * 40) for letter in "abcde"]


@pytest.mark.parametrize("voters", [1, 2, 3, 4, 5])
def test_every_election_of_up_to_five(voters: int) -> None:
    readings: dict[object, str] = {}
    for cast in product([None, *range(voters)], repeat=voters):
        seen = {voter: candidate for voter, candidate in enumerate(cast) if candidate is not None}
        votes = {IDS[voter]: IDS[candidate] for voter, candidate in seen.items()}
        for quorum in range(1, 6):
            # The twin is slow, and only counts: it is asked once for each set of counts.
            counts = (*sorted(seen.values()), "of", quorum)
            if counts not in readings:
                readings[counts] = twin.election(seen, voters, quorum)
            assert voting.tally(IDS[0], votes, voters, quorum).value == readings[counts], (seen, quorum)


@pytest.mark.parametrize("voters", [2, 3, 4, 5])
def test_every_election_of_up_to_five_in_which_some_refuse(voters: int) -> None:
    # Who voted for whom does not matter: the last ones are silent.
    for many in range(1, voters):
        for cast in combinations_with_replacement(range(voters), many):
            votes = {IDS[voter]: IDS[candidate] for voter, candidate in enumerate(cast)}
            for quorum, refusing in product(range(1, 6), range(1, voters - many + 1)):
                expected = twin.election(dict(enumerate(cast)), voters, quorum, refusing)
                assert voting.tally(IDS[0], votes, voters, quorum, refusing).value == expected, (cast, quorum, refusing)


def test_who_voted_for_whom_does_not_matter() -> None:
    for cast in product([None, 0, 1, 2], repeat=3):
        seen = {IDS[v]: IDS[c] for v, c in enumerate(cast) if c is not None}
        shuffled = dict(zip(reversed(seen), seen.values(), strict=True))
        assert voting.tally(IDS[0], seen, 3, 2) is voting.tally(IDS[0], shuffled, 3, 2)


# A deed: (candidate, epoch) asks for the vote; "hello" tells an epoch, "config" that of a configuration of the master.
DEEDS = [("x", 1), ("y", 1), ("x", 2), ("y", 3), ("hello", 3), ("config", 2), ("monitor", 0), ("restart", 0)]


def test_every_sequence_of_five_requests_hellos_and_restarts() -> None:
    for story in product(DEEDS, repeat=5):
        voter = twin.Voter()
        held = Held()
        granted: dict[int, str] = {}
        for who, epoch in story:
            if who in {"x", "y"}:
                after = held.ask(who, epoch)
                assert voter.ask(who, epoch) == (held.leader or "", held.leader_epoch), story
                assert voter.current_epoch == held.current, story
                assert not after.voted or (granted.get(epoch) is None and held.leader_epoch == epoch), story
                assert not after.voted or epoch > max(granted, default=0), story
                if after.voted:
                    granted[epoch] = who
                continue
            held.happens(who, epoch)
            if who == "hello":
                voter.hear(epoch)
            elif who == "config":
                voter.configured(epoch)
            elif who == "restart":
                voter.restart()
            else:
                voter.monitor()
                # A vote of the present epoch may be given twice then, as in C.
                granted.pop(voter.current_epoch, None)


@dataclass
class Held:
    """What a voter of ours holds."""

    current: Epoch = Epoch(0)
    leader: RunId | None = None
    leader_epoch: Epoch = Epoch(0)
    config_epoch: Epoch = Epoch(0)
    watched_from: Epoch = Epoch(0)

    def ask(self, who: str, epoch: int) -> Grant:
        held = (self.current, self.leader, self.leader_epoch, self.config_epoch, self.watched_from)
        after = voting.grant(Ballot(Epoch(epoch), RunId(who), *held))
        self.current, self.leader, self.leader_epoch = after.current, after.leader, after.leader_epoch
        return after

    def happens(self, what: str, epoch: int) -> None:
        self.current = Epoch(max(self.current, epoch))
        if what == "config":
            self.config_epoch = Epoch(max(self.config_epoch, epoch))
        elif what == "restart":
            self.leader, self.watched_from = None, self.current if not self.leader_epoch else Epoch(0)
        elif what == "monitor":
            self.leader, self.leader_epoch, self.config_epoch = None, Epoch(0), Epoch(0)
            self.watched_from = self.current


def _servers() -> Iterator[twin.Server]:
    """Every server that differs from a good one in up to two fields that refuse it, and all that rank good ones."""
    fields: dict[str, list[bool | int | str]] = {
        "down": [False, True],
        "connected": [True, False],
        "since_pong": [0, 5000, 5001],
        "since_info": [0, 5000, 5001, 30_000, 30_001, -1],
        "cut_off_for": [0, 10_000, 10_001, 17_000, 17_001],
        "priority": [1, 0],
        "word": ["", "nofailover", "prefer"],
    }
    good = twin.Server("", "", 1, 0, False, True, 0, 0, 0)
    for priority, offset, run_id in product((0, 1, 2), (0, 1), ("", "a", "B")):
        yield good._replace(priority=priority, offset=offset, run_id=run_id)
    for (one, values), (other, others) in combinations_with_replacement(fields.items(), 2):
        for value, another in product(values[1:], others[1:]):
            yield good._replace(**{one: value, other: another})  # type: ignore[arg-type]


def _candidate(server: twin.Server) -> Candidate:
    return Candidate(
        name=server.name,
        run_id=server.run_id,
        priority=server.priority,
        offset=server.offset,
        is_down=server.down,
        is_disconnected=not server.connected,
        ping_age=server.since_pong,
        info_age=None if server.since_info < 0 else server.since_info,
        link_down_for=server.cut_off_for,
        tag=Tag(server.word) if server.word else None,
    )


@pytest.mark.parametrize("master_down_for", [-1, 0, 7000])
def test_every_pair_of_replicas(master_down_for: int) -> None:
    limits = selection.limits(None if master_down_for < 0 else master_down_for, 1000, 1000, 10_000)
    servers = list(dict.fromkeys(_servers()))
    for first, second in product(servers, repeat=2):
        pair = [first._replace(name="1"), second._replace(name="2")]
        result = selection.select([_candidate(server) for server in pair], limits)
        assert result.chosen == twin.choice(pair, master_down_for, 1000), pair
        unfit = [server.name for server in pair if not twin.fit(server, master_down_for, 1000)]
        assert [name for name, _ in result.refused] == unfit, pair


def test_every_four_replicas_that_rank() -> None:
    good = twin.Server("", "", 1, 0, False, True, 0, 0, 0)
    kinds = [good._replace(priority=p, offset=o, run_id=r) for p in (0, 1, 2) for o in (0, 1) for r in ("", "a", "b")]
    limits = selection.limits(None, 1000, 1000, 10_000)
    for chosen in product(kinds[6:], repeat=3):
        four = [server._replace(name=str(i)) for i, server in enumerate((*chosen, kinds[0]))]
        result = selection.select([_candidate(server) for server in four], limits)
        assert result.chosen == twin.choice(four, -1, 1000), four


def test_every_three_replicas_with_tags_and_offsets_under_every_limit() -> None:
    good = twin.Server("", "", 1, 0, False, True, 0, 0, 0)
    words, offsets = ("", "nofailover", "prefer"), (0, 1, 3)
    kinds = [good._replace(word=w, offset=o, run_id="a", down=d) for w in words for o in offsets for d in (False, True)]
    for some, allowed in product(product(kinds, repeat=3), (0, 1, 2)):
        three = [server._replace(name=str(i)) for i, server in enumerate(some)]
        limits = replace(selection.limits(None, 1000, 1000, 10_000), max_lag=allowed)
        result = selection.select([_candidate(server) for server in three], limits)
        assert result.chosen == twin.choice(twin.near(three, allowed), -1, 1000), (three, allowed)


STEPS = {
    "none": (Progress.WAITING, 0),
    "sent": (Progress.UNDER_WAY, 9000),
    "stuck": (Progress.UNDER_WAY, 10_001),
    "inprog": (Progress.UNDER_WAY, 0),
    "done": (Progress.DONE, 0),
}
LINKS = [(False, True), (False, False), (True, False)]
SHAPES = [*(twin.Follower(step, *link) for step in STEPS for link in LINKS), twin.Follower("none", True, True)]


@pytest.mark.parametrize("many", [0, 1, 2, 3])
def test_every_mixture_of_followers(many: int) -> None:
    _compare(many, SHAPES)


def test_every_mixture_of_four_followers() -> None:
    # The fourth brings nothing new but more of the same, so the rarest shapes are left out.
    _compare(4, [shape for shape in SHAPES if shape.connected or shape == twin.Follower("none", True, False)])


def _compare(many: int, shapes: list[twin.Follower]) -> None:
    made = {
        shape: reconfiguration.Follower(STEPS[shape.step][0], shape.down, not shape.connected, STEPS[shape.step][1])
        for shape in shapes
    }
    for followers in product(shapes, repeat=many):
        for parallel in (1, 2, 4):
            given_up, ordered, finished = twin.walk(followers, parallel)
            plan = reconfiguration.plan([made[each] for each in followers], parallel, 10_000)
            assert (list(plan.give_up), list(plan.repoint), plan.finished) == (given_up, ordered, finished), followers
