"""A store's rows, read once, by the ids that the core's answers name, and what to call them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import get_language, gettext

from scoring import books
from scoring.core.rulebook import Milestone, Rulebook
from scoring.core.values import Ledger, Options
from scoring.models import LedgerEntry, PlatformRating
from scoring.selectors.ledgers import ledger_of, options_of
from stores.models import Store
from tenants.templatetags import ui

MOMENT: Final = timedelta(microseconds=1)  # the core's periods are half-open


def is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


class Rows:
    """What is recorded about one store, as far as it was by ``known_at``."""

    def __init__(
        self,
        store: Store,
        entries: Sequence[LedgerEntry],
        ledger: Ledger,
        options: Options,
        *,
        at: datetime,
        known_at: datetime,
        is_now: bool = True,
    ) -> None:
        """Keep what was read; ``entries`` are all of the store's. See ``rows_of``."""
        self.store = store
        self.ledger = ledger
        self.options = options
        self.at = at
        self.known_at = known_at
        self.is_now = is_now  # False: the reader chose the moment
        self.all_entries = entries
        by_pk = {row.pk: row for row in entries}
        for row in entries:
            if row.reverses_id is not None:  # with the violation behind it, without a query
                row.reverses = by_pk[row.reverses_id]
        self.entries = {str(row.pk): row for row in entries if row.recorded_at <= known_at}
        self.library = books.library_for(store)
        self.book = self.library.in_force(at, known_at)

    @property
    def first_at(self) -> datetime:
        """Return the moment of the store's first row; the moment spoken of, where it has none."""
        moments = [row.occurred_at for row in self.entries.values()]
        moments += [each.observed_at for each in self.ledger.observations]
        return min(moments, default=self.at)

    def rule(self, code: str) -> str:
        """Return a rule's name in the reader's language, or the words we were given."""
        newest_first = [book for book in reversed(self.library.books) if book is not self.book]
        for book in [self.book, *newest_first]:
            rule = book.violation(code) if book else None
            if rule is not None:
                return rule.label_zh if is_chinese() else rule.label
        return code

    def label(self, entry: LedgerEntry) -> str:
        if entry.orders is not None:
            return gettext("Order bonus")
        if entry.kind == LedgerEntry.Kind.BONUS:
            return entry.note or gettext("Bonus")
        if entry.kind == LedgerEntry.Kind.ADJUSTMENT:
            return entry.note or gettext("Adjustment")
        return self.rule(entry.rule) if entry.rule else gettext("Deduction")

    def is_award_of_none(self, pk: str) -> bool:
        """Tell whether an entry only notes that a week's orders gave no points."""
        entry = self.entries.get(pk)
        return entry is not None and entry.orders is not None and not entry.points

    def name(self, entry: LedgerEntry) -> str:
        """Return an entry's label with the reference of the violation behind it."""
        reference = entry.violation.reference if entry.violation else None
        return f"{self.label(entry)} {reference}" if reference else self.label(entry)

    def book_title(self, name: str) -> str:
        book = next((book for book in self.library.books if book.name == name), None)
        return book.title if book else name

    def day(self, moment: datetime) -> str:
        return ui.short_day_in(moment, self.store.time_zone)

    def platform_ratings(self, measure: str) -> list[PlatformRating]:
        """Return what the marketplace showed until the moment spoken of, oldest first."""
        found = PlatformRating.objects.filter(
            store=self.store,
            measure=measure,
            observed_at__lte=self.at,
            recorded_at__lte=self.known_at,
        ).order_by("observed_at", "pk")
        return [
            row for row in found if row.withdrawn_at is None or row.withdrawn_at > self.known_at
        ]


def rows_of(
    store: Store, *, at: datetime, known_at: datetime | None = None, is_now: bool = True
) -> Rows:
    """Read a store's rows in a fixed number of queries; ``known_at`` defaults to ``at``."""
    known_at = known_at or at
    return Rows(
        store,
        list(with_sources(LedgerEntry.objects.filter(store=store))),
        ledger_of(store),
        options_of(store, at=at, known_at=known_at),
        at=at,
        known_at=known_at,
        is_now=is_now,
    )


def with_sources(entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """Return entries, newest first, with what stands behind each; without the notices' words."""
    found = entries.select_related("violation__notice", "recorded_by__user")
    found = found.defer("violation__notice__text", "violation__notice__original")
    return found.order_by("-occurred_at", "-id")


def taken_back(entries: Collection[LedgerEntry]) -> frozenset[str]:
    """Return the ids of entries of which reversals leave nothing."""
    left: dict[UUID, int] = {}
    for entry in entries:
        pk = entry.reverses_id or entry.pk
        left[pk] = left.get(pk, 0) + entry.points
    reversed_ones = {entry.reverses_id for entry in entries}
    return frozenset(str(pk) for pk in reversed_ones if pk is not None and not left[pk])


def starts_there(book: Rulebook | None, code: str) -> str:
    """Return what begins at a milestone: the first of its actions, in the reader's language."""
    milestone = book.milestone(code) if book else None
    if milestone is None or not milestone.actions:
        return gettext("Milestone")
    return action_words(milestone)


def action_words(milestone: Milestone, kind: str = "") -> str:
    """Return the words of a milestone's action of ``kind``; of its first where none is asked."""
    action = next((each for each in milestone.actions if each.kind == kind), milestone.actions[0])
    return action.label_zh if is_chinese() else action.label


def told_of(entry: LedgerEntry) -> LedgerEntry:
    """Return the entry that ``entry`` speaks of: what it reverses, else itself."""
    return entry.reverses if entry.reverses is not None else entry
