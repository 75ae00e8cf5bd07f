"""What a violation or an enforcement is called, in the reader's language."""

from django.utils.translation import gettext as _

from scoring.selectors.rules import label_of
from stores.models import Enforcement, Violation
from stores.rules import OTHER


def name_of(subject: Violation | Enforcement | None) -> str:
    """Return a rule's name, or the words that we were given; an enforcement's kind."""
    if isinstance(subject, Enforcement):
        return str(subject.get_kind_display())
    if subject is None:
        return ""
    if subject.rule == OTHER:
        return subject.subject or _("Violation")
    return label_of(subject) or subject.rule.replace("_", " ").capitalize()
