"""Answers keep the order of their questions, whichever is known first; and which questions need not wait."""

import pytest

from quorate.commands.debts import Debts, goes_along

REQUESTS = [
    ([b"PING"], True, "a PING says nothing"),
    ([b"publish", b"__sentinel__:hello", b"x"], True, "hellos come between requests for votes"),
    ([b"SENTINEL", b"IS-MASTER-DOWN-BY-ADDR", b"1.2.3.4", b"1", b"2", b"*"], True, "in any letters"),
    ([b"sentinel", b"is-primary-down-by-addr", b"1.2.3.4", b"1", b"2", b"*"], True, "under its newer name"),
    ([b"SENTINEL"], False, "an error has its turn like everything else"),
    ([b"SENTINEL", b"RESET", b"*"], False, "operators see one thing after the other"),
    ([b"INFO"], False, "what it tells depends on what was done before"),
    ([b"SUBSCRIBE", b"+odown"], False, "it turns the connection into another one"),
]


@pytest.mark.parametrize(("request_", "along", "reason"), REQUESTS, ids=[row[2] for row in REQUESTS])
def test_what_goes_along(request_: list[bytes], along: bool, reason: str) -> None:
    assert goes_along(request_) is along, reason


def test_answers_leave_in_the_order_of_the_questions() -> None:
    debts: Debts[str] = Debts()
    first, second, third = object(), object(), object()
    assert not debts
    debts.owe(first)
    debts.owe(second)
    debts.add("known at once")
    debts.owe(third)
    assert debts.pay(third, "3") == []
    assert debts.pay(first, "1") == ["1"]
    assert debts
    assert debts.pay(second, "2") == ["2", "known at once", "3"]
    assert not debts


def test_what_was_forgotten_is_not_paid() -> None:
    debts: Debts[str] = Debts()
    question = object()
    debts.owe(question)
    debts.forget()
    assert debts.pay(question, "late") == []
