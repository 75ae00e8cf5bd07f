"""What a rulebook says, as facts that people and programs read; and two books beside each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, Literal

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from scoring.core.resets import ResetRule
from scoring.core.rulebook import (
    Figure,
    Milestone,
    Rulebook,
    Target,
    TargetUnit,
    Trust,
    ViolationRule,
)
from scoring.core.values import Measure
from tenants.templatetags import ui


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a book says, with where it comes from.

    ``code`` is unique within its section, the same in every book. ``raw`` is a JSON value, in the
    unit that ``label`` or ``value`` says. ``figure`` is its name where it can be switched.
    """

    code: str
    label: str
    value: str
    raw: Any
    source: str = ""
    date: str | None = None
    trust: Trust | None = None
    figure: str = ""
    group: str = ""
    is_part: bool = False  # of the fact before it: what follows at a milestone


@dataclass(frozen=True, slots=True)
class Section:
    """Facts of one sort; ``empty`` says what it means that a book has none."""

    code: str
    title: str
    facts: tuple[Fact, ...]
    empty: str

    @property
    def common(self) -> Fact | None:
        """Return a fact whose source is that of all the others too, where there are several."""
        sources = {(fact.source, fact.date, fact.trust) for fact in self.facts}
        is_one = len(self.facts) > 1 and len(sources) == 1 and self.facts[0].source
        return self.facts[0] if is_one else None


_GROUPS: Final[Mapping[str, Promise]] = {
    "qualification": _("Qualification"),
    "intellectual_property": _("Intellectual property"),
    "listing": _("Listing"),
    "quality": _("Product quality"),
    "customer_service": _("Customer service"),
    "fulfilment": _("Fulfilment"),
    "content": _("Content"),
    "law": _("Law"),
    "personal_data": _("Buyers' personal data"),
    "conduct": _("Conduct"),
}
_RESETS: Final[Mapping[ResetRule, Promise]] = {
    ResetRule.FIRST_MONDAY_OF_QUARTER: _("on the first Monday of each quarter, 00:00"),
    ResetRule.LAST_MONDAY_OF_QUARTER: _("on the last Monday of each quarter, 00:00"),
}
_BONUS_MODES: Final[Mapping[str, Promise]] = {
    "weekly_award": _("Computed and added once a week"),
    "rolling_count": _("Counted anew with every order"),
}
_COMPARED: Final = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def sections_of(book: Rulebook) -> tuple[Section, ...]:
    """Return all that ``book`` says, in the order in which one reads it."""
    told: tuple[tuple[str, str, Iterable[Fact], str], ...] = (
        (
            *("scale", gettext("Scale"), _scale(book)),
            gettext("No rating: points are counted up from 0."),
        ),
        (
            *("time", gettext("How long points stay"), _time(book)),
            gettext("Not known: what no notice dates stays until it is given back."),
        ),
        (
            *("bands", gettext("Bands"), _bands(book)),
            gettext("No source states any, so stores have no band."),
        ),
        (
            *("milestones", gettext("Milestones"), _milestones(book)),
            gettext("No source states any."),
        ),
        (
            *("closing", gettext("When a store counts as closed"), _closing(book)),
            gettext("When the marketplace says so; no other condition is known."),
        ),
        (
            *("violations", gettext("Points by violation"), _violations(book)),
            gettext("No source states any."),
        ),
        (
            *("order_bonus", gettext("Points for orders"), _order_bonus(book)),
            gettext("None known."),
        ),
        (
            *("appeals", gettext("Appeals"), _appeals(book)),
            gettext("No source states how often and how long one may appeal."),
        ),
        (
            *("targets", gettext("Targets"), map(_target, book.targets)),
            gettext("No source states any."),
        ),
        ("notes", gettext("Notes"), map(_note, book.notes), gettext("None.")),
    )
    return tuple(Section(code, title, tuple(facts), empty) for code, title, facts, empty in told)


def _said(figure: Figure) -> dict[str, Any]:
    return {"source": figure.source, "date": figure.date, "trust": figure.trust}


def _of(book: Rulebook, name: str) -> str:
    """Return a figure's name where it can be switched, else nothing."""
    return name if name in book.third_party else ""


def _plain(book: Rulebook, code: str, label: str, figure: Figure | None) -> Iterable[Fact]:
    if figure is not None:
        value = ui.number(figure.value)
        yield Fact(code, label, value, figure.value, **_said(figure), figure=_of(book, code))


def _scale(book: Rulebook) -> Iterable[Fact]:
    yield from _plain(book, "start", gettext("Every store starts with"), book.start)
    yield from _plain(book, "floor", gettext("Lowest rating"), book.floor)
    yield from _plain(book, "ceiling", gettext("Highest rating"), book.ceiling)
    yield from _plain(
        book,
        "tolerance",
        gettext("A platform rating confirms ours within"),
        book.tolerance_figure,
    )


def _days(days: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def _time(book: Rulebook) -> Iterable[Fact]:
    if book.window_days is not None:
        days = book.window_days
        yield Fact(
            *("window_days", gettext("Each entry counts for"), _days(days.value), days.value),
            **_said(days),
            figure=_of(book, "window_days"),
        )
    if book.resets is not None:
        rule = book.resets.rule
        yield Fact(
            *("resets", gettext("All points go"), str(_RESETS[rule]), rule.value),
            *(book.resets.source, book.resets.date, book.resets.trust),
            figure=_of(book, "resets"),
        )
    if not book.carries_over:
        older = gettext("Entries of older policies")
        yield Fact(code="carries_over", label=older, value=gettext("count no more"), raw=False)


def _bands(book: Rulebook) -> Iterable[Fact]:
    top = book.ceiling.value if book.ceiling else None
    for band, higher in reversed(list(zip_longest(book.bands, book.bands[1:]))):
        low, high = band.at.value, higher.at.value - 1 if higher else top
        value = f"{ui.number(low)}–{ui.number(high)}"
        if high is None:
            value = gettext("%(low)s and more") % {"low": ui.number(low)}
        elif low == high:
            value = ui.number(low)
        label = band.label_zh if _is_zh() else band.label
        yield Fact(band.code.value, label, value, low, **_said(band.at))


def _measured(measure: Measure, at: int) -> str:
    if measure is Measure.RATING:
        return gettext("rating %(at)s or less") % {"at": ui.number(at)}
    return ngettext("%(at)s point deducted or more", "%(at)s points deducted or more", at) % {
        "at": ui.number(at)
    }


def _milestones(book: Rulebook) -> Iterable[Fact]:
    for milestone in book.milestones:
        yield from _milestone(book, milestone)
    yield from _plain(
        book, "warning_distance", gettext("Warned of so many points before"), book.warning_distance
    )


def _milestone(book: Rulebook, milestone: Milestone) -> Iterable[Fact]:
    value = _measured(milestone.measure, milestone.at.value)
    raw = {"measure": milestone.measure.value, "at": milestone.at.value}
    name = _of(book, f"milestone.{milestone.code}")
    yield Fact(
        milestone.code, gettext("Reached at"), value, raw, **_said(milestone.at), figure=name
    )
    for action in milestone.actions:
        days = action.days.value if action.days else None
        if action.permanent:
            lasts = gettext("for good")
        else:
            lasts = gettext("how long is not known") if days is None else _days(days)
        yield Fact(
            f"{milestone.code}.{action.kind}",
            action.label_zh if _is_zh() else action.label,
            lasts,
            {"action": action.kind, "days": days, "for_good": action.permanent},
            *(action.source, action.date, action.trust),
            is_part=True,
        )


def _closing(book: Rulebook) -> Iterable[Fact]:
    for each in book.closing:
        yield Fact(
            each.measure.value,
            gettext("Closed at"),
            _measured(each.measure, each.at.value),
            each.at.value,
            **_said(each.at),
            figure=_of(book, f"closing.{each.measure}"),
        )


def _violations(book: Rulebook) -> Iterable[Fact]:
    groups = list(dict.fromkeys(rule.group for rule in book.violations))
    for rule in sorted(book.violations, key=lambda rule: groups.index(rule.group)):
        yield _violation(book, rule)


def _violation(book: Rulebook, rule: ViolationRule) -> Fact:
    if rule.points is None:
        value = gettext("not known")
    elif rule.points.low == rule.points.high:
        value = ui.number(rule.points.low)
    else:
        value = f"{ui.number(rule.points.low)}–{ui.number(rule.points.high)}"
    return Fact(
        rule.code,
        rule.label_zh if _is_zh() else rule.label,
        value,
        list(rule.points) if rule.points else None,
        *(rule.source, rule.date, rule.trust),
        figure=_of(book, f"rule.{rule.code}"),
        group=group_words(rule.group),
    )


def group_words(group: str) -> str:
    """Return what a group of rules is called; one that is new to us as its code reads."""
    known = _GROUPS.get(group)
    return str(known) if known else group.replace("_", " ").capitalize()


def _order_bonus(book: Rulebook) -> Iterable[Fact]:
    bonus = book.order_bonus
    if bonus is None:
        return
    # The switch stands at the first of them: they count together or not at all.
    name = _of(book, "order_bonus")
    yield Fact(
        *("points", gettext("Points at a time"), ui.number(bonus.points.value), bonus.points.value),
        **_said(bonus.points),
        figure=name,
    )
    per = bonus.per_orders
    yield Fact(
        *("per_orders", gettext("For so many orders"), ui.number(per.value), per.value),
        **_said(per),
    )
    if bonus.cap is not None:
        cap = bonus.cap
        yield Fact(*("cap", gettext("At most"), ui.number(cap.value), cap.value), **_said(cap))
    yield Fact("mode", gettext("When"), str(_BONUS_MODES[bonus.mode]), bonus.mode)


def figure_words(book: Rulebook, fact: Fact) -> str:
    """Say in one line what a figure that can be switched is; an order bonus has several parts."""
    bonus = book.order_bonus
    if fact.figure != "order_bonus" or bonus is None:
        return f"{fact.label} {fact.value}"
    parts = {
        "points": ui.number(bonus.points.value),
        "orders": ui.number(bonus.per_orders.value),
        "cap": ui.number(bonus.cap.value) if bonus.cap else "",
    }
    if bonus.cap is None:
        return gettext("%(points)s points for %(orders)s orders") % parts
    return gettext("%(points)s points for %(orders)s orders, at most %(cap)s at a time") % parts


def _appeals(book: Rulebook) -> Iterable[Fact]:
    clock = book.appeals
    if clock is None:
        return
    attempts, first, following = clock.attempts, clock.first_days, clock.next_days
    yield Fact(
        *("attempts", gettext("Attempts"), ui.number(attempts.value), attempts.value),
        **_said(attempts),
    )
    yield Fact(
        *("first_days", gettext("First, after the notice, within"), _days(first.value)),
        first.value,
        **_said(first),
    )
    yield Fact(
        *("next_days", gettext("Next, after a refusal, within"), _days(following.value)),
        following.value,
        **_said(following),
    )


def _target(target: Target) -> Fact:
    number = ui.number(target.value)
    value = {
        TargetUnit.PERCENT: f"{number} %",
        TargetUnit.DAYS: gettext("%(number)s days") % {"number": number},
        TargetUnit.HOURS: gettext("%(number)s hours") % {"number": number},
        TargetUnit.STARS: gettext("%(number)s stars") % {"number": number},
    }.get(target.unit, number)
    return Fact(
        target.metric,
        target.label_zh if _is_zh() else target.label,
        f"{_COMPARED[target.comparator]} {value}",
        {
            "comparator": target.comparator.value,
            "value": str(target.value),
            "unit": target.unit.value,
        },
        *(target.source, target.date, target.trust),
    )


def _note(note: str) -> Fact:
    return Fact(code=note, label="", value=note, raw=note)


def _is_zh() -> bool:
    return (get_language() or "").startswith("zh")


# Two books beside each other


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of two books, of which one may lack it.

    ``source``: the figure is the same and only where it comes from differs.
    """

    code: str
    label: str
    left: Fact | None
    right: Fact | None
    is_part: bool

    @property
    def kind(self) -> Literal["same", "added", "removed", "changed", "source"]:
        """Tell what became of the figure; one that was not known and now is was added."""
        left, right = self.left, self.right
        if left is None or right is None:
            return "added" if left is None else "removed"
        if left.raw != right.raw:
            if left.raw is None:
                return "added"
            return "removed" if right.raw is None else "changed"
        told = [(each.source, each.date, each.trust) for each in (left, right)]
        return "same" if told[0] == told[1] else "source"


@dataclass(frozen=True, slots=True)
class Compared:
    code: str
    title: str
    rows: tuple[Row, ...]

    @property
    def differing(self) -> tuple[Row, ...]:
        """Return the rows whose figures differ; another source for the same figure is no news."""
        return tuple(row for row in self.rows if row.kind not in {"same", "source"})


def difference(left: Rulebook, right: Rulebook) -> tuple[Compared, ...]:
    """Return all that two books say, fact beside fact, in the order of the right one."""
    return tuple(
        Compared(ours.code, ours.title, tuple(_rows(ours.facts, theirs.facts)))
        for ours, theirs in zip(sections_of(left), sections_of(right), strict=True)
    )


def _rows(left: Sequence[Fact], right: Sequence[Fact]) -> Iterable[Row]:
    lefts = {fact.code: fact for fact in left}
    rights = {fact.code: fact for fact in right}
    for code in _merged(list(lefts), list(rights)):
        shown = rights.get(code) or lefts[code]
        yield Row(code, shown.label, lefts.get(code), rights.get(code), shown.is_part)


def _merged(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """Return the codes of both in the right one's order.

    What it lacks comes after what it follows in the left one.
    """
    merged = list(right)
    before = -1
    for code in left:
        if code not in merged:
            merged.insert(before + 1, code)
        before = merged.index(code)
    return merged
