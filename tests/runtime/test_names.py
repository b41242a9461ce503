"""Proves that names are looked up off the loop, once per name, in bounded time, and that good answers are kept."""

import asyncio
import threading
import time

from quorate.core.inputs import Resolved
from quorate.runtime import names
from quorate.runtime.names import Found, Names, look_up, resolve_all


class Book:
    """A name server: answers, and how often it was asked. A name without an answer waits for `open`."""

    def __init__(self, **answers: Found) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.open = threading.Event()

    def __call__(self, host: str) -> Found:
        self.asked.append(host)
        if host not in self.answers:
            self.open.wait(5)
        return self.answers.get(host, Found("9.9.9.9"))


async def until(answers: list[Resolved], count: int) -> None:
    deadline = time.monotonic() + 5
    while len(answers) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


def test_equal_questions_share_one_look_up_and_all_are_answered() -> None:
    async def body() -> None:
        book, answers = Book(), list[Resolved]()
        resolver = Names(asyncio.get_running_loop(), answers.append, lookup=book)
        for _ in range(3):
            resolver.resolve("slow")
        assert answers == []
        book.open.set()
        await until(answers, 3)
        assert answers == [Resolved("slow", "9.9.9.9")] * 3
        assert book.asked == ["slow"]

    asyncio.run(body())


def test_a_name_server_that_is_silent_costs_patience_and_the_last_good_answer_is_kept() -> None:
    async def body() -> None:
        book, answers = Book(), list[Resolved]()
        resolver = Names(asyncio.get_running_loop(), answers.append, lookup=book, patience=0.02)
        resolver.know([("known", "1.1.1.1")])
        resolver.resolve("known")
        resolver.resolve("unknown")
        await until(answers, 2)
        assert answers == [Resolved("known", "1.1.1.1"), Resolved("unknown", None)]
        # Still in flight: asked again, it is answered again, and nobody bothers the name server twice.
        resolver.resolve("unknown")
        await until(answers, 3)
        assert sorted(book.asked) == ["known", "unknown"]
        book.open.set()
        await asyncio.sleep(0.02)
        resolver.resolve("unknown")
        await until(answers, 4)
        assert answers[3] == Resolved("unknown", "9.9.9.9")

    asyncio.run(body())


def test_a_passing_failure_keeps_the_good_answer_and_a_definite_one_does_not() -> None:
    async def body() -> None:
        book, answers = Book(a=Found("1.1.1.1")), list[Resolved]()
        resolver = Names(asyncio.get_running_loop(), answers.append, lookup=book)
        for found in (Found("1.1.1.1"), Found(None), Found(None, definite=True), Found(None)):
            book.answers["a"] = found
            resolver.resolve("a")
            await until(answers, len(answers) + 1)
        assert [answer.ip for answer in answers] == ["1.1.1.1", "1.1.1.1", None, None]

    asyncio.run(body())


def test_a_flood_of_names_is_answered_with_nothing_and_does_not_grow() -> None:
    async def body() -> None:
        book, answers = Book(), list[Resolved]()
        resolver = Names(asyncio.get_running_loop(), answers.append, lookup=book)
        for number in range(names.MAX_WAITING + 10):
            resolver.resolve(f"n{number}")
        await until(answers, 10)
        assert {answer.ip for answer in answers} == {None}
        book.open.set()
        await until(answers, names.MAX_WAITING + 10)

    asyncio.run(body())


def test_threads_do_not_hold_up_the_end() -> None:
    async def body() -> None:
        resolver = Names(asyncio.get_running_loop(), lambda _: None, lookup=Book())
        resolver.resolve("never")

    asyncio.run(body())
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "quorate-names")


def test_before_the_loop_names_are_looked_up_together_and_in_bounded_time() -> None:
    book = Book(a=Found("1.1.1.1"), b=Found(None), c=Found("3.3.3.3"))
    assert resolve_all(["a", "b", "c", "a"], 2, book) == {"a": "1.1.1.1", "c": "3.3.3.3"}
    before = time.monotonic()
    assert resolve_all(["a", "silent"], 0.05, book) == {"a": "1.1.1.1"}
    assert time.monotonic() - before < 2
    assert resolve_all([], 0, book) == {}


def test_the_system_is_asked_with_the_bytes_as_they_are() -> None:
    assert look_up("127.0.0.1") == Found("127.0.0.1")
    assert look_up("localhost").ip in ("127.0.0.1", "::1")
    assert look_up("nul\0byte").ip is None
    assert look_up("n\udcff.invalid").ip is None
    assert look_up("x" * 300).ip is None
