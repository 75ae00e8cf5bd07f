"""Alerts: opened and resolved by data, handled by people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from stores import alert_kinds
from stores.models import Alert, Store
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import services as trail

LONGEST_SNOOZE: Final = timedelta(days=30)


class AlertResolved(DomainError):
    code: ClassVar[str] = "alert_resolved"


class SnoozeUnusable(DomainError):
    code: ClassVar[str] = "snooze_unusable"


def open_alert(
    *, store: Store, code: str, at: datetime, detail: Mapping[str, Any] | None = None
) -> Alert:
    """Open the alert ``code`` at a store, or bring the open one's detail up to date.

    ``detail`` holds JSON values that fill the kind's title and instruction. Of two kinds of which
    one replaces the other, ``about`` in it lists ids of what they are about: the earlier one is
    resolved when the later opens, and while that stands about all of it, that is returned.
    """
    kind = alert_kinds.kind(code)
    values = dict(detail or {})
    later = _unresolved(store, kind.replaced_by) if kind.replaced_by else None
    if later is not None and _is_about_all(later, values):
        resolve_alert(store=store, code=code, at=at)
        return later
    for earlier in alert_kinds.replaced_by(code):
        _replace(store, earlier, values, at)
    standing = _unresolved(store, code)
    if standing is None:
        try:
            with transaction.atomic():
                return Alert.objects.create(
                    store=store,
                    code=code,
                    severity=kind.severity,
                    title=kind.title,
                    detail=values,
                    opened_at=at,
                )
        except IntegrityError:  # another run was quicker
            standing = _unresolved(store, code)
            if standing is None:
                raise
    if standing.detail != values:
        standing.detail = values
        standing.save(update_fields=["detail"])
    return standing


def resolve_alert(*, store: Store, code: str, at: datetime) -> bool:
    """Resolve a store's open alert ``code``, its cause being gone; return if there was one."""
    resolved = Alert.objects.filter(store=store, code=code).exclude(state=Alert.State.RESOLVED)
    return bool(resolved.update(state=Alert.State.RESOLVED, resolved_at=at))


def acknowledge(*, alert: Alert, by: Membership, at: datetime) -> None:
    """Take an alert over, so that others need not.

    Raises:
        AlertResolved: if it was resolved meanwhile.
    """
    _change(alert, by, at, "alert.acknowledged", state=Alert.State.ACKNOWLEDGED, owner=by)


def resolve(*, alert: Alert, by: Membership, at: datetime) -> None:
    """Resolve an alert by a member's word; data opens it again while its cause stays.

    Raises:
        AlertResolved: if it was resolved before.
    """
    _change(alert, by, at, "alert.resolved", state=Alert.State.RESOLVED, resolved_at=at, owner=by)


def snooze(*, alert: Alert, until: datetime, by: Membership, at: datetime) -> None:
    """Keep an alert out of sight until ``until``.

    Raises:
        SnoozeUnusable: if ``until`` has passed or is over 30 days away.
        AlertResolved: if the alert was resolved meanwhile.
    """
    if not at < until <= at + LONGEST_SNOOZE:
        raise SnoozeUnusable(_("Snooze for at most 30 days."))
    _change(alert, by, at, "alert.snoozed", snoozed_until=until)


@transaction.atomic
def _change(alert: Alert, by: Membership, at: datetime, action: str, **values: Any) -> None:
    live = Alert.objects.filter(pk=alert.pk).exclude(state=Alert.State.RESOLVED)
    if not live.update(**values):
        raise AlertResolved(_("This alert has been resolved already."))
    alert.refresh_from_db()
    shown = {name: str(value) for name, value in values.items() if name != "owner"}
    trail.record(action=action, by=by, subject=alert, at=at, store_id=alert.store_id, changes=shown)


def _replace(store: Store, code: str, detail: Mapping[str, Any], at: datetime) -> None:
    standing = _unresolved(store, code)
    if standing is not None and set(standing.detail.get("about", ())) <= set(detail["about"]):
        resolve_alert(store=store, code=code, at=at)


def _is_about_all(alert: Alert, detail: Mapping[str, Any]) -> bool:
    return set(detail["about"]) <= set(alert.detail.get("about", ()))


def _unresolved(store: Store, code: str) -> Alert | None:
    return Alert.objects.filter(store=store, code=code).exclude(state=Alert.State.RESOLVED).first()
