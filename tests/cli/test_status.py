"""`quorate status`: what is shown fits 80 columns, JSON is stable, and the exit code says how things are."""

import json
import socket
import subprocess
import sys
from dataclasses import replace

import click
import pytest
from rich.console import Console

from quorate.cli import status_json, tables, target
from quorate.client.diagnosis import examine
from quorate.client.picture import (
    Lag,
    Master,
    Own,
    Peer,
    Place,
    Quorum,
    Replica,
    Replication,
    Seen,
    SentinelPicture,
    Survey,
    Trouble,
    Unreadable,
)


def at(port: int, *flags: str, name: str = "x", run_id: str = "") -> Seen:
    return Seen(name, Place("127.0.0.1", port), run_id, flags, last_ping=100, last_ok_ping=100, down_after=1000)


MASTER = Master(
    at(6379, "master", name="mymaster"),
    Place("127.0.0.1", 6379),
    quorum=2,
    config_epoch=3,
    failover_timeout=180_000,
    role_reported="master",
    role_reported_for=240_000,
    replicas=(Replica(at(6380, "slave"), link_up=True, priority=100, offset=12_345),),
    peers=(Peer(at(26380, "sentinel", run_id="b" * 40), 50), Peer(at(26381, "sentinel", run_id="c" * 40), 60)),
    check=Quorum(True, 3, "3 usable Sentinels."),
    replication=Replication(300, 12_345, {Place("127.0.0.1", 6380): Lag(12_000, 345, 1, "online")}),
)
ASKED = SentinelPicture(Place("127.0.0.1", 26379), "a" * 40, "Quorate as Redis 7.2.11", 7_200_000, masters=(MASTER,))
OTHERS = (replace(ASKED, myid="b" * 40, version="Redis 7.0.15"), replace(ASKED, myid="c" * 40))
GOOD = Survey(ASKED, OTHERS)


def shown(survey: Survey, width: int = 80) -> str:
    """The report as a terminal would show it, without blanks at the ends of lines."""
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(tables.report(survey, examine(survey)))
    console.file.close()
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def test_a_healthy_deployment_at_80_columns() -> None:
    assert shown(GOOD).splitlines() == [
        "Seen by sentinel 127.0.0.1:26379  (Quorate as Redis 7.2.11, up 2 h)",
        "",
        "mymaster  healthy",
        "clients go to 127.0.0.1:6379  quorum 2 of 3  epoch 3  last failover 4 min ago",
        "",
        "role      address          state  offset    lag   answered  notes",
        "────────────────────────────────────────────────────────────────────────",
        "master    127.0.0.1:6379   up     12,345         0.1 s ago",
        "replica   127.0.0.1:6380   up     12,345  345 B  0.1 s ago",
        "",
        "sentinel  127.0.0.1:26379  up                               asked",
        "sentinel  127.0.0.1:26380  up                    0.1 s ago  Redis 7.0.15",
        "sentinel  127.0.0.1:26381  up                    0.1 s ago",
        "",
        "Overall: healthy",
    ]


def test_trouble_is_named_and_the_verdict_follows() -> None:
    ill = replace(MASTER, seen=at(6379, "s_down", "o_down", "master", name="mymaster"), failover_state="wait_start")
    text = shown(Survey(replace(ASKED, masters=(ill,)), OTHERS))
    assert "mymaster  down" in text
    assert "down, agreed" in text
    assert "! master 127.0.0.1:6379 is down, as agreed" in text
    assert text.endswith("Overall: degraded")


def test_nobody_answers() -> None:
    failed = Unreadable(Place("h", 1), Trouble.REFUSED, "nothing listens on h:1 (connection refused)")
    assert shown(Survey(None, (), (failed,))).endswith(
        "! nothing listens on h:1 (connection refused)\n\nOverall: unreachable"
    )


@pytest.mark.parametrize("survey", [GOOD, Survey(replace(ASKED, masters=(MASTER, replace(MASTER, replicas=())) * 3))])
def test_no_line_is_wider_than_the_terminal(survey: Survey) -> None:
    for width in (80, 140):
        assert max(map(len, shown(survey, width).splitlines())) <= width


@pytest.mark.parametrize(
    ("epoch", "since", "uptime", "words"),
    [
        (0, 5000, 900_000, "never"),
        (3, 240_000, 7_200_000, "4 min ago"),
        (3, 899_500, 900_000, "before start"),
        (3, None, 900_000, "before start"),
    ],
)
def test_the_last_failover(epoch: int, since: int | None, uptime: int, words: str) -> None:
    master = replace(MASTER, config_epoch=epoch, role_reported_for=since)
    assert tables.last_failover(replace(ASKED, uptime=uptime), master) == words


@pytest.mark.parametrize(
    ("millis", "text"),
    [(0, "0.0 s"), (12_300, "12 s"), (240_000, "4 min"), (7_200_000, "2 h"), (864_000_000, "10 days")],
)
def test_spans(millis: int, text: str) -> None:
    assert tables.span(millis) == text


def test_json_has_the_documented_shape() -> None:
    document = json.loads(status_json.render(GOOD, examine(GOOD), None))
    assert sorted(document) == ["format", "health", "masters", "problems", "sentinel"]
    assert (document["format"], document["health"], document["problems"]) == (1, "healthy", [])
    master = document["masters"][0]
    assert (master["address"], master["usable_sentinels"], master["last_failover_ms_ago"]) == (
        "127.0.0.1:6379",
        3,
        240_000,
    )
    assert (master["replicas"][0]["lag_bytes"], master["sentinels"][0]["config_epoch"]) == (345, 3)
    words = (status_json.__doc__ or "").replace(",", " ").replace(":", " ").split()
    named = {*document, *document["sentinel"], *master, *master["replicas"][0], *master["sentinels"][0]}
    assert named <= set(words), "a key is not documented"


def test_json_survives_any_bytes_and_nobody() -> None:
    odd = replace(MASTER, seen=at(6379, "master", name="caf\udce9"))
    json.loads(status_json.render(Survey(replace(ASKED, masters=(odd,))), [], None))
    assert json.loads(status_json.render(Survey(None), [], None))["health"] == "unreachable"


def test_a_sentinel_that_cannot_save_says_so() -> None:
    survey = Survey(replace(ASKED, own=Own({"save_error": "No space left on device"})))
    assert "cannot save its configuration (No space left on device)" in shown(survey, 140)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("h:1", Place("h", 1)),
        ("h", Place("h", 26379)),
        ("[::1]:5", Place("::1", 5)),
        ("[::1]", Place("::1", 26379)),
        ("::1", Place("::1", 26379)),
    ],
)
def test_addresses(text: str, place: Place) -> None:
    assert target.place(text) == place


@pytest.mark.parametrize("text", ["", ":1", "h:", "h:x", "h:0", "h:70000", "h:99999999999999999999"])
def test_bad_addresses(text: str) -> None:
    with pytest.raises(click.BadParameter):
        target.place(text)


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "quorate", *words], capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.real
@pytest.mark.parametrize(
    "words",
    [
        ["status", "--sentinel", "nonsense:port"],
        ["status", "--no-such-option"],
        ["status", "--cacert", "x"],
        ["failover"],
        ["up", "--replicas", "many"],
        ["up", "--password", "two words"],
        ["nonsense"],
    ],
)
def test_usage_errors_exit_with_64(words: list[str]) -> None:
    result = run(*words)
    assert (result.returncode, "Usage: " in result.stderr, result.stdout) == (64, True, "")


@pytest.mark.real
def test_a_closed_port_and_a_server_that_says_nothing_are_told_apart() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        closed = run("status", "--port", str(port))
        silent.listen()
        mute = run("status", "--port", str(port), "--timeout", "0.2")
    assert (closed.returncode, "connection refused" in closed.stdout) == (2, True)
    assert (mute.returncode, "does not answer" in mute.stdout) == (2, True)
