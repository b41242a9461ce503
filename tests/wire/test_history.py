"""Every field of a record survives the file and the reply; what others wrote never makes an error."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quorate.model.identity import MasterName
from quorate.model.record import Cause, Ending, Entry, Record
from quorate.wire import history
from tests.records import FULL


def test_a_line_gives_the_entry_back() -> None:
    line = history.line_of(FULL)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert history.of_line(line) == FULL


def test_bytes_that_are_no_text_survive() -> None:
    odd = replace(FULL, record=replace(FULL.record, master=MasterName("m\udcff\n\"'")))
    assert history.of_line(history.line_of(odd)) == odd


def flat(value: object) -> object:
    """As RESP2 shows it to a client: maps are flat lists, numbers are texts."""
    if isinstance(value, dict):
        return [flat(item) for pair in value.items() for item in pair]
    return [flat(item) for item in value] if isinstance(value, list) else str(value)


def test_a_reply_gives_the_entry_back() -> None:
    assert history.entry_of(flat(history.plain(FULL))) == FULL


def test_what_the_fields_are_called() -> None:
    assert list(history.plain(FULL)) == [
        "master", "cause", "ending", "began", "first", "attempts", "lasted", "epoch", "quorum", "voters", "old", "new",
        "leader", "told-by", "without-majority", "known-offset", "trailed", "down", "votes", "candidates", "steps",
    ]  # fmt: skip
    assert history.plain(FULL)["trailed"] == 50, "the highest offset known, less that of the replica chosen"


@pytest.mark.parametrize(
    ("record", "trailed"),
    [
        (FULL.record, 50),
        (replace(FULL.record, known_offset=None), None),
        (replace(FULL.record, known_offset=150), 0),
        (replace(FULL.record, new=""), None),
        (replace(FULL.record, contenders=()), None),
    ],
)
def test_by_how_much_the_promoted_replica_trailed(record: Record, trailed: int | None) -> None:
    assert record.trailed == trailed


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"nonsense", b"\xff\xfe", b'"mymaster"', b"1e999", b"[" * 100_000,
     b'{"master":"m","cause":"down"}', b'{"master":"m","cause":"down","ending":"unheard-of"}',
     b'{"master":"","cause":"down","ending":"done"}'],
)  # fmt: skip
def test_what_is_no_entry(line: bytes) -> None:
    assert history.of_line(line) is None


def test_fields_that_are_missing_or_odd_are_empty() -> None:
    odd = (
        b'{"master":"m","cause":"down","ending":"done","epoch":"x","votes":[[1,2,3],["a"],7],"steps":[3],"lasted":"9",'
    )
    odd += b'"candidates":[null],"down":{"a":1},"leader":"me","began":true,"known-offset":1e400}'
    entry = history.of_line(odd)
    assert entry is not None
    assert (entry.record.epoch, entry.record.votes, entry.record.steps, entry.record.lasted) == (0, (), (), 9)
    assert (entry.record.down, entry.record.leader, entry.began, entry.attempts) == ((), None, 0, 1)


_ATOM = some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5)
_LIST = some.lists(_ATOM, max_size=4)
_JSON = _ATOM | _LIST | some.lists(_LIST, max_size=3) | some.dictionaries(some.text(max_size=5), _ATOM, max_size=3)


@given(some.dictionaries(some.sampled_from(list(history.plain(FULL))), _JSON))
def test_whatever_the_fields_hold_is_read_or_refused(fields: dict[str, object]) -> None:
    entry = history.entry_of({"master": "m", "cause": "down", "ending": "done"} | fields)
    assert entry is None or history.of_line(history.line_of(entry)) is not None


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("cause", list(Cause))
def test_every_word_is_understood(cause: Cause, ending: Ending) -> None:
    entry = Entry(1, replace(FULL.record, cause=cause, ending=ending), first=1)
    assert history.of_line(history.line_of(entry)) == entry
