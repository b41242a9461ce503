"""The checkers can fail: for each planted defect the simulator finds a violation within a stated number of seeds.

`python -m tests.sim.mutants.hunting` shows which seeds, which checkers, and how long it takes.
"""

import pytest

from quorate.core import voting
from quorate.sim.checkers.everything import CHECKERS
from quorate.sim.runner import Order, run
from tests.sim.mutants.every import MUTANTS
from tests.sim.mutants.hunting import hunt, seeds_of
from tests.sim.mutants.planting import Mutant, planted

LIVENESS = "all comes right in time"


@pytest.mark.real
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_simulator_catches_who(mutant: Mutant) -> None:
    catch = hunt(mutant, seeds_of(mutant))
    assert catch is not None, f"none of {mutant.within} seeds shows it to {' or '.join(sorted(mutant.caught_by))}"
    print(f"{catch.failed.checker} at seed {catch.seed}: {catch.failed.text}")


@pytest.mark.real
@pytest.mark.parametrize("seed", sorted({mutant.seed for mutant in MUTANTS}))
def test_without_a_defect_the_same_seeds_show_nothing(seed: int) -> None:
    failed = run(Order(str(seed))).failed
    assert failed is None, f"{failed.checker}: {failed.text}"


def test_there_are_enough_of_them_and_no_two_alike() -> None:
    assert len({mutant.text for mutant in MUTANTS}) == len(MUTANTS) >= 18


def test_they_name_checkers_that_exist() -> None:
    names = {checker.name for checker in CHECKERS} | {LIVENESS}
    assert all(mutant.caught_by <= names for mutant in MUTANTS)


def test_shared_code_is_as_it_was_afterwards() -> None:
    before = voting.grant
    for mutant in MUTANTS:
        right = [patch.owner.__dict__[patch.name] for patch in mutant.patches]
        with planted(mutant):
            assert all(
                patch.owner.__dict__[patch.name] is not was for patch, was in zip(mutant.patches, right, strict=True)
            )
        assert [patch.owner.__dict__[patch.name] for patch in mutant.patches] == right
    assert voting.grant is before


def test_no_defect_is_planted_in_the_simulator() -> None:
    for mutant in MUTANTS:
        for patch in mutant.patches:
            module = getattr(patch.owner, "__module__", None) or patch.owner.__name__
            assert module.startswith(("quorate.core.", "quorate.conf.", "quorate.model.")), f"{mutant}: {module}"
