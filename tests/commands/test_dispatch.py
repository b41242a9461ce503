"""Every request goes through the checks of the server in its order, and each refusal has the server's words."""

import pytest

from quorate.commands.contract import Later, Now, Postponed
from quorate.commands.dispatch import HANDLERS, renamed
from quorate.commands.docs import DOCS
from quorate.commands.table import TABLES
from quorate.core.inputs import FlushRequested
from quorate.core.outcome import Done
from quorate.model.settings import Mode
from quorate.wire.values import Error, Push, Simple
from tests.commands.support import CALLER, World

_CONTAINERS = {"acl", "client", "sentinel"}


LISTED = {Mode.REDIS_7_0: 72, Mode.REDIS_7_2: 73, Mode.VALKEY_8: 77, Mode.QUORATE: 76}


@pytest.mark.parametrize(("mode", "listed"), LISTED.items())
def test_each_mode_lists_as_many_names_as_its_server(mode: Mode, listed: int) -> None:
    assert len(list(TABLES[mode].listed())) == listed
    assert len(TABLES[mode].commands) == 15


def test_every_command_has_a_handler_and_a_documentation() -> None:
    names = {command.name for mode in Mode for command in TABLES[mode].listed()}
    assert set(HANDLERS) == names - _CONTAINERS
    assert set(DOCS) == names


def test_only_our_own_mode_lists_what_is_ours_alone() -> None:
    listed = {mode: {command.name for command in TABLES[mode].listed()} for mode in Mode}
    ours = {"sentinel|candidates", "sentinel|failovers", "sentinel|quorate"}
    assert listed[Mode.QUORATE] == listed[Mode.REDIS_7_2] | ours
    assert not listed[Mode.VALKEY_8] & ours


_FILL = "a" * 124

_REFUSED = [
    (["FOO"], "ERR unknown command 'FOO', with args beginning with: "),
    (["FOO", "a", "b"], "ERR unknown command 'FOO', with args beginning with: 'a' 'b' "),
    (["a\r\nbc", "x\ny"], "ERR unknown command 'a  bc', with args beginning with: 'x y' "),
    (["F" * 200], f"ERR unknown command '{'F' * 128}', with args beginning with: "),
    (["FOO", _FILL, "b", "c"], f"ERR unknown command 'FOO', with args beginning with: '{_FILL}' 'b' "),
    (["FOO", _FILL + "a", "b"], f"ERR unknown command 'FOO', with args beginning with: '{_FILL}a' "),
    (["sentinel", "foo"], "ERR unknown subcommand 'foo'. Try SENTINEL HELP."),
    (["SENTINEL", "f" * 200], f"ERR unknown subcommand '{'f' * 128}'. Try SENTINEL HELP."),
    (["CLIENT", "NO-TOUCH", "ON"], "ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP."),
    (["acl", "a\r\nb"], "ERR unknown subcommand 'a  b'. Try ACL HELP."),
    (["SENTINEL"], "ERR wrong number of arguments for 'sentinel' command"),
    (["Sentinel", "Master"], "ERR wrong number of arguments for 'sentinel|master' command"),
    (["CLIENT", "REPLY"], "ERR wrong number of arguments for 'client|reply' command"),
    (["PING", "x", "y"], "ERR wrong number of arguments for 'ping' command"),
    *[
        ([name], f"ERR unknown command '{name}', with args beginning with: ")
        for name in ("QUIT", "RESET", "ECHO", "SELECT", "CONFIG", "MULTI", "SSUBSCRIBE", "PUBSUB", "REPLICAOF")
    ],
]


@pytest.mark.parametrize(("words", "error"), _REFUSED)
def test_unknown_names_and_wrong_counts_are_refused_in_the_servers_words(words: list[str], error: str) -> None:
    world = World()
    assert world.reply(world.connect(), *words) == Error(error)


def test_names_are_compared_regardless_of_case_and_the_other_servers_names_work_too() -> None:
    world = World(Mode.REDIS_7_0)
    client = world.connect()
    assert world.reply(client, "sEnTiNeL", "mYiD") == world.reply(client, "SENTINEL", "MYID")
    assert world.reply(client, "SENTINEL", "GET-PRIMARY-ADDR-BY-NAME", "mymaster") == [b"127.0.0.1", b"6379"]
    assert world.reply(client, "CLIENT", "SETINFO", "lib-name", "x") == Simple("OK")


@pytest.mark.parametrize("word", ["post", "POST", "host:", "Host:"])
def test_a_browser_is_cut_off_without_a_word(word: str) -> None:
    world = World()
    assert world.call(world.connect(), word, "x") == Now((), close=True)


def test_who_must_log_in_is_told_of_unknown_names_first() -> None:
    world = World()
    world.acl.require_password("secret")
    client = world.connect()
    assert world.reply(client, "FOO") == Error("ERR unknown command 'FOO', with args beginning with: ")
    assert world.reply(client, "SENTINEL", "MASTER") == Error(
        "ERR wrong number of arguments for 'sentinel|master' command"
    )
    assert world.reply(client, "PING") == Error("NOAUTH Authentication required.")
    assert world.reply(client, "AUTH", "secret") == Simple("OK")
    assert world.reply(client, "PING") == Simple("PONG")


@pytest.mark.parametrize(
    ("mode", "command", "channel"),
    [
        (
            Mode.REDIS_7_0,
            "NOPERM this user has no permissions to run the 'sentinel|masters' command",
            "NOPERM this user has no permissions to access one of the channels used as arguments",
        ),
        (
            Mode.REDIS_7_2,
            "NOPERM User bob has no permissions to run the 'sentinel|masters' command",
            "NOPERM No permissions to access a channel",
        ),
    ],
)
def test_what_a_user_may_not_do_is_refused_and_remembered(mode: Mode, command: str, channel: str) -> None:
    world = World(mode)
    world.acl.set_user("bob", [b"on", b">x", b"+subscribe", b"+ping"])
    client = world.connect()
    assert world.reply(client, "AUTH", "bob", "x") == Simple("OK")
    assert world.reply(client, "SENTINEL", "MASTERS") == Error(command)
    assert world.reply(client, "SUBSCRIBE", "news") == Error(channel)
    entry = world.acl.log.entries[-1]
    assert (entry.object, entry.username, entry.created) == (b"sentinel|masters", "bob", 1_700_000_000_123)
    assert b"cmd=sentinel|masters user=bob" in entry.client
    assert not entry.client.endswith(b"\n")


def test_a_resp2_client_that_listens_may_only_listen() -> None:
    world = World()
    client = world.connect()
    world.replies(client, "SUBSCRIBE", "a")
    assert world.reply(client, "SENTINEL", "MASTERS") == Error(
        "ERR Can't execute 'sentinel|masters': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
        "are allowed in this context"
    )
    assert world.reply(client, "FOO") == Error("ERR unknown command 'FOO', with args beginning with: ")
    assert world.reply(client, "PING") == [b"pong", b""]
    assert world.reply(client, "PING", "x") == [b"pong", b"x"]
    other = world.connect(protocol=3)
    world.replies(other, "SUBSCRIBE", "a")
    assert world.reply(other, "PING") == Simple("PONG")


def test_a_pause_holds_commands_back_but_not_refusals() -> None:
    world = World()
    client = world.connect()
    assert world.reply(client, "CLIENT", "PAUSE", "500") == Simple("OK")
    assert world.call(client, "PING") == Postponed(world.clock + 500)
    assert world.reply(client, "FOO") == Error("ERR unknown command 'FOO', with args beginning with: ")
    world.clock += 500
    assert world.reply(client, "PING") == Simple("PONG")


def test_a_pause_of_writes_holds_publish_alone() -> None:
    world = World(Mode.VALKEY_8)
    client, other = world.connect(), world.connect()
    assert world.reply(client, "CLIENT", "PAUSE", "500", "WRITE") == Simple("OK")
    assert world.call(other, "PUBLISH", "a", "b") == Postponed(world.clock + 500)
    assert world.reply(client, "PING") == Simple("PONG")
    shown = world.line(client, "CLIENT", "LIST") + world.line(client, "INFO", "clients")
    assert " flags=b " in shown
    assert "blocked_clients:1" in shown
    assert "paused_actions:write" in shown
    assert world.reply(client, "CLIENT", "UNPAUSE") == Simple("OK")
    assert isinstance(world.reply(other, "PUBLISH", "a", "b"), Error)
    assert " flags=b " not in world.line(client, "CLIENT", "LIST")


def test_muted_replies() -> None:
    world = World()
    client = world.connect()
    assert world.replies(client, "CLIENT", "REPLY", "SKIP") == ()
    assert world.replies(client, "PING") == ()
    assert world.replies(client, "PING") == (Simple("PONG"),)
    assert world.replies(client, "CLIENT", "REPLY", "OFF") == ()
    assert world.replies(client, "FOO") == ()
    assert world.replies(client, "CLIENT", "REPLY", "SKIP") == ()
    assert world.replies(client, "CLIENT", "REPLY", "ON") == (Simple("OK"),)
    assert world.replies(client, "PING") == (Simple("PONG"),)


def test_skip_is_not_used_up_by_itself_nor_by_a_pause() -> None:
    world = World()
    client = world.connect()
    world.replies(client, "CLIENT", "REPLY", "SKIP")
    world.replies(client, "CLIENT", "REPLY", "SKIP")
    world.pause(world.clock + 10)
    assert isinstance(world.call(client, "PING"), Postponed)
    world.pause(0)
    assert world.replies(client, "PING") == ()
    assert world.replies(client, "PING") == (Simple("PONG"),)


def test_a_muted_client_still_hears_messages_and_its_questions_are_still_asked() -> None:
    world = World()
    client = world.connect()
    world.replies(client, "CLIENT", "REPLY", "OFF")
    assert world.replies(client, "SUBSCRIBE", "a") == (Push([b"subscribe", b"a", 1]),)
    world.replies(client, "UNSUBSCRIBE", "a")
    answer = world.call(client, "SENTINEL", "FLUSHCONFIG")
    assert isinstance(answer, Later)
    assert answer.silent
    assert answer.ask(CALLER) == FlushRequested(CALLER)
    assert answer.render(Done()) == Simple("OK")


def test_renamed_commands_answer_to_their_new_names_only() -> None:
    world = World()
    world.renames = renamed([("sentinel", "Watch"), ("SHUTDOWN", "")])
    session = world.connect()
    assert world.reply(session, "WATCH", "MYID") == world.seen.settings.myid.encode()
    assert world.line(session, "SENTINEL", "MYID").startswith("-ERR unknown command 'SENTINEL'")
    assert world.line(session, "shutdown").startswith("-ERR unknown command 'shutdown'")
    assert not world.stopped
    assert world.line(session, "PING") == "+PONG\r\n"
