"""Passwords: on servers, between sentinels, for clients; users with few rights; renamed commands; and wrong ones."""

import time

import pytest

from tests.real.cluster import C_SENTINEL, NAME, OURS, Access, Lab, Trio, eventually, follows
from tests.real.wire import Failure

pytestmark = pytest.mark.real

_SERVER_USER = [
    "on",
    ">secret",
    "allchannels",
    "+multi",
    "+slaveof",
    "+ping",
    "+exec",
    "+subscribe",
    "+config|rewrite",
    "+role",
    "+publish",
    "+info",
    "+client|setname",
    "+client|kill",
    "+script|kill",
]


@pytest.mark.parametrize("kind", [OURS, C_SENTINEL], ids=["ours", "c"])
def test_a_wrong_password_is_shown_as_what_it_is(lab: Lab, kind: tuple[str, ...]) -> None:
    """As in C: PING is answered by an error, so the master is down, and disconnected since SUBSCRIBE is refused."""
    master = lab.server("--requirepass", "right", access=Access(password="right"))
    sentinel = lab.sentinel(master, [f"sentinel auth-pass {NAME} wrong"], kind=kind, quorum=1)
    eventually(lambda: "s_down" in sentinel.flags(), "down")
    eventually(lambda: "disconnected" in sentinel.flags(), "disconnected")
    assert sentinel.sentinel("CKQUORUM", NAME) == (
        "OK 1 usable Sentinels. Quorum and failover authorization can be reached"
    )
    if kind == OURS:
        eventually(lambda: "WRONGPASS" in sentinel.log() or "password" in sentinel.log(), "the log names it")
        time.sleep(2)
        told = [line for line in sentinel.log().splitlines() if "refuses us" in line]
        assert len(told) == 1, told
        assert "auth-pass" in told[0]
        status = sentinel.ask("INFO", "sentinel")
        assert f"quorate_trouble0:127.0.0.1:{master.port} WRONGPASS" in str(status)
    assert sentinel.sentinel("SET", NAME, "auth-pass", "right") == "OK"
    eventually(lambda: sentinel.flags() == {"master"}, "up with the right one")


def test_a_missing_password_is_named(lab: Lab) -> None:
    master = lab.server("--requirepass", "right", access=Access(password="right"))
    sentinel = lab.sentinel(master, quorum=1)
    eventually(lambda: "s_down" in sentinel.flags(), "down")
    eventually(lambda: "NOAUTH" in sentinel.log() or "password" in sentinel.log(), "the log names it")


def test_a_cluster_with_passwords_everywhere_fails_over(lab: Lab) -> None:
    """With requirepass on the sentinels (used towards peers too), masterauth and requirepass on the servers."""
    access = Access(password="pass word")
    words = ["--requirepass", access.password, "--masterauth", access.password]
    master = lab.server(*words, access=access)
    servers = [master, *(lab.server(*words, master=master, access=access) for _ in range(2))]
    lines = [f'sentinel auth-pass {NAME} "pass word"', "requirepass mysecret"]
    sentinels = [lab.prepared(master, lines, kind=kind) for kind in (OURS, C_SENTINEL, OURS)]
    for one in sentinels:
        one.access = Access(password="mysecret")
    trio = Trio(lab, servers, sentinels).start()
    master.kill()
    new = trio.moved_from(master)
    master.start()
    eventually(lambda: follows(master, new), "it follows")


def test_users_with_few_rights(lab: Lab) -> None:
    """The rights that Redis' documentation names for sentinels are enough, on servers and between sentinels."""
    access = Access(user="default", password="admin")
    common = ["--requirepass", "admin", "--masterauth", "admin", "--user", "watcher", *_SERVER_USER]
    master = lab.server(*common, access=access)
    servers = [master, lab.server(*common, master=master, access=access)]
    lines = [
        f"sentinel auth-user {NAME} watcher",
        f"sentinel auth-pass {NAME} secret",
        "sentinel sentinel-user peer",
        "sentinel sentinel-pass peerpass",
        "user default off",
        "user peer on >peerpass allchannels +ping +publish +client|setname +auth +sentinel|is-master-down-by-addr",
        "user admin on >adminpass allchannels +@all",
    ]
    sentinels = [lab.prepared(master, lines, kind=kind) for kind in (OURS, OURS, C_SENTINEL)]
    for one in sentinels:
        one.access = Access(user="admin", password="adminpass")
    trio = Trio(lab, servers, sentinels).start()
    master.kill()
    new = trio.moved_from(master)
    master.start()
    eventually(lambda: follows(master, new), "it follows")
    trio.settled()


def test_a_client_without_the_password_gets_in_nowhere(lab: Lab) -> None:
    master = lab.server()
    sentinel = lab.prepared(master, ["requirepass mysecret"], quorum=1)
    sentinel.start()
    for line in ("SENTINEL MASTERS", "PING", "INFO", "SUBSCRIBE x", "PUBLISH __sentinel__:hello x"):
        words = line.split()
        assert sentinel.ask(*words) == Failure("NOAUTH Authentication required."), words
    assert sentinel.ask("AUTH", "no") == Failure("WRONGPASS invalid username-password pair or user is disabled.")
    sentinel.access = Access(password="mysecret")
    assert sentinel.ask("PING") == "PONG"


def test_renamed_commands(lab: Lab) -> None:
    renames = {"CONFIG": "GUESSED-CONFIG", "SLAVEOF": "GUESSED-SLAVEOF", "CLIENT": "GUESSED-CLIENT"}
    words = [word for old, new in renames.items() for word in ("--rename-command", old, new)]
    master = lab.server(*words)
    replica = lab.server(*words, master=master)
    lines = [f"sentinel rename-command {NAME} {old} {new}" for old, new in renames.items()]
    sentinel = lab.sentinel(master, lines, quorum=1)
    eventually(lambda: sentinel.sees_all(1, 0), "all is well")
    sentinel.sentinel("DEBUG", "PUBLISH-PERIOD", 500, "INFO-PERIOD", 2000)
    clients = replica.ask("GUESSED-CLIENT", "LIST")
    assert isinstance(clients, str)
    assert "name=sentinel-" in clients
    master.kill()
    eventually(lambda: sentinel.master_port() == replica.port, "promoted")
    master.start()
    eventually(lambda: follows(master, replica), "the old master follows")
