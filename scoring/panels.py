"""What this room shows on the store's page, which lives a floor below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import books
from scoring import facts as facts_of
from scoring.desks import DESKS
from scoring.forms import MomentForm, Moments
from scoring.selectors.breakdown import KINDS, only
from scoring.selectors.changes import whys_of
from scoring.selectors.drift import waiting_for_points
from scoring.selectors.explain import Explained, explain
from scoring.selectors.falls import fall_of
from scoring.selectors.figures import switched_on
from scoring.selectors.hindsight import hindsight_of
from scoring.selectors.ledgers import entries_of
from scoring.selectors.outlook import Outlook, act_words, distance_words, tried
from scoring.selectors.quizzes import offers_of, open_quizzes
from scoring.selectors.ratings import rating_of
from scoring.selectors.rules import range_missed
from stores.models import Store, Violation
from tenants.templatetags import ui

_LINES: Final = 12  # of the changes; the older ones unfold
PRESETS: Final = (
    (1, gettext_lazy("Yesterday")),
    (7, gettext_lazy("7 days")),
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
)


@dataclass(frozen=True)
class _Look:
    """What a request looks at, explained once for the panels that share it."""

    form: MomentForm
    moments: Moments
    explained: Explained
    query: dict[str, str] = field(default_factory=dict)  # what else the address asks for

    def address(self, **changes: str) -> str:
        """Return this page's address with some of its words changed; "" takes a word away."""
        words = {name: value for name, value in (self.query | changes).items() if value}
        return f"?{urlencode(words)}" if words else "?"


def _look(request: HttpRequest, store: Store) -> _Look | None:
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    kept: dict[Any, _Look] = request.__dict__.setdefault("looks_at_stores", {})
    if store.pk not in kept:
        form = MomentForm(request.GET, store=store, now=timezone.now())
        moments = form.moments()
        kept[store.pk] = _Look(
            form=form,
            moments=moments,
            explained=explain(
                store, at=moments.at, known_at=moments.known_at, is_now=moments.is_now
            ),
            query={name: str(value) for name, value in request.GET.items()},
        )
    return kept[store.pk]


def explained_of(request: HttpRequest, store: Store) -> Explained | None:
    """Return what is said of the store at the moment the request looks at; None: not for her."""
    look = _look(request, store)
    return look.explained if look else None


def moment(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Say that another moment than now is looked at, and what was learnt of it since."""
    look = _look(request, store)
    if look is None or (look.moments.is_now and not look.form.errors):
        return None
    errors = [
        (look.form.fields[name].label, error)
        for name, told in look.form.errors.items()
        for error in told
    ]
    shown: dict[str, Any] = {"store": store, "errors": errors, "is_now": look.moments.is_now}
    if look.moments.is_now:
        return shown
    is_then = look.moments.is_known_then
    return shown | {
        "moments": look.moments,
        "back": look.address(at="", known=""),
        "other": look.address(known="now" if is_then else "then"),
        "hindsight": hindsight_of(look.explained.rows, look.form.now),
        "facts": facts_of.facts_then(look.explained),
    }


def rating(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    look = _look(request, store)
    if look is None:
        return None
    kept = {name: value for name, value in look.query.items() if name not in {"at", "known"}}
    return {
        "explained": look.explained,
        "chart": look.explained.chart,
        "store": store,
        "form": look.form,
        "is_now": look.moments.is_now,
        "kept": kept,
    }


def waterfall(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Show what moved the rating in the stretch that is looked at."""
    look = _look(request, store)
    if look is None or look.explained.value is None:
        return None
    start, end = look.moments.start, look.moments.end
    is_whole = end == look.moments.at
    presets = [
        {
            "label": label,
            "href": look.address(**{"days": str(days), "from": "", "to": ""}) + "#waterfall",
            "is_current": is_whole and (end - start).total_seconds() == days * ui.DAY,
        }
        for days, label in PRESETS
    ]
    kept = {name: value for name, value in look.query.items() if name not in {"from", "to", "days"}}
    return {
        "fall": fall_of(look.explained.rows, start=start, end=end),
        "store": store,
        "form": look.form,
        "presets": presets,
        "start": start,
        "end": end,
        "kept": kept,
    }


def ledger(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    look = _look(request, store)
    if look is None:
        return None
    member = getattr(request, "member", None)
    explained = look.explained
    asked = look.query.get("kind", "")
    kind = asked if asked in KINDS else ""
    is_changes = look.query.get("ledger") == "changes" or not explained.items
    lines = [line for line in explained.lines if not kind or line.group == kind]
    items = only(explained.items, kind)
    return {
        "explained": explained,
        "store": store,
        "may_adjust": bool(member and member.can("ratings.adjust")),
        "may_see_source": bool(member and member.can("notes.internal")),
        "is_now": look.moments.is_now,
        "is_changes": is_changes,
        "views": _views(look, is_changes=is_changes),
        "kinds": _kinds(look, kind),
        "kind": kind,
        "items": items,
        "subtotal": sum(item.points for item in items),
        "lines": lines[:_LINES],
        "older": lines[_LINES:],
    }


def _views(look: _Look, *, is_changes: bool) -> list[dict[str, Any]]:
    given = [("", _("What counts"), not is_changes), ("changes", _("Every change"), is_changes)]
    return [
        {"label": label, "href": look.address(ledger=name) + "#ledger", "is_current": is_current}
        for name, label, is_current in given
    ]


def _kinds(look: _Look, kind: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "href": look.address(kind=name) + "#ledger", "is_current": name == kind}
        for name, label in [("", _("All kinds")), *KINDS.items()]
    ]


def comes_next(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Tell when the store is back over its line, by what, and which milestone is near."""
    look = _look(request, store)
    if look is None or look.explained.foreseen is None or look.explained.book is None:
        return None
    return {"next": next_of(Outlook(look.explained.foreseen)), "store": store}


def next_of(outlook: Outlook) -> dict[str, Any]:
    """Return what ``scoring/_next_panel.html`` shows."""
    foreseen = outlook.foreseen
    told = outlook.told()
    address = reverse("scoring:what_if", args=[foreseen.store.pk])
    plans = []
    for plan in told.plans if told else ():
        query = tried(plan, outlook.tz)
        acts = [{"words": act_words(each), "shown": each, "act": each.act} for each in plan.acts]
        plans.append(
            {
                "acts": acts,
                "holds_from": plan.holds_from,
                "href": f"{address}?{query}" if query else "",
            }
        )
    return {
        "outlook": outlook,
        "foreseen": foreseen,
        "told": told,
        "plans": plans,
        "what_if_href": address,
        "target": next((each for each in foreseen.lines if each.line == outlook.line), None),
        "milestone": foreseen.next_milestone,
        "estimate": distance_words(foreseen.next_milestone) if foreseen.next_milestone else "",
        "now": foreseen.at,
    }


def roll_offs(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    explained = explained_of(request, store)
    if explained is None or not explained.roll_offs:
        return None
    return {"explained": explained, "store": store, "roll_offs": explained.roll_offs[:8]}


def facts(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Add to the page's key facts what they come from and lead to, as of now."""
    look = _look(request, store)
    return facts_of.added(look.explained) if look and look.moments.is_now else None


def why_column(_member: Any, store_ids: Sequence[UUID]) -> Mapping[UUID, dict[str, str]]:
    """Say of the stores that moved most since yesterday what moved them."""
    changes = reverse("scoring:changes")
    return {
        pk: {"words": words, "href": f"{changes}#store-{pk}"}
        for pk, words in whys_of(store_ids, at=timezone.now()).items()
    }


def desks(request: HttpRequest, _fleet: Any) -> dict[str, Any] | None:
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    return {"desks": DESKS, "current": "stores:fleet"}


def violation_points(request: HttpRequest, violation: Violation) -> dict[str, Any] | None:
    """Return what a violation has taken in the ledger; nothing where it has no entry."""
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    entries = list(entries_of(violation.store).filter(violation=violation))
    if not entries:
        return None
    library = books.library_for(violation.store)
    figures = switched_on(library)
    rows = [
        {
            "entry": entry,
            "expires_at": entry.expires_at
            if entry.is_expiry_stated
            else library.expiry(entry.occurred_at, entry.recorded_at, figures),
            "missed": range_missed(library, entry),
        }
        for entry in entries
    ]
    return {"rows": rows, "store": violation.store}


def rulebooks(request: HttpRequest, _agency: Any) -> dict[str, Any] | None:
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    return {"on": len(switched_on())}


def drift(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Return how far the marketplace's number is off, and what it has not given back yet."""
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    now = timezone.now()
    current, waiting = rating_of(store), waiting_for_points([store], at=now)
    if not waiting and (current is None or current.drift_since is None):
        return None
    return {"store": store, "rating": current, "waiting": waiting}


def quizzes(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    now = timezone.now()
    return {
        "store": store,
        "quizzes": open_quizzes([store.pk]).get(store.pk, []),
        "offers": offers_of([store], at=now),
        "may_record": member.can("readings.record"),
        "now": now,
    }
