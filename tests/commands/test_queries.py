"""What SENTINEL tells: replies of the C servers, in every mode, with Valkey's synonyms."""

from dataclasses import replace

import pytest

from quorate.commands.contract import ScriptView
from quorate.commands.sentinel_help import lines
from quorate.core.view import CachedInfo, QuorumCheck
from quorate.model.identity import MasterName
from quorate.model.settings import Mode
from quorate.wire.values import Map, NullArray, Simple
from tests.commands.support import MYID, World, replica

NAME = MasterName("mymaster")
NO_SUCH = "-ERR No such master with that name\r\n"


def test_myid() -> None:
    world = World()
    assert world.reply(world.connect(), "SENTINEL", "MYID") == MYID.encode()


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("word", ["GET-MASTER-ADDR-BY-NAME", "get-primary-addr-by-name"])
def test_the_address_of_a_master(mode: Mode, word: str) -> None:
    world = World(mode)
    for protocol, unknown in ((2, "*-1\r\n"), (3, "_\r\n")):
        session = world.connect(protocol)
        assert world.line(session, "SENTINEL", word, "mymaster") == "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n"
        assert world.line(session, "SENTINEL", word, "MyMaster") == unknown, "names are case-sensitive"


@pytest.mark.parametrize(
    "words", ["MASTER x", "PRIMARY x", "REPLICAS x", "SLAVES x", "SENTINELS x", "CKQUORUM x", "FAILOVER x", "REMOVE x",
              "SET x quorum 1"]
)  # fmt: skip
def test_an_unknown_master_is_an_error(words: str) -> None:
    world = World()
    assert world.line(world.connect(), "SENTINEL", *words.split()) == NO_SUCH


def test_masters_and_their_synonyms_are_maps() -> None:
    world = World()
    world.seen.add("other")
    session = world.connect()
    both = world.reply(session, "SENTINEL", "MASTERS")
    assert isinstance(both, list)
    names = [one.pairs[0][1] for one in both if isinstance(one, Map)]
    assert names == [b"mymaster", b"other"]
    assert world.reply(session, "SENTINEL", "PRIMARIES") == both
    assert world.reply(session, "SENTINEL", "MASTER", "other") == both[1]
    assert world.reply(session, "SENTINEL", "PRIMARY", "other") == both[1]
    assert world.line(session, "SENTINEL", "MASTER", "other").startswith("*40\r\n$4\r\nname\r\n$5\r\nother\r\n")
    assert world.line(world.connect(3), "SENTINEL", "MASTER", "other").startswith("%20\r\n$4\r\nname\r\n")


@pytest.mark.parametrize("word", ["REPLICAS", "SLAVES"])
def test_replicas_that_are_not_announced_are_not_shown(word: str) -> None:
    world = World()
    world.seen.known_replicas[NAME] = (replica(1), replace(replica(2), announced=False), replica(3))
    shown = world.reply(world.connect(), "SENTINEL", word, "mymaster")
    assert isinstance(shown, list)
    assert [one.pairs[0][1] for one in shown if isinstance(one, Map)] == [b"127.0.0.1:1", b"127.0.0.1:3"]


def test_sentinels_are_the_peers() -> None:
    world = World()
    assert world.line(world.connect(), "SENTINEL", "SENTINELS", "mymaster").startswith("*1\r\n*28\r\n$4\r\nname\r\n")


QUORUM = "Not enough available Sentinels to reach the specified quorum for this master"
MAJORITY = "Not enough available Sentinels to reach the majority and authorize a failover"


@pytest.mark.parametrize(
    ("usable", "voters", "quorum", "line"),
    [
        (3, 3, 2, "+OK 3 usable Sentinels. Quorum and failover authorization can be reached"),
        (1, 1, 1, "+OK 1 usable Sentinels. Quorum and failover authorization can be reached"),
        (2, 3, 3, f"-NOQUORUM 2 usable Sentinels. {QUORUM}"),
        (2, 4, 2, f"-NOQUORUM 2 usable Sentinels. {MAJORITY}"),
        (1, 3, 2, f"-NOQUORUM 1 usable Sentinels. {QUORUM}. {MAJORITY}"),
        # Our own saves fail: the view leaves ourselves out.
        (0, 1, 1, f"-NOQUORUM 0 usable Sentinels. {QUORUM}. {MAJORITY}"),
    ],
)
def test_ckquorum(usable: int, voters: int, quorum: int, line: str) -> None:
    world = World()
    world.seen.checks[NAME] = QuorumCheck(usable, voters, quorum)
    assert world.line(world.connect(), "SENTINEL", "CKQUORUM", "mymaster") == f"{line}\r\n"


def test_info_cache_skips_unknown_names_and_shows_each_once() -> None:
    world = World()
    world.seen.cache[NAME] = (CachedInfo(17, b"# Server"), CachedInfo(0, None))
    session = world.connect()
    shown = [b"mymaster", [[17, b"# Server"], [0, None]]]
    assert world.reply(session, "SENTINEL", "INFO-CACHE", "mymaster") == shown
    assert world.reply(session, "SENTINEL", "INFO-CACHE", "x", "mymaster", "mymaster") == shown
    assert world.reply(session, "SENTINEL", "INFO-CACHE", "x") == []


def test_pending_scripts() -> None:
    world = World()
    world.queue = [
        ScriptView(("/bin/a", "+sdown", "text"), running=True, pid=99, runtime=5, delay=0, retries=1),
        ScriptView(("/bin/b",), running=False, pid=0, runtime=0, delay=3000, retries=2),
    ]
    assert world.reply(world.connect(), "SENTINEL", "PENDING-SCRIPTS") == [
        Map(
            [
                (b"argv", [b"/bin/a", b"+sdown", b"text"]),
                (b"flags", b"running"),
                (b"pid", b"99"),
                (b"run-time", b"5"),
                (b"retry-num", b"1"),
            ]
        ),
        Map(
            [
                (b"argv", [b"/bin/b"]),
                (b"flags", b"scheduled"),
                (b"pid", b"0"),
                (b"run-delay", b"3000"),
                (b"retry-num", b"2"),
            ]
        ),
    ]


def test_nothing_to_tell() -> None:
    world = World()
    world.seen.masters.clear()
    session = world.connect()
    assert world.reply(session, "SENTINEL", "MASTERS") == []
    assert world.reply(session, "SENTINEL", "PENDING-SCRIPTS") == []
    assert world.reply(session, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster") == NullArray()


# The lines of the servers' help that name a subcommand, by position: the shape that clients may show.
SHAPE = {
    0: "SENTINEL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    1: "CKQUORUM <master-name>",
    9: "DEBUG [<param> <value> ...]",
    12: "GET-MASTER-ADDR-BY-NAME <master-name>",
    14: "FAILOVER <master-name>",
    17: "FLUSHCONFIG",
    20: "INFO-CACHE <master-name>",
    22: "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
    25: "MASTER <master-name>",
    27: "MASTERS",
    29: "MONITOR <name> <ip> <port> <quorum>",
    31: "MYID",
    33: "PENDING-SCRIPTS",
    35: "REMOVE <master-name>",
    37: "REPLICAS <master-name>",
    39: "RESET <pattern>",
    41: "SENTINELS <master-name>",
    43: "SET <master-name> <option> <value> [<option> <value> ...]",
    45: "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
    47: "HELP",
}


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.QUORATE])
def test_help_has_49_status_lines_of_the_servers_shape(mode: Mode) -> None:
    world = World(mode)
    shown = world.reply(world.connect(), "SENTINEL", "HELP")
    assert shown == [Simple(line) for line in lines(mode)]
    assert len(lines(mode)) == 49
    wanted = {at: _renamed(line) if mode is Mode.VALKEY_8 else line for at, line in SHAPE.items()}
    assert {at: lines(mode)[at] for at in SHAPE} == wanted
    assert lines(mode)[5].startswith("CONFIG SET <param> <value>")
    assert lines(mode)[7].startswith("CONFIG GET <param>")
    assert all(line.startswith("    ") for at, line in enumerate(lines(mode)) if at not in {*SHAPE, 5, 7})
    assert not any("%" in line for line in lines(mode))


def test_our_own_mode_helps_with_what_only_we_have_too() -> None:
    world = World(Mode.QUORATE)
    shown = world.reply(world.connect(), "SENTINEL", "HELP")
    assert shown == [Simple(line) for line in lines(Mode.QUORATE)]
    ours = [line for line in lines(Mode.QUORATE) if line not in lines(Mode.REDIS_7_2)]
    names = [line.split()[0] for line in ours if not line.startswith(" ")]
    assert names == ["CANDIDATES", "FAILOVER", "FAILOVERS", "QUORATE"]
    assert lines(Mode.QUORATE)[-2:] == lines(Mode.REDIS_7_2)[-2:]


def _renamed(line: str) -> str:
    return line.replace("MASTERS", "PRIMARIES").replace("MASTER", "PRIMARY").replace("master", "primary")
