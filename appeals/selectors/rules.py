"""What a violation or an enforcement is called, in the reader's language."""

from django.utils.translation import gettext as _

from stores import rules
from stores.models import Enforcement, Violation


def name_of(subject: Violation | Enforcement | None) -> str:
    """Return a rule's name, or the words that we were given; an enforcement's kind."""
    if isinstance(subject, Enforcement):
        return str(subject.get_kind_display())
    if subject is None:
        return ""
    if subject.rule == rules.OTHER:
        return subject.subject or _("Violation")
    return rules.label_of(subject)
