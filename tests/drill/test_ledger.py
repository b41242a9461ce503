"""The ledger: gaps are measured between kept writes, and a write counts as kept only if its value was read back."""

import pytest

from quorate.drill.ledger import Ack, Failure, Ledger, key_of, missing, per_second, quantile


def ledger(*times: float) -> Ledger:
    made = Ledger()
    for number, at in enumerate(times, 1):
        made.acknowledge(Ack(0, number, at, "s:1"))
    return made


def test_a_gap_is_seen_whole_though_it_only_overlaps() -> None:
    assert ledger(1.0, 1.1, 4.1, 4.2).longest_gap(0, 2.0, 3.0) == pytest.approx(3.0)


def test_the_longest_gap_of_several() -> None:
    assert ledger(0.0, 1.0, 1.5, 3.5, 3.6).longest_gap(0, 0.5, 3.6) == pytest.approx(2.0)


def test_a_lost_write_ends_no_gap() -> None:
    made = ledger(1.0, 2.0, 3.0)
    made.lost.add(made.acks[1])
    assert made.longest_gap(0, 1.5, 2.5) == pytest.approx(2.0)


def test_a_writer_that_never_succeeded_has_a_gap_of_the_whole_time() -> None:
    assert Ledger().longest_gap(0, 5.0, 9.0) == pytest.approx(4.0)


def test_a_writer_that_never_succeeds_again_has_a_gap_until_the_end() -> None:
    assert ledger(1.0).longest_gap(0, 2.0, 9.0) == pytest.approx(8.0)


def test_what_was_written_when() -> None:
    made = ledger(1.0, 2.0, 3.0)
    made.fail(Failure(0, 2.5, "refused"))
    assert [ack.at for ack in made.between(1.5, 3.0)] == [2.0, 3.0]
    assert made.failures_between(2.0, 3.0) == 1


def test_a_write_is_missing_unless_its_own_value_is_there() -> None:
    acks = [Ack(0, n, 0.0, "s:1") for n in (1, 2, 3)]
    assert missing(acks, ["1", None, "7"]) == acks[1:]


def test_keys_are_unique() -> None:
    assert len({key_of("r", writer, n) for writer in range(12) for n in range(12)}) == 144


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 2.0), (0.99, 4.0), (1.0, 4.0), (0.25, 1.0), (0.26, 2.0), (0.01, 1.0)]
)
def test_quantiles_are_values_that_occurred(share: float, expected: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_nothing_has_no_quantile() -> None:
    assert quantile([], 0.5) is None


def test_buckets_hold_rates() -> None:
    assert per_second(ledger(0.1, 0.2, 0.6).acks, 0.0, 1.0, 0.5) == [4.0, 2.0]
