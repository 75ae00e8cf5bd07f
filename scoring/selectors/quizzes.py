"""Quizzes: what each store may take, until when, and what it is worth."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.translation import get_language

from scoring.models import Quiz, StoreRating
from stores.models import Store


@dataclass(frozen=True, slots=True)
class Offer:
    """A quiz that a milestone lets us expect: its restriction runs, and nobody recorded one."""

    store: Store
    milestone: str
    labels: tuple[str, ...]  # what is in force because of it
    since: datetime
    until: datetime | None


def quizzes_of(stores: QuerySet[Store], *, state: str = "") -> QuerySet[Quiz]:
    """Return the quizzes of ``stores``: open ones by worth and how soon they close, else newest."""
    found = Quiz.objects.filter(store__in=stores).select_related("store", "passed_by__user")
    if state:
        found = found.filter(state=state)
    if state == Quiz.State.OPEN:
        return found.order_by(
            F("worth").desc(nulls_last=True), F("open_until").asc(nulls_last=True), "id"
        )
    return found.order_by("-recorded_at", "-id")


def open_quizzes(store_ids: Sequence[UUID]) -> dict[UUID, list[Quiz]]:
    """Return the open quizzes by store, in one query; what is worth most first, then what closes.

    One without ``worth`` gives points that nobody states; one of kind ``milestone`` gives none,
    it shortens the restriction of ``quiz.milestone``.
    """
    found: dict[UUID, list[Quiz]] = defaultdict(list)
    rows = Quiz.objects.filter(store__in=store_ids, state=Quiz.State.OPEN)
    for quiz in rows.order_by(
        F("worth").desc(nulls_last=True), F("open_until").asc(nulls_last=True), "id"
    ):
        found[quiz.store_id].append(quiz)
    return dict(found)


def offers_of(stores: Iterable[Store], *, at: datetime) -> list[Offer]:
    """Return the milestone quizzes to ask the marketplace for, in two queries.

    One a store and milestone whose restriction runs at ``at`` and is not for good, unless a quiz
    of it was recorded since it began.
    """
    by_id = {store.pk: store for store in stores}
    recorded: dict[tuple[UUID, str], datetime] = {}
    for store_id, milestone, offered_at in Quiz.objects.filter(
        store__in=by_id, kind=Quiz.Kind.MILESTONE
    ).values_list("store", "milestone", "offered_at"):
        key = (store_id, milestone)
        recorded[key] = max(offered_at, recorded.get(key, offered_at))
    offers = []
    ratings = StoreRating.objects.filter(store__in=by_id).exclude(in_force=[])
    for store_id, in_force in ratings.values_list("store", "in_force"):
        for milestone, running in _by_milestone(in_force, at).items():
            since = max(datetime.fromisoformat(each["since"]) for each in running)
            asked = recorded.get((store_id, milestone))
            if asked is None or asked < since:
                offers.append(_offer(by_id[store_id], milestone, running, since))
    return sorted(offers, key=lambda offer: (offer.store.name, offer.milestone))


def _by_milestone(
    in_force: Iterable[dict[str, Any]], at: datetime
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in in_force:
        is_over = each["until"] is not None and datetime.fromisoformat(each["until"]) <= at
        if not each["for_good"] and not is_over:
            found[each["milestone"]].append(each)
    return found


def _offer(store: Store, milestone: str, running: list[dict[str, Any]], since: datetime) -> Offer:
    is_chinese = (get_language() or "").startswith("zh")
    ends = [datetime.fromisoformat(each["until"]) for each in running if each["until"]]
    return Offer(
        store=store,
        milestone=milestone,
        labels=tuple(
            dict.fromkeys(each["label_zh"] if is_chinese else each["label"] for each in running)
        ),
        since=since,
        until=max(ends, default=None),
    )
