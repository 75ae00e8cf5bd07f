"""Recording readings, whoever measured them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from stores import metrics, signals
from stores.metrics import Metric, Unit
from stores.models import Reading, Store
from stores.services import alerts
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_OLDEST: Final = timedelta(days=366)


class MetricUnknown(DomainError):
    code: ClassVar[str] = "metric_unknown"


class ValueOutOfRange(DomainError):
    code: ClassVar[str] = "value_out_of_range"


class MomentUnusable(DomainError):
    code: ClassVar[str] = "moment_unusable"


@transaction.atomic
def record_reading(
    *,
    store: Store,
    metric: str,
    value: Decimal,
    measured_at: datetime,
    source: str,
    by: Membership | None,
    at: datetime,
    note: str = "",
    via: str = "page",
) -> Reading:
    """Record one value, open or resolve the alert that hangs on it, and tell the higher rooms.

    Raises:
        MetricUnknown: if ``metric`` is not one of ``stores.metrics``.
        ValueOutOfRange: if the metric cannot have this value.
        MomentUnusable: if ``measured_at`` lies ahead, or over a year back.
    """
    known = check(metric, value, measured_at, at)
    reading = Reading.objects.create(
        store=store,
        metric=metric,
        value=value,
        measured_at=measured_at,
        source=source,
        recorded_at=at,
        recorded_by=by,
        note=note,
    )
    _tell(known, reading, store, at)
    trail.record(
        action="reading.recorded",
        by=by,
        subject=reading,
        at=at,
        store_id=store.pk,
        changes={"metric": metric, "value": str(value), "source": source},
        via=via,
    )
    return reading


@transaction.atomic
def withdraw_reading(
    *, reading: Reading, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Take a reading back that was never true; its alert goes by what was measured before."""
    store, known = reading.store, metrics.METRICS[reading.metric]
    trail.record(
        action="reading.withdrawn",
        by=by,
        subject=reading,
        at=at,
        store_id=store.pk,
        changes={"metric": reading.metric, "value": str(reading.value)},
        via=via,
    )
    reading.delete()
    newest = (
        Reading.objects.filter(store=store, metric=known.code)
        .order_by("-measured_at", "-id")
        .first()
    )
    if newest is not None:
        _tell(known, newest, store, at)
    elif known.raises_alert:
        alerts.resolve_alert(store=store, code=f"reading.{known.code}", at=at)


def record_measured(*, store: Store, values: Mapping[str, Decimal], at: datetime) -> None:
    """Record what a sync measured at ``at``: one row a metric, no audit row, as nobody acted."""
    rows = [
        Reading(
            store=store,
            metric=metric,
            value=value,
            measured_at=at,
            source=Reading.Source.API,
            recorded_at=at,
        )
        for metric, value in values.items()
    ]
    Reading.objects.bulk_create(rows)
    for row in rows:
        _tell(metrics.METRICS[row.metric], row, store, at)


def withdraw(*, ids: Collection[UUID], at: datetime) -> None:
    """Delete readings that should never have come; what hung on them follows the ones before."""
    rows = list(Reading.objects.filter(pk__in=ids).select_related("store"))
    Reading.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for store, metric in {(row.store, row.metric) for row in rows}:
        left = Reading.objects.filter(store=store, metric=metric)
        latest = left.order_by("-measured_at", "-id").first()
        if latest is not None:
            _tell(metrics.METRICS[metric], latest, store, at)
        elif metrics.METRICS[metric].raises_alert:
            alerts.resolve_alert(store=store, code=f"reading.{metric}", at=at)


def check(metric: str, value: Decimal, measured_at: datetime, at: datetime) -> Metric:
    """Return what is measured, where a reading of it can be.

    Raises:
        MetricUnknown, ValueOutOfRange, MomentUnusable: as for ``record_reading``.
    """
    known = metrics.METRICS.get(metric)
    if known is None:
        raise MetricUnknown(_("There is no reading of this name."))
    is_whole = known.unit in {Unit.COUNT, Unit.YES_NO}
    if (
        not value.is_finite()
        or (known.lowest is not None and value < known.lowest)
        or abs(value) > known.highest
        or (is_whole and value != value.to_integral_value())
    ):
        raise ValueOutOfRange(
            _("“%(label)s” cannot be %(value)s.") % {"label": known.label, "value": value}
        )
    if measured_at > at + _CLOCKS_DIFFER:
        raise MomentUnusable(_("A reading cannot be measured in the future."))
    if measured_at < at - _OLDEST:
        raise MomentUnusable(_("A reading of more than a year ago is too old."))
    return known


def _tell(metric: Metric, reading: Reading, store: Store, at: datetime) -> None:
    signals.reading_recorded.send(sender=Reading, reading=reading, at=at)
    if not metric.raises_alert or _is_overtaken(reading):
        return
    code = f"reading.{metric.code}"
    if metric.is_bad(reading.value):
        shown = {"value": plain(reading.value), "limit": plain(metric.limit or Decimal(0))}
        alerts.open_alert(store=store, code=code, at=at, detail=shown)
    else:
        alerts.resolve_alert(store=store, code=code, at=at)


def _is_overtaken(reading: Reading) -> bool:
    return Reading.objects.filter(
        store=reading.store_id, metric=reading.metric, measured_at__gt=reading.measured_at
    ).exists()


def plain(value: Decimal) -> str:
    """Return a decimal without needless noughts: 5.2000 is 5.2, 14.0000 is 14."""
    return f"{value.normalize():f}"
