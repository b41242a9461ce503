"""Seeds that once failed hold. (`make commit-seed` runs one that nobody chose: the commit under test.)"""

from pathlib import Path

import pytest

from quorate.sim.runner import Order, run

KEPT = Path(__file__).parent.parent / "seeds.txt"

SEEDS = [seed for line in KEPT.read_text().splitlines() if (seed := line.partition("#")[0].strip())]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_that_once_failed_holds(seed: str) -> None:
    failed = run(Order(seed)).failed
    assert failed is None, f"{failed.checker}: {failed.text}; again: quorate simulate --seed {seed} --trace"
