"""A ledger refuses rows that contradict each other."""

from dataclasses import replace

import pytest

from scoring.core.values import (
    CountsAs,
    Entry,
    Kind,
    Ledger,
    LedgerError,
    PointsRange,
    Reason,
)
from tests.scoring.core.making import adjustment, bonus, day, deduction, reversal

DEDUCTION = deduction("a", -8, 2)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        pytest.param([deduction("a", 1, 1)], "Entry a: a deduction of 1 points.", id="deduction>0"),
        pytest.param([bonus("a", -1, 1)], "Entry a: a bonus of -1 points.", id="bonus<0"),
        pytest.param([DEDUCTION, DEDUCTION], "Entry a is there twice.", id="id-twice"),
        pytest.param(
            [replace(DEDUCTION, counts_as=CountsAs.NONE)],
            "Entry a: an adjustment, and only it, says what it counts as.",
            id="deduction-that-counts-as",
        ),
        pytest.param(
            [replace(adjustment("a", 1, 1, CountsAs.NONE), counts_as=None)],
            "Entry a: an adjustment, and only it, says what it counts as.",
            id="adjustment-that-does-not-say",
        ),
        pytest.param(
            [replace(DEDUCTION, reverses="b")],
            "Entry a: a reversal, and only it, names what it reverses.",
            id="deduction-that-reverses",
        ),
        pytest.param(
            [Entry("a", Kind.REVERSAL, 8, day(1), day(1))],
            "Entry a: a reversal, and only it, names what it reverses.",
            id="reversal-of-nothing",
        ),
        pytest.param(
            [replace(DEDUCTION, estimate=PointsRange(9, 12))],
            "Entry a: -8 points do not fit its range.",
            id="below-its-range",
        ),
        pytest.param(
            [replace(DEDUCTION, estimate=PointsRange(2, 7))],
            "Entry a: -8 points do not fit its range.",
            id="above-its-range",
        ),
        pytest.param(
            [replace(bonus("a", 8, 1), estimate=PointsRange(2, 7))],
            "Entry a: 8 points do not fit its range.",
            id="estimated-bonus",
        ),
        pytest.param(
            [reversal("r", "z", 8, 2)],
            "Reversal r names no deduction or bonus of this store.",
            id="reversal-of-a-stranger",
        ),
        pytest.param(
            [adjustment("a", -8, 1, CountsAs.DEDUCTION), reversal("r", "a", 8, 2)],
            "Reversal r names no deduction or bonus of this store.",
            id="reversal-of-an-adjustment",
        ),
        pytest.param(
            [DEDUCTION, reversal("r", "a", 8, 2), reversal("s", "r", -8, 3)],
            "Reversal s names no deduction or bonus of this store.",
            id="reversal-of-a-reversal",
        ),
        pytest.param(
            [DEDUCTION, reversal("r", "a", -1, 3)],
            "Reversal r has not the opposite sign of its entry.",
            id="same-sign",
        ),
        pytest.param(
            [deduction("a", -1, 2), reversal("r", "a", -1, 3)],
            "Reversal r has not the opposite sign of its entry.",
            id="same-sign-of-one-point",
        ),
        pytest.param(
            [deduction("a", 0, 2), reversal("r", "a", 1, 3)],
            "Reversal r has not the opposite sign of its entry.",
            id="of-a-warning",
        ),
        pytest.param(
            [DEDUCTION, reversal("r", "a", 8, 1)],
            "Reversal r is dated before its entry.",
            id="before-its-entry",
        ),
        pytest.param(
            [DEDUCTION, reversal("r", "a", 8, 3, reason=Reason.MISTAKE)],
            "Reversal r: a mistake is dated at its entry's own time.",
            id="mistake-dated-later",
        ),
        pytest.param(
            [DEDUCTION, reversal("r", "a", 5, 3), reversal("s", "a", 4, 3)],
            "Reversals of a exceed its points.",
            id="more-than-there-is",
        ),
    ],
)
def test_ledger_refuses(entries: list[Entry], why: str) -> None:
    with pytest.raises(LedgerError) as refusal:
        Ledger(entries=tuple(entries))

    assert str(refusal.value) == why


def test_ledger_takes_reversals_up_to_the_points_of_their_entry() -> None:
    ledger = Ledger(entries=(DEDUCTION, reversal("r", "a", 5, 3), reversal("s", "a", 3, 3)))

    assert len(ledger.entries) == 3


@pytest.mark.parametrize("ends", [(8, 12), (2, 8), (8, 8)])
def test_ledger_takes_points_at_the_ends_of_their_range(ends: tuple[int, int]) -> None:
    estimated = replace(DEDUCTION, estimate=PointsRange(*ends))

    assert Ledger(entries=(estimated,)).entries == (estimated,)
