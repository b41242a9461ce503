"""The files that a local cluster starts from, and how they are set right at each start."""

import pytest

from quorate.local import plan as plans
from quorate.local.plan import Kind, Plan

PLAN = Plan("mymaster", (6379, 6380), (26379, 26380), 2, "secret", 1000)


def test_a_plan_survives_its_file() -> None:
    assert Plan.from_json(PLAN.to_json()) == PLAN


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x"}', '{"name":1,"servers":3}'])
def test_a_broken_plan_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Plan.from_json(text)


def test_members_are_servers_then_sentinels_with_folders_of_their_own() -> None:
    members = PLAN.members()
    assert [m.kind for m in members] == [Kind.SERVER, Kind.SERVER, Kind.SENTINEL, Kind.SENTINEL]
    assert len({m.folder for m in members}) == 4
    assert [m.label for m in members] == ["server 6379", "server 6380", "sentinel 1", "sentinel 2"]


def test_servers_persist_and_only_replicas_follow() -> None:
    master = plans.server_conf(PLAN, "/data", 6379, None)
    replica = plans.server_conf(PLAN, "/data", 6380, 6379)
    assert "appendonly yes\n" in master
    assert "\nreplicaof" not in master
    assert "replicaof 127.0.0.1 6379\n" in replica
    assert 'masterauth "secret"\n' in replica


def test_a_sentinel_knows_the_replicas_and_no_peers() -> None:
    text = plans.sentinel_conf(PLAN, "/data", 26379, "a" * 40)
    assert "sentinel monitor mymaster 127.0.0.1 6379 2\n" in text
    assert f"sentinel myid {'a' * 40}\n" in text
    assert "sentinel known-replica mymaster 127.0.0.1 6380\n" in text
    assert plans.without_peers(text) == text
    assert "#quorate sentinel crash-detection mymaster yes\n" in text
    assert "#quorate sentinel confirm-by-replicas mymaster yes\n" in text
    assert plans.without_peers(text + "SENTINEL known-sentinel m h 1 x\n") == text


def test_directives_are_replaced_removed_and_the_rest_is_kept() -> None:
    text = "# mine\nport 1\n\nslaveof 127.0.0.1 5\nmaxmemory 1mb\nreplicaof 127.0.0.1 6\n"
    changed = plans.with_directives(text, {"port": "2", "replicaof": None}, {"slaveof": "replicaof"})
    assert changed == "# mine\n\nmaxmemory 1mb\nport 2\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [("plain", '"plain"'), ('a"b\\c', '"a\\"b\\\\c"'), ("é\n", '"\\xc3\\xa9\\x0a"'), ("/a b", '"/a b"')],
)
def test_quoting_survives_the_configuration_grammar(text: str, written: str) -> None:
    assert plans.quoted(text) == written


@pytest.mark.parametrize("password", ["with blank", 'quo"te', "it's", "back\\slash", "line\n", "caf\u00e9"])
def test_passwords_that_a_sentinel_conf_cannot_hold_are_recognised(password: str) -> None:
    assert plans.unquotable(password)


def test_ordinary_passwords_are_fine() -> None:
    assert not plans.unquotable("p4$$-w0rd_!#%&()*+,./:;<=>?@[]^`{|}~")


def test_the_lines_to_connect_with_run_as_they_are() -> None:
    shell, python = plans.connect_lines(PLAN, PLAN.members()[1].place, "redis-cli")
    assert shell == "redis-cli -p 6380 -a secret --no-auth-warning"
    compile("\n".join(python), "<shown>", "exec")
    assert "(26379, 26380)" in python[1]
    one = Plan("m", (1,), (2,), 1, "", 1000)
    assert "in (2,)" in plans.connect_lines(one, one.members()[0].place, "x")[1][1]
    assert all(len(line) + 10 <= 80 for line in plans.connect_lines(one, one.members()[0].place, "x")[1])


def test_shell_quoting() -> None:
    assert plans.shell_quoted("a-b.c") == "a-b.c"
    assert plans.shell_quoted("a$b") == "'a$b'"
    assert plans.shell_quoted("it's") == "'it'\"'\"'s'"
