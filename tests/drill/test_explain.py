"""A lost write has a reason that asynchronous replication allows, or the drill fails."""

from collections.abc import Mapping
from dataclasses import replace

from quorate.drill.explain import Cause, Circumstances, explain
from quorate.drill.ledger import Ack

NOTHING: Mapping[str, float] = {}
KILLED = Circumstances({"a": 10.0}, NOTHING, 15.0, [(11.2, "b")], {"b": 500, "c": 500})
CUT = Circumstances(NOTHING, {"a": 10.0}, 15.0, [(11.2, "b")], {"b": 500, "c": 500})


def ack(at: float) -> Ack:
    return Ack(0, 1, at, "10.0.0.1:6379")


def test_just_before_the_crash_is_replication_lag() -> None:
    assert explain(ack(9.9), "a", KILLED).cause is Cause.LAG


def test_long_before_the_crash_has_no_excuse() -> None:
    loss = explain(ack(7.0), "a", KILLED)
    assert loss.cause is Cause.UNEXPLAINED
    assert loss.text == "3.0 s before a was killed"


def test_the_drill_allows_for_the_lag_that_it_caused() -> None:
    assert explain(ack(7.0), "a", replace(KILLED, slack=3.0)).cause is Cause.LAG


def test_a_replica_with_more_data_must_not_be_passed_over() -> None:
    loss = explain(ack(9.9), "a", replace(KILLED, offsets={"b": 400, "c": 500}))
    assert loss.cause is Cause.UNEXPLAINED
    assert loss.text == "b was promoted although c had more data"


def test_the_side_of_the_partition() -> None:
    assert explain(ack(10.5), "a", CUT).cause is Cause.SIDE
    assert explain(ack(14.0), "a", CUT).cause is Cause.SIDE
    assert explain(ack(8.0), "a", CUT).cause is Cause.UNEXPLAINED


def test_after_the_cut_the_old_master_should_soon_be_demoted() -> None:
    assert explain(ack(16.0), "a", CUT).cause is Cause.LATE


def test_a_master_that_was_started_again_has_no_excuse() -> None:
    loss = explain(ack(16.0), "a", KILLED)
    assert loss.cause is Cause.UNEXPLAINED
    assert loss.text == "a took it after it was started again, and was replaced"


def test_a_master_that_was_never_replaced_may_lose_nothing() -> None:
    loss = explain(ack(9.9), "a", replace(KILLED, promoted=[]))
    assert (loss.cause, loss.text) == (Cause.UNEXPLAINED, "a stayed master and lost it")


def test_an_old_master_that_nothing_happened_to_may_lose_nothing() -> None:
    planned = Circumstances(NOTHING, NOTHING, 15.0, [(11.0, "b")], {})
    assert explain(ack(12.0), "a", planned).text == "a took it after b was promoted, though it could be reached"
    assert explain(ack(10.0), "a", planned).cause is Cause.UNEXPLAINED
