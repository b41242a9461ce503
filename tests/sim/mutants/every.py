"""All planted defects."""

from tests.sim.mutants.elections import ELECTIONS
from tests.sim.mutants.evidence import EVIDENCE
from tests.sim.mutants.failovers import FAILOVERS
from tests.sim.mutants.planting import Mutant
from tests.sim.mutants.saving import SAVING

MUTANTS: tuple[Mutant, ...] = (*ELECTIONS, *SAVING, *FAILOVERS, *EVIDENCE)
