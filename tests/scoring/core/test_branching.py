"""A branch of a sweep goes on by itself and leaves the sweep that it came from as it was."""

from scoring.core.branching import Trunk
from scoring.core.rulebook import Library
from scoring.core.values import Ledger, Options
from tests.scoring.core.making import FALLING, day, deduction, make_book


def test_a_branch_tells_of_what_is_to_come_alone() -> None:
    # given a milestone that fired before the branch parts, and two ways on from there
    book = make_book(milestones=FALLING, window=60)
    ledger = Ledger((deduction("a", -50, 1),))
    trunk = Trunk(ledger, Library([book]), day(5), Options())
    trunk.run(day(5))
    branches = [
        trunk.branch([deduction("b", points, 7, known=5)], day(20)) for points in (-50, -100)
    ]

    # when
    for branch in branches:
        branch.run(day(20))

    # then
    assert [[event.code for event in branch.tracker.events] for branch in branches] == [
        ["r100"],
        ["r100", "r50"],
    ]
    assert [[state.instant for state in branch.states] for branch in branches] == [
        [day(1), day(7)]
    ] * 2
    assert [event.code for event in trunk.tracker.events] == ["r150"]
