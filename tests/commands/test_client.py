"""CLIENT: listing, killing, pausing, tracking, with the errors of the server."""

import pytest

from quorate.commands.contract import Now
from quorate.model.settings import Mode
from quorate.wire.values import Error, Map, Set, Simple, Verbatim
from tests.commands.support import World

OK = Simple("OK")
SYNTAX = "ERR syntax error"
ID_FROM_1 = "ERR client-id should be greater than 0"
OLD = "ERR unknown subcommand or wrong number of arguments for '{}'. Try CLIENT HELP."

_FIELDS_7_0 = (
    "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll "
    "omem tot-mem events cmd user redir resp"
)
_FIELDS_7_2 = f"{_FIELDS_7_0} lib-name lib-ver"
_FIELDS = {
    Mode.REDIS_7_0: _FIELDS_7_0,
    Mode.REDIS_7_2: _FIELDS_7_2,
    Mode.QUORATE: _FIELDS_7_2,
    Mode.VALKEY_8: _FIELDS_7_0.replace("flags", "flags capa").replace("multi ", "multi watch ")
    + " lib-name lib-ver tot-net-in tot-net-out tot-cmds",
}


@pytest.mark.parametrize("mode", list(Mode))
def test_the_fields_of_a_client_are_those_of_the_modes_server(mode: Mode) -> None:
    world = World(mode)
    client = world.connect(protocol=3)
    reply = world.reply(client, "CLIENT", "LIST")
    assert isinstance(reply, Verbatim)
    (line,) = reply.text.decode().splitlines()
    assert " ".join(word.split("=")[0] for word in line.split(" ")) == _FIELDS[mode]


def test_what_the_fields_say() -> None:
    world = World()
    client = world.connect()
    client.name = "me"
    world.replies(client, "CLIENT", "NO-EVICT", "ON")
    world.replies(client, "CLIENT", "TRACKING", "ON", "BCAST")
    world.clock += 5_000
    client.last_active = world.clock - 2_000
    line = world.line(client, "CLIENT", "INFO")
    for word in (
        "id=1", "addr=127.0.0.1:50001", "laddr=127.0.0.1:26379", "fd=8", "name=me", "age=5", "idle=2", "flags=tBe",
        "cmd=client|info", "user=default", "redir=0", "resp=2", "events=r", "multi=-1", "sub=0",
    ):  # fmt: skip
        assert f" {word} " in f" {line.split(chr(13))[1].strip()} ", word


def listed(world: World, *words: str) -> list[str]:
    reply = world.reply(world.clients[0], "CLIENT", "LIST", *words)
    assert isinstance(reply, Verbatim), reply
    return [line.split(" ")[0] for line in reply.text.decode().splitlines()]


@pytest.mark.parametrize("mode", list(Mode))
def test_lists_can_be_narrowed(mode: Mode) -> None:
    world = World(mode)
    _, listener, _ = (world.connect() for _ in range(3))
    world.replies(listener, "SUBSCRIBE", "a")
    assert listed(world) == ["id=1", "id=2", "id=3"]
    assert listed(world, "TYPE", "normal") == ["id=1", "id=3"]
    assert listed(world, "type", "PubSub") == ["id=2"]
    assert listed(world, "TYPE", "slave") == listed(world, "TYPE", "master") == []
    assert listed(world, "ID", "3", "1", "99") == ["id=1", "id=3"]


def test_valkeys_list_takes_the_filters_of_kill() -> None:
    world = World(Mode.VALKEY_8)
    world.connect()
    world.connect()
    assert listed(world, "SKIPME", "yes") == ["id=2"]
    assert listed(world, "ID", "1", "2", "TYPE", "normal", "ADDR", "127.0.0.1:50002") == ["id=2"]


@pytest.mark.parametrize(
    ("words", "redis", "valkey"),
    [
        ("LIST TYPE foo", "ERR Unknown client type 'foo'", "ERR Unknown client type 'foo'"),
        ("LIST TYPE", SYNTAX, SYNTAX),
        ("LIST foo", SYNTAX, SYNTAX),
        ("LIST foo bar", SYNTAX, SYNTAX),
        ("LIST ID", SYNTAX, SYNTAX),
        ("LIST ID x", "ERR Invalid client ID", SYNTAX),
        ("LIST USER nobody", SYNTAX, "ERR No such user 'nobody'"),
        ("KILL 1.2.3.4:5", "ERR No such client", "ERR No such client"),
        ("KILL ID", "ERR No such client", "ERR No such client"),
        ("KILL ID x", ID_FROM_1, SYNTAX),
        ("KILL ID 0", ID_FROM_1, ID_FROM_1),
        ("KILL ID -1", ID_FROM_1, ID_FROM_1),
        ("KILL TYPE foo", "ERR Unknown client type 'foo'", "ERR Unknown client type 'foo'"),
        ("KILL USER foo", "ERR No such user 'foo'", "ERR No such user 'foo'"),
        ("KILL SKIPME foo", SYNTAX, SYNTAX),
        ("KILL ID 999 foo", SYNTAX, SYNTAX),
        ("KILL foo bar", SYNTAX, SYNTAX),
        ("PAUSE x", "ERR timeout is not an integer or out of range", "ERR timeout is not an integer or out of range"),
        ("PAUSE 1.5", "ERR timeout is not an integer or out of range", "ERR timeout is not an integer or out of range"),
        ("PAUSE -1", "ERR timeout is negative", "ERR timeout is negative"),
        ("PAUSE 9223372036854775807", "ERR timeout is out of range", "ERR timeout is out of range"),
        ("PAUSE 10 foo", "ERR CLIENT PAUSE mode must be WRITE or ALL", "ERR CLIENT PAUSE mode must be WRITE or ALL"),
        ("PAUSE 10 WRITE foo", OLD.format("PAUSE"), None),
        ("UNBLOCK x", "ERR value is not an integer or out of range", "ERR value is not an integer or out of range"),
        ("UNBLOCK 9 foo", *["ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"] * 2),
        ("UNBLOCK 9 ERROR foo", OLD.format("UNBLOCK"), None),
        ("REPLY foo", SYNTAX, SYNTAX),
        ("NO-EVICT foo", SYNTAX, SYNTAX),
    ],
)
def test_errors(words: str, redis: str | None, valkey: str | None) -> None:
    for mode, error in ((Mode.REDIS_7_0, redis), (Mode.REDIS_7_2, redis), (Mode.VALKEY_8, valkey)):
        world = World(mode)
        reply = world.reply(world.connect(), "CLIENT", *words.split(" "))
        assert (reply.text if isinstance(reply, Error) else None) == error


@pytest.mark.parametrize(
    ("words", "closed", "count", "self_too"),
    [
        ("ID 2", [2], 1, False),
        ("ID 2 3", [2, 3], 2, False),
        ("ID 1", [], 0, False),
        ("ID 1 SKIPME no", [], 1, True),
        ("SKIPME yes", [2, 3], 2, False),
        ("TYPE pubsub", [3], 1, False),
        ("ADDR 127.0.0.1:50002", [2], 1, False),
        ("LADDR 127.0.0.1:26379 SKIPME NO", [2, 3], 3, True),
        ("USER default ID 3", [3], 1, False),
        ("MAXAGE 3", [2, 3], 2, False),
        ("MAXAGE 9", [], 0, False),
        ("TYPE replica", [], 0, False),
    ],
)
def test_killing_by_filters(words: str, closed: list[int], count: int, *, self_too: bool) -> None:
    world = World()
    caller, _, listener = (world.connect() for _ in range(3))
    world.replies(listener, "SUBSCRIBE", "a")
    world.clock += 4_000
    answer = world.call(caller, "CLIENT", "KILL", *words.split(" "))
    assert answer == Now((count,), close=self_too)
    assert [session.id for session in world.closed] == closed


def test_killing_by_address_spares_nobody() -> None:
    world = World()
    caller, other = world.connect(), world.connect()
    assert world.call(caller, "CLIENT", "KILL", other.address) == Now((OK,))
    assert world.closed == [other]
    assert world.call(caller, "CLIENT", "KILL", caller.address) == Now((OK,), close=True)


def test_pauses() -> None:
    world = World()
    client = world.connect()
    assert world.reply(client, "CLIENT", "PAUSE", "100", "WRITE") == OK
    assert (world.paused, world.writes_only) == (world.clock + 100, True)
    assert world.reply(client, "CLIENT", "PAUSE", "50", "all") == OK
    assert (world.paused, world.writes_only) == (world.clock + 100, False), "no pause is shortened"
    world.clock += 100
    assert world.reply(client, "CLIENT", "UNPAUSE") == OK
    assert world.paused == 0


_RESTART = "before disabling tracking for this client, and then re-enabling it with a different mode."


@pytest.mark.parametrize(
    ("before", "words", "error"),
    [
        ("", "ON", None),
        ("", "foo", SYNTAX),
        ("", "OFF foo", SYNTAX),
        ("", "ON REDIRECT", SYNTAX),
        ("", "ON REDIRECT x", "ERR value is not an integer or out of range"),
        ("", "ON REDIRECT 99", "ERR The client ID you want redirect to does not exist"),
        ("", "ON REDIRECT 1 REDIRECT 1", "ERR A client can only redirect to a single other client"),
        ("", "ON PREFIX a", "ERR PREFIX option requires BCAST mode to be enabled"),
        ("", "ON OPTIN OPTOUT", "ERR You can't specify both OPTIN mode and OPTOUT mode"),
        ("", "ON OPTIN BCAST", "ERR OPTIN and OPTOUT are not compatible with BCAST"),
        ("ON", "ON BCAST", f"ERR You can't switch BCAST mode on/off {_RESTART}"),
        ("ON OPTIN", "ON OPTOUT", f"ERR You can't switch OPTIN/OPTOUT mode {_RESTART}"),
        ("", "OFF BCAST", None),
        (
            "ON BCAST PREFIX a",
            "ON BCAST PREFIX ab",
            "ERR Prefix 'ab' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.",
        ),
        (
            "",
            "ON BCAST PREFIX ab PREFIX a",
            "ERR Prefix 'ab' overlaps with another provided prefix 'a'. Prefixes for a single client must not overlap.",
        ),
    ],
)
def test_tracking_is_checked_like_in_the_server(before: str, words: str, error: str | None) -> None:
    world = World()
    client = world.connect()
    if before:
        assert world.reply(client, "CLIENT", "TRACKING", *before.split()) == OK
    assert world.reply(client, "CLIENT", "TRACKING", *words.split()) == (Error(error) if error else OK)


def test_tracking_is_read_back() -> None:
    world = World()
    client = world.connect()
    off = Map([(b"flags", Set([b"off"])), (b"redirect", -1), (b"prefixes", [])])
    assert world.reply(client, "CLIENT", "TRACKINGINFO") == off
    assert world.reply(client, "CLIENT", "GETREDIR") == -1
    world.reply(client, "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "b", "NOLOOP", "REDIRECT", "1")
    on = Map([(b"flags", Set([b"on", b"bcast", b"noloop"])), (b"redirect", 1), (b"prefixes", [b"a", b"b"])])
    assert world.reply(client, "CLIENT", "TRACKINGINFO") == on
    assert world.reply(client, "CLIENT", "TRACKING", "OFF") == OK
    assert world.reply(client, "CLIENT", "TRACKINGINFO") == off


def test_caching() -> None:
    world = World()
    client = world.connect()
    assert world.reply(client, "CLIENT", "CACHING", "YES") == Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
    )
    world.reply(client, "CLIENT", "TRACKING", "ON", "OPTIN")
    assert world.reply(client, "CLIENT", "CACHING", "foo") == Error(SYNTAX)
    assert world.reply(client, "CLIENT", "CACHING", "NO") == Error(
        "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
    )
    assert world.reply(client, "CLIENT", "CACHING", "YES") == OK
    info = world.reply(client, "CLIENT", "TRACKINGINFO")
    assert isinstance(info, Map)
    assert info.pairs[0] == (b"flags", Set([b"on", b"optin", b"caching-yes"]))
    world.replies(client, "PING")
    info = world.reply(client, "CLIENT", "TRACKINGINFO")
    assert isinstance(info, Map)
    assert info.pairs[0] == (b"flags", Set([b"on", b"optin"]))


def test_small_answers() -> None:
    world = World()
    client = world.connect()
    assert world.reply(client, "CLIENT", "ID") == 1
    assert world.reply(client, "CLIENT", "UNBLOCK", "1", "ERROR") == 0
    assert world.reply(client, "CLIENT", "NO-EVICT", "OFF") == OK


@pytest.mark.parametrize(("mode", "lines"), [(Mode.REDIS_7_0, 48), (Mode.REDIS_7_2, 54)])
def test_help_has_as_many_lines_as_the_servers(mode: Mode, lines: int) -> None:
    world = World(mode)
    shown = world.reply(world.connect(), "CLIENT", "HELP")
    assert isinstance(shown, list)
    assert len(shown) == lines
    assert shown[0] == Simple("CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
