"""What a case is worth: the store's rating now, if it is granted, and if it is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from scoring import books
from scoring.core import rating as core
from scoring.core.values import Answer, Entry, Kind, Ledger, Measure, Reason
from scoring.models import LedgerEntry
from scoring.selectors.ledgers import ledger_of, options_of
from stores.models import Violation


@dataclass(frozen=True, slots=True)
class Prospect:
    """One line of the table: how the store stands in that case."""

    key: str  # "now" | "granted" | "refused"
    label: str
    deducted: int | None
    rating: int | None
    milestone: str  # "36, 10 left"
    is_better: bool


@dataclass(frozen=True, slots=True)
class Stake:
    """The points of a violation, as a positive number (None: not stated), and what follows."""

    points: int | None
    is_estimate: bool
    prospects: tuple[Prospect, ...]
    leaves_at: datetime | None  # when the points leave by themselves
    is_decided: bool = False  # then nothing is at stake any more: there is but one prospect

    @property
    def is_known(self) -> bool:
        return any(each.rating is not None or each.deducted is not None for each in self.prospects)


def stake_of(violation: Violation, *, is_decided: bool, at: datetime) -> Stake:
    """Return what ``violation``'s case is worth at ``at``, in a fixed number of queries.

    Of a case that ``is_decided`` only how the store stands now.
    """
    store = violation.store
    ledger, options, library = ledger_of(store), options_of(store), books.library_for(store)
    own = {
        str(pk)
        for pk in LedgerEntry.objects.filter(
            violation=violation, kind=LedgerEntry.Kind.DEDUCTION
        ).values_list("pk", flat=True)
    }

    def answer(entries: Iterator[Entry]) -> Answer:
        what_if = ledger.plus(*entries)
        return core.evaluate(what_if, library, at=at, known_at=at, options=options)

    now = answer(iter(()))
    prospects = [_prospect("now", _("Now"), now, now)]
    if not is_decided:
        granted = answer(_given_back(ledger, own, at))
        refused = answer(_taken(violation, at))
        prospects.append(_prospect("granted", _("If granted"), granted, now))
        prospects.append(_prospect("refused", _("If refused"), refused, now))
    taken = _points(violation, ledger, own)
    return Stake(
        points=taken,
        is_estimate=any(each.id in own and each.estimate for each in ledger.entries),
        prospects=tuple(prospects),
        is_decided=is_decided,
        leaves_at=min(
            (each.instant for each in now.next_expiries if own.intersection(each.entries)),
            default=None,
        ),
    )


def _left(ledger: Ledger, own: set[str]) -> Iterator[tuple[Entry, int]]:
    """Yield the violation's deductions with the signed points that are left of each."""
    for entry in ledger.entries:
        if entry.id in own:
            back = sum(each.points for each in ledger.entries if each.reverses == entry.id)
            yield entry, entry.points + back


def _given_back(ledger: Ledger, own: set[str], at: datetime) -> Iterator[Entry]:
    for entry, left in _left(ledger, own):
        if left:
            yield Entry(
                id=f"{entry.id} granted",
                kind=Kind.REVERSAL,
                points=-left,
                occurred_at=max(at, entry.occurred_at),
                recorded_at=at,
                reverses=entry.id,
                reason=Reason.GRANTED,
            )


def _taken(violation: Violation, at: datetime) -> Iterator[Entry]:
    """Yield what a pending violation will take once nothing stands in its way."""
    if violation.state == Violation.State.PENDING and violation.points:
        yield Entry(
            id="refused",
            kind=Kind.DEDUCTION,
            points=violation.points,
            occurred_at=at,
            recorded_at=at,
        )


def _points(violation: Violation, ledger: Ledger, own: set[str]) -> int | None:
    if violation.state == Violation.State.PENDING or not own:
        return None if violation.points is None else -violation.points
    return -sum(left for _entry, left in _left(ledger, own))


def _prospect(key: str, label: str, answer: Answer, now: Answer) -> Prospect:
    nearest = min(
        (each for each in answer.milestones if not each.reached),
        key=lambda each: each.distance,
        default=None,
    )
    words = ""
    if nearest is not None:
        values = {"at": nearest.at, "distance": nearest.distance}
        if nearest.measure is Measure.RATING:
            words = _("%(at)s, %(distance)s above") % values
        else:
            words = _("%(at)s, %(distance)s left") % values
    return Prospect(
        key=key,
        label=label,
        deducted=answer.points_deducted,
        rating=answer.rating,
        milestone=words,
        is_better=(answer.points_deducted or 0) < (now.points_deducted or 0),
    )
