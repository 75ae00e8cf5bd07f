"""What this room shows on the store's page, which lives a floor below."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from scoring import books
from scoring.desks import DESKS
from scoring.selectors.drift import waiting_for_points
from scoring.selectors.explain import Explained, explain
from scoring.selectors.figures import switched_on
from scoring.selectors.ledgers import entries_of
from scoring.selectors.quizzes import offers_of, open_quizzes
from scoring.selectors.ratings import rating_of
from scoring.selectors.rules import range_missed
from stores.models import Store, Violation


def _explained(request: HttpRequest, store: Store) -> Explained | None:
    """Explain a store once a request, for the panels that share it."""
    member = getattr(request, "member", None)
    if member is None or not member.can("ratings.view"):
        return None
    kept: dict[Any, Explained] = request.__dict__.setdefault("explained_stores", {})
    if store.pk not in kept:
        kept[store.pk] = explain(store, at=timezone.now())
    return kept[store.pk]


def rating(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    explained = _explained(request, store)
    return None if explained is None else {"explained": explained, "store": store}


def ledger(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    explained = _explained(request, store)
    if explained is None:
        return None
    member = getattr(request, "member", None)
    return {
        "explained": explained,
        "store": store,
        "may_adjust": bool(member and member.can("ratings.adjust")),
    }


def roll_offs(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    explained = _explained(request, store)
    if explained is None or not explained.roll_offs:
        return None
    return {"explained": explained, "store": store, "roll_offs": explained.roll_offs[:8]}


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
