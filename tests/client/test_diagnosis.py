"""What is wrong is found and said, and what only looks odd does not count as wrong."""

from dataclasses import replace

import pytest

from quorate.client.diagnosis import Health, examine, health
from quorate.client.picture import (
    Master,
    Own,
    Peer,
    Place,
    Quorum,
    Replica,
    Seen,
    SentinelPicture,
    Survey,
    Trouble,
    Unreadable,
)


def seen(port: int, *flags: str, name: str = "x", **more: object) -> Seen:
    return Seen(name, Place("h", port), flags=flags, **more)  # type: ignore[arg-type]


REPLICAS = (
    Replica(seen(2, "slave"), link_up=True, priority=100),
    Replica(seen(3, "slave"), link_up=True, priority=100),
)
PEERS = (Peer(seen(12, "sentinel")), Peer(seen(13, "sentinel")))
MASTER = Master(
    seen(1, "master", name="m"), Place("h", 1), 2, 0, replicas=REPLICAS, peers=PEERS, check=Quorum(True, 3, "fine")
)
ASKED = SentinelPicture(Place("h", 11), "a", masters=(MASTER,))
GOOD = Survey(ASKED, (replace(ASKED, place=Place("h", 12), myid="b"), replace(ASKED, place=Place("h", 13), myid="c")))


def of(master: Master) -> Survey:
    return Survey(replace(ASKED, masters=(master,)))


def other(**changes: object) -> Survey:
    changed = replace(MASTER, **changes)  # type: ignore[arg-type]
    return Survey(ASKED, (replace(ASKED, place=Place("h", 12), masters=(changed,)),))


def test_a_good_deployment_is_healthy() -> None:
    assert examine(GOOD) == []
    assert health(GOOD, []) is Health.HEALTHY


@pytest.mark.parametrize(
    ("survey", "code", "words"),
    [
        (of(replace(MASTER, seen=seen(1, "s_down", "o_down", "master", name="m"))), "master-odown", "as agreed"),
        (of(replace(MASTER, seen=seen(1, "s_down", "master", name="m", down_for=4000))), "master-sdown", "for 4 s"),
        (
            of(replace(MASTER, seen=seen(1, "s_down", name="m", last_ping=5, last_ok_ping=9000, down_after=1000))),
            "master-sdown",
            "wrong auth-pass",
        ),
        (of(replace(MASTER, seen=seen(1, "master", "failover_in_progress", name="m"))), "failover", "running"),
        (
            of(replace(MASTER, seen=seen(1, "s_down", name="m", trouble="WRONGPASS x"))),
            "master-sdown",
            "the password of",
        ),
        (of(replace(MASTER, seen=seen(1, "s_down", name="m", trouble="NOAUTH x"))), "master-sdown", "wants a password"),
        (of(replace(MASTER, seen=seen(1, name="m", trouble="NOPERM x"))), "master-trouble", "the rights"),
        (of(replace(MASTER, replicas=())), "no-replicas", "nothing can take over"),
        (of(replace(MASTER, replicas=(replace(REPLICAS[0], priority=0),))), "no-good-replica", "fit"),
        (
            of(replace(MASTER, replicas=(replace(REPLICAS[0], link_up=False), REPLICAS[1]))),
            "replica-unlinked",
            "no link",
        ),
        (of(replace(MASTER, replicas=(replace(REPLICAS[0], seen=seen(2, "s_down")),))), "replica-down", "h:2 is down"),
        (of(replace(MASTER, peers=(Peer(seen(12, "s_down")), PEERS[1]))), "sentinel-down", "h:12 is down"),
        (of(replace(MASTER, check=Quorum(False, 1, "1 usable"))), "no-quorum", "1 usable"),
        (of(replace(MASTER, role_reported="slave")), "wrong-role", "replica"),
        (Survey(replace(ASKED, masters=())), "no-masters", "monitors no master"),
        (Survey(replace(ASKED, tilt=True)), "tilt", "TILT"),
        (Survey(replace(ASKED, own=Own({"save_error": "disk full"}))), "save-error", "disk full"),
        (Survey(replace(ASKED, own=Own({"peers_beyond_epoch": "h:12"}))), "epoch-beyond", "h:12"),
        (other(current=Place("h", 2)), "address-disagreement", "sends clients to h:2"),
        (other(config_epoch=4), "epoch-disagreement", "h:12 has 4"),
        (other(check=Quorum(False, 1, "1 usable")), "no-quorum-elsewhere", "h:12"),
        (other(seen=seen(1, "s_down", name="m")), "master-sdown-elsewhere", "h:12"),
        (Survey(ASKED, (replace(ASKED, masters=()),)), "not-monitored", "does not monitor"),
    ],
)
def test_what_is_serious(survey: Survey, code: str, words: str) -> None:
    found = {finding.code: finding for finding in examine(survey)}
    assert words in found[code].text
    assert found[code].serious
    assert health(survey, list(found.values())) is Health.DEGRADED


@pytest.mark.parametrize(
    ("survey", "code"),
    [
        (of(replace(MASTER, peers=PEERS[:1])), "few-sentinels"),
        (of(replace(MASTER, replicas=(replace(REPLICAS[0], priority=0), REPLICAS[1]))), "priority-0"),
        (other(quorum=1), "quorum-differs"),
        (Survey(ASKED, (), (), (Unreadable(Place("h", 12), Trouble.TIMEOUT, "slow"),)), "peer-unread"),
        (Survey(replace(ASKED, own=Own({"refused_epochs": "3"}))), "epoch-refused"),
    ],
)
def test_what_is_only_worth_knowing(survey: Survey, code: str) -> None:
    found = examine(survey)
    assert [f.code for f in found] == [code]
    assert health(survey, found) is Health.HEALTHY


def test_nobody_answers() -> None:
    survey = Survey(None, (), (Unreadable(Place("h", 11), Trouble.WRONG_PASSWORD, "h:11 refuses the password"),))
    found = examine(survey)
    assert [(f.code, f.text) for f in found] == [("sentinel-wrong-password", "h:11 refuses the password")]
    assert health(survey, found) is Health.UNREACHABLE


def test_other_masters_do_not_count_when_one_is_named() -> None:
    sick = replace(MASTER, seen=seen(9, "o_down", name="sick"))
    survey = Survey(replace(ASKED, masters=(MASTER, sick)))
    assert examine(survey, "m") == []
    assert [f.master for f in examine(survey)] == ["sick"]
