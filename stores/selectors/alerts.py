"""Alerts as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse

from stores import alert_kinds
from stores.models import Alert, Store

_BY_SEVERITY = Case(
    When(severity=Alert.Severity.CRITICAL, then=Value(0)),
    When(severity=Alert.Severity.WARNING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
_TONES = {
    Alert.Severity.CRITICAL: "bad",
    Alert.Severity.WARNING: "warn",
    Alert.Severity.INFO: "none",
}


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert in the reader's language."""

    alert: Alert
    title: str
    instruction: str
    tone: str
    href: str = ""  # the page of its store where it is dealt with


@dataclass(frozen=True, slots=True)
class AlertCount:
    open: int
    critical: int


def awake(at: datetime) -> Q:
    """Return the condition of alerts that are unresolved and not snoozed at ``at``."""
    return ~Q(state=Alert.State.RESOLVED) & (Q(snoozed_until=None) | Q(snoozed_until__lte=at))


def alerts_of(stores: QuerySet[Store], *, show: str, at: datetime) -> QuerySet[Alert]:
    """Return the alerts of ``stores`` that are "open", "snoozed" or "resolved", worst first."""
    found = Alert.objects.filter(store__in=stores).select_related("store", "owner__user")
    if show == "resolved":
        return found.filter(state=Alert.State.RESOLVED).order_by("-resolved_at", "-id")
    if show == "snoozed":
        return (
            found.exclude(state=Alert.State.RESOLVED)
            .filter(snoozed_until__gt=at)
            .order_by("snoozed_until", "id")
        )
    return found.filter(awake(at)).order_by(_BY_SEVERITY, "-opened_at", "-id")


def counts_of(store_ids: Sequence[UUID], *, at: datetime) -> dict[UUID, AlertCount]:
    """Return the number of open alerts, and of critical ones among them, in one query."""
    rows = (
        Alert.objects.filter(awake(at), store__in=store_ids)
        .values("store")
        .annotate(
            open=Count("pk"), critical=Count("pk", filter=Q(severity=Alert.Severity.CRITICAL))
        )
    )
    return {row["store"]: AlertCount(row["open"], row["critical"]) for row in rows}


def count_of(stores: QuerySet[Store], *, at: datetime) -> AlertCount:
    """Return the number of open alerts of all ``stores``, in one query."""
    counted = Alert.objects.filter(awake(at), store__in=stores).aggregate(
        open=Count("pk"), critical=Count("pk", filter=Q(severity=Alert.Severity.CRITICAL))
    )
    return AlertCount(counted["open"], counted["critical"])


def shown(alert: Alert) -> ShownAlert:
    detail: dict[str, Any] = alert.detail
    return ShownAlert(
        alert=alert,
        title=alert_kinds.title(alert.code, detail, alert.title),
        instruction=alert_kinds.instruction(alert.code, detail),
        tone=_TONES[Alert.Severity(alert.severity)],
        href=reverse(page, args=[alert.store_id]) if (page := alert_kinds.page(alert.code)) else "",
    )
