"""Records of failovers as texts, numbers, lists and maps: for FILE.quorate, for replies and for JSON.

    master, cause, ending           words; causes and endings are those of model.record
    began, first                    ms since 1970; `first` is the first attempt's where several ended alike
    attempts, lasted                a number; ms
    epoch, quorum, voters
    old, new                        host:port; `new` "" where nobody was promoted
    leader, told-by                 an id and host:port, "" where not known (leader of a failover led elsewhere)
    without-majority                1 if an operator's failover went on alone
    known-offset, trailed           bytes, only where somebody was chosen (trailed: promoted)
    down                            a list of [id, host:port], the keeper of the record with "" for its address
    votes                           a list of [id, host:port, candidate's id]
    candidates                      a list of maps: address, run-id, priority, offset, chosen, reason
    steps                           a map: step to ms since the beginning

What others wrote is read with patience: an unknown word or a missing field makes no error, a missing name does.
"""

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypeAlias, TypeVar

from quorate.model.identity import Epoch, MasterName, RunId
from quorate.model.record import Cause, Contender, Ending, Entry, Record, Step, Vote, Voter

Plain: TypeAlias = "str | int | list[Plain] | dict[str, Plain]"

_Word = TypeVar("_Word", bound=Enum)

MOST_DIGITS = 20
MOST_ITEMS = 1_000
"""Items of a list that are read; no master has so many replicas or sentinels."""


def plain(entry: Entry) -> dict[str, Plain]:
    """An entry in the form above, its fields in that order."""
    record = entry.record
    fields: dict[str, Plain] = {
        "master": record.master,
        "cause": record.cause.value,
        "ending": record.ending.value,
        "began": entry.began,
        "first": entry.first,
        "attempts": entry.attempts,
        "lasted": record.lasted,
        "epoch": record.epoch,
        "quorum": record.quorum,
        "voters": record.voters,
        "old": record.old,
        "new": record.new,
        "leader": _voter(record.leader),
        "told-by": _voter(record.told_by),
        "without-majority": int(record.alone),
    }
    if record.known_offset is not None:
        fields["known-offset"] = record.known_offset
    if record.trailed is not None:
        fields["trailed"] = record.trailed
    fields["down"] = [_voter(voter) for voter in record.down]
    fields["votes"] = [[vote.voter.id, vote.voter.address, vote.candidate] for vote in record.votes]
    fields["candidates"] = [_contender(contender) for contender in record.contenders]
    fields["steps"] = {step.word: step.at for step in record.steps}
    return fields


def entry_of(value: object) -> Entry | None:
    """An entry from that form, or from a reply, where maps may be flat lists; None if it is none."""
    fields = _fields(value)
    cause, ending = _word(Cause, fields.get("cause")), _word(Ending, fields.get("ending"))
    name = _text(fields.get("master"))
    if not name or cause is None or ending is None:
        return None
    record = Record(
        master=MasterName(name),
        cause=cause,
        ending=ending,
        epoch=Epoch(_count(fields.get("epoch"))),
        old=_text(fields.get("old")),
        new=_text(fields.get("new")),
        leader=_voter_of(fields.get("leader")),
        told_by=_voter_of(fields.get("told-by")),
        quorum=_count(fields.get("quorum")),
        voters=_count(fields.get("voters")),
        alone=_count(fields.get("without-majority")) == 1,
        down=tuple(voter for item in _items(fields.get("down")) if (voter := _voter_of(item)) is not None),
        votes=tuple(vote for item in _items(fields.get("votes")) if (vote := _vote_of(item)) is not None),
        known_offset=_number(fields.get("known-offset")),
        contenders=tuple(_contender_of(_fields(item)) for item in _items(fields.get("candidates"))),
        steps=tuple(Step(word, _count(at)) for word, at in _fields(fields.get("steps")).items()),
        lasted=_count(fields.get("lasted")),
    )
    attempts = max(1, _count(fields.get("attempts")))
    return Entry(_count(fields.get("began")), record, attempts, _count(fields.get("first")))


def line_of(entry: Entry) -> bytes:
    """An entry as one line of FILE.quorate, with its line feed. Any byte of a name survives, escaped."""
    return json.dumps(plain(entry), separators=(",", ":")).encode("ascii") + b"\n"


def of_line(line: bytes) -> Entry | None:
    """The entry of a line; None if it is none."""
    try:
        return entry_of(json.loads(line))
    except (ValueError, RecursionError):
        return None


def _voter(voter: Voter | None) -> list[Plain]:
    return ["", ""] if voter is None else [voter.id, voter.address]


def _contender(contender: Contender) -> dict[str, Plain]:
    return {
        "address": contender.address,
        "run-id": contender.run_id,
        "priority": contender.priority,
        "offset": contender.offset,
        "chosen": int(contender.chosen),
        "reason": contender.reason,
    }


def _contender_of(fields: Mapping[str, object]) -> Contender:
    return Contender(
        address=_text(fields.get("address")),
        run_id=_text(fields.get("run-id")),
        priority=_count(fields.get("priority")),
        offset=_count(fields.get("offset")),
        chosen=_count(fields.get("chosen")) == 1,
        reason=_text(fields.get("reason")),
    )


def _voter_of(value: object) -> Voter | None:
    words = [_text(item) for item in _items(value)]
    return Voter(RunId(words[0]), words[1]) if len(words) >= 2 and words[0] else None


def _vote_of(value: object) -> Vote | None:
    words = [_text(item) for item in _items(value)]
    return Vote(Voter(RunId(words[0]), words[1]), RunId(words[2])) if len(words) >= 3 and words[0] else None


def _fields(value: object) -> dict[str, object]:
    if isinstance(value, Mapping):
        return {key: item for key, item in list(value.items())[:MOST_ITEMS] if isinstance(key, str)}
    items = _items(value)
    return {key: item for key, item in zip(items[::2], items[1::2], strict=False) if isinstance(key, str)}


def _items(value: object) -> Sequence[object]:
    return value[:MOST_ITEMS] if isinstance(value, list | tuple) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return _number(value) or 0


def _number(value: object) -> int | None:
    """A number, or the digits of one; no field of ours has more than twenty."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 10**MOST_DIGITS else None
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("-")
    return int(value) if digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS else None


def _word(kind: type[_Word], value: object) -> _Word | None:
    """The word's meaning; None for one that this version does not know."""
    return next((word for word in kind if word.value == value), None)
