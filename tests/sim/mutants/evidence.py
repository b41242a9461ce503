"""Defects of evidence: what counts as a crash, as a sign of life, as a master that only refuses us."""

from quorate.core import asking, confirming, crash, holding
from quorate.core.confirming import Heard
from quorate.model.millis import Millis
from tests.sim.mutants.planting import Function, Patch, always, instead, mutant

CRASH = "a crash is no cut"
DENIED = "a master that refuses us lives"
HELD = "a failover is held for a while only"


def _any_link(right: Function) -> Function:
    """A link that is up is taken for a byte."""

    def proven(before: Heard | None, now: Heard) -> Millis:
        return now.at if now.link_up else int(right(before, now))

    return proven


EVIDENCE = (
    mutant("calls a crash without asking replicas", Patch(crash, "is_confirmed", always(True)), CRASH, at=(33, 40)),
    mutant("calls a crash on its own word", Patch(crash, "is_agreed", always(True)), CRASH, at=(9, 20)),
    mutant("counts as down who does not let it in", Patch(asking, "is_denied", always(False)), DENIED, at=(2, 20)),
    mutant("takes a link that is up for a sign of life", Patch(confirming, "proven", _any_link), HELD, at=(77, 1)),
    mutant(
        "waits for what replicas hear without end",
        Patch(holding, "confirm_time", instead(lambda *_: 1_000_000_000)),
        HELD,
        at=(3855, 1),
    ),
)
