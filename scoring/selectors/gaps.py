"""A store's rows, read once, to hold what if against where the marketplace's number differs."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import count

from django.utils.translation import get_language, gettext

from scoring import books
from scoring.core.drifts import Gap, gap_of, observed_drifts
from scoring.core.rating import evaluate
from scoring.core.rulebook import Library
from scoring.core.standing import Judged
from scoring.core.values import (
    BY_BOOK,
    Answer,
    Entry,
    Expires,
    Kind,
    Ledger,
    LedgerError,
    Options,
    PointsRange,
    Reason,
)
from scoring.models import LedgerEntry
from scoring.selectors.ledgers import entries_of, ledger_of, options_of
from stores.models import Store, Violation
from tenants.templatetags import ui


class Reader:
    """Answers what the newest drift would be if the ledger were another one.

    A fixed number of queries; each question is one sweep.
    """

    def __init__(self, store: Store, at: datetime) -> None:
        """Read the store as it stands at ``at``."""
        self.store = store
        self.at = at
        self.rows = {str(row.pk): row for row in entries_of(store)}
        self.ledger: Ledger = ledger_of(store)
        self.options: Options = options_of(store)
        self.library = books.library_for(store)
        self.drifts: tuple[Judged, ...] = observed_drifts(
            self.ledger, self.library, at, at, self.options
        )
        self.gap: Gap | None = gap_of(self.drifts)
        self.violations = {
            one.pk: one for one in Violation.objects.filter(store=store).select_related("notice")
        }
        self._entries = {entry.id: entry for entry in self.ledger.entries}
        self._names = count(1)
        self._then: Answer | None = None

    @property
    def then(self) -> Answer:
        """Return our answer at the newest platform rating's moment, by all we know now."""
        if self._then is None:
            assert self.gap is not None, "There is nothing to explain."
            moment = self.gap.newest.observation.observed_at
            self._then = evaluate(self.ledger, self.library, moment, self.at, self.options)
        return self._then

    def left_of(self, entry_id: str) -> int:
        """Return the signed points of an entry that no reversal has given back."""
        back = sum(each.points for each in self.ledger.entries if each.reverses == entry_id)
        return self._entries[entry_id].points + back

    def entry(self, entry_id: str) -> Entry:
        return self._entries[entry_id]

    def rule(self, code: str) -> str:
        """Return what the book in force calls a rule, in the reader's language."""
        book = self.library.in_force(self.at, self.at)
        found = book.violation(code) if book else None
        if found is None:
            return code or gettext("Deduction")
        return found.label_zh if (get_language() or "").startswith("zh") else found.label

    def name(self, row: LedgerEntry) -> str:
        """Return what a member knows an entry by."""
        if row.violation is not None:
            return self.name_of(row.violation)
        words = row.note or (self.rule(row.rule) if row.rule else str(row.get_kind_display()))
        day = ui.short_day_in(row.occurred_at, self.store.time_zone)
        return f"{words} ({ui.signed(row.points)}, {day})"

    def name_of(self, violation: Violation) -> str:
        rule = self.rule(violation.rule)
        return f"{rule}, {violation.reference}" if violation.reference else rule

    # What if

    def after(
        self,
        *entries: Entry,
        instead_of: Iterable[str] = (),
        library: Library | None = None,
        options: Options | None = None,
    ) -> int | None:
        """Return the newest drift if ``entries`` were there too, and others never had been.

        None where it would not be judged; the drift there is where the ledger could not hold them.
        """
        kept = self.ledger
        gone = set(instead_of)
        if gone:
            rest = (e for e in kept.entries if e.id not in gone and e.reverses not in gone)
            kept = replace(kept, entries=tuple(rest))
        try:
            supposed = kept.plus(*entries)
        except LedgerError:
            return self.gap.newest.drift if self.gap else None
        drifts = observed_drifts(
            supposed,
            library or self.library,
            self.at,
            self.at,
            options or self.options,
        )
        newest = self.gap.newest.observation.id if self.gap else ""
        return next((each.drift for each in drifts if each.observation.id == newest), None)

    def taken(
        self,
        points: int,
        occurred_at: datetime,
        *,
        expires_at: Expires = BY_BOOK,
        estimate: PointsRange | None = None,
    ) -> Entry:
        """Return a deduction of ``points`` (> 0) as it would stand in the ledger."""
        return self._entry(
            Kind.DEDUCTION, -points, occurred_at, expires_at=expires_at, estimate=estimate
        )

    def given(self, points: int, occurred_at: datetime) -> Entry:
        return self._entry(Kind.BONUS, points, occurred_at)

    def like(self, entry_id: str, points: int, *, expires_at: Expires | None = None) -> Entry:
        """Return an entry as it is, but of other signed points or another expiry."""
        entry = self._entries[entry_id]
        return replace(
            entry,
            id=self._name(),
            points=points,
            estimate=None,
            expires_at=entry.expires_at if expires_at is None else expires_at,
        )

    def reversal(self, entry_id: str, points: int, occurred_at: datetime) -> Entry:
        target = self._entries[entry_id]
        return replace(
            self._entry(Kind.REVERSAL, points, max(occurred_at, target.occurred_at)),
            reverses=entry_id,
            reason=Reason.MARKETPLACE,
        )

    def mistake(self, entry_id: str) -> Entry:
        """Return what takes back, at the entry's own time, all that is left of it."""
        target = self._entries[entry_id]
        return replace(
            self._entry(Kind.REVERSAL, -self.left_of(entry_id), target.occurred_at),
            reverses=entry_id,
            reason=Reason.MISTAKE,
        )

    def _entry(
        self,
        kind: Kind,
        points: int,
        occurred_at: datetime,
        *,
        expires_at: Expires = BY_BOOK,
        estimate: PointsRange | None = None,
    ) -> Entry:
        return Entry(
            id=self._name(),
            kind=kind,
            points=points,
            occurred_at=occurred_at,
            recorded_at=self.at,
            expires_at=expires_at,
            reverses="" if kind is Kind.REVERSAL else None,
            estimate=estimate,
        )

    def _name(self) -> str:
        return f"what if {next(self._names)}"
