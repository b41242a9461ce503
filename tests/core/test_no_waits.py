"""From SDOWN on each step starts in the call in which the fact arrives that allows it; nothing waits for a tick."""

from itertools import pairwise

import pytest

from quorate.core import inputs, requests
from quorate.model.identity import Epoch
from tests.core.scenes import AHEAD, BEHIND, MASTER, dying, kill, master_of, scene, until
from tests.core.world import Puppet, World, run_id

PEERS = (26380, 26381)


class Sending(World):
    """Notes what leaves for whom."""

    def _send(self, conn: requests.ConnId, port: int, request: requests.Request) -> None:
        sent.append((self.now, port, request))
        super()._send(conn, port, request)


class Deaf(Sending):
    """Peers take in nothing."""

    def _to_puppet(self, conn: requests.ConnId, puppet: Puppet, request: requests.Request) -> None:
        pass


sent: list[tuple[int, int, requests.Request]] = []


def watched(world: World) -> World:
    """From now on what leaves is noted."""
    world.__class__ = Sending
    sent.clear()
    return world


def asked(port: int, *, votes: bool) -> list[int]:
    """When a peer was asked for its opinion, or for its vote."""
    questions = [(at, what) for at, to, what in sent if to == port and isinstance(what, requests.AskDown)]
    return [at for at, what in questions if (what.candidate is not None) is votes]


def test_every_peer_is_asked_in_the_moment_of_sdown() -> None:
    world = watched(scene())
    kill(world, MASTER)
    until(world, "+sdown master")
    assert [asked(port, votes=False) for port in PEERS] == [[world.now], [world.now]]


@pytest.mark.parametrize("disk", ["slow", "full"])
def test_no_question_for_an_opinion_waits_for_the_disk(disk: str) -> None:
    world = watched(scene())
    world.disk = disk
    # A new epoch, heard of just before, is to be saved.
    world.hello("b", 3, MASTER, 0)
    kill(world, MASTER)
    until(world, "+sdown master")
    assert [asked(port, votes=False) for port in PEERS] == [[world.now], [world.now]]


def test_one_that_still_sees_it_up_is_asked_every_50_ms_for_a_second_and_then_every_ask_period() -> None:
    world = watched(scene())
    kill(world, MASTER)
    until(world, "+sdown master")
    begun = world.now
    world.run(5_000)
    for port in PEERS:
        times = asked(port, votes=False)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        # One ms is that between a question and its answer, from which the pause counts.
        assert {gap for at, gap in zip(times, gaps, strict=False) if at < begun + 1_000 - 51} == {51}
        assert {gap for at, gap in zip(times, gaps, strict=False) if at >= begun + 1_000} == {1_001}


def test_one_question_is_outstanding_at_a_time() -> None:
    world = watched(scene())
    kill(world, MASTER)
    # Peers that do not answer at all: what they are asked stays under way for an ask-period.
    world.__class__ = Deaf
    world.run(4_000)
    for port in PEERS:
        times = asked(port, votes=False)
        assert times
        assert all(later - earlier >= 1_000 for earlier, later in pairwise(times))


def test_votes_are_asked_for_in_the_call_in_which_the_quorum_is_reached_and_fresh_offsets_too() -> None:
    world = watched(scene())
    # Whose turn it is depends on the ids; the first in line does not wait at all.
    master = master_of(world)
    kill(world, MASTER)
    until(world, "+sdown master")
    world.run(60)
    master.stand_at = world.now
    assert not any(asked(port, votes=True) for port in PEERS), "never before ODOWN"
    sent.clear()
    world.out.clear()
    peer = master.peers[run_id("b")]
    assert peer.link.command is not None
    world.submit(inputs.PeerAnswered(peer.link.command, peer.id, True, None, Epoch(0)))
    told = [line.split()[1] for line in world.out]
    assert told[:4] == ["+odown", "+new-epoch", "+try-failover", "+vote-for-leader"]
    infos = {to for at, to, what in sent if isinstance(what, requests.AskInfo)}
    assert infos == {BEHIND, AHEAD}, "fresh offsets are read while the votes travel"
    stood = world.now
    until(world, "-> b vote for me")
    # The vote for ourselves is on disk two milliseconds later, and not a moment is lost then.
    assert world.now == stood + 2
    assert [asked(port, votes=True) for port in PEERS] == [[stood + 2], [stood + 2]]


def test_who_stands_first_does_not_wait() -> None:
    """Of three sentinels one is first in line; the others are some tens of milliseconds behind it."""
    waits = []
    for letters in (("b", "c"), ("0", "1"), ("1", "f"), ("0", "b"), ("e", "f"), ("2", "9")):
        world = scene(peers=letters)
        dying(world)
        until(world, "+odown")
        odown = world.now
        until(world, "+try-failover")
        waits.append(world.now - odown)
    assert set(waits) <= {0, 40, 80}
    assert 0 in waits


def test_a_promotion_is_told_to_everybody_in_the_call_in_which_it_is_on_disk() -> None:
    world = watched(dying(scene()))
    until(world, "+promoted-slave")
    confirmed = world.now
    sent.clear()
    world.run(2)
    hellos = [(at, to) for at, to, what in sent if isinstance(what, requests.PublishHello)]
    orders = [(at, to) for at, to, what in sent if isinstance(what, requests.Reconfigure)]
    assert {(confirmed + 2, port) for port in (*PEERS, AHEAD, BEHIND)} <= set(hellos)
    assert orders == [(confirmed + 2, BEHIND)]


def test_the_order_and_the_info_that_confirms_it_leave_together() -> None:
    world = watched(dying(scene()))
    until(world, "-> 6381 SLAVEOF NO ONE")
    last = [what for at, to, what in sent if to == AHEAD and at == world.now]
    assert [type(what) for what in last][-2:] == [requests.Reconfigure, requests.AskInfo]
