"""The rules that a store's violations can be of, as the room that keeps the rulebooks says."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from stores.models import Store, Violation

OTHER = "other"
Rules = Callable[[Store, datetime], Mapping[str, str]]  # -> code: label in the reader's language

_sources: list[Rules] = []


def provide(source: Rules) -> None:
    """Let ``source`` name the rules of stores; a higher room calls this in ``ready()``."""
    _sources.append(source)


def rules_of(store: Store, *, at: datetime) -> dict[str, str]:
    """Return the rules in force for ``store`` at ``at``, code to label; "other" comes last."""
    rules = {code: label for source in _sources for code, label in source(store, at).items()}
    rules.pop(OTHER, None)
    return {**rules, OTHER: _("Another rule")}


def label_of(store: Store, code: str, *, at: datetime) -> str:
    """Return what a rule is called; one that no book knows as its code reads."""
    return rules_of(store, at=at).get(code) or _as_words(code)


def labels_of(violations: Iterable[Violation], *, at: datetime) -> dict[UUID, str]:
    """Return what the rules of violations are called, by the violations' ids.

    Their stores are at hand; each store's book is opened once.
    """
    known: dict[UUID, dict[str, str]] = {}
    labels = {}
    for violation in violations:
        if violation.store_id not in known:
            known[violation.store_id] = rules_of(violation.store, at=at)
        labels[violation.pk] = known[violation.store_id].get(violation.rule) or _as_words(
            violation.rule
        )
    return labels


def _as_words(code: str) -> str:
    return code.replace("_", " ").capitalize()
