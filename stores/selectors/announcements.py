"""Announcements and policy news of all stores in one list, read or unread by each member."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast

from stores.models import Notice, NoticeRead
from stores.selectors.notices import Place

COUNTED_FOR: Final = timedelta(days=30)  # what is older and unread is no news in the navigation


@dataclass(frozen=True, slots=True)
class Concerned:
    """A store that an announcement came to, and the notice that brought it there."""

    store_id: UUID
    name: str
    market: str
    notice_id: UUID


def news_among(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    """Return those of ``notices`` that are news; what imitates a marketplace is none."""
    return notices.filter(kind=Notice.Kind.NEWS).exclude(trust=Notice.Trust.SUSPICIOUS)


def announcements(news: QuerySet[Notice], *, reader: UUID | None) -> Any:
    """Return the newest of ``news`` of each topic, with ``key`` and ``is_read`` (by ``reader``).

    The same words to many stores are one row. The texts are sealed, so they are not among it.
    """
    newer = news.filter(topic=OuterRef("topic")).filter(
        Q(received_at__gt=OuterRef("received_at"))
        | Q(received_at=OuterRef("received_at"), id__gt=OuterRef("id"))
    )
    newest = news.filter(Q(topic="") | ~Exists(newer))
    return _with_read(newest, reader).select_related("store").defer("text", "original")


def searched(
    news: QuerySet[Notice], *, marketplace: str = "", market: str = "", words: str = ""
) -> QuerySet[Notice]:
    """Return the ``news`` of stores there whose title or sender holds each of ``words``."""
    if marketplace:
        news = news.filter(store__marketplace=marketplace)
    if market:
        news = news.filter(store__market=market)
    for word in words.replace("\x00", " ").split():
        news = news.filter(Q(subject__icontains=word) | Q(sender__icontains=word))
    return news


def page_of(found: Any, *, only_unread: bool, after: Place | None, limit: int) -> list[Any]:
    """Return the newest ``limit`` of ``announcements`` after a place."""
    if only_unread:
        found = found.filter(is_read=False)
    if after is not None:
        same = Q(received_at=after.at, id__lt=after.id)
        found = found.filter(Q(received_at__lt=after.at) | same)
    return list(found.order_by("-received_at", "-id")[:limit])


def concerned_by(news: QuerySet[Notice], rows: Sequence[Any]) -> dict[str, list[Concerned]]:
    """Return the stores that each of ``rows`` came to, by key and by name, in one query."""
    topics = [row.topic for row in rows if row.topic]
    alone = [row.pk for row in rows if not row.topic]
    found: dict[str, dict[UUID, Concerned]] = {row.key: {} for row in rows}
    told = (
        news.filter(Q(topic__in=topics) | Q(pk__in=alone), store__isnull=False)
        .order_by("store__name", "store_id", "received_at")
        .values_list("pk", "topic", "store_id", "store__name", "store__market")
    )
    for pk, topic, store_id, name, market in told:
        found[topic or str(pk)][store_id] = Concerned(store_id, name, market, pk)
    return {key: list(stores.values()) for key, stores in found.items()}


def unread_count(news: QuerySet[Notice], *, reader: UUID, at: datetime) -> int:
    """Return how many announcements of the last 30 days ``reader`` has not read, in one query."""
    lately = _with_read(news.filter(received_at__gt=at - COUNTED_FOR), reader)
    unread = lately.filter(is_read=False).order_by()
    return int(unread.values("key").distinct().count())


def unread_keys(news: QuerySet[Notice], *, reader: UUID) -> set[str]:
    unread = _with_read(news, reader).filter(is_read=False).order_by()
    return set(unread.values_list("key", flat=True).distinct())


def keys_of(news: QuerySet[Notice], pks: Collection[UUID]) -> set[str]:
    return {topic or str(pk) for pk, topic in news.filter(pk__in=pks).values_list("pk", "topic")}


def markets_of(news: QuerySet[Notice]) -> list[tuple[str, str]]:
    """Return (marketplace, market) of the stores that ``news`` came to."""
    places = news.filter(store__isnull=False).order_by()
    return sorted(set(places.values_list("store__marketplace", "store__market").distinct()))


def _with_read(news: QuerySet[Notice], reader: UUID | None) -> Any:
    keyed = news.annotate(
        key=Case(
            When(topic="", then=Cast("id", CharField())),
            default=F("topic"),
            output_field=CharField(),
        )
    )
    if reader is None:
        return keyed.annotate(is_read=Value(None, output_field=BooleanField(null=True)))
    return keyed.annotate(
        is_read=Exists(NoticeRead.objects.filter(member=reader, topic=OuterRef("key")))
    )
