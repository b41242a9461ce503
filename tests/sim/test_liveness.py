"""Who is excused from agreeing: sentinels that have begun anew, and know nothing in common or nothing of the way."""

import pytest

from quorate.core import candidacy, staying
from quorate.model.identity import MasterName
from quorate.sim.checkers.liveness import Liveness, parted, unsettled
from tests.sim.mutants.planting import Patch, always, mutant, planted
from tests.sim.scenarios.stage import Stage
from tests.sim.scenarios.test_scenarios import obey

NAME = MasterName("master0")


def begun_anew(*, reset: bool) -> Stage:
    """One sentinel moves the master without the other, whose disk is then replaced; the first may have been reset."""
    stage = Stage()
    moved = ("kill m0r0", "machine-dies s0", "run 6000", "type s1 FAILOVER", "run 10000")
    forgets = ("type s1 RESET",) if reset else ()
    for verb in ("world sentinels=2 quorum=2 replicas=1", "run 15000", *moved, *forgets):
        obey(stage, verb)
    stage.world.note_amnesia(stage.sentinel("s0"))
    disk = stage.sentinel("s0").disk
    disk.data = disk.template
    for verb in ("start m0r0 s0", "run 60000"):
        obey(stage, verb)
    return stage


def test_who_watches_another_server_and_knows_no_peer_can_never_hear_of_the_rest() -> None:
    stage = begun_anew(reset=True)
    assert parted(stage.world, NAME)
    assert unsettled(stage.world) == ""


def test_without_a_replaced_disk_that_is_no_excuse() -> None:
    stage = begun_anew(reset=True)
    stage.world.amnesia = 0
    assert unsettled(stage.world).startswith("sentinels disagree about master0")


def test_one_server_that_both_watch_brings_them_together() -> None:
    stage = begun_anew(reset=False)
    assert not parted(stage.world, NAME)
    assert unsettled(stage.world) == ""


def turned_unseen(*, classic: int) -> Stage:
    """Master and replica change places while three of four sentinels are gone, whose disks are replaced."""
    stage = Stage()
    obey(stage, f"world sentinels=4 quorum=3 replicas=1 failover_timeout=1000 down_after=1000 classic={classic}")
    for verb in ("run 15000", "machine-dies s0 s1 s2"):
        obey(stage, verb)
    old, new = stage.server("m0r0"), stage.server("m0r1")
    new.replicate(None)
    old.replicate(new.node.ip)
    for name in ("s0", "s1", "s2"):
        stage.world.note_amnesia(stage.sentinel(name))
        disk = stage.sentinel(name).disk
        disk.data = disk.template
    for verb in ("start s0 s1 s2", "run 120000"):
        obey(stage, verb)
    return stage


HASTY = mutant(
    "stands with nobody to promote before those who know somebody",
    Patch(candidacy, "NOBODY_TO_PROMOTE", lambda _: 0),
    Liveness.name,
    at=(0, 1),
)


LEAVES = mutant(
    "leaves a master a replica that nobody leads", Patch(staying, "restore", always(None)), Liveness.name, at=(0, 1)
)


@pytest.mark.parametrize("classic", [0, 1])
def test_who_alone_knows_a_replica_has_its_turn_whatever_kind_it_is(classic: int) -> None:
    assert unsettled(turned_unseen(classic=classic).world) == ""


def test_who_can_promote_nobody_and_stands_first_keeps_a_c_peer_from_its_turn() -> None:
    with planted(HASTY):
        assert unsettled(turned_unseen(classic=1).world) == "m0r0, the master of master0, is a replica"


def turned_by_hand() -> Stage:
    """Master and replica change places behind the sentinels' backs, though the replica must never be the master."""
    stage = Stage()
    obey(stage, "world sentinels=3 quorum=2 replicas=1 failover_timeout=1000 down_after=1000 nofailover=1")
    obey(stage, "run 15000")
    old, new = stage.server("m0r0"), stage.server("m0r1")
    new.replicate(None)
    old.replicate(new.node.ip)
    obey(stage, "run 60000")
    return stage


def test_a_master_that_follows_who_must_not_lead_gets_its_role_back() -> None:
    assert unsettled(turned_by_hand().world) == ""


def test_who_leaves_it_a_replica_is_caught() -> None:
    with planted(LEAVES):
        assert unsettled(turned_by_hand().world) == "m0r0, the master of master0, is a replica"
