"""What this room shows on the store's page, which lives a floor below."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from scoring.desks import DESKS
from scoring.selectors.drift import waiting_for_points
from scoring.selectors.explain import Explained, explain
from scoring.selectors.quizzes import offers_of, open_quizzes
from scoring.selectors.ratings import rating_of
from stores.models import Store


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
