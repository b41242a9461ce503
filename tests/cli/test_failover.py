"""`quorate failover`: refusals say what happened, what it means and what to do."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from quorate.cli import failover, switchover
from quorate.client.picture import Master, Place, Replica, Seen


def replica(**changes: object) -> Replica:
    seen = Seen("x", Place("h", 2), flags=("slave",), last_ok_ping=100)
    return Replica(replace(seen, **changes), link_up=True, priority=100)  # type: ignore[arg-type]


MASTER = Master(Seen("m", Place("h", 1)), replicas=(replica(),))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (replica(flags=("s_down", "slave")), "h:2: it is down"),
        (replica(flags=("slave", "disconnected")), "no connection to it"),
        (replica(last_ok_ping=9000), "has not answered for 9 s"),
        (replace(replica(), priority=0), "priority is 0"),
        (replace(replica(), link_down_for=60_000), "no link to the master for 60 s"),
        (replica(), "INFO is too old"),
    ],
)
def test_no_good_replica_names_each_reason(one: Replica, words: str) -> None:
    error = failover._refusal("NOGOODSLAVE No suitable replica to promote", replace(MASTER, replicas=(one,)))
    assert "NOGOODSLAVE" in error.text
    assert words in error.hint
    assert error.code == 1


def test_the_reasons_of_one_of_ours_are_shown_as_they_are() -> None:
    reply = "NOGOODSLAVE No suitable replica to promote: h:2: it is down; h:3: it is tagged nofailover"
    error = failover._refusal(reply, MASTER)
    assert error.hint == "  h:2: it is down\n  h:3: it is tagged nofailover"


def test_no_replica_at_all() -> None:
    error = failover._refusal("NOGOODSLAVE No suitable replica to promote", replace(MASTER, replicas=()))
    assert "m has no replica at all" in error.hint


def test_already_in_progress_says_how_to_wait() -> None:
    error = failover._refusal("INPROG Failover already in progress", MASTER)
    assert "already in progress (INPROG)" in error.text
    assert "quorate status --watch" in error.hint


def test_other_refusals_keep_their_words() -> None:
    assert "something odd" in failover._refusal("ERR something odd", MASTER).text
    assert "--user" in failover._refusal("NOPERM User x has no permissions", MASTER).hint


def test_every_way_of_giving_up_is_explained() -> None:
    assert set(failover._GIVEN_UP) == {
        "-failover-abort-not-elected",
        "-failover-abort-no-good-slave",
        "-failover-abort-slave-timeout",
        "-failover-abort-move",
        "-failover-abort-master-alive",
        "-failover-abort-leaving",
    }


def test_what_a_coordinated_move_was_refused_for_is_repeated() -> None:
    reply = "NOGOODSLAVE h:2: it is down"
    assert failover._refusal(reply, MASTER).text == "Refused: h:2: it is down. Nothing was changed."
    reply = "NOGOODSLAVE h:2: its link to the master is down"
    assert failover._refusal(reply, MASTER).text == "Refused: h:2: its link to the master is down. Nothing was changed."
    reply = "ERR wrong number of arguments for 'sentinel|failover' command"
    assert "knows no coordinated moves" in failover._refusal(reply, MASTER).text


def test_a_server_to_move_to_has_a_port() -> None:
    runner = CliRunner()
    for wrong in ("db-1", ":6379", "db-1:0", "db-1:x"):
        told = runner.invoke(switchover.command, ["m", "--to", wrong])
        assert told.exit_code == 2
        assert "is not HOST:PORT" in told.output
