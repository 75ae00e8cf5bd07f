"""The weeks to come: what-ifs of a store, and when points return to the fleet."""

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from scoring.core.foresight import Line
from scoring.core.values import DAY, PointsRange
from scoring.desks import DESKS
from scoring.panels import next_of
from scoring.selectors.calendar import days_of, roll_offs, weeks_of
from scoring.selectors.foresee import Foreseen, named
from scoring.selectors.outlook import Outlook, calendar_chart, over_words, query_of
from scoring.selectors.what_if import FAULTS, MOST_EVENTS, OFF, Reader, Scenario, Written
from scoring.views.of_whom import of_whom, uuid_or_none
from stores import rules
from stores.access import store_for, visible_stores
from tenants.access import MemberRequest, requires

SPANS: Final = (30, 60, 90)  # days ahead that the calendar shows
ADDED: Final = ("deduction", "granted", "enforced", "quiz", "orders")


@dataclass(frozen=True, slots=True)
class _Row:
    """One event of the stack with the addresses that switch it and take it away."""

    written: Written
    switch_href: str
    remove_href: str


class _Address:
    """A what-if's address with other events."""

    def __init__(self, store_pk: object, texts: list[str], line: str) -> None:
        self.base = reverse("scoring:what_if", args=[store_pk])
        self.texts = texts
        self.line = line

    def __call__(self, texts: list[str]) -> str:
        parts = [query_of(texts)] if texts else []
        if self.line:
            parts.append(f"line={quote(self.line)}")
        return f"{self.base}?{'&'.join(parts)}" if parts else self.base

    def without(self, place: int) -> str:
        return self(self.texts[:place] + self.texts[place + 1 :])

    def switched(self, place: int) -> str:
        text = self.texts[place]
        other = text.removeprefix(OFF) if text.startswith(OFF) else OFF + text
        return self([*self.texts[:place], other, *self.texts[place + 1 :]])

    def plus(self, text: str) -> str:
        return self([*self.texts, text])


@requires("ratings.view")
@require_GET
def what_if(request: MemberRequest, pk: str) -> HttpResponse:
    """Show what events would change; the address holds them all, and nothing is saved."""
    store = store_for(request.member, pk)
    foreseen = Foreseen(store, at=timezone.now())
    reader = Reader(foreseen)
    given = request.GET.getlist("if")
    texts = given[:MOST_EVENTS]
    asked = request.GET.get("line", "")
    line = foreseen.line(asked)
    address = _Address(store.pk, texts, line.code if line else "")
    added = _added(request, reader)
    is_full = len(texts) >= MOST_EVENTS
    if added is not None and not added.fault and not is_full:
        return redirect(address.plus(added.text))
    scenario = Scenario(foreseen, [reader.read(text) for text in texts], line)
    outlook = Outlook(foreseen, line)
    context = {
        "store": store,
        "foreseen": foreseen,
        "scenario": scenario,
        "rows": [
            _Row(written, address.switched(place), address.without(place))
            for place, written in enumerate(scenario.written)
        ],
        "texts": texts,
        "line": line.code if line else "",
        "lines": _lines(foreseen, scenario.line),
        "wrong_line": bool(asked) and line is None,
        "too_many": str(FAULTS["too_many"]) if len(given) + bool(added) > MOST_EVENTS else "",
        "adders": _adders(request, foreseen, added),
        "first_day": foreseen.at.astimezone(reader.zone).date(),
        "last_day": (foreseen.futures.until - DAY).astimezone(reader.zone).date(),
        "compared": outlook.compared(scenario),
        "chart": outlook.chart(scenario),
        "summary": outlook.summary(scenario),
        "link": request.build_absolute_uri(address(texts)),
        "base": address.base,
        "empty": address([]),
        "next": next_of(outlook),
    }
    return render(request, "scoring/what_if.html", context)


def _added(request: MemberRequest, reader: Reader) -> Written | None:
    """Return the event that a form of the page adds; None where none does."""
    kind = request.GET.get("add", "")
    if kind not in ADDED:
        return None
    points = request.GET.get("points", "").strip()
    what = points or request.GET.get("what", "").strip()
    day = request.GET.get("day", "").strip()
    if kind == "deduction" and points and not points.isdecimal():
        return Written(points, fault="no_points", fault_in="what")
    return reader.read(f"{kind}:{what.removeprefix(OFF)}@{day}")


def _lines(foreseen: Foreseen, chosen: Line | None) -> list[dict[str, Any]]:
    return [
        {
            "code": each.line.code,
            "label": f"{over_words(each.line)} · {each.label}",
            "is_chosen": each.line == chosen,
        }
        for each in foreseen.lines
    ]


@requires("ratings.view")
@require_GET
def calendar(request: MemberRequest) -> HttpResponse:
    """Show what returns to the stores in reach, and what leaves them, day by day."""
    at = timezone.now()
    days = next((each for each in SPANS if str(each) == request.GET.get("days")), SPANS[-1])
    whom, one = of_whom(request), uuid_or_none(request.GET.get("store"))
    store = visible_stores(request.member).filter(pk=one).first() if one else None
    stores = whom.stores.order_by("name", "pk")
    rows = roll_offs([store] if store else list(stores), at=at, days=days)
    found = days_of(rows)
    kept = {name: whom.context[name] for name in ("client", "group")}
    kept["store"] = store.pk if store else None
    asked = {name: str(value) for name, value in kept.items() if value}
    context = {
        **whom.context,
        "desks": DESKS,
        "store": store,
        "days": days,
        "spans": [
            {"days": each, "query": urlencode(asked | {"days": each}), "is_current": each == days}
            for each in SPANS
        ],
        "weeks": weeks_of(found),
        "returning": sum(day.returning for day in found),
        "leaving": sum(day.leaving for day in found),
        "store_count": len({row.store.pk for row in rows}),
        "row_count": len(rows),
        "chart": calendar_chart(found, at=at, days_ahead=days),
        "is_filtered": whom.context["is_filtered"] or store is not None,
        "now": at,
    }
    return render(request, "scoring/calendar.html", context)


@dataclass(frozen=True, slots=True)
class Adder:
    """A form that adds an event of one kind; ``blank`` says why there is nothing to add."""

    kind: str
    label: str
    what_label: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    number_label: str = ""
    blank: str = ""
    is_asked: bool = False
    what: str = ""
    points: str = ""
    day: str = ""
    why: str = ""
    fault_in: str = ""


def _adders(request: MemberRequest, foreseen: Foreseen, added: Written | None) -> list[Adder]:
    kinds = [_deduction(foreseen), _granted(foreseen), *_enforced(foreseen)]
    kinds.append(Adder("quiz", _("Quiz passed"), number_label=_("Points it gives")))
    orders = Adder("orders", _("Orders completed"), number_label=_("How many"))
    if foreseen.futures.bonus_for_orders(foreseen.at) is None:
        orders = replace(orders, blank=str(FAULTS["no_bonus"]))
    kinds.append(orders)
    tomorrow = (foreseen.at + DAY).astimezone(ZoneInfo(foreseen.store.time_zone)).date()
    asked = request.GET.get("add", "")
    return [
        replace(
            each,
            is_asked=each.kind == asked,
            what=request.GET.get("what", "") if each.kind == asked else "",
            points=request.GET.get("points", "") if each.kind == asked else "",
            day=request.GET.get("day", "") if each.kind == asked else tomorrow.isoformat(),
            why=added.why if added and each.kind == asked else "",
            fault_in=added.fault_in if added and each.kind == asked else "",
        )
        for each in kinds
    ]


def _deduction(foreseen: Foreseen) -> Adder:
    book = foreseen.book
    labels = rules.rules_of(foreseen.store, at=foreseen.at)
    known = [
        (rule.code, f"{labels.get(rule.code, rule.label)} · {_range(rule.points)}")
        for rule in (book.violations if book else ())
        if rule.points is not None
    ]
    return Adder(
        "deduction",
        _("Deduction"),
        what_label=_("By rule"),
        choices=(("", _("no rule: by points")), *known) if known else (),
        number_label=_("Or by points") if known else _("Points it takes"),
    )


def _range(points: PointsRange) -> str:
    return str(points.low) if points.low == points.high else f"{points.low}–{points.high}"


def _granted(foreseen: Foreseen) -> Adder:
    choices = tuple(
        (each.reference or str(each.pk), f"{named(each)} · {rules.label_of(each)}")
        for each in foreseen.violations
        if each.pk in foreseen.deductions
    )
    return Adder(
        "granted",
        _("Appeal granted"),
        what_label=_("Of which violation"),
        choices=choices,
        blank="" if choices else _("No violation's points weigh now."),
    )


def _enforced(foreseen: Foreseen) -> list[Adder]:
    choices = tuple(
        (row.violation.reference or str(row.violation.pk), f"{named(row.violation)} · {row.label}")
        for row in foreseen.pendings
        if row.pending.points is not None
    )
    label = _("Pending comes into force")
    found = Adder("enforced", label, what_label=_("Which violation"), choices=choices)
    return [found] if choices else []
