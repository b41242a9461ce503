"""Proves the rules of the script queue: order, overflow, how many at once, growing retries, kills, what is told."""

import pytest

from quorate.model.notice import Event
from quorate.runtime.script_queue import MAX_QUEUE, MAX_RUNNING, MAX_TRIES, Job, Limits, ScriptQueue

LIMITS = Limits(max_runtime=60_000, retry_delay=30_000)


def started(queue: ScriptQueue, now: int, first_pid: int = 100) -> list[Job]:
    jobs = queue.startable(now)
    for pid, job in enumerate(jobs, first_pid):
        queue.started(job, pid, now)
    return jobs


def test_first_in_first_out_and_sixteen_at_once() -> None:
    queue = ScriptQueue()
    for number in range(20):
        queue.add(("s", str(number)))
    assert [job.argv[1] for job in started(queue, 0)] == [str(n) for n in range(MAX_RUNNING)]
    assert queue.startable(0) == []
    queue.ended(103, (0, 0), 5, LIMITS)
    assert [job.argv[1] for job in queue.startable(5)] == ["16"]


def test_overflow_forgets_the_oldest_that_does_not_run() -> None:
    queue = ScriptQueue()
    queue.add(("running",))
    started(queue, 0)
    for number in range(MAX_QUEUE):
        queue.add((str(number),))
    views = queue.views(0)
    assert len(queue) == MAX_QUEUE
    assert [view.argv[0] for view in views[:2]] == ["running", "1"]


@pytest.mark.parametrize("status", [(1, 0), (0, 9)])
def test_status_one_and_signals_are_tried_ten_times_with_doubling_delays(status: tuple[int, int]) -> None:
    queue, now, delays = ScriptQueue(), 1000, []
    queue.add(("s",))
    for attempt in range(1, MAX_TRIES + 1):
        (job,) = started(queue, now)
        assert job.tries == attempt
        notices = queue.ended(100, status, now, LIMITS)
        told = [notice.event for notice in notices]
        if attempt == MAX_TRIES:
            assert told == [Event.SCRIPT_CHILD_OVER, Event.SCRIPT_ERROR]
            assert notices[1].text == f"s {status[1]} {status[0]}"
            assert len(queue) == 0
            break
        assert told == [Event.SCRIPT_CHILD_OVER]
        wake = queue.wake_at(now, LIMITS)
        assert wake is not None
        assert queue.startable(wake - 1) == []
        delays.append(wake - now)
        now = wake
    assert delays == [30_000 * 2**n for n in range(MAX_TRIES - 1)]


@pytest.mark.parametrize(("code", "errors"), [(0, []), (2, ["s 0 2"]), (127, ["s 0 127"])])
def test_status_zero_and_two_or_more_are_final(code: int, errors: list[str]) -> None:
    queue = ScriptQueue()
    queue.add(("s",))
    started(queue, 0)
    notices = queue.ended(100, (code, 0), 10, LIMITS)
    assert notices[0].text == f"100 {code} 0"
    assert [notice.text for notice in notices[1:]] == errors
    assert len(queue) == 0


def test_a_slow_script_is_killed_every_100_ms_until_it_is_gone_and_then_tried_again() -> None:
    queue = ScriptQueue()
    queue.add(("slow",))
    started(queue, 0)
    assert queue.wake_at(0, LIMITS) == 60_001
    assert queue.overdue(60_000, LIMITS) == []
    ((pid, notice),) = queue.overdue(60_001, LIMITS)
    assert (pid, notice.event, notice.text) == (100, Event.SCRIPT_TIMEOUT, "slow 100")
    assert queue.overdue(60_100, LIMITS) == []
    assert queue.wake_at(60_100, LIMITS) == 60_101
    assert len(queue.overdue(60_101, LIMITS)) == 1
    queue.ended(100, (0, 9), 60_102, LIMITS)
    assert queue.wake_at(60_102, LIMITS) == 90_102


def test_limits_may_change_while_scripts_run() -> None:
    queue = ScriptQueue()
    queue.add(("s",))
    started(queue, 0)
    assert queue.overdue(500, LIMITS) == []
    assert queue.wake_at(500, Limits(100, 30_000)) == 500
    assert len(queue.overdue(500, Limits(100, 30_000))) == 1


def test_what_cannot_be_executed_is_not_tried_again_but_a_full_process_table_is() -> None:
    queue = ScriptQueue()
    queue.add(("gone",))
    queue.add(("crowded",))
    gone, crowded = queue.startable(0)
    assert queue.unexecutable(gone).text == "gone 0 2"
    assert queue.unstarted(crowded, 0, LIMITS).text == "crowded 99 0"
    assert [view.argv for view in queue.views(0)] == [("crowded",)]
    assert queue.wake_at(0, LIMITS) == 30_000


def test_views_tell_what_waits_and_what_runs() -> None:
    queue = ScriptQueue()
    queue.add(("a", "x"))
    queue.add(("b",))
    job_a, job_b = queue.startable(1000)
    queue.started(job_a, 7, 1000)
    queue.started(job_b, 8, 1000)
    queue.ended(8, (1, 0), 1100, LIMITS)
    running, waiting = queue.views(1500)
    assert (running.argv, running.running, running.pid, running.runtime, running.retries) == (
        ("a", "x"),
        True,
        7,
        500,
        1,
    )
    assert (waiting.running, waiting.pid, waiting.delay, waiting.retries) == (False, 0, 29_600, 1)


def test_an_idle_queue_wants_no_waking() -> None:
    assert ScriptQueue().wake_at(0, LIMITS) is None
