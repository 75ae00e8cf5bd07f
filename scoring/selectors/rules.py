"""What the rulebooks call the rules, for those who record, read and look for violations."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language

from scoring import books
from scoring.core.rulebook import Library, Rulebook, ViolationRule
from scoring.core.values import PointsRange
from scoring.models import LedgerEntry
from scoring.selectors.rulebooks import title_of
from stores.models import Store, Violation
from stores.rules import BookAsked, Kind


def rules_of(store: Store, at: datetime) -> dict[str, str]:
    """Return the rules of the book in force, code to label in the reader's language."""
    book = books.library_for(store).in_force(at, at)
    return {rule.code: _label(rule) for rule in book.violations} if book else {}


def book_of(violation: Violation) -> Rulebook | None:
    """Return the rulebook that a violation goes by, else the newest of its market."""
    library = books.library_for(violation.store)
    occurred_at = violation.enforced_at or violation.reported_at
    known = library.in_force(occurred_at, violation.recorded_at)
    return known or (library.books[-1] if library.books else None)


def rule_of(violation: Violation) -> ViolationRule | None:
    book = book_of(violation)
    return book.violation(violation.rule) if book else None


def range_missed(library: Library, entry: LedgerEntry) -> PointsRange | None:
    """Return the range that a deduction's rule has in its rulebook, if its points lie outside."""
    if entry.kind != LedgerEntry.Kind.DEDUCTION:
        return None
    book = library.in_force(entry.occurred_at, entry.recorded_at)
    rule = book.violation(entry.rule) if book else None
    return None if rule is None or rule.fits(entry.points) else rule.points


def label_of(violation: Violation) -> str:
    """Return what the violation's book calls its rule, in the reader's language; "" if nothing."""
    rule = rule_of(violation)
    return _label(rule) if rule else ""


def book_asked(violation: Violation) -> BookAsked | None:
    """Return the book that is asked for a violation's rule, with all its rules."""
    book = book_of(violation)
    if book is None:
        return None
    labels = {rule.code: _label(rule) for rule in book.violations}
    # Told by API on the public host too, whose addresses are others.
    href = reverse("scoring:rulebook", args=[book.name], urlconf=settings.ROOT_URLCONF)
    return BookAsked(book.name, title_of(book), href, labels)


@cache
def known_codes() -> Mapping[Kind, frozenset[str]]:
    """Return every rule that any book, past or to come, knows, by kind of store."""
    return {
        kind: frozenset(rule.code for book in library.books for rule in book.violations)
        for kind, library in books.shelf().libraries.items()
    }


def codes_named(word: str) -> list[str]:
    """Return the codes of the rules that any book, in either language, calls so in part."""
    wanted = word.casefold()
    return sorted({code for code, label in _labels() if wanted in label})


@cache
def _labels() -> frozenset[tuple[str, str]]:
    return frozenset(
        (rule.code, label.casefold())
        for library in books.shelf().libraries.values()
        for book in library.books
        for rule in book.violations
        for label in (rule.label, rule.label_zh)
    )


def _label(rule: ViolationRule) -> str:
    return rule.label_zh if (get_language() or "").startswith("zh") else rule.label
