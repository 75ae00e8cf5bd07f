"""The rules that a store's violations can be of, as the room that keeps the rulebooks says."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from stores.models import Store, Violation

OTHER = "other"
Rules = Callable[[Store, datetime], Mapping[str, str]]  # -> code: label in the reader's language
Label = Callable[[Violation], str]  # -> its rule's label, "" where no book knows it

_sources: list[Rules] = []
_labels: list[Label] = []


def provide(source: Rules, *, label: Label) -> None:
    """Let a higher room, in ``ready()``, name the rules of stores and those of violations."""
    _sources.append(source)
    _labels.append(label)


def rules_of(store: Store, *, at: datetime) -> dict[str, str]:
    """Return the rules in force for ``store`` at ``at``, code to label; "other" comes last."""
    rules = {code: label for source in _sources for code, label in source(store, at).items()}
    rules.pop(OTHER, None)
    return {**rules, OTHER: _("Another rule")}


def label_of(violation: Violation) -> str:
    """Return what a violation's rule is called in the book that the violation goes by.

    One that no book knows is called as its code reads. The violation's store is at hand.
    """
    if violation.rule == OTHER:
        return _("Another rule")
    known = (label(violation) for label in _labels)
    return next(filter(None, known), "") or violation.rule.replace("_", " ").capitalize()
