"""Who is excused from agreeing: sentinels that have begun anew and watch nothing in common; nobody else."""

from quorate.model.identity import MasterName
from quorate.sim.checkers.liveness import parted, unsettled
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
