"""Deadlines are exact, and only the earliest of a key counts; jobs share slots; what is forgotten takes no room."""

import random

from quorate.core.calendar import PORTION, SLOT, WIDE, Calendar

PHASE = 37


def test_what_is_done_seldom_shares_wide_slots_and_keeps_its_period() -> None:
    calendar = Calendar(PHASE)
    slots = {calendar.every(when, when, WIDE) for when in range(2000, 3000)}
    assert len(slots) == 3
    assert {(calendar.begin(slot) - PHASE) % WIDE for slot in slots} == {0}
    for slot in slots:
        assert calendar.every(calendar.begin(slot) + 2 * WIDE, "again", WIDE) == slot + 2 * WIDE // SLOT


def test_an_empty_calendar_never_wakes_anybody() -> None:
    calendar = Calendar(PHASE)
    assert calendar.next(0) is None
    assert calendar.due(10**9) == []
    assert calendar.periodic(10**9) == []


def test_deadlines_come_in_order_and_to_the_millisecond() -> None:
    calendar = Calendar(PHASE)
    for when, key in ((300, "c"), (100, "a"), (200, "b")):
        calendar.at(when, key)
    assert calendar.next(0) == 100
    assert calendar.due(99) == []
    assert calendar.due(200) == ["a", "b"]
    assert calendar.next(0) == 300
    assert calendar.due(300) == ["c"]
    assert calendar.next(0) is None


def test_a_later_deadline_does_not_replace_an_earlier_one() -> None:
    calendar = Calendar(PHASE)
    calendar.at(100, "a")
    calendar.at(500, "a")
    assert calendar.due(1000) == ["a"]
    assert calendar.next(0) is None


def test_an_earlier_deadline_replaces_a_later_one() -> None:
    calendar = Calendar(PHASE)
    calendar.at(500, "a")
    calendar.at(100, "a")
    assert calendar.next(0) == 100
    assert calendar.due(1000) == ["a"], "once, not twice"


def test_a_key_may_be_booked_again_after_its_time() -> None:
    calendar = Calendar(PHASE)
    calendar.at(100, "a")
    assert calendar.due(100) == ["a"]
    calendar.at(50, "a")
    assert calendar.next(0) == 50


def test_a_forgotten_key_wakes_nobody() -> None:
    calendar = Calendar(PHASE)
    calendar.at(100, "a")
    calendar.at(200, "b")
    calendar.forget("a")
    calendar.forget("never booked")
    assert calendar.next(0) == 200
    assert calendar.due(1000) == ["b"]


def test_forgotten_deadlines_take_no_room_for_long() -> None:
    calendar = Calendar(PHASE)
    calendar.at(10**6, "kept")
    for i in range(10_000):
        calendar.at(10**6 - i, i % 7)
        calendar.forget(i % 7)
        deadlines, entries = calendar.deadlines()
        assert deadlines == 1
        assert entries <= 4 * deadlines + 64
    assert calendar.due(10**6) == ["kept"]


def test_a_job_is_done_in_the_first_slot_that_does_not_begin_before_its_time() -> None:
    for when in range(1000, 1000 + 2 * SLOT):
        calendar = Calendar(PHASE)
        begin = calendar.begin(calendar.every(when, "job"))
        assert when <= begin < when + SLOT
        assert (begin - PHASE) % SLOT == 0
        assert calendar.next(0) == begin
        assert calendar.periodic(begin - 1) == []
        assert [job for _, job in calendar.periodic(begin)] == ["job"]
        assert calendar.next(0) is None


def test_jobs_of_one_slot_share_one_wake() -> None:
    calendar = Calendar(0)
    slots = {calendar.every(when, when) for when in range(180, 201)}
    assert slots == {2}
    assert calendar.next(0) == 200
    assert [job for _, job in calendar.periodic(200)] == list(range(180, 201))


def test_slots_that_were_slept_through_are_all_taken_oldest_first() -> None:
    calendar = Calendar(0)
    for when in (500, 100, 300):
        calendar.every(when, when)
    assert calendar.periodic(10_000) == [(1, 100), (3, 300), (5, 500)]


def test_a_deadline_and_a_slot_the_earlier_wakes() -> None:
    calendar = Calendar(0)
    calendar.every(150, "job")
    calendar.at(199, "deadline")
    assert calendar.next(0) == 199
    calendar.at(201, "late")
    assert calendar.due(199) == ["deadline"]
    assert calendar.next(0) == 200


def test_against_a_dictionary() -> None:
    """The same bookings in a plain dictionary give the same answers."""
    chance = random.Random(4)
    for _ in range(30):
        calendar, plain, now = Calendar(PHASE), dict[int, int](), 0
        for _ in range(100):
            key, when = chance.randrange(8), now + chance.randrange(1, 60)
            match chance.randrange(4):
                case 0:
                    calendar.forget(key)
                    plain.pop(key, None)
                case 1:
                    now += chance.randrange(30)
                    assert set(calendar.due(now)) == {k for k, w in plain.items() if w <= now}
                    plain = {k: w for k, w in plain.items() if w > now}
                case _:
                    calendar.at(when, key)
                    plain[key] = min(when, plain.get(key, when))
            assert calendar.next(0) == min(plain.values(), default=None)


def test_a_slot_with_many_jobs_is_done_in_portions_in_its_order() -> None:
    calendar = Calendar(0)
    slots = {calendar.every(150, job) for job in range(3 * PORTION)}
    assert slots == {2}
    done: list[object] = []
    for portion in range(3):
        assert calendar.next(200 + portion) == 200, "the moment at which they were due"
        done += [job for _, job in calendar.periodic(201 + portion)]
        assert len(done) == (portion + 1) * PORTION
        assert calendar.behind == (portion < 2)
    assert done == list(range(3 * PORTION))
    assert calendar.next(300) is None


def test_what_is_booked_between_two_portions_waits_for_its_own_slot() -> None:
    calendar = Calendar(0)
    for number in range(2 * PORTION):
        calendar.every(100, number)
    for slot, job in calendar.periodic(100):
        assert calendar.every(calendar.begin(slot) + SLOT, job) == 2
    assert calendar.periodic(101) == [(1, number) for number in range(PORTION, 2 * PORTION)]
    assert calendar.next(101) == 200


def test_a_deadline_need_not_wait_for_the_rest_of_a_slot() -> None:
    calendar = Calendar(0)
    for job in range(3 * PORTION):
        calendar.every(100, job)
    calendar.at(102, "deadline")
    calendar.periodic(100)
    assert calendar.next(101) == 100, "it has not passed yet"
    assert calendar.next(102) == 102, "who reads what came before a moment is told that moment"
    assert calendar.due(102) == ["deadline"]
    assert calendar.next(103) == 100
    for moment in (104, 105):
        calendar.periodic(moment)
    assert not calendar.behind


def test_thousands_of_jobs_are_done_in_larger_portions() -> None:
    calendar = Calendar(0)
    for job in range(10_000):
        calendar.every(100, job)
    portions = 0
    while calendar.next(200) is not None:
        calendar.periodic(200)
        portions += 1
    assert portions < 100
