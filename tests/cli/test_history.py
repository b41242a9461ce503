"""`quorate history`: what is shown fits 80 columns and says why, who and how long; JSON is stable; exit codes."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from quorate.cli import history_json, history_table
from quorate.client.history import Memory, Told
from quorate.client.picture import Place
from quorate.model.identity import MasterName
from quorate.model.record import Cause, Contender, Ending, Entry, Phase, Step, Voter
from tests.records import FULL, brief

KEEPER = Place("127.0.0.1", 26379)
TOLD = Told(FULL, KEEPER)


def shown(failovers: Sequence[Told], details: int = 1, width: int = 80) -> str:
    """The report as a terminal would show it."""
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(history_table.report(failovers, details))
    console.file.close()
    return "\n".join(line.rstrip() for line in console.export_text().splitlines())


def test_one_failover_in_whole() -> None:
    text = shown([TOLD])
    assert max(map(len, text.splitlines())) <= 80
    for words in (
        "mymaster  127.0.0.1:6379 -> 127.0.0.1:6381  epoch 7",
        "2 of 3 sentinels saw the master down (quorum 2): 127.0.0.1:26379,",
        "2 of 3 votes: 127.0.0.1:26379, 127.0.0.1:26380",
        "50 B behind offset 250, the highest known",
        "the last of 2 attempts",
        "chosen",
        "it is down",
        "the replica says it is a master",
    ):
        assert words in text, text
    chosen = next(line for line in text.splitlines() if line.endswith("chosen"))
    assert chosen.split() == ["127.0.0.1:6381", "100", "200", "chosen"]
    promoted = next(line for line in text.splitlines() if "says it is a master" in line)
    assert promoted.split()[-5:-1] == ["4", "ms", "+4", "ms"]
    assert set(promoted.split()[-1]) == {"█"}


def test_the_list_names_the_master_only_where_there_are_several() -> None:
    other = Told(Entry(1, brief("other", Ending.NO_GOOD_REPLICA)), KEEPER)
    assert "mymaster" not in shown([TOLD], details=0)
    both = shown([TOLD, other], details=0)
    assert "mymaster" in both
    assert "no replica fit" in both
    assert "(2 times)" in both


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_and_ending_has_its_words(cause: Cause, ending: Ending) -> None:
    steps = tuple(Step(phase.value, at) for at, phase in enumerate(Phase))
    record = replace(FULL.record, cause=cause, ending=ending, steps=steps)
    text = shown([Told(replace(FULL, record=record), KEEPER)])
    assert max(map(len, text.splitlines())) <= 80
    assert "None" not in text


def test_little_is_known_and_times_are_absurd() -> None:
    bare = Told(Entry(10**18, replace(brief(), steps=(Step("of-a-later-version", -5),), new="")), KEEPER)
    text = shown([bare])
    assert "127.0.0.1:6379 stayed" in text
    assert "of-a-later-version" in text


def test_json_is_one_object_of_these_fields() -> None:
    text = history_json.render([TOLD], [Memory(KEEPER), Memory(Place("::1", 26380), ours=False)])
    document = json.loads(text)
    assert list(document) == ["format", "failovers", "sentinels"]
    (failover,) = document["failovers"]
    assert list(failover) == [
        "master", "keeper", "began_ms", "attempts", "first_ms", "cause", "ending", "epoch", "from", "to", "leader",
        "told_by", "quorum", "voters", "without_majority", "down", "votes", "known_offset", "trailed_bytes",
        "candidates", "steps", "lasted_ms",
    ]  # fmt: skip
    assert failover["leader"] == {"id": "a" * 40, "address": "127.0.0.1:26379"}
    assert failover["steps"]["promoted"] == 4
    assert [one["history"] for one in document["sentinels"]] == [True, False]
    assert "\n" not in text


def test_bytes_that_are_no_text_do_not_break_json() -> None:
    odd = Told(replace(FULL, record=replace(FULL.record, new="\udcff")), KEEPER)
    assert json.loads(history_json.render([odd], []))["failovers"][0]["to"] == "\ufffd"


def quorate(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "quorate", "history", *words], capture_output=True, text=True, timeout=30, check=False
    )


def test_nobody_there_is_2_and_wrong_usage_64() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        ended = quorate("--port", str(reserved.getsockname()[1]))
    assert ended.returncode == 2
    assert "No sentinel could be reached" in ended.stderr
    assert quorate("--nonsense").returncode == 64


def test_what_others_wrote_is_shown_as_it_is_and_never_as_markup() -> None:
    odd = "[/x][bold red]"
    voter = Voter(FULL.record.down[0].id, odd)
    record = replace(
        FULL.record,
        master=MasterName(odd),
        old=odd,
        new=odd,
        cause=Cause.ELSEWHERE,
        told_by=voter,
        leader=voter,
        down=(voter,),
        votes=(),
        contenders=(Contender(odd, odd, 1, 1, chosen=True), Contender(odd, odd, 1, 1, chosen=False, reason=odd)),
        steps=(Step(odd, 0),),
    )
    text = shown([Told(replace(FULL, record=record), KEEPER)], width=160)
    assert text.count(odd) >= 9, text
