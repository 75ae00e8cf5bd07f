"""The rules that a store's violations can be of, as the room that keeps the rulebooks says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Final, TypeVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from stores.models import Store, Violation

OTHER = "other"
Rows = TypeVar("Rows", bound=QuerySet[Violation])
Rules = Callable[[Store, datetime], Mapping[str, str]]  # -> code: label in the reader's language
Label = Callable[[Violation], str]  # -> its rule's label, "" where no book knows it
Kind = tuple[str, str, str]  # marketplace, market, seller type
_NEAR: Final = 0.7  # how much alike two spellings are, of 1; beneath it a guess would mislead
_MOST_NEAR: Final = 3


@dataclass(frozen=True, slots=True)
class BookAsked:
    """The rulebook that was asked for a violation's rule: name, title, page, and its rules."""

    name: str
    title: str
    href: str
    rules: Mapping[str, str]


Book = Callable[[Violation], BookAsked | None]  # -> None where its kind of store has none
Codes = Callable[[], Mapping[Kind, frozenset[str]]]  # -> all codes that any book of a kind knows


@dataclass(frozen=True, slots=True)
class _Source:
    rules: Rules
    label: Label
    book: Book
    codes: Codes


@dataclass(frozen=True, slots=True)
class UnknownRule:
    """What is said of a violation whose rule no rulebook of its store knows.

    ``near`` are the rules of the book asked that are spelled alike, code to label.
    """

    rule: str
    rulebook: str
    title: str
    href: str
    near: Mapping[str, str]

    @property
    def words(self) -> str:
        said = _("The rulebook %(book)s has no rule %(rule)s, so no points are estimated.")
        return f"{said % {'book': self.title, 'rule': self.rule}} {near_words(self.near)}".strip()


_sources: list[_Source] = []


def provide(rules: Rules, *, label: Label, book: Book, codes: Codes) -> None:
    """Let a higher room, in ``ready()``, name the rules of stores and those of violations."""
    _sources.append(_Source(rules, label, book, codes))


def rules_of(store: Store, *, at: datetime) -> dict[str, str]:
    """Return the rules in force for ``store`` at ``at``, code to label; "other" comes last."""
    rules = {code: label for each in _sources for code, label in each.rules(store, at).items()}
    rules.pop(OTHER, None)
    return {**rules, OTHER: _("Another rule")}


def label_of(violation: Violation) -> str:
    """Return what a violation's rule is called in the book that the violation goes by.

    One that no book knows is called as its code reads. The violation's store is at hand.
    """
    if violation.rule == OTHER:
        return _("Another rule")
    known = (each.label(violation) for each in _sources)
    return next(filter(None, known), "") or violation.rule.replace("_", " ").capitalize()


def unknown_of(violation: Violation) -> UnknownRule | None:
    """Return what is to be said if no rulebook of the violation's store knows its rule.

    Derived, not kept: a rulebook may learn the rule later. A violation without a rule, or of a
    store whose kind has no rulebook, is not called unknown. The violation's store is at hand.
    """
    rule, store = violation.rule, violation.store
    if rule in {"", OTHER}:
        return None
    kind = (store.marketplace, store.market, store.seller_type)
    if any(rule in each.codes().get(kind, ()) for each in _sources):
        return None
    asked = next(filter(None, (each.book(violation) for each in _sources)), None)
    if asked is None:
        return None
    return UnknownRule(rule, asked.name, asked.title, asked.href, near_of(rule, asked.rules))


def of_unknown_rules(violations: Rows) -> Rows:
    """Keep those of which ``unknown_of`` has something to say."""
    unknown = Q(pk__in=())
    for source in _sources:
        for (marketplace, market, seller_type), codes in source.codes().items():
            unknown |= Q(
                ~Q(rule__in=codes),
                store__marketplace=marketplace,
                store__market=market,
                store__seller_type=seller_type,
            )
    return violations.filter(unknown).exclude(rule__in=("", OTHER))


def near_of(rule: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return those of ``known``, code to label, that ``rule`` may have been meant for, best first.

    A code is compared, and a label, which people write where a code is asked for.
    """
    spelled = {_plain(text): code for code, label in known.items() for text in (label, code)}
    spelled.pop(_plain(OTHER), None)
    found = get_close_matches(_plain(rule), spelled, n=2 * _MOST_NEAR, cutoff=_NEAR)
    codes = list(dict.fromkeys(spelled[text] for text in found))[:_MOST_NEAR]
    return {code: known[code] for code in codes if code != OTHER}


def near_words(near: Iterable[str]) -> str:
    """Ask whether one of these codes was meant; "" where there is none."""
    codes = ", ".join(near)
    return _("Spelled alike: %(codes)s.") % {"codes": codes} if codes else ""


def _plain(text: str) -> str:
    return text.casefold().replace("_", " ").replace("-", " ").strip()
