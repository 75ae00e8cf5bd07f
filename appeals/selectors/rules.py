"""What a violation or an enforcement is called, in the reader's language."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from scoring import books
from scoring.core.rulebook import Rulebook, ViolationRule
from stores.models import Enforcement, Violation


def book_of(violation: Violation) -> Rulebook | None:
    """Return the rulebook that a violation goes by, else the newest of its market."""
    library = books.library_for(violation.store)
    occurred_at = violation.enforced_at or violation.reported_at
    known = library.in_force(occurred_at, violation.recorded_at)
    return known or (library.books[-1] if library.books else None)


def rule_of(violation: Violation) -> ViolationRule | None:
    book = book_of(violation)
    return book.violation(violation.rule) if book else None


def name_of(subject: Violation | Enforcement | None) -> str:
    """Return a rule's name, or the words that we were given; an enforcement's kind."""
    if isinstance(subject, Enforcement):
        return str(subject.get_kind_display())
    if subject is None:
        return ""
    rule = rule_of(subject)
    if rule is not None:
        return rule.label_zh if (get_language() or "").startswith("zh") else rule.label
    if subject.rule == "other":
        return subject.subject or _("Violation")
    return subject.rule.replace("_", " ").capitalize()
