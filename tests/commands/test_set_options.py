"""SENTINEL SET and CONFIG: what each option takes, what a bad one leaves, and what is told of it."""

from dataclasses import replace

import pytest

from quorate.core.inputs import GlobalsChanged, SettingsChanged
from quorate.model.candidates import MOST_TAGS, ReplicaTag, Tag
from quorate.model.evidence import Detection
from quorate.model.settings import GlobalSettings, MasterSettings, Mode
from tests.commands.support import MYID, World

BASE = MasterSettings(quorum=2)
UNKNOWN = "Unknown option or number of arguments for SENTINEL SET"
INVALID = "Invalid argument"


def asked(world: World, *words: str | bytes) -> SettingsChanged:
    found = world.asked(world.connect(), "SENTINEL", "SET", "mymaster", *words)
    assert isinstance(found, SettingsChanged)
    return found


@pytest.mark.parametrize(
    ("words", "settings", "events"),
    [
        (["quorum", "3"], replace(BASE, quorum=3), ("quorum 3",)),
        (["QUORUM", "99999999999"], replace(BASE, quorum=2**31 - 1), ("QUORUM 99999999999",)),
        (["down-after-milliseconds", "1"], replace(BASE, down_after=1), ("down-after-milliseconds 1",)),
        (["failover-timeout", "1"], replace(BASE, failover_timeout=1), ("failover-timeout 1",)),
        (["parallel-syncs", "5"], replace(BASE, parallel_syncs=5), ("parallel-syncs 5",)),
        (["master-reboot-down-after-period", "0"], BASE, ("master-reboot-down-after-period 0",)),
        (
            ["primary-reboot-down-after-period", "9"],
            replace(BASE, reboot_down_after=9),
            ("primary-reboot-down-after-period 9",),
        ),
        (["rename-command", "CONFIG", "x"], replace(BASE, renames=(("CONFIG", "x"),)), ("rename-command CONFIG x",)),
        (
            ["rename-command", "a", "b", "rename-command", "A", "c", "quorum", "4"],
            replace(BASE, renames=(("A", "c"),), quorum=4),
            ("rename-command a b", "rename-command A c", "quorum 4"),
        ),
        (
            ["rename-command", "a", "b", "rename-command", "A", "a"],
            BASE,
            ("rename-command a b", "rename-command A a"),
        ),
    ],
)
def test_options(words: list[str], settings: MasterSettings, events: tuple[str, ...]) -> None:
    found = asked(World(), *words)
    assert (found.settings, found.events, found.error, found.reconnect) == (settings, events, None, False)


def test_credentials_reconnect_and_passwords_are_masked() -> None:
    found = asked(World(), "AUTH-pass", b"s\xff\ncret", "auth-user", "b\nob")
    assert (found.settings.auth_pass, found.settings.auth_user) == ("s\udcff\ncret", "b\nob")
    assert found.events == ("AUTH-pass ******", "auth-user b\\x0aob"), "an event is one line"
    assert found.reconnect
    cleared = asked(World(), "auth-pass", "")
    assert (cleared.settings.auth_pass, cleared.events) == ("", ("auth-pass ******",))


def test_evidence() -> None:
    found = asked(World(), "Crash-Detection", "YES", "confirm-by-replicas", "yes", "confirm-timeout", "500")
    assert found.settings.crash_detection is Detection.YES
    assert (found.settings.confirm_by_replicas, found.settings.confirm_timeout) == (True, 500)
    assert found.events == ("Crash-Detection YES", "confirm-by-replicas yes", "confirm-timeout 500")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["quorum", "0"], f"{INVALID} '0' for SENTINEL SET 'quorum'"),
        (["QUORUM", "x"], f"{INVALID} 'x' for SENTINEL SET 'QUORUM'"),
        (["down-after-milliseconds", "0"], f"{INVALID} '0' for SENTINEL SET 'down-after-milliseconds'"),
        (["failover-timeout", "-1"], f"{INVALID} '-1' for SENTINEL SET 'failover-timeout'"),
        (["failover-timeout", "9" * 20], f"{INVALID} '{'9' * 20}' for SENTINEL SET 'failover-timeout'"),
        (["parallel-syncs", "0"], f"{INVALID} '0' for SENTINEL SET 'parallel-syncs'"),
        (
            ["master-reboot-down-after-period", "-1"],
            f"{INVALID} '-1' for SENTINEL SET 'master-reboot-down-after-period'",
        ),
        (["rename-command", "", "b"], f"{INVALID} '' for SENTINEL SET 'rename-command'"),
        (["rename-command", "a", ""], f"{INVALID} '' for SENTINEL SET 'rename-command'"),
        (["rename-command", "a"], f"{UNKNOWN} 'rename-command'"),
        (["down-after-period", "5000"], f"{UNKNOWN} 'down-after-period'"),
        (["candidate-max-lag", "-1"], f"{INVALID} '-1' for SENTINEL SET 'candidate-max-lag'"),
        (["candidate-max-lag", "much"], f"{INVALID} 'much' for SENTINEL SET 'candidate-max-lag'"),
        (["replica-tag", "h", "1", "prefer"], f"{INVALID} 'h' for SENTINEL SET 'replica-tag'"),
        (["replica-tag", "127.0.0.1", "0", "prefer"], f"{INVALID} '0' for SENTINEL SET 'replica-tag'"),
        (["replica-tag", "127.0.0.1", "1", "never"], f"{INVALID} 'never' for SENTINEL SET 'replica-tag'"),
        (["replica-tag", "127.0.0.1", "1"], f"{UNKNOWN} 'replica-tag'"),
        (["crash-detection", "maybe"], f"{INVALID} 'maybe' for SENTINEL SET 'crash-detection'"),
        (["confirm-by-replicas", "always"], f"{INVALID} 'always' for SENTINEL SET 'confirm-by-replicas'"),
        (["confirm-timeout", "-1"], f"{INVALID} '-1' for SENTINEL SET 'confirm-timeout'"),
        (["Foo", "1"], f"{UNKNOWN} 'Foo'"),
        (["f" * 200, "1"], f"{UNKNOWN} '{'f' * 200}'"),
    ],
)
def test_an_error_at_the_first_option_changes_nothing(words: list[str], error: str) -> None:
    world = World()
    assert world.line(world.connect(), "SENTINEL", "SET", "mymaster", *words) == f"-ERR {error}\r\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["quorum", "3", "foo"], f"{UNKNOWN} 'foo'"),
        (["quorum", "3", "quorum"], f"{UNKNOWN} 'quorum'"),
        (["quorum", "3", "quorum", "0"], f"{INVALID} '0' for SENTINEL SET 'quorum'"),
        (["quorum", "3", "foo", "1", "quorum", "9"], f"{UNKNOWN} 'foo'"),
    ],
)
def test_options_before_a_bad_one_stay(words: list[str], error: str) -> None:
    found = asked(World(), *words)
    assert (found.settings.quorum, found.events, found.error) == (3, ("quorum 3",), error)


def test_too_few_words() -> None:
    world = World()
    for words in (["mymaster"], ["mymaster", "quorum"]):
        assert world.line(world.connect(), "SENTINEL", "SET", *words) == (
            "-ERR wrong number of arguments for 'sentinel|set' command\r\n"
        )


@pytest.mark.parametrize(
    ("option", "kind"),
    [("notification-script", "Notification"), ("client-reconfig-script", "Client reconfiguration")],
)
def test_scripts(option: str, kind: str) -> None:
    world = World()
    words = ("SENTINEL", "SET", "mymaster", option, "/bin/s")
    session = world.connect()
    assert world.line(session, *words) == (
        "-ERR Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig "
        "configuration directive in your Sentinel configuration\r\n"
    )
    world.settings(deny_scripts_reconfig=False)
    assert world.line(session, *words) == f"-ERR {kind} script seems non existing or non executable\r\n"
    world.executables = {"/bin/s"}
    found = asked(world, option, "/bin/s", option, "")
    assert found.events == (f"{option} /bin/s", f"{option} ")
    assert found.settings == BASE, "the empty path is no script"


def test_who_may_be_promoted() -> None:
    found = asked(World(), "candidate-max-lag", "1mb", "REPLICA-TAG", "127.1", "6380", "NoFailover", "quorum", "3")
    tagged = (ReplicaTag("127.0.0.1", 6380, Tag.NOFAILOVER),)
    assert found.settings == replace(BASE, max_lag=1 << 20, tags=tagged, quorum=3)
    assert found.events == ("candidate-max-lag 1mb", "REPLICA-TAG 127.1 6380 NoFailover", "quorum 3")
    again = asked(World(), "replica-tag", "127.0.0.1", "1", "prefer", "replica-tag", "127.0.0.1", "1", "nofailover")
    assert again.settings.tags == (ReplicaTag("127.0.0.1", 1, Tag.NOFAILOVER),), "one tag for one server"
    gone = asked(World(), "replica-tag", "127.0.0.1", "1", "prefer", "replica-tag", "127.0.0.1", "1", "none")
    assert gone.settings == BASE


def test_replicas_are_tagged_by_name_where_names_are_allowed() -> None:
    world = World()
    world.settings(resolve_hostnames=True)
    assert asked(world, "replica-tag", "db1", "6380", "prefer").settings.tags == (ReplicaTag("db1", 6380, Tag.PREFER),)


def test_tags_are_bounded() -> None:
    words = [word for port in range(1, MOST_TAGS + 2) for word in ("replica-tag", "127.0.0.1", str(port), "prefer")]
    found = asked(World(), *words)
    assert len(found.settings.tags) == MOST_TAGS
    assert found.error == f"a master has at most {MOST_TAGS} tagged replicas"


USAGE = (
    "-ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> ...] are "
    "supported.\r\n"
)
USAGE_7_0 = "-ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported.\r\n"
ARITY = "-ERR wrong number of arguments for 'sentinel|config' command\r\n"


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        ("", ARITY, ARITY),
        ("GET", USAGE_7_0, ARITY),
        ("SET", USAGE_7_0, ARITY),
        ("foo a", USAGE_7_0, USAGE),
        ("foo a b", USAGE_7_0, USAGE),
        ("SET announce-ip", USAGE_7_0, USAGE),
        ("SET foo", USAGE_7_0, USAGE),
        ("SET foo x y", USAGE_7_0, "-ERR Invalid argument 'foo' to SENTINEL CONFIG SET\r\n"),
        ("SET Foo x", "-ERR Invalid argument 'Foo' to SENTINEL CONFIG SET\r\n", None),
        ("SET announce-ip 1 foo", USAGE_7_0, "-ERR Invalid argument 'foo' to SENTINEL CONFIG SET\r\n"),
        ("SET announce-ip 1 announce-port", USAGE_7_0, "-ERR Missing argument 'announce-port' value\r\n"),
        ("SET announce-ip 1 ANNOUNCE-IP", USAGE_7_0,
         "-ERR Duplicate argument 'ANNOUNCE-IP' to SENTINEL CONFIG SET\r\n"),
        ("SET announce-ip 3 announce-port x", USAGE_7_0,
         "-ERR Invalid value 'x' to SENTINEL CONFIG SET 'announce-port'\r\n"),
        ("SET announce-port 65536", "-ERR Invalid value '65536' to SENTINEL CONFIG SET 'announce-port'\r\n", None),
        ("SET announce-port 01", "-ERR Invalid value '01' to SENTINEL CONFIG SET 'announce-port'\r\n", None),
        ("SET announce-port -1", "-ERR Invalid value '-1' to SENTINEL CONFIG SET 'announce-port'\r\n", None),
        ("SET resolve-hostnames 1", "-ERR Invalid value '1' to SENTINEL CONFIG SET 'resolve-hostnames'\r\n", None),
        ("SET Announce-hostnames x", "-ERR Invalid value 'x' to SENTINEL CONFIG SET 'Announce-hostnames'\r\n", None),
        ("SET loglevel foo", "-ERR Invalid argument 'loglevel' to SENTINEL CONFIG SET\r\n",
         "-ERR Invalid value 'foo' to SENTINEL CONFIG SET 'loglevel'\r\n"),
        ("GET nope", "*0\r\n", None),
        ("GET announce-ip announce-port", USAGE_7_0,
         "*4\r\n$11\r\nannounce-ip\r\n$0\r\n\r\n$13\r\nannounce-port\r\n$1\r\n0\r\n"),
        ("GET ANNOUNCE-IP", "*2\r\n$11\r\nannounce-ip\r\n$0\r\n\r\n", None),
        ("GET loglevel", "*0\r\n", "*2\r\n$8\r\nloglevel\r\n$6\r\nnotice\r\n"),
    ],
)  # fmt: skip
def test_the_grammar_of_config_is_that_of_the_mode(words: str, old: str, new: str | None) -> None:
    for mode, line in ((Mode.REDIS_7_0, old), (Mode.REDIS_7_2, new or old), (Mode.VALKEY_8, new or old)):
        world = World(mode)
        assert world.line(world.connect(), "SENTINEL", "CONFIG", *words.split()) == line, mode


def test_config_get_tells_in_the_order_of_the_patterns_and_once() -> None:
    world = World()
    world.settings(announce_port=7, sentinel_pass="p", sentinel_user="u", resolve_hostnames=True)
    session = world.connect(protocol=3)
    assert world.line(session, "SENTINEL", "CONFIG", "GET", "sentinel-p*", "*") == (
        "%7\r\n$13\r\nsentinel-pass\r\n$1\r\np\r\n$17\r\nresolve-hostnames\r\n$3\r\nyes\r\n"
        "$18\r\nannounce-hostnames\r\n$2\r\nno\r\n$11\r\nannounce-ip\r\n$0\r\n\r\n$13\r\nannounce-port\r\n$1\r\n7\r\n"
        "$13\r\nsentinel-user\r\n$1\r\nu\r\n$8\r\nloglevel\r\n$6\r\nnotice\r\n"
    )


@pytest.mark.parametrize(
    ("words", "settings", "reconnect"),
    [
        (["announce-ip", "1.2.3.4"], GlobalSettings(MYID, announce_ip="1.2.3.4"), False),
        # An empty address means automatic again; C announces the empty text and vanishes from its peers.
        (["announce-ip", ""], GlobalSettings(MYID), False),
        (["ANNOUNCE-PORT", "65535"], GlobalSettings(MYID, announce_port=65535), False),
        (["resolve-hostnames", "YES", "announce-hostnames", "no"], GlobalSettings(MYID, resolve_hostnames=True), False),
        (["announce-hostnames", "yes"], GlobalSettings(MYID, announce_hostnames=True), False),
        (["loglevel", "WARNING"], GlobalSettings(MYID, loglevel="warning"), False),
        (["loglevel", "nothing"], GlobalSettings(MYID, loglevel="nothing"), False),
        (["sentinel-user", "bob"], GlobalSettings(MYID, sentinel_user="bob"), True),
        (["sentinel-pass", ""], GlobalSettings(MYID), True),
        (["loglevel", "debug", "sentinel-pass", "x"], GlobalSettings(MYID, loglevel="debug", sentinel_pass="x"), True),
    ],
)
def test_config_set(words: list[str], settings: GlobalSettings, reconnect: bool) -> None:
    world = World()
    found = world.asked(world.connect(), "SENTINEL", "CONFIG", "SET", *words)
    assert isinstance(found, GlobalsChanged)
    assert (found.settings, found.reconnect_peers) == (settings, reconnect)
