"""What the marketplace itself showed."""

from collections.abc import Collection
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scoring import books
from scoring.models import PlatformRating
from scoring.services import rating
from stores.models import Notice, Store
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail.services import record

MOST = 1000  # the widest scale of any rulebook; a book's own ceiling is judged when it is compared


class NotAPlatformRating(DomainError):
    code: ClassVar[str] = "not_a_platform_rating"


def record_platform_rating(
    *,
    store: Store,
    value: int,
    measure: str,
    observed_at: datetime,
    source: str,
    at: datetime,
    by: Membership | None,
    notice: Notice | None = None,
    via: str = "page",
) -> PlatformRating:
    """Keep one platform rating and compute the store's rating anew; the same one twice is one.

    Raises:
        NotAPlatformRating: if the value is outside 0..1000, lies in the future, or is a rating
            where the store's rulebook counts points alone.
    """
    if not 0 <= value <= MOST:
        raise NotAPlatformRating(_("A platform rating lies between 0 and 1000."))
    if observed_at > at:
        raise NotAPlatformRating(_("A platform rating cannot lie in the future."))
    book = books.library_for(store).in_force(observed_at, at)
    if measure == PlatformRating.Measure.RATING and book is not None and book.start is None:
        raise NotAPlatformRating(_("This store has no rating: its rulebook counts points alone."))
    row, is_new = PlatformRating.objects.get_or_create(
        store=store,
        measure=measure,
        observed_at=observed_at,
        value=value,
        defaults={
            "source": source,
            "notice": notice,
            "recorded_at": at,
            "recorded_by": by,
        },
    )
    if is_new:
        record(
            action="platform_rating.recorded",
            by=by,
            subject=row,
            store_id=store.pk,
            at=at,
            via=via,
            changes={"value": value, "measure": measure, "source": source},
        )
    rating.rate(store=store, at=at)
    return row


def withdraw_of_notice(*, notice: Notice, at: datetime) -> int:
    """Take back the platform ratings that came by a notice which was undone; return how many."""
    return _withdraw(PlatformRating.objects.filter(notice=notice, withdrawn_at=None), at)


def withdraw(*, ids: Collection[UUID], at: datetime) -> int:
    """Take back platform ratings that came by a file which was undone; return how many."""
    return _withdraw(PlatformRating.objects.filter(pk__in=ids, withdrawn_at=None), at)


def _withdraw(rows: QuerySet[PlatformRating], at: datetime) -> int:
    stores = {row.store for row in rows.select_related("store")}
    withdrawn = rows.update(withdrawn_at=at)
    for store in stores:
        rating.rate(store=store, at=at)
    return withdrawn
