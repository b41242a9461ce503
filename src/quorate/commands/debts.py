"""Replies keep the order of their connection, though some of them are known later than others.

A sentinel of ours that stands for many masters asks for many votes in one write. Each answer waits for our disk; if
each question waited for the answer to the one before, each would have a save of its own.
"""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

_ASK = frozenset({b"is-master-down-by-addr", b"is-primary-down-by-addr"})
_ALONE = frozenset({b"ping", b"publish"})


def goes_along(request: list[bytes]) -> bool:
    """Whether a request may be executed before those ahead of it are answered: what peers send all the time."""
    first = request[0].lower()
    return first in _ALONE or (first == b"sentinel" and len(request) > 1 and request[1].lower() in _ASK)


class Debts(Generic[T]):
    """The answers that one connection is owed, in the order of its questions."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: deque[tuple[object, list[T]]] = deque()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def owe(self, question: object) -> None:
        """A question has been put whose answer is not known yet."""
        self._entries.append((question, []))

    def add(self, answer: T) -> None:
        """An answer that is known at once, behind those that are owed."""
        self._entries.append((None, [answer]))

    def pay(self, question: object, answer: T) -> list[T]:
        """Its answer is known: what may leave now, because nothing before it is owed any more."""
        for known, answers in self._entries:
            if known is question:
                answers.append(answer)
                break
        due: list[T] = []
        while self._entries and self._entries[0][1]:
            due += self._entries.popleft()[1]
        return due

    def forget(self) -> None:
        """Nobody is there any more to be answered."""
        self._entries.clear()
