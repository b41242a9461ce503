"""What must hold for any bytes whatever, one function per codec: they raise AssertionError or nothing.

Hypothesis feeds them in every test run (test_targets.py), atheris for as long as one likes (`make fuzz`).
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import StringIO

from rich.console import Console

from quorate.cli import history_table
from quorate.client.history import Told
from quorate.client.picture import Place
from quorate.commands.acl import AclFileError, Book, check_line
from quorate.commands.acl_rules import RuleError, joined_selectors
from quorate.commands.table import TABLES
from quorate.conf.load import ConfigError, load
from quorate.conf.options import Source
from quorate.conf.rewrite import Document
from quorate.model.address import numeric
from quorate.model.identity import EPOCH_LIMIT, MasterName, RunId
from quorate.model.saved import SaveDelta, SavedMaster, SavedPeer
from quorate.model.settings import MasterSettings, Mode
from quorate.wire import history as records
from quorate.wire.encode import encode_command
from quorate.wire.glob import matches
from quorate.wire.hello import format_hello, parse_hello
from quorate.wire.info import parse_info
from quorate.wire.replies import BrokenReply, ReplyReader, ping_word, vote_of
from quorate.wire.requests import STRANGER_BUFFER, RequestParser
from quorate.wire.values import Reply
from tests.fuzz.globs import naive

Target = Callable[[bytes], None]

_ID = RunId("e" * 40)
_BASE = b"sentinel resolve-hostnames yes\n"


def _pieces(data: bytes) -> Iterator[bytes]:
    """The first byte says into what the rest is cut."""
    size = data[0] % 17 + 1 if data else 1
    for at in range(1, len(data), size):
        yield data[at : at + size]


# --- what clients and servers send ----------------------------------------------------------------------------------


def requests(data: bytes) -> None:
    """Requests are the same however they arrive, mean the same when they are encoded anew, and cost what they say."""
    known = not data or data[0] < 128
    whole, pieces = RequestParser(authenticated=known), RequestParser(authenticated=known)
    found = whole.feed(data[1:])
    slowly: list[list[bytes]] = []
    for piece in _pieces(data):
        slowly += pieces.feed(piece)
        assert pieces.buffered <= STRANGER_BUFFER
        assert pieces.error is None or pieces.buffered == 0
    if not whole.held:
        assert slowly == found
        assert pieces.error == whole.error
    assert all(found)
    again = RequestParser(authenticated=True).feed(b"".join(encode_command(*request) for request in found))
    assert again == found
    if whole.error is not None:
        assert whole.feed(b"PING\r\n") == []


def replies(data: bytes) -> None:
    """Replies are the same however they arrive, never weigh more than the limit, and say something or nothing."""
    whole, quick = _replies([data[1:]])
    pieces, slow = _replies(_pieces(data))
    assert pieces == whole
    assert (slow is None) == (quick is None)
    for reply in whole:
        word, text = ping_word(reply)
        assert word != "other" or "\n" not in text
        _vote(reply)


def _replies(pieces: Iterator[bytes] | list[bytes]) -> tuple[list[Reply], BrokenReply | None]:
    reader = ReplyReader(max_reply=4096)
    found: list[Reply] = []
    for piece in pieces:
        try:
            found += reader.feed(piece)
        except BrokenReply as broken:
            return found + broken.replies, broken
        assert reader._weight <= 4096
        assert len(reader._frames) <= 8
    return found, None


def votes(data: bytes) -> None:
    """A reply to is-master-down-by-addr: whatever passes is an epoch, and a word that fits into a line."""
    with suppress(BrokenReply):
        for reply in ReplyReader().feed(b"*3\r\n:1\r\n$" + data):
            _vote(reply)
    with suppress(BrokenReply):
        for reply in ReplyReader().feed(data):
            _vote(reply)


def _vote(reply: Reply) -> None:
    vote = vote_of(reply)
    if vote is not None:
        _, leader, epoch = vote
        assert 0 <= epoch < EPOCH_LIMIT
        assert leader is None or _is_word(leader)


def _is_word(text: str) -> bool:
    return len(text.split()) == len(text.splitlines()) == 1 and "\0" not in text


# --- what is heard and ends up in the file --------------------------------------------------------------------------


def hello(data: bytes) -> None:
    """What passes comes back as it was, and survives the configuration file without leaving its line."""
    heard = parse_hello(data)
    if heard is None:
        return
    assert parse_hello(format_hello(heard)) == heard
    peer = SavedPeer(_shown(heard.sender_host), heard.sender_port, heard.sender_id)
    _survives(SavedMaster(heard.master, _shown(heard.master_host), heard.master_port, MasterSettings(1), peers=(peer,)))


def info(data: bytes) -> None:
    """Line ends do not matter, nothing unsafe passes, and what is learned survives the configuration file."""
    report = parse_info(data)
    assert report.run_id is None or _is_word(report.run_id)
    assert replace(parse_info(data + b"\n"), text=b"") == replace(report, text=b"")
    hosts = [host for host, _ in report.replicas] + [report.slave.master_host or "x"]
    assert all(_is_word(host) and host.isascii() for host in hosts)
    assert report.slave.offset is None or report.slave.offset >= 0
    replicas = tuple(dict.fromkeys((_shown(host), port) for host, port in report.replicas))
    _survives(SavedMaster(MasterName("m"), "10.0.0.1", 1, MasterSettings(1), replicas=replicas))


def _survives(master: SavedMaster) -> None:
    """Through the rewriter and the loader. Hosts that are names are looked up later, so any word is one."""
    config = load(Source("s.conf", _BASE), _ID)
    document = Document(_BASE, config)
    saved = config.saved
    document.apply(SaveDelta(1, saved.settings, saved.current_epoch, {master.name: master}))
    (again,) = load(Source("s.conf", document.render()), _ID).saved.masters
    assert again == master


def _shown(host: str) -> str:
    """As the core has it before it saves: a number in its one spelling, or the name."""
    return numeric(host) or host


# --- files ----------------------------------------------------------------------------------------------------------


def configuration(data: bytes) -> None:
    """A file is refused with a line number, or read; what is written then reads back as the same, however often."""
    try:
        config = load(Source("s.conf", data), _ID)
    except ConfigError as error:
        assert 1 <= error.number <= data.count(b"\n") + 1  # noqa: PT017 - a file that is fine is fine, too
        assert "\n" not in error.reason  # noqa: PT017
        return
    saved = config.saved
    document = Document(data, config)
    document.apply(SaveDelta(1, saved.settings, saved.current_epoch, {m.name: m for m in saved.masters}))
    first = document.render()
    again = load(Source("s.conf", first), _ID)
    assert again.saved == saved
    assert again.process == config.process
    second = Document(first, again)
    second.apply(SaveDelta(1, saved.settings, saved.current_epoch, {m.name: m for m in saved.masters}))
    assert load(Source("s.conf", second.render()), _ID).saved == saved
    assert len(second.render()) <= len(first) + 1


def acl(data: bytes) -> None:
    """Rules are refused, or make a user whose description makes the same user; nothing is half done."""
    mode = Mode.REDIS_7_2 if data[:1] < b"\x80" else Mode.REDIS_7_0
    book = Book(mode)
    with suppress(ValueError):
        _user(book, mode, joined_selectors(data[1:].split(b" ")))
    fresh = Book(mode)
    try:
        fresh.load_file(data[1:], "users.acl")
    except AclFileError:
        assert list(fresh.users) == ["default"]
        return
    again = Book(mode)
    again.load_file(fresh.file_text(), "users.acl")
    assert again.file_text() == fresh.file_text()


def _user(book: Book, mode: Mode, rules: list[bytes]) -> None:
    try:
        user = book.set_user("t", rules)
    except RuleError as error:
        assert str(error)  # noqa: PT017
        assert "t" not in book.users
        return
    words = list(user.words())
    assert check_line(words, mode) is None, words
    twin = Book(mode).set_user("t", [rule.encode("utf-8", "surrogateescape") for rule in words[1:]])
    assert twin.describe() == user.describe()
    table = TABLES[mode]
    for command in table.commands.values():
        request = [command.name.encode(), b"x"]
        assert (twin.denies(command, request) is None) == (user.denies(command, request) is None)


def glob(data: bytes) -> None:
    """A pattern and a text, divided by the first zero byte: the same answer as from the dumb twin."""
    pattern, _, text = data.partition(b"\0")
    expected = naive(pattern, text) if len(pattern) <= 12 and len(text) <= 8 else None
    found = matches(pattern, text)
    assert expected is None or found is expected
    matches(pattern, text, nocase=True)


def history(data: bytes) -> None:
    """A line of FILE.quorate is no entry, or one that comes back as it was, and that can be shown."""
    entry = records.of_line(data)
    if entry is None:
        return
    again = records.line_of(entry)
    assert again.count(b"\n") == 1
    assert records.of_line(again) == entry
    Console(file=StringIO(), width=80).print(history_table.report([Told(entry, Place("127.0.0.1", 26379))], 1))


TARGETS: dict[str, Target] = {
    "acl": acl,
    "configuration": configuration,
    "glob": glob,
    "hello": hello,
    "history": history,
    "info": info,
    "replies": replies,
    "requests": requests,
    "votes": votes,
}
