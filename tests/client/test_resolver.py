"""A client finds the master by the rules of the sentinel documentation, whatever fails on the way."""

from collections.abc import Sequence

import pytest

from quorate.client.resolver import (
    Action,
    AskAddress,
    AskPeers,
    AskRole,
    Connected,
    Dial,
    Exhausted,
    Failed,
    Listed,
    Lost,
    News,
    Patience,
    Place,
    Reason,
    Refusal,
    Resolver,
    RoleTold,
    Told,
    Use,
    Wanted,
    Woke,
)

A, B, C, D = (Place(f"s{letter}", 26379) for letter in "abcd")
OLD, NEW = Place("10.0.0.1", 6379), Place("10.0.0.2", 6379)

ASK = (AskPeers(), AskAddress())
ROLE = (AskRole(),)
Story = Sequence[tuple[int, News, tuple[Action, ...]]]
"""When what happens, and what must follow."""


def ask(place: Place) -> tuple[Action, ...]:
    return (Dial(place, is_sentinel=True),)


def visit(place: Place) -> tuple[Action, ...]:
    return (Dial(place, is_sentinel=False),)


def tell(resolver: Resolver, story: Story) -> None:
    for now, news, follows in story:
        assert resolver.handle(now, news) == follows, f"at {now}: {news}"


STORIES: dict[str, Story] = {
    "the first sentinel answers and its server is master": [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Told(OLD), visit(OLD)),
        (3, Connected(), ROLE),
        (4, RoleTold(is_master=True), (Use(OLD),)),
    ],
    "a sentinel that is refused or silent is passed over": [
        (0, Wanted(), ask(A)),
        (5, Failed("Connection refused"), ask(B)),
        (6, Connected(), ASK),
        (304, Woke(), ()),
        (305, Woke(), ask(C)),
        (306, Connected(), ASK),
        (307, Told(OLD), visit(OLD)),
    ],
    "a sentinel that does not know the name is passed over": [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Told(None), ask(B)),
    ],
    "a server that is no master is not used": [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Told(OLD), visit(OLD)),
        (3, Connected(), ROLE),
        (4, RoleTold(is_master=False), ask(B)),
        (5, Connected(), ASK),
        (6, Told(NEW), visit(NEW)),
        (7, Connected(), ROLE),
        (8, RoleTold(is_master=True), (Use(NEW),)),
    ],
    "a dead server is tried once per round, though all sentinels name it": [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Told(OLD), visit(OLD)),
        (1001, Woke(), ()),
        (1002, Woke(), ask(B)),
        (1003, Connected(), ASK),
        (1004, Told(OLD), ask(C)),
    ],
    "nobody can be reached: a pause, and another round": [
        (0, Wanted(), ask(A)),
        (1, Failed("x"), ask(B)),
        (2, Failed("y"), ask(C)),
        (
            3,
            Failed("z"),
            (
                Exhausted(
                    (
                        Refusal(A, Reason.UNREACHABLE, "x"),
                        Refusal(B, Reason.UNREACHABLE, "y"),
                        Refusal(C, Reason.UNREACHABLE, "z"),
                    ),
                    103,
                ),
            ),
        ),
        (102, Woke(), ()),
        (103, Woke(), ask(A)),
    ],
    "a lost connection begins with the sentinels again": [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Told(OLD), visit(OLD)),
        (3, Connected(), ROLE),
        (4, RoleTold(is_master=True), (Use(OLD),)),
        (5000, Lost("READONLY"), ask(A)),
        (5001, Connected(), ASK),
        (5002, Told(NEW), visit(NEW)),
    ],
    "a master that hangs up at once is not tried in a hot loop": [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Told(OLD), visit(OLD)),
        (3, Connected(), ROLE),
        (4, RoleTold(is_master=True), (Use(OLD),)),
        (5, Lost("max number of clients reached"), (Exhausted((), 105),)),
        (105, Woke(), ask(A)),
    ],
    "news that come late change nothing": [
        (0, Connected(), ()),
        (0, Told(OLD), ()),
        (0, Woke(), ()),
        (0, Wanted(), ask(A)),
        (0, Wanted(), ()),
        (1, RoleTold(is_master=True), ()),
        (1, Lost("old connection"), ()),
        (2, Connected(), ASK),
        (3, Told(OLD), visit(OLD)),
        (4, Told(NEW), ()),
        (5, Connected(), ROLE),
        (6, RoleTold(is_master=True), (Use(OLD),)),
        (7, Failed("old connection"), ()),
        (9000, Woke(), ()),
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    tell(Resolver([A, B, C]), STORIES[name])


def test_the_sentinel_that_answered_is_asked_first_next_time() -> None:
    resolver = Resolver([A, B, C])
    tell(resolver, [(0, Wanted(), ask(A)), (1, Failed(""), ask(B)), (2, Connected(), ASK), (3, Told(OLD), visit(OLD))])
    assert resolver.sentinels == (B, A, C)


def test_a_sentinel_that_misled_is_asked_last_next_time() -> None:
    resolver = Resolver([A, B, C])
    tell(
        resolver,
        [
            (0, Wanted(), ask(A)),
            (1, Connected(), ASK),
            (2, Told(OLD), visit(OLD)),
            (3, Connected(), ROLE),
            (4, RoleTold(is_master=False), ask(B)),
        ],
    )
    assert resolver.sentinels == (B, C, A)


def test_the_list_of_sentinels_follows_what_they_say_but_keeps_those_given() -> None:
    resolver = Resolver([A, B])
    tell(resolver, [(0, Wanted(), ask(A)), (1, Connected(), ASK), (2, Listed((C, B)), ())])
    assert resolver.sentinels == (A, B, C)
    tell(resolver, [(3, Listed((D,)), ())])
    assert resolver.sentinels == (A, B, D)


def test_found_sentinels_are_asked_in_the_next_round() -> None:
    resolver = Resolver([A])
    story: Story = [
        (0, Wanted(), ask(A)),
        (1, Connected(), ASK),
        (2, Listed((B,)), ()),
        (3, Told(OLD), visit(OLD)),
        (4, Connected(), ROLE),
        (5, RoleTold(is_master=True), (Use(OLD),)),
        (900, Lost("broken"), ask(A)),
        (901, Failed("died with the master"), ask(B)),
    ]
    tell(resolver, story)


def test_pauses_grow_to_the_longest_and_start_small_after_success() -> None:
    resolver = Resolver([A], Patience(pause=100, longest_pause=300))
    now, pauses = 0, []
    actions = resolver.handle(now, Wanted())
    for _ in range(4):
        assert actions == ask(A)
        (exhausted,) = resolver.handle(now, Failed(""))
        assert isinstance(exhausted, Exhausted)
        pauses.append(exhausted.until - now)
        now = exhausted.until
        actions = resolver.handle(now, Woke())
    assert pauses == [100, 200, 300, 300]
    for news in (Connected(), Told(OLD), Connected(), RoleTold(is_master=True)):
        resolver.handle(now, news)
    assert resolver.handle(now + 5_000, Lost("")) == ask(A)
    (exhausted,) = resolver.handle(now + 5_000, Failed(""))
    assert isinstance(exhausted, Exhausted)
    assert exhausted.until == now + 5_100


def test_it_says_when_to_be_woken() -> None:
    resolver = Resolver([A])
    assert resolver.wake_at() is None
    resolver.handle(10, Wanted())
    assert resolver.wake_at() == 310
    resolver.handle(20, Connected())
    assert resolver.wake_at() == 310, "connecting and answering share the time"
    resolver.handle(30, Told(OLD))
    assert resolver.wake_at() == 1030
    resolver.handle(40, Connected())
    resolver.handle(50, RoleTold(is_master=True))
    assert resolver.wake_at() is None


def test_without_a_sentinel_there_is_nobody_to_ask() -> None:
    with pytest.raises(ValueError, match="sentinel"):
        Resolver([])
