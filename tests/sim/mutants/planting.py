"""What a planted defect is: functions of shared code that are replaced while it is in the ground, and put back after.

The simulator itself is never touched: a mutant says something about what its checkers can see.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Patch:
    """One attribute of a module or class, and what makes the defective one out of the right one."""

    owner: Any
    name: str
    defect: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect. `text` says it as a reviewer would.

    `caught_by` names the checkers (or `liveness`) of which one must catch it. `seed` is one that was seen to do so; if
    the worlds have changed since, seeds 0 to `within` - 1 are tried, and one of them must.
    """

    text: str
    patches: tuple[Patch, ...]
    caught_by: frozenset[str]
    seed: int
    within: int
    alone: bool = False
    """Only the named checkers watch: others would be quicker, and it is these that shall be seen to fail."""

    def __str__(self) -> str:
        return self.text


@contextmanager
def planted(mutant: Mutant) -> Generator[None]:
    """Shared code with the defect; as it was afterwards, whatever happens."""
    originals = [patch.owner.__dict__[patch.name] for patch in mutant.patches]
    for patch, original in zip(mutant.patches, originals, strict=True):
        setattr(patch.owner, patch.name, patch.defect(original))
    try:
        yield
    finally:
        for patch, original in zip(mutant.patches, originals, strict=True):
            setattr(patch.owner, patch.name, original)


def mutant(text: str, patch: Patch, *caught_by: str, at: tuple[int, int], alone: bool = False) -> Mutant:
    """A mutant of one patch; `at` is (seed, within)."""
    return Mutant(text, (patch,), frozenset(caught_by), *at, alone=alone)


def instead(function: Function) -> Callable[[Function], Function]:
    """Another function in its place."""
    return lambda _: function


def nothing(_: Function) -> Function:
    """In its place one that does nothing."""
    return lambda *_args, **_words: None


def always(value: object) -> Callable[[Function], Function]:
    """In its place one that knows only one answer."""
    return lambda _: lambda *_args, **_words: value
