"""The report: rows, verdict and exit code from outcomes; JSON that can be read, HTML that needs nothing else."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from quorate.client.picture import Place
from quorate.drill import figures, html, json_text
from quorate.drill.explain import Cause, Loss
from quorate.drill.faults import Fault, Step
from quorate.drill.ledger import Ack
from quorate.drill.nodes import Node, Role, Roster
from quorate.drill.observer import Event
from quorate.drill.report import Conditions, Moments, Outcome, Report, Run
from quorate.drill.track import SentinelSight, ServerSight, Track

SERVERS = tuple(Node(Role.SERVER, n, n, Place(f"198.18.0.{n}", 6379)) for n in (1, 2))
SENTINELS = (Node(Role.SENTINEL, 1, 3, Place("198.18.0.3", 26379)),)
LOST = Ack(0, 3, 103.0, "198.18.0.1:6379")


def outcome(*losses: Loss, number: int = 1) -> Outcome:
    return Outcome(
        step=Step(number, 1, Fault.KILL_MASTER, 1.0, 4.0, 0.5, True),
        words="kill -9 of server-1 <&>",
        moments=Moments(102.0, 106.0, 107.0, 107.5),
        gaps=(1.0, 2.0, 3.0),
        losses=losses,
        split=2.0,
        split_after=0.5,
        survivors_follow=1.5,
        all_follow=0.7,
        differing=0.25,
        remaining=False,
        promoted=((103.2, "server-2"),),
    )


def run(*outcomes: Outcome) -> Run:
    servers: dict[str, Track[ServerSight]] = {node.name: Track() for node in SERVERS}
    servers["server-1"].see(100.0, ServerSight("master"))
    servers["server-1"].see(102.0, ServerSight(""))
    servers["server-2"].see(100.0, ServerSight("replica", SERVERS[0].place, True))
    servers["server-2"].see(103.2, ServerSight("master"))
    watched: Track[SentinelSight] = Track()
    watched.see(100.0, SentinelSight(True, SERVERS[0].place, 0))
    made = Run("quorate", Roster(SERVERS, SENTINELS), 100.0, 110.0, list(outcomes), acknowledged=3, lost=1)
    made.servers, made.sentinels = servers, {"sentinel-1": watched}
    made.acks = [Ack(0, 1, 100.5, "198.18.0.1:6379"), Ack(0, 2, 101.0, "198.18.0.1:6379"), LOST]
    made.events = [Event(103.0, "sentinel-1", "+sdown", "master mymaster 198.18.0.1 6379")]
    return made


def report(*runs: Run) -> Report:
    conditions = Conditions(
        seed=1, command="quorate drill", machine="a machine", server="Redis 7.0.15", ground="namespaces", path="raw",
        writers=3, rate=200.0, down_after=1000, failover_timeout=10_000, replicas=1,
        left_out={Fault.DELAY: "no network"},
    )  # fmt: skip
    return Report(conditions, runs)


EXPLAINED = Loss(LOST, Cause.LAG)
UNEXPLAINED = Loss(LOST, Cause.UNEXPLAINED, "server-1 stayed master and lost it")


@pytest.mark.parametrize(
    ("case", "good"),
    [
        (outcome(), True),
        (outcome(EXPLAINED), True),
        (outcome(UNEXPLAINED), False),
        (replace(outcome(), remaining=True), False),
        (replace(outcome(), complaints=("config-epoch 2 stands for a and b",)), False),
    ],
)
def test_what_makes_a_drill_fail(case: Outcome, good: bool) -> None:
    assert report(run(case)).good is good


def test_what_is_only_compared_with_does_not_decide() -> None:
    assert report(run(outcome()), run(outcome(UNEXPLAINED))).good


def test_a_row_takes_all_outcomes_of_its_fault() -> None:
    (row,) = run(outcome(EXPLAINED), replace(outcome(UNEXPLAINED, number=2), gaps=(9.0,), all_follow=None)).rows()
    assert (row.times, row.gap_p50, row.gap_p99, row.gap_max) == (2, 2.0, 9.0, 9.0)
    assert (row.lost_total, row.lost[Cause.UNEXPLAINED], row.failovers) == (2, 1, 2)
    assert (row.survivors_follow, row.all_follow) == (1.5, None)
    assert figures.cells(row)[4] == "1 lag + 1 unexplained"


def test_figures_for_people() -> None:
    assert [figures.seconds(v) for v in (0.004, 9.999, 12.345, None)] == ["0.00", "10.00", "12.3", "never"]
    assert figures.verdict(report(run(outcome(EXPLAINED)))) == (
        "1 fault, 3 acknowledged writes, 1 lost, all of them explained; no disagreement remains."
    )


def test_the_json_says_the_same() -> None:
    told = json.loads(json_text.render(report(run(outcome(EXPLAINED)))))
    assert told["good"] is True
    assert told["conditions"]["left_out"] == {"delay": "no network"}
    (only,) = told["runs"]
    assert only["faults"][0]["no_writes"] == {"p50": 2.0, "p99": 3.0, "max": 3.0}
    assert only["outcomes"][0]["promoted"] == [["server-2", 1.2]]
    assert only["outcomes"][0]["lost"] == {"lag": 1, "cut_off": 0, "late": 0, "unexplained": 0}


class _Balance(HTMLParser):
    """Checks that what is opened is closed, and notes every address that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else() -> None:
    page = html.render(report(run(outcome(EXPLAINED)), run(outcome(UNEXPLAINED))))
    parser = _Balance()
    parser.feed(page)
    assert not parser.open
    assert not parser.fetched
    assert "url(" not in page
    assert "kill -9 of server-1 &lt;&amp;&gt;" in page
    # Two overviews and two strips, none of them with a coordinate that is no number.
    assert page.count("<svg") == 4
    assert not re.search(r'="(nan|inf)', page)
