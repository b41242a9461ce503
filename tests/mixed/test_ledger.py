"""The ledger of the drill notices what mixed sentinels must never do; a drill that sees nothing would prove nothing."""

from pathlib import Path

from benchmarks.ledger import Ledger

A, B = 26379, 26380


def test_elections_and_their_leaders_are_counted() -> None:
    ledger = Ledger()
    ledger.hear(A, "+new-epoch", "1")
    ledger.hear(A, "+try-failover", "master mymaster 127.0.0.1 6379")
    ledger.hear(A, "+elected-leader", "master mymaster 127.0.0.1 6379")
    ledger.hear(B, "+new-epoch", "2")
    ledger.hear(B, "+try-failover", "master mymaster 127.0.0.1 6380")
    ledger.hear(B, "-failover-abort-not-elected", "master mymaster 127.0.0.1 6380")
    assert (ledger.elected, ledger.stood, ledger.lost) == ({A: 1}, {A: 1, B: 1}, {B: 1})
    assert ledger.leaders == {1: A}
    assert not ledger.complaints


def test_failovers_by_hand_are_counted_apart() -> None:
    ledger = Ledger(expects_forced=True)
    ledger.hear(A, "+elected-leader", "master mymaster 127.0.0.1 6379")
    assert (ledger.elected, ledger.forced) == ({}, {A: 1})


def test_two_leaders_in_one_epoch_are_a_disagreement() -> None:
    ledger = Ledger()
    for member in (A, B):
        ledger.hear(member, "+new-epoch", "7")
        ledger.hear(member, "+try-failover", "master mymaster 127.0.0.1 6379")
        ledger.hear(member, "+elected-leader", "master mymaster 127.0.0.1 6379")
    assert ledger.complaints == [f"two leaders in epoch 7: {A} and {B}"]


def test_two_votes_in_one_epoch_are_a_disagreement() -> None:
    ledger = Ledger()
    ledger.hear(A, "+vote-for-leader", "aaaa 3")
    ledger.hear(A, "+vote-for-leader", "aaaa 3")
    ledger.hear(B, "+vote-for-leader", "bbbb 3")
    assert not ledger.complaints
    ledger.restarted(A)
    ledger.hear(A, "+vote-for-leader", "bbbb 3")
    assert ledger.complaints == [f"{A} voted twice in epoch 3: aaaa, bbbb"]


def test_an_epoch_that_falls_is_a_disagreement(tmp_path: Path) -> None:
    ledger, conf = Ledger(), tmp_path / "sentinel.conf"
    conf.write_text("sentinel config-epoch mymaster 4\nsentinel current-epoch 5\n")
    ledger.read_epochs(conf)
    ledger.read_epochs(conf)
    assert not ledger.complaints
    conf.write_text("sentinel config-epoch mymaster 3\nsentinel current-epoch 5\n")
    ledger.read_epochs(conf)
    assert ledger.complaints == ["sentinel.conf: config-epoch mymaster fell from 4 to 3"]
    ledger.hear(A, "+new-epoch", "6")
    ledger.hear(A, "+new-epoch", "5")
    assert ledger.complaints[1:] == [f"{A} went from epoch 6 to 5"]
