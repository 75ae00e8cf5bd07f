"""The sum behind a rating, line by line: each addend, what stands behind it, when it leaves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext, gettext_lazy, ngettext

from scoring.core.values import ActiveEntry, Answer, CountsAs
from scoring.models import LedgerEntry
from scoring.selectors.lines import estimate_words, group_of
from scoring.selectors.rows import Rows
from scoring.selectors.rules import range_missed
from stores.models import Reading
from tenants.templatetags import ui

KINDS = {
    "deduction": gettext_lazy("Deductions"),
    "bonus": gettext_lazy("Bonuses"),
    "adjustment": gettext_lazy("Adjustments"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of the rating: what it is, its points, and how many entries make it up."""

    label: str
    points: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """Points of an entry that were given back."""

    at: datetime
    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the sum.

    ``points`` are what counts, reversals taken off; ``stated`` what was written. ``total`` is the
    sum with this line and those above it; a points total counts upwards.
    """

    kind: str  # "start", "opening", "order_bonus", "clamp", or an entry's kind
    label: str
    points: int
    stated: int
    total: int = 0
    at: datetime | None = None
    leaves_at: datetime | None = None
    leaves: str = ""  # why then
    note: str = ""
    backs: tuple[Back, ...] = ()
    reversed_by: tuple[str, ...] = ()
    entry: LedgerEntry | None = None

    @property
    def source(self) -> str:
        """Say through which channel the entry came, "" where it is none."""
        if self.entry is None:
            return ""
        known = dict(Reading.Source.choices)
        return str(known.get(self.entry.source, gettext("computed")))

    @property
    def is_late(self) -> bool:
        """Tell whether the entry was recorded a day or more after it counts."""
        return (
            self.entry is not None and (self.entry.recorded_at - self.entry.occurred_at).days >= 1
        )


def terms_of(rows: Rows, answer: Answer) -> tuple[Term, ...]:
    """Return the addends of the sum: start, deductions, what was given back, bonuses."""
    if answer.raw is None or rows.book is None or rows.book.start is None:
        return ()
    deductions = [each for each in answer.active if each.counts_as is CountsAs.DEDUCTION]
    bonuses = [
        each
        for each in answer.active
        if each.counts_as is CountsAs.BONUS and not rows.is_award_of_none(each.id)
    ]
    others = [each for each in answer.active if each.counts_as is CountsAs.NONE]
    back = [each for each in deductions if each.net != each.points]
    terms = [Term(gettext("Start"), rows.book.start.value)]
    if answer.opening and answer.opening.active and answer.opening.points:
        terms.append(Term(gettext("Before we knew the store"), answer.opening.points))
    if deductions:
        points = sum(each.points for each in deductions)
        terms.append(Term(gettext("Deductions"), points, len(deductions)))
    if back:
        points = sum(each.net - each.points for each in back)
        terms.append(Term(gettext("Given back"), points, len(back)))
    gained = sum(each.net for each in bonuses) + answer.order_bonus
    if bonuses or answer.order_bonus:
        terms.append(Term(gettext("Bonuses"), gained, len(bonuses) or None))
    if others:
        terms.append(Term(gettext("Adjustments"), sum(each.net for each in others), len(others)))
    return tuple(terms)


def items_of(rows: Rows, answer: Answer) -> tuple[Item, ...]:
    """Return the sum's lines, oldest first, each with the sum so far.

    Where the book has no rating they are what makes up the points deducted.
    """
    if answer.rating is None and answer.points_deducted is None:
        return ()
    is_rating = answer.rating is not None
    entries = [
        each
        for each in reversed(answer.active)
        if (is_rating or each.counts_as is CountsAs.DEDUCTION)
        and not rows.is_award_of_none(each.id)
    ]
    items = [*_begin(rows, answer), *(_entry(rows, each) for each in entries)]
    if is_rating and answer.order_bonus:
        bonus = answer.order_bonus
        label = gettext("Bonus for the orders completed in the window")
        items.append(Item("order_bonus", label, bonus, bonus))
    return _added_up(items, answer)


def _begin(rows: Rows, answer: Answer) -> Iterable[Item]:
    book, opening = rows.book, answer.opening
    if answer.rating is not None and book is not None and book.start is not None:
        start = book.start.value
        yield Item("start", gettext("Start, every seller"), start, start, note=book.title)
    if opening is None or not opening.active or not opening.points:
        return
    if answer.rating is None and opening.counts_as is not CountsAs.DEDUCTION:
        return
    yield Item(
        "opening",
        gettext("Before we knew the store"),
        opening.points,
        opening.points,
        at=opening.starts_at,
        leaves_at=opening.expires_at,
        leaves=gettext("one window after the first figure"),
        note=gettext("What the marketplace's first figure says beyond what is on record"),
    )


def _entry(rows: Rows, active: ActiveEntry) -> Item:
    entry = rows.entries[active.id]
    subject = entry.violation.subject if entry.violation else ""
    notes = [estimate_words(entry), subject, _orders_words(entry), _missed_words(rows, entry)]
    return Item(
        kind=group_of(entry),
        label=rows.label(entry),
        points=active.net,
        stated=active.points,
        at=active.occurred_at,
        leaves_at=active.expires_at,
        leaves=_why(active),
        note=" · ".join(note for note in notes if note),
        backs=tuple(_backs(rows, active.reversed_by)),
        reversed_by=active.reversed_by,
        entry=entry,
    )


def _orders_words(entry: LedgerEntry) -> str:
    """Say which orders a weekly bonus counts."""
    if entry.orders is None:
        return ""
    words = ngettext(
        "%(orders)s order completed in the week before",
        "%(orders)s orders completed in the week before",
        entry.orders,
    )
    return words % {"orders": ui.number(entry.orders)}


def _missed_words(rows: Rows, entry: LedgerEntry) -> str:
    """Say that the points are not those that the rulebook leads one to expect."""
    missed = range_missed(rows.library, entry)
    if missed is None:
        return ""
    words = gettext("The rulebook says %(low)s to %(high)s: read the notice again")
    return words % {"low": missed.low, "high": missed.high}


def _why(active: ActiveEntry) -> str:
    """Say what decides when an entry leaves."""
    if active.held:
        return gettext("held while the store is closed")
    return {
        "stated": gettext("as the notice states"),
        "window": gettext("end of the window"),
        "reset": gettext("reset of all points"),
        "book_change": gettext("a new rulebook wipes it"),
        "never": gettext("never leaves by itself"),
    }[active.expires_by]


def _backs(rows: Rows, ids: Iterable[str]) -> Iterable[Back]:
    for pk in ids:
        row = rows.entries[pk]
        yield Back(row.occurred_at, row.points, str(row.get_reason_display()))


def _added_up(items: Sequence[Item], answer: Answer) -> tuple[Item, ...]:
    """Return the items with the sum so far, and what the scale cuts off as the last of them."""
    sign = 1 if answer.rating is not None else -1
    value = answer.rating if answer.rating is not None else answer.points_deducted
    total, added = 0, []
    for item in items:
        total += sign * item.points
        added.append(replace(item, total=total))
    cut = (value or 0) - total
    if cut:
        label = gettext("The scale ends here")
        added.append(Item("clamp", label, sign * cut, sign * cut, total=total + cut))
    return tuple(added)


def only(items: Sequence[Item], kind: str) -> tuple[Item, ...]:
    """Return the lines of one kind; all for ""."""
    return tuple(item for item in items if not kind or item.kind == kind)


def counted(term: Term) -> str:
    return term.label if term.count is None else f"{term.label} · {term.count}"


def equation(terms: Sequence[Term], clamped: int) -> str:
    """Write the sum in one line: "200 − 92 + 4 + 36"."""
    if not terms:
        return ""
    rest = [points for points in [*(term.points for term in terms[1:]), clamped] if points]
    words = [f"{'−' if points < 0 else '+'} {ui.number(abs(points))}" for points in rest]
    return " ".join([ui.number(terms[0].points), *words])


def range_words(answer: Answer) -> str:
    """Say between which values the rating is while points are estimated, "" where none are."""
    if answer.estimate_range is None:
        return ""
    low, high = answer.estimate_range
    count = sum(each.estimate is not None for each in answer.active)
    return ngettext(
        "Between %(low)s and %(high)s: the points of %(count)d entry are an estimate.",
        "Between %(low)s and %(high)s: the points of %(count)d entries are an estimate.",
        count,
    ) % {"low": ui.number(low), "high": ui.number(high), "count": count}
