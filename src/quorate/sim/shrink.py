"""The same failure with less: faults are removed one by one, and shortened, while the same property still fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from quorate.model.millis import Millis
from quorate.sim.faults import Plan, Planned
from quorate.sim.runner import Order, Result, run

SHORTEST: Millis = 20


@dataclass(slots=True)
class Shrinker:
    """Holds the smallest failing result so far. `progress` hears the attempt and how many faults are left."""

    smallest: Result
    conduct: Callable[[Order], Result] = run
    attempts: int = 0
    most_attempts: int = 300
    progress: Callable[[int, int], None] = lambda attempts, faults: None  # noqa: ARG005

    def shrink(self) -> Result:
        """Remove, then shorten, until nothing helps; the smallest result that still fails, with its transcript."""
        self._drop_those_that_never_struck()
        while self._remove_one() and self.attempts < self.most_attempts:
            pass
        self._shorten_each()
        return self.conduct(replace(self._order(self.smallest.plan), transcript=True))

    def _drop_those_that_never_struck(self) -> None:
        failed = self.smallest.failed
        assert failed is not None
        early = tuple(fault for fault in self.smallest.plan if fault.at is None or fault.at <= failed.at)
        if len(early) < len(self.smallest.plan):
            self._try(early)

    def _remove_one(self) -> bool:
        for fault in reversed(self.smallest.plan):
            if self._try(tuple(other for other in self.smallest.plan if other is not fault)):
                return True
        return False

    def _shorten_each(self) -> None:
        for number in [fault.number for fault in self.smallest.plan]:
            fault = next(fault for fault in self.smallest.plan if fault.number == number)
            while fault.duration > SHORTEST and self.attempts < self.most_attempts:
                shorter = replace(fault, duration=max(SHORTEST, fault.duration // 2))
                if not self._try(_with(self.smallest.plan, shorter)):
                    break
                fault = shorter

    def _order(self, plan: Plan) -> Order:
        return replace(self.smallest.order, plan=plan, transcript=False, standing=False)

    def _try(self, plan: Plan) -> bool:
        """Whether the same property fails with this plan; then it is the smallest."""
        assert self.smallest.failed is not None
        if self.attempts >= self.most_attempts:
            return False
        self.attempts += 1
        result = self.conduct(self._order(plan))
        same = result.failed is not None and result.failed.checker == self.smallest.failed.checker
        if same:
            self.smallest = result
        self.progress(self.attempts, len(self.smallest.plan))
        return same


def _with(plan: Plan, changed: Planned) -> Plan:
    return tuple(changed if fault.number == changed.number else fault for fault in plan)
