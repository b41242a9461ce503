"""`quorate status --why`: the answer and its reasons, asked of our sentinels and computed for C ones, also as JSON."""

import json
from dataclasses import replace

import pytest

from quorate.cli import status_json
from quorate.cli.outlook import computed
from quorate.client import parse
from quorate.client.diagnosis import examine
from quorate.client.picture import Contender, Outlook, Place, Quorum, Replica, Survey, Verdict
from tests.cli.test_status import ASKED, GOOD, MASTER, OTHERS, at, shown

CHOSEN, NEXT, DOWN = (Place("127.0.0.1", port) for port in (6381, 6380, 6382))
OUTLOOK = Outlook(
    3,
    3,
    2,
    (
        Contender(CHOSEN, Verdict.CHOSEN, "", 12_345, 0, 100, "prefer"),
        Contender(NEXT, Verdict.FIT, "another one is tagged prefer", 12_345, 0, 100),
        Contender(DOWN, Verdict.REFUSED, "it is down", 12_000, None, 10, "nofailover"),
    ),
    max_lag=1 << 20,
)
ELSEWHERE = Place("127.0.0.1", 26380)


def why(outlook: Outlook, *, other: Outlook | None = None) -> Survey:
    """A survey of which somebody wants to know more."""
    far = replace(OTHERS[0], place=ELSEWHERE)
    outlooks = {ASKED.place: {"mymaster": outlook}, ELSEWHERE: {"mymaster": other or outlook}}
    return replace(GOOD, others=(far,), outlooks=outlooks)


def lines(survey: Survey) -> list[str]:
    """What follows the usual report."""
    text = shown(survey).splitlines()
    return text[next(i for i, line in enumerate(text) if line.startswith("Would a failover")) : -2]


def test_the_answer_at_80_columns() -> None:
    assert lines(why(OUTLOOK)) == [
        "Would a failover of mymaster succeed now?  Yes, to 127.0.0.1:6381.",
        "  quorum    yes 3 of 3 sentinels can be reached, 2 must agree",
        "  majority  yes 3 of 3 can be reached, 2 must vote",
        "  candidate yes 2 of 3 replicas are fit, candidate-max-lag 1.0 MB",
        "",
        "replica         would be         offset  behind  priority  why",
        "─" * 80,
        "127.0.0.1:6381  promoted         12,345     0 B       100  it is tagged prefer",
        "127.0.0.1:6380  kept as replica  12,345     0 B       100  another one is tagged",
        "                                                           prefer",
        "127.0.0.1:6382  refused          12,000       ?        10  it is down",
    ]


def test_what_is_in_force_and_a_master_that_does_not_let_us_in() -> None:
    told = lines(why(replace(OUTLOOK, directives=("crash-detection yes",), refused="NOAUTH Authentication required.")))
    assert told[0] == "Would a failover of mymaster succeed now?  No."
    assert "  in force      crash-detection yes" in told
    assert any("NOAUTH Authentication required." in line for line in told)


def test_nothing_is_shown_unless_asked_for() -> None:
    assert "Would a failover" not in shown(GOOD)


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        (replace(OUTLOOK, usable=1), ["No.", "quorum no", "majority no", "SENTINEL FAILOVER would succeed"]),
        (replace(OUTLOOK, contenders=OUTLOOK.contenders[2:]), ["No.", "candidate no 0 of 1 replicas are fit"]),
        (replace(OUTLOOK, contenders=()), ["No.", "candidate no 0 of 0 replicas"]),
        (replace(OUTLOOK, running=True), ["One is under way."]),
        (replace(OUTLOOK, wait=12_000), ["Yes,", "starts none for another 12 s"]),
        (replace(OUTLOOK, guessed=True), ["Yes,", "computed from SENTINEL REPLICAS"]),
        (replace(OUTLOOK, usable=None), ["No.", "an unknown number of 3"]),
    ],
)
def test_each_obstacle_is_named(outlook: Outlook, words: list[str]) -> None:
    text = " ".join(" ".join(lines(why(outlook))).split())
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("wait", "guessed", "words"),
    [
        (0, False, "127.0.0.1:26380 may at once"),
        (4_000, False, "the first in 4 s"),
        (20_000, False, "nobody is known to start one sooner"),
        (0, True, "nobody is known to start one sooner"),
    ],
)
def test_it_is_said_who_may_start_while_this_sentinel_waits(wait: int, guessed: bool, words: str) -> None:
    survey = why(replace(OUTLOOK, wait=12_000), other=replace(OUTLOOK, wait=wait, guessed=guessed))
    assert words in " ".join(" ".join(lines(survey)).split())


def test_sentinels_that_would_choose_otherwise_are_named() -> None:
    swapped = replace(
        OUTLOOK,
        contenders=(Contender(NEXT, Verdict.CHOSEN), Contender(CHOSEN, Verdict.FIT)),
    )
    assert "sentinel 127.0.0.1:26380 would promote 127.0.0.1:6380" in "\n".join(lines(why(OUTLOOK, other=swapped)))
    nobody = replace(OUTLOOK, contenders=())
    assert "sentinel 127.0.0.1:26380 would promote nobody" in "\n".join(lines(why(OUTLOOK, other=nobody)))
    assert "would promote" not in "\n".join(lines(why(OUTLOOK)))


def test_json_has_the_documented_shape() -> None:
    survey = why(OUTLOOK, other=replace(OUTLOOK, contenders=()))
    document = json.loads(status_json.render(survey, examine(survey), None))
    found = document["masters"][0]["outlook"]
    assert (found["would_succeed"], found["promoted"], found["computed"]) == (True, "127.0.0.1:6381", False)
    assert [one["verdict"] for one in found["candidates"]] == ["chosen", "fit", "refused"]
    assert found["others"] == [{"sentinel": "127.0.0.1:26380", "promoted": None}]
    words = (status_json.__doc__ or "").replace(",", " ").replace(":", " ").split()
    assert {*found, *found["candidates"][0], *found["others"][0]} <= set(words), "a key is not documented"
    assert json.loads(status_json.render(GOOD, [], None))["masters"][0]["outlook"] is None


def test_the_reply_of_one_of_ours() -> None:
    candidate = ["name", "127.0.0.1:6381", "ip", "127.0.0.1", "port", "6381", "slave-priority", "100"]
    candidate += ["slave-repl-offset", "900", "behind", "", "tag", "prefer", "verdict", "chosen", "reason", ""]
    reply = ["chosen", "127.0.0.1:6381", "usable-sentinels", "2", "voters", "3", "quorum", "2", "majority", "2"]
    reply += ["failover-in-progress", "1", "wait", "50", "candidate-max-lag", "7"]
    reply += ["crash-detection", "yes", "confirm-by-replicas", "yes", "confirm-timeout", "4000", "refused", "NOAUTH x"]
    found = parse.outlook_of([*reply, "candidates", [candidate]])
    in_force = ("crash-detection yes", "confirm-by-replicas yes (at most 4000 ms)")
    contender = Contender(CHOSEN, Verdict.CHOSEN, "", 900, None, 100, "prefer")
    assert found == Outlook(
        2, 3, 2, (contender,), running=True, wait=50, max_lag=7, directives=in_force, refused="NOAUTH x"
    )


@pytest.mark.parametrize("reply", [None, Exception("ERR unknown subcommand"), "x", 7, ["odd"], [None, []]])
def test_odd_replies_are_no_outlook_or_an_empty_one(reply: object) -> None:
    found = parse.outlook_of(reply)
    assert found is None or not found.succeeds


def replica(port: int, *flags: str, offset: int = 100, **more: int) -> Replica:
    """A replica as SENTINEL REPLICAS of a C sentinel shows it."""
    seen = at(port, "slave", *flags, run_id=f"{port:040d}")
    shown = Replica(seen, True, 0, None, 100, offset, True, 500)
    return replace(shown, **more)  # type: ignore[arg-type]


def test_for_a_c_sentinel_it_is_computed_by_its_rules() -> None:
    some = (
        replica(6380),
        replica(6381, offset=200),
        replica(6382, "s_down", offset=300),
        replica(6383, priority=0),
        replica(6384, info_age=31_000),
        replica(6385, link_down_for=10_001),
        replace(replica(6386), seen=at(6386, "slave")),
    )
    found = computed(replace(MASTER, replicas=some))
    told = [(one.place.port, one.verdict.value, one.reason) for one in found.contenders]
    assert told == [
        (6381, "chosen", ""),
        (6380, "fit", "another one has more of the data"),
        (6382, "refused", "it is down"),
        (6383, "refused", "its priority is 0, which means never promote"),
        (6384, "refused", "its last INFO is too old"),
        (6385, "refused", "it has been cut off from its master for too long"),
        (6386, "refused", "its last INFO is too old"),
    ]
    assert (found.guessed, found.succeeds, found.chosen) == (True, True, CHOSEN)


def test_without_a_quorum_it_would_not_succeed_there_either() -> None:
    alone = replace(MASTER, replicas=(replica(6380),), check=Quorum(False, 1, "1 usable Sentinels."))
    assert not computed(alone).succeeds
    assert not computed(replace(alone, check=None)).succeeds, "what is not told is not taken to be well"


def test_a_master_that_is_down_leaves_its_replicas_more_time() -> None:
    dead = replace(at(6379, "s_down", "master", name="mymaster"), down_for=60_000)
    cut_off = replica(6380, link_down_for=65_000, info_age=900)
    assert computed(replace(MASTER, seen=dead, replicas=(cut_off,))).chosen == NEXT
    assert computed(replace(MASTER, replicas=(cut_off,))).chosen is None
