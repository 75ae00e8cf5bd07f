"""Each store's next deadline: correct, appeal or file by; the fleet's column."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, DateTimeField, F, OuterRef, Q, Subquery, UUIDField, Value
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from appeals.models import Appeal, Attempt
from appeals.models.cases import UNFILED
from appeals.selectors import clocks
from stores.models import Store, Violation

_OLDEST: Final = timedelta(days=120)  # no market's window is longer
_FIELDS: Final = (
    "of_store",
    "about",
    "called",
    "case",
    "file_by",
    "stands",
    "correct",
    "appeal",
    "reported",
    "marketplace",
    "market",
    "seller_type",
)


def next_deadlines(store_ids: Sequence[UUID], *, at: datetime) -> Mapping[UUID, dict[str, Any]]:
    """Return {label, due_at, href} of the next deadline by store, in one query."""
    nearest: dict[UUID, dict[str, Any]] = {}
    for values in _rows(store_ids, at):
        row = dict(zip(_FIELDS, values, strict=True))
        for deadline in _deadlines(row, at):
            known = nearest.get(row["of_store"])
            if known is None or deadline["due_at"] < known["due_at"]:
                nearest[row["of_store"]] = deadline
    return nearest


def _rows(store_ids: Sequence[UUID], at: datetime) -> Any:
    cases = Appeal.objects.filter(violation=OuterRef("pk"))
    unfiled = Attempt.objects.filter(appeal__violation=OuterRef("pk"), state__in=UNFILED)
    no_time = Value(None, output_field=DateTimeField())
    of_violations = (
        Violation.objects.filter(
            store__in=store_ids,
            state__in=[Violation.State.PENDING, Violation.State.ENFORCED],
        )
        .annotate(
            of_store=F("store_id"),
            about=F("pk"),
            called=F("reference"),
            case=Subquery(cases.values("pk")[:1]),
            file_by=Subquery(unfiled.values("file_by")[:1]),
            stands=F("state"),
            correct=F("correct_by"),
            appeal=F("appeal_by"),
            reported=F("reported_at"),
            marketplace=F("store__marketplace"),
            market=F("store__market"),
            seller_type=F("store__seller_type"),
        )
        .filter(
            Q(correct__gt=at)
            | Q(file_by__gt=at)
            | Q(appeal__gt=at, case=None)
            | Q(appeal=None, case=None, reported__gt=at - _OLDEST)
        )
        .values_list(*_FIELDS)
    )
    of_enforcements = (
        Attempt.objects.filter(
            appeal__store__in=store_ids,
            appeal__enforcement__isnull=False,
            state__in=UNFILED,
            file_by__gt=at,
        )
        .annotate(
            of_store=F("appeal__store_id"),
            about=Value(None, output_field=UUIDField()),
            called=F("appeal__enforcement__kind"),
            case=F("appeal_id"),
            stands=Value("", output_field=CharField()),
            correct=no_time,
            reported=no_time,
            marketplace=F("appeal__store__marketplace"),
            market=F("appeal__store__market"),
            seller_type=F("appeal__store__seller_type"),
        )
        .values_list(*(name if name != "appeal" else "opened_at" for name in _FIELDS))
    )
    return of_violations.order_by().union(of_enforcements.order_by(), all=True)


def _deadlines(row: Mapping[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
    what = {"what": row["called"] or _("a violation")}
    if row["correct"] and row["correct"] > at and row["stands"] == Violation.State.PENDING:
        yield _deadline(_("Correct %(what)s") % what, row["correct"], _violation(row))
    if row["file_by"] and row["file_by"] > at:
        href = reverse("appeals:case", args=[row["case"]])
        yield _deadline(_("File the appeal of %(what)s") % what, row["file_by"], href)
    elif row["case"] is None:
        closes_at = row["appeal"] or _by_book(row, at)
        if closes_at is not None and closes_at > at:
            yield _deadline(_("Appeal %(what)s") % what, closes_at, _violation(row))


def _by_book(row: Mapping[str, Any], at: datetime) -> datetime | None:
    store = Store(
        marketplace=row["marketplace"], market=row["market"], seller_type=row["seller_type"]
    )
    return clocks.first_window(Violation(store=store, reported_at=row["reported"]), at)


def _deadline(label: str, due_at: datetime, href: str) -> dict[str, Any]:
    return {"label": label, "due_at": due_at, "href": href}


def _violation(row: Mapping[str, Any]) -> str:
    try:
        return reverse("stores:violation", args=[row["about"]])
    except NoReverseMatch:
        return reverse("appeals:cases")
