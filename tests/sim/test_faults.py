"""Every kind of fault strikes a small world, shows, and leaves it able to come right again."""

import pytest

from quorate.sim.checkers.liveness import bound, unsettled
from quorate.sim.faults import Aim, Entering, Kind, Planned
from quorate.sim.faults_inflict import ENTERED, Inflictor
from quorate.sim.faults_plan import SENTINELS_OWN
from quorate.sim.phases import advance
from quorate.sim.world import Observer, Options, World

OPTIONS = Options("faults", 3, 1, 2, 2, 500, 2_000, 1, 0, 1, 0, 0.0, hostnames=True, password="secret")


class Book(Observer):
    """What struck and what was mended."""

    def __init__(self) -> None:
        self.struck_by: list[tuple[int, str]] = []
        self.mended_of: list[int] = []

    def struck(self, planned: Planned, what: str) -> None:
        self.struck_by.append((planned.number, what))

    def mended(self, planned: Planned) -> None:
        self.mended_of.append(planned.number)


def play(*plan: Planned, until: int = 12_000) -> tuple[World, Inflictor, Book]:
    world = World(OPTIONS)
    book, inflictor = Book(), Inflictor(world, plan)
    world.observers += [book, inflictor]
    advance(world, until)
    return world, inflictor, book


def comes_right(world: World) -> bool:
    deadline = world.schedule.now + bound(world.options)
    while world.schedule.now < deadline:
        advance(world, world.schedule.now + 1_000)
        if not unsettled(world):
            return True
    return False


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_a_fault_strikes_is_mended_and_all_comes_right(kind: Kind) -> None:
    aim = Aim.SENTINEL if kind in SENTINELS_OWN else Aim.MASTER
    fault = Planned(0, kind, aim, 3_000, at=6_000, amount=20)
    world, inflictor, book = play(fault)
    assert [number for number, _ in book.struck_by] == [0]
    assert book.mended_of == [0]
    assert inflictor.cells == {(kind, None): 1}
    inflictor.heal()
    assert comes_right(world), unsettled(world)


@pytest.mark.parametrize("state", list(ENTERED.values()), ids=lambda state: state.value)
def test_a_fault_strikes_when_a_failover_enters_a_state(state: object) -> None:
    entering = next(Entering(one, 1) for one in ENTERED.values() if one is state)
    kill = Planned(0, Kind.KILL_SERVER, Aim.MASTER, 20_000, at=6_000)
    crash = Planned(1, Kind.KILL_SENTINEL, Aim.LEADER, 1_000, entering=entering)
    world, inflictor, book = play(kill, crash, until=20_000)
    assert [number for number, _ in book.struck_by] == [0, 1]
    assert inflictor.cells[Kind.KILL_SENTINEL, entering.state] == 1
    inflictor.heal()
    assert comes_right(world), unsettled(world)


def test_overlapping_cuts_end_one_by_one() -> None:
    world, _, book = play(
        Planned(0, Kind.PARTITION, Aim.MASTER, 2_000, at=3_000),
        Planned(1, Kind.PARTITION, Aim.MASTER, 4_000, at=3_500),
        until=5_500,
    )
    assert book.mended_of == [0]
    assert world.network.cuts == world.troubles.cuts[1]
    advance(world, 8_000)
    assert not world.network.cuts


def test_the_weather_is_the_worst_of_all_that_is_in_force() -> None:
    world, _, _ = play(
        Planned(0, Kind.DELAY, Aim.SENTINEL, 5_000, at=1_000, amount=50),
        Planned(1, Kind.DELAY, Aim.SENTINEL, 1_000, at=2_000, amount=90),
        Planned(2, Kind.LOSS, Aim.SENTINEL, 3_000, at=2_000, amount=5),
        until=2_500,
    )
    assert (world.network.weather.latency, world.network.weather.loss) == (90, 5)
    advance(world, 4_000)
    assert (world.network.weather.latency, world.network.weather.loss) == (50, 5)
    advance(world, 8_000)
    assert (world.network.weather.latency, world.network.weather.loss) == (1, 0.0)


@pytest.mark.parametrize("number", range(6))
def test_no_stranger_comes_by_an_address_after_the_fault_is_over(number: int) -> None:
    """The stranger takes up to 5 s to arrive; by then the server may be back, and dead again."""
    world, inflictor, _ = play(
        Planned(number, Kind.REUSE, Aim.MASTER, 10, at=6_000),
        Planned(10, Kind.KILL_SERVER, Aim.MASTER, 60_000, at=6_020),
        until=12_000,
    )
    assert not world.foreign
    inflictor.heal()
    assert comes_right(world), unsettled(world)


def test_nothing_strikes_after_healing() -> None:
    world, inflictor, book = play(Planned(0, Kind.PAUSE_SERVER, Aim.MASTER, 60_000, at=9_000), until=8_000)
    inflictor.heal()
    advance(world, 20_000)
    assert not book.struck_by
