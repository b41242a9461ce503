"""More questions are expected from whoever asks often, and only for a while."""

import pytest

from quorate.runtime.company import OFTEN, STAYS, Company


@pytest.mark.parametrize(("between", "expected"), [(0, True), (OFTEN, True), (OFTEN + 1, False)])
def test_who_asks_twice_in_a_short_time_is_company(between: int, expected: bool) -> None:
    company = Company()
    company.asked(0)
    assert not company.expected(0), "somebody who connects once asks once"
    company.asked(between)
    assert company.expected(between) is expected
    assert company.expected(between + STAYS - 1) is expected
    assert not company.expected(between + STAYS)
