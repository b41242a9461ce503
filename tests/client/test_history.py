"""Several sentinels' memories become one list: each failover once, told by who knows most, and nothing is believed."""

from dataclasses import replace

import pytest
from redis.exceptions import NoPermissionError, ResponseError

from quorate.client.history import Memory, Told, memory_of, together
from quorate.client.picture import Place
from quorate.model.identity import Epoch
from quorate.model.record import Cause, Ending, Entry, Voter
from quorate.wire.history import plain
from tests.records import FULL, ME, PEER

FIRST, SECOND, THIRD = (Place("127.0.0.1", port) for port in (26379, 26380, 26381))
UNKNOWN_SUBCOMMAND = ResponseError(
    "Unknown subcommand or wrong number of arguments for 'FAILOVERS'. Try SENTINEL HELP."
)
NO_SUCH_MASTER = ResponseError("No such master with that name")


def flat(value: object) -> object:
    """As a RESP2 client sees a map."""
    if isinstance(value, dict):
        return [flat(item) for pair in value.items() for item in pair]
    return [flat(item) for item in value] if isinstance(value, list) else str(value)


def followed(leader: Voter | None, began: int = FULL.began) -> Entry:
    record = replace(
        FULL.record, cause=Cause.ELSEWHERE, ending=Ending.FOLLOWED, leader=leader, contenders=(), known_offset=None
    )
    return Entry(began, record, first=began)


def test_replies_become_entries_with_their_keeper() -> None:
    memory = memory_of(FIRST, [[flat(plain(FULL))], []])
    assert memory == Memory(FIRST, (Told(FULL, FIRST),))
    assert memory.told[0].leader() == "127.0.0.1:26379", "the keeper's own address is known by who was asked"
    assert memory.told[0].name_of(PEER) == "127.0.0.1:26380"


def test_what_would_drive_a_terminal_is_taken_out() -> None:
    odd = replace(FULL, record=replace(FULL.record, new="\x1b[2Jm", leader=Voter(ME.id, "\x9b1A")))
    (told,) = memory_of(FIRST, [[flat(plain(odd))]]).told
    assert (told.entry.record.new, told.leader()) == ("?[2Jm", "?1A")


@pytest.mark.parametrize(
    ("replies", "memory"),
    [
        ([UNKNOWN_SUBCOMMAND], Memory(FIRST, ours=False)),
        ([UNKNOWN_SUBCOMMAND, NO_SUCH_MASTER], Memory(FIRST, ours=False)),
        ([NO_SUCH_MASTER], Memory(FIRST, unknown=True)),
        ([NO_SUCH_MASTER, []], Memory(FIRST)),
        ([], Memory(FIRST)),
        (["nonsense", 7, [7], [["master"]], None], Memory(FIRST)),
    ],
)
def test_errors_and_nonsense(replies: list[object], memory: Memory) -> None:
    assert memory_of(FIRST, replies) == memory


def test_a_user_without_the_right_is_told_so() -> None:
    error = NoPermissionError("this user has no permissions to run the 'sentinel|failovers' command")
    memory = memory_of(FIRST, [error])
    assert memory.ours
    assert "does not allow this user" in memory.trouble


def test_each_failover_is_told_once_by_who_led_it() -> None:
    memories = [
        Memory(SECOND, (Told(followed(ME), SECOND),)),
        Memory(FIRST, (Told(FULL, FIRST),)),
        Memory(THIRD, (Told(followed(None), THIRD),)),
    ]
    assert together(memories) == [Told(FULL, FIRST)]


def test_if_the_leader_cannot_be_asked_who_knows_of_it_tells() -> None:
    memories = [
        Memory(SECOND, (Told(followed(None), SECOND),)),
        Memory(THIRD, (Told(followed(ME), THIRD),)),
    ]
    assert together(memories) == [Told(followed(ME), THIRD)]


def test_attempts_and_other_epochs_stay_and_the_newest_comes_first() -> None:
    attempt = replace(FULL, began=1, record=replace(FULL.record, ending=Ending.NOT_ELECTED))
    later = followed(ME, began=FULL.began + 5)
    later = replace(later, record=replace(later.record, epoch=Epoch(8)))
    memories = [Memory(FIRST, (Told(FULL, FIRST),)), Memory(SECOND, (Told(attempt, SECOND), Told(later, SECOND)))]
    assert together(memories) == [Told(later, SECOND), Told(FULL, FIRST), Told(attempt, SECOND)]
