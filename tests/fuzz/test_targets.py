"""Any bytes, and the words of each language in any order, leave every codec with its properties; so do old crashes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS
from tests.fuzz.vocabulary import EXAMPLES, WORDS

CRASHES = Path(__file__).with_name("crashes")
"""Inputs that a fuzzer once failed on, one folder per target; the name says what was wrong."""


@pytest.mark.parametrize("name", TARGETS)
def test_properties_hold_for_anything(name: str) -> None:
    words = st.lists(st.sampled_from(WORDS[name]) | st.binary(max_size=3), max_size=40).map(b"".join)
    lines = st.lists(st.lists(st.sampled_from(WORDS[name]), min_size=1, max_size=6).map(b" ".join), max_size=6)

    @settings(max_examples=300, deadline=None)
    @given(words | lines.map(b"\n".join) | st.sampled_from(EXAMPLES[name]).flatmap(_dented))
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()


def _dented(example: bytes) -> st.SearchStrategy[bytes]:
    """An example in which one stretch is something else."""
    places = st.tuples(st.integers(0, len(example)), st.integers(0, 8), st.binary(max_size=6))
    return places.map(lambda dent: example[: dent[0]] + dent[2] + example[dent[0] + dent[1] :])


@pytest.mark.parametrize("name", TARGETS)
def test_examples_pass(name: str) -> None:
    for example in EXAMPLES[name]:
        TARGETS[name](example)


@pytest.mark.parametrize("path", sorted(CRASHES.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_failed(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())
