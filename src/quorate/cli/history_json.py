"""`quorate history --json`: all failovers as one JSON object. Stable: fields are added, never renamed or removed.

    format      1
    failovers   a list, newest first, each: master, keeper (the sentinel that remembers it), began_ms (since 1970),
                attempts, first_ms, cause, ending, epoch, from, to (null: nobody was promoted), leader (null: not
                known), told_by (null: nobody), quorum, voters, without_majority, down (sentinels), votes (each: voter,
                candidate), known_offset, trailed_bytes (null where nobody was promoted), candidates (each: address,
                run_id, priority, offset, chosen, reason: "" if it was fit), steps (name to ms after the beginning),
                lasted_ms
    sentinels   those asked, each: address, history (whether it keeps one), trouble ("": none)

A sentinel is an object of id and address. Causes: down, crash, operator, conflict, move, left-over, elsewhere. Endings:
done, partly, followed, not-elected, no-good-slave, slave-timeout, overtaken, undone, restored, leaving, master-alive,
not-saved, reset, removed.
"""

import json
from collections.abc import Sequence
from typing import Any

from quorate.client.history import Memory, Told
from quorate.model.record import Voter


def render(failovers: Sequence[Told], memories: Sequence[Memory]) -> str:
    """One line of JSON. Bytes that are not UTF-8 become replacement characters."""
    document = {
        "format": 1,
        "failovers": [_failover(told) for told in failovers],
        "sentinels": [
            {"address": str(one.place), "history": one.ours and not one.trouble, "trouble": one.trouble}
            for one in memories
        ],
    }
    text = json.dumps(document, ensure_ascii=False)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _failover(told: Told) -> dict[str, Any]:
    entry, record = told.entry, told.entry.record
    return {
        "master": record.master,
        "keeper": str(told.keeper),
        "began_ms": entry.began,
        "attempts": entry.attempts,
        "first_ms": entry.first,
        "cause": record.cause.value,
        "ending": record.ending.value,
        "epoch": record.epoch,
        "from": record.old,
        "to": record.new or None,
        "leader": _sentinel(told, record.leader),
        "told_by": _sentinel(told, record.told_by),
        "quorum": record.quorum,
        "voters": record.voters,
        "without_majority": record.alone,
        "down": [_sentinel(told, voter) for voter in record.down],
        "votes": [{"voter": _sentinel(told, vote.voter), "candidate": vote.candidate} for vote in record.votes],
        "known_offset": record.known_offset,
        "trailed_bytes": record.trailed,
        "candidates": [
            {
                "address": one.address,
                "run_id": one.run_id,
                "priority": one.priority,
                "offset": one.offset,
                "chosen": one.chosen,
                "reason": one.reason,
            }
            for one in record.contenders
        ],
        "steps": {step.word: step.at for step in record.steps},
        "lasted_ms": record.lasted,
    }


def _sentinel(told: Told, voter: Voter | None) -> dict[str, str] | None:
    return None if voter is None else {"id": voter.id, "address": told.name_of(voter)}
