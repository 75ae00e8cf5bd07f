"""The weekly order bonus: an entry a week, from the orders that were known a day after its end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Min, QuerySet, Sum
from django.db.models.functions import Coalesce

from scoring import books
from scoring.core.rulebook import Rulebook, book_at
from scoring.core.values import DAY, Options
from scoring.models import LedgerEntry, PlatformRating
from scoring.services import ledger
from stores.models import Order, Store
from tenants import due

AWARD: Final = "scoring.award"
SOURCE: Final = "orders"
LONGEST: Final = timedelta(days=180)  # how far back, where a book has no window


def arm(*, store: Store, options: Options, at: datetime) -> None:
    """Ask for the store's awards: at once where they are not as its rulebook says, else weekly."""
    book = _book(store, options, at)
    awards = _live(store)
    if book is None:
        if awards.exists():
            due.add(kind=AWARD, subject=store.pk, at=at)
        return
    is_begun = LedgerEntry.objects.filter(store=store, source=SOURCE, points__gte=0).exists()
    due.add(kind=AWARD, subject=store.pk, at=_next(book, at) if is_begun else at)


@transaction.atomic
def keep(*, store: Store, options: Options, at: datetime) -> datetime | None:
    """Write the awards that are due at ``at``; return when the next is, None without a bonus.

    A week is awarded once, 24 h after it ended, and never reworked. Weeks from before the
    marketplace's first number are in the opening already. Where the bonus does not count (any
    more), what was awarded is taken back as a mistake of ours.
    """
    ledger.lock(store)
    book = _book(store, options, at)
    if book is None:
        for entry in _live(store):
            ledger.reverse_entry(
                entry=entry, reason=LedgerEntry.Reason.MISTAKE, source=SOURCE, at=at, by=None
            )
        return None
    for week in list(_unawarded(store, book, at)):
        _award(store, book, week, at=at)
    return _next(book, at)


def _book(store: Store, options: Options, at: datetime) -> Rulebook | None:
    """Return the store's rulebook in force, if it awards a bonus weekly."""
    book = book_at(books.library_for(store).known(at, options.switched_on), at)
    if book is None or book.order_bonus is None or book.order_bonus.mode != "weekly_award":
        return None
    return book


def _live(store: Store) -> QuerySet[LedgerEntry]:
    """Return the store's awards of which something is left."""
    awards = LedgerEntry.objects.filter(
        store=store, source=SOURCE, kind=LedgerEntry.Kind.BONUS, points__gt=0
    )
    left = F("points") + Coalesce(Sum("reversals__points"), 0)
    return awards.annotate(left=left).filter(left__gt=0)


def _next(book: Rulebook, at: datetime) -> datetime:
    """Return when the next week is awarded: a day after the Monday that ends it."""
    _begins, awarded = book.week_ended_by(at - DAY)
    _begins, monday = book.week_ended_by(awarded + 8 * DAY)
    return monday + DAY


def _unawarded(store: Store, book: Rulebook, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the weeks that are due and have no award that stands, newest first."""
    seen = PlatformRating.objects.filter(store=store, withdrawn_at=None)
    first = seen.aggregate(first=Min("observed_at"))["first"]
    if first is None:
        return
    since = max(first, book.effective_from, at - (book.window or LONGEST))
    # A week without points has its award of none; it cannot be taken back, and needs not.
    none = LedgerEntry.objects.filter(store=store, source=SOURCE, points=0)
    written = {entry.occurred_at for entry in [*none, *_live(store)]}
    begins, monday = book.week_ended_by(at - DAY)
    while monday > since:
        if monday not in written:
            yield begins, monday
        begins, monday = book.week_ended_by(begins)


def _award(store: Store, book: Rulebook, week: tuple[datetime, datetime], *, at: datetime) -> None:
    assert book.order_bonus is not None, "asked only where there is one"
    begins, monday = week
    orders = Order.objects.filter(
        store=store, completed_at__gte=begins, completed_at__lt=monday
    ).count()
    before = LedgerEntry.objects.filter(store=store, source=SOURCE, occurred_at=monday)
    ref = f"week:{monday.astimezone(book.zone).date()}"
    again = before.filter(reverses=None).count()
    LedgerEntry.objects.create(
        store=store,
        kind=LedgerEntry.Kind.BONUS,
        points=book.order_bonus.points_for(orders),
        orders=orders,
        occurred_at=monday,
        source=SOURCE,
        source_ref=f"{ref}:{again}" if again else ref,
        recorded_at=at,
    )
