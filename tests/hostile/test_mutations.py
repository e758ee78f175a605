"""Checkouts of strangers at random; many more: ``python -m tests.hostile --runs 20000``."""

from __future__ import annotations

import pytest

from tests.hostile.cases import case
from tests.hostile.run import judged

RUNS = 2_000
PARTS = 4  # for the processes that the suite runs in


@pytest.mark.parametrize("part", range(PARTS))
def test_no_checkout_makes_it_crash_hang_or_lose_a_rule(part: int) -> None:
    wrong = {
        number: (case(number).arguments, faults)
        for number in range(part, RUNS, PARTS)
        if (faults := judged(number))
    }
    assert not wrong
