"""COMMAND tells what the port can do: names, counts and documentation of the mode's server."""

from typing import TypeAlias

import pytest

from quorate.model.settings import Mode
from quorate.wire.values import Error, Map, Reply, Set, Simple
from tests.commands.support import World

Docs: TypeAlias = dict[bytes, Reply]


@pytest.mark.parametrize(("mode", "names"), [(Mode.REDIS_7_0, 72), (Mode.REDIS_7_2, 73), (Mode.VALKEY_8, 77)])
def test_counts(mode: Mode, names: int) -> None:
    world = World(mode)
    client = world.connect()
    assert world.reply(client, "COMMAND", "COUNT") == 15
    listed = world.reply(client, "COMMAND", "LIST")
    described = world.reply(client, "COMMAND")
    documented = world.reply(client, "COMMAND", "DOCS")
    assert isinstance(listed, list)
    assert isinstance(described, list)
    assert isinstance(documented, Map)
    assert len(listed) == names
    assert len(described) == len(documented.pairs) == 15
    assert world.reply(client, "COMMAND", "INFO") == described
    assert (b"client|setinfo" in listed) == (mode is not Mode.REDIS_7_0)
    assert (b"sentinel|primaries" in listed) == (mode is Mode.VALKEY_8)


def names(*words: str) -> list[Reply]:
    world = World(Mode.REDIS_7_0)
    reply = world.reply(world.connect(), "COMMAND", "LIST", "FILTERBY", *words)
    assert isinstance(reply, list), reply
    return reply


def test_lists_can_be_filtered() -> None:
    assert names("ACLCAT", "FAST") == [b"auth", b"hello", b"ping", b"publish", b"role"]
    assert len(names("aclcat", "connection")) == 27
    assert names("ACLCAT", "read") == names("ACLCAT", "foo") == names("MODULE", "x") == []
    assert names("PATTERN", "SUB*") == [b"subscribe"]
    assert len(names("PATTERN", "*a*e*")) == 22


@pytest.mark.parametrize(
    "words", ["LIST x", "LIST FILTERBY", "LIST FILTERBY x", "LIST FILTERBY x y", "LIST FILTERBY PATTERN x y"]
)
def test_bad_filters(words: str) -> None:
    world = World()
    assert world.reply(world.connect(), "COMMAND", *words.split()) == Error("ERR syntax error")


def test_the_ten_items_of_info() -> None:
    world = World(Mode.REDIS_7_0)
    client = world.connect()
    assert world.reply(client, "COMMAND", "INFO", "Client|List", "foo", "ping|x", "client|setinfo") == [
        [
            b"client|list",
            -2,
            Set([Simple("admin"), Simple("noscript"), Simple("loading"), Simple("stale")]),
            0,
            0,
            0,
            Set([Simple("@admin"), Simple("@slow"), Simple("@dangerous"), Simple("@connection")]),
            Set([b"nondeterministic_output"]),
            Set([]),
            Set([]),
        ],
        None,
        None,
        None,
    ]
    world.settings(mode=Mode.VALKEY_8)
    (described,) = _list(world.reply(client, "COMMAND", "INFO", "sentinel"))
    below = _list(_list(described)[9])
    assert len(below) == 25


def _list(reply: Reply) -> list[Reply]:
    assert isinstance(reply, list)
    return reply


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("GETKEYS ping", "ERR The command has no key arguments"),
        ("GETKEYSANDFLAGS sentinel master x y", "ERR The command has no key arguments"),
        ("GETKEYS foo x", "ERR Invalid command specified"),
        ("GETKEYS sentinel foo", "ERR Invalid command specified"),
    ],
)
def test_nothing_has_keys(words: str, error: str) -> None:
    world = World()
    assert world.reply(world.connect(), "COMMAND", *words.split()) == Error(error)


def docs(mode: Mode, *words: str) -> dict[bytes, Docs]:
    world = World(mode)
    reply = world.reply(world.connect(), "COMMAND", "DOCS", *words)
    return {name: _map(doc) for name, doc in _map(reply).items()}


def _map(reply: Reply) -> Docs:
    assert isinstance(reply, Map)
    return {key: value for key, value in reply.pairs if isinstance(key, bytes)}


def test_docs_leave_unknown_names_out() -> None:
    assert docs(Mode.REDIS_7_2, "foo", "ping|x") == {}
    assert list(docs(Mode.REDIS_7_2, "ping", "foo", "SENTINEL|SLAVES")) == [b"ping", b"sentinel|slaves"]


def test_docs_have_the_fields_of_the_server_in_its_order() -> None:
    doc = docs(Mode.REDIS_7_0, "sentinel|slaves")[b"sentinel|slaves"]
    assert list(doc) == [
        b"summary", b"since", b"group", b"complexity", b"doc_flags", b"deprecated_since", b"replaced_by", b"arguments",
    ]  # fmt: skip
    assert doc[b"doc_flags"] == Set([Simple("deprecated")])
    assert doc[b"replaced_by"] == b"`SENTINEL REPLICAS`"
    assert doc[b"arguments"] == [Map([(b"name", b"master-name"), (b"type", b"string")])]
    container = docs(Mode.REDIS_7_0, "client")[b"client"]
    assert list(container) == [b"summary", b"since", b"group", b"complexity", b"subcommands"]
    assert len(_map(container[b"subcommands"])) == 16


def test_docs_tell_what_the_version_knows() -> None:
    assert b"deprecated_since" not in docs(Mode.REDIS_7_2, "sentinel|master")[b"sentinel|master"]
    doc = docs(Mode.VALKEY_8, "sentinel|master")[b"sentinel|master"]
    assert (doc[b"deprecated_since"], doc[b"replaced_by"]) == (b"8.0.0", b"`SENTINEL PRIMARY`")
    assert doc[b"arguments"] == [
        Map([(b"name", b"primary-name"), (b"type", b"string"), (b"display_text", b"primary-name")])
    ]
    for mode, changes in ((Mode.REDIS_7_0, 5), (Mode.VALKEY_8, 8)):
        history = docs(mode, "client|kill")[b"client|kill"][b"history"]
        assert isinstance(history, Set)
        assert len(history.items) == changes


def test_help() -> None:
    world = World()
    shown = world.reply(world.connect(), "COMMAND", "HELP")
    assert isinstance(shown, list)
    assert len(shown) == 21
    assert all(isinstance(line, Simple) for line in shown)
