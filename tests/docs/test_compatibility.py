"""Proves that the pages for operators are complete and true where a machine can tell: whatever of ours an operator can
meet (events, INFO fields, directives, modes, files) is named, and limits have the numbers that the code has.
"""

import re
from pathlib import Path

import pytest

from quorate.commands.table import TABLES
from quorate.conf import our_directives
from quorate.conf.process import standard_name
from quorate.core import asking, candidacy, choosing, epochs, failover, fallen, gossip
from quorate.model.candidates import Tag
from quorate.model.identity import EPOCH_JUMP
from quorate.model.notice import Event
from quorate.model.record import Cause, Ending, Phase
from quorate.model.settings import Mode
from quorate.runtime import clients, daemon, history, line, loop, names, session, store, store_copy, store_side, tls
from quorate.wire import history as wire_history
from quorate.wire import requests
from tests.records import FULL

ROOT = Path(__file__).parents[2]
DIFFERENCES = (ROOT / "docs" / "compatibility.md").read_text()
GUIDE = (ROOT / "docs" / "replace-and-go-back.md").read_text()

EVENTS_OF_C = 48
MIB = 1 << 20

_WITHOUT_EFFECT = re.compile(r"^\| `([^|]*)` \(warned\) \|", re.MULTILINE)


def test_every_event_of_ours_is_described() -> None:
    told = set(re.findall(r"^\| `([+-][a-z-]+)` \|", _section("Events, INFO and log"), re.MULTILINE))
    assert told <= {event.channel for event in Event}
    assert len(told) == len(Event) - EVENTS_OF_C


def test_every_info_field_of_ours_is_named() -> None:
    # A field with a number at its end stands for all of them.
    literals = re.findall(r'"(quorate_[a-z_]+)(?=["{])', _text_of("commands/process_info.py"))
    assert literals
    assert [name for name in literals if f"`{name}" not in DIFFERENCES] == []


def test_every_directive_of_ours_is_named() -> None:
    table = _text_of("conf/reader.py").partition("_DIRECTIVES:")[2].partition("}")[0].partition("= {")[2]
    ours = re.findall(r'^    "([a-z-]+)":', table, re.MULTILINE)
    assert ours
    assert [name for name in ours if f"`#quorate {name}" not in DIFFERENCES] == []


def test_every_directive_of_a_master_that_is_ours_is_described() -> None:
    section = _section("Who may be promoted") + _section("Evidence")
    assert [name for name in our_directives.STATEMENTS if f"`#quorate sentinel {name} NAME " not in section] == []
    assert [tag.value for tag in Tag if f" {tag.value}` |" not in section] == []


def test_every_subcommand_that_is_ours_alone_is_described() -> None:
    unlisted = TABLES[Mode.VALKEY_8].commands[b"sentinel"].subcommands.values()
    ours = [command.name.partition("|")[2].upper() for command in unlisted if not command.listed]
    assert len(ours) == 3
    assert [name for name in ours if f"| `SENTINEL {name}" not in _section("Commands")] == []


def test_directives_without_effect_are_those_that_the_log_warns_of() -> None:
    told = {name for cell in _WITHOUT_EFFECT.findall(DIFFERENCES) for name in cell.split("`, `")}
    warned = set(re.findall(r'^    "([a-z-]+)": "', _text_of("conf/process.py"), re.MULTILINE)) | set(
        tls.WITHOUT_EFFECT
    )
    assert told == warned
    assert [name for name in told - {"loadmodule"} if standard_name(name.encode()) is None] == []


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_is_offered(mode: Mode) -> None:
    assert mode.value in DIFFERENCES
    assert mode.value in GUIDE


@pytest.mark.parametrize("suffix", [store_copy.SUFFIX, store._DAMAGED, store_side.SUFFIX])
def test_every_file_that_may_appear_is_named(suffix: str) -> None:
    assert f"`FILE{suffix}`" in DIFFERENCES
    assert f"`sentinel.conf{suffix}`" in GUIDE


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("Detection", f"is asked every {asking.FAST_PERIOD} ms"),
        ("Failover", f"at most {failover.FRESH_INFO_WAIT} ms"),
        ("Failover", f"is old, at most {failover.LATE_INFO_WAIT // 1000} s"),
        ("Failover", "for eight of them at most" if choosing.MOST_REASONS == 8 else "the number has changed"),
        ("Elections", f"take turns {candidacy.STAGGER} ms apart (and {candidacy.STAGGER_OF_MANY} ms more"),
        ("Elections", f"within {fallen.LATELY // 1000} s, at most {candidacy.WIDEST_STAGGER // 1000} s)"),
        ("Elections", f"stands {candidacy.NOBODY_TO_PROMOTE // 1000} s later: it can promote nobody"),
        ("Elections", f"after {asking.VOTE_PATIENCE} ms (a quarter of down-after"),
        ("Elections", f"at most {failover.LAST_RETRY // 1000} s"),
        ("Epochs", f"at most 2^{EPOCH_JUMP.bit_length() - 1} above"),
        ("Limits", f"| {requests.DEFAULT_MAX_BUFFER // MIB} MiB, or `client-query-buffer-limit`"),
        ("Limits", f"{requests.STRANGER_BUFFER // MIB} MiB before login"),
        ("Limits", f"| {clients.MAX_BUFFERED // MIB} MiB |"),
        ("Limits", f"where that is 0, {session.MAX_OUTPUT // MIB} MiB"),
        ("Limits", f"| {line.MAX_UNREAD // MIB} MiB; beyond it"),
        ("Limits", f"| {clients.RESERVED} places more"),
        ("Limits", f"| {gossip.MOST_PEERS}; hellos of more"),
        ("Limits", f"| {names.MAX_WAITING} and {names.MAX_REMEMBERED} |"),
        ("Limits", f"| {history.MOST_PER_MASTER} of a master; the oldest"),
        ("Limits", f"exceed {history.MOST_BYTES // MIB} MiB"),
        ("TLS", f"looked for every {tls.CHECK_EVERY:g} s"),
        ("Process", f"stays up to {daemon.LEADING_PATIENCE:g} s"),
        ("Process", f"{loop.BROKEN} when its own rules"),
    ],
)
def test_numbers_are_those_of_the_code(section: str, words: str) -> None:
    assert words in " ".join(_section(section).split())


def test_every_field_and_word_of_the_history_is_explained() -> None:
    text = _section("History")
    fields = wire_history.plain(FULL)
    contender = fields["candidates"]
    assert isinstance(contender, list)
    assert isinstance(contender[0], dict)
    words = [*fields, *contender[0], *(word.value for kind in (Cause, Ending, Phase) for word in kind)]
    assert [word for word in words if f"`{word}`" not in text] == []


def test_refused_epochs_are_told_as_often_as_said() -> None:
    assert epochs.REFUSALS_TOLD_EVERY == 60_000
    assert "once a minute" in _section("Epochs")


def _section(title: str) -> str:
    """The text under a heading, up to the next one."""
    _, found, rest = DIFFERENCES.partition(f"\n## {title}\n")
    assert found, f"docs/compatibility.md has no section {title}"
    return rest.partition("\n## ")[0]


def _text_of(module: str) -> str:
    return (ROOT / "src" / "quorate" / module).read_text()
