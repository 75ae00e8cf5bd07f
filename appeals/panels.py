"""What this room shows on the fleet's, the store's and the violation's pages, which live below."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appeals.access import sees_drafts, visible_appeals
from appeals.models import Appeal, Attempt, Remediation
from appeals.selectors import cases, clocks, deadlines, remediations
from stores.models import Enforcement, Store, Violation
from tenants.models import Membership
from tenants.slots import Mark

_SHOWN = 6
_STANDING = {Violation.State.PENDING, Violation.State.ENFORCED}


def _reader(request: HttpRequest) -> Membership | None:
    member: Membership | None = getattr(request, "member", None)
    return member if member is not None and member.can("cases.view") else None


def deadline_column(member: Membership, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """Return {label, due_at, href} of each store's next deadline."""
    if not member.can("cases.view"):
        return {}
    return deadlines.next_deadlines(ids, at=timezone.now())


def cases_panel(request: HttpRequest, store: Store) -> dict[str, Any] | None:
    """Return a store's open cases and remediations; nothing where there are none."""
    member = _reader(request)
    if member is None:
        return None
    own = cases.listed(Appeal.objects.filter(store=store, state__in=cases.OPEN))
    shown = cases.cards(own.order_by("opened_at", "id")[:_SHOWN], sees_drafts=sees_drafts(member))
    work = list(remediations.listed(Remediation.objects.filter(store=store))[:_SHOWN])
    may_work = member.can("remediations.work")
    if not (shown or work or may_work):
        return None
    return {
        "store": store,
        "cards": shown,
        "remediations": work,
        "may_work": may_work,
        "now": timezone.now(),
    }


def violation_panel(request: HttpRequest, violation: Violation) -> dict[str, Any] | None:
    """Return a violation's case, or until when one may be opened, and the work on its cause."""
    member = _reader(request)
    if member is None:
        return None
    at = timezone.now()
    found = cases.listed(Appeal.objects.filter(violation=violation))
    shown = cases.cards(found, sees_drafts=sees_drafts(member))
    closes_at = clocks.first_window(violation, at)
    is_standing = violation.state in _STANDING
    return {
        "violation": violation,
        "store": violation.store,
        "card": shown[0] if shown else None,
        "closes_at": closes_at,
        "attempts": clocks.attempts_allowed(violation.store, at),
        "is_standing": is_standing,
        "is_late": closes_at is not None and at >= closes_at,
        "may_open": member.can("appeals.draft") and is_standing,
        "remediations": remediations.of_origin(Remediation.Origin.VIOLATION, violation.pk),
        "may_work": member.can("remediations.work"),
        "now": at,
    }


def violation_acts(request: HttpRequest, violation: Violation) -> dict[str, Any] | None:
    """Return what the member may do about a violation: appeal, correct, remedy."""
    member = _reader(request)
    if member is None:
        return None
    at = timezone.now()
    appeal = Appeal.objects.filter(violation=violation).first()
    closes_at = clocks.first_window(violation, at)
    is_open = closes_at is None or at < closes_at
    is_pending = violation.state == Violation.State.PENDING
    in_time = violation.correct_by is None or at < violation.correct_by
    return {
        "violation": violation,
        "appeal": appeal,
        "may_open": (
            appeal is None
            and is_open
            and violation.state in _STANDING
            and member.can("appeals.draft")
        ),
        "may_correct": is_pending and in_time and member.can("violations.record"),
        "may_work": member.can("remediations.work"),
    }


def cases_mark(request: HttpRequest) -> Mark | None:
    """Return how many cases wait for the member."""
    member = _reader(request)
    waiting = cases.waiting_count(visible_appeals(member), member) if member else 0
    if not waiting:
        return None
    words = ngettext("%(count)s case waits for you", "%(count)s cases wait for you", waiting)
    return Mark(waiting, "warn", words % {"count": waiting})


def enforcement_acts(member: Membership, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """Return {label, href, icon, is_post} of each enforcement's case, or of opening one."""
    if not member.can("cases.view"):
        return {}
    at = timezone.now()
    acts = {
        appeal.enforcement_id: _act(_("Open the case"), appeal.get_absolute_url())
        for appeal in Appeal.objects.filter(enforcement__in=ids)
        if appeal.enforcement_id is not None
    }
    if not member.can("appeals.draft"):
        return acts
    for enforcement in Enforcement.objects.filter(pk__in=ids).select_related("store"):
        closes_at = clocks.first_window(enforcement, at)
        is_in_time = closes_at is None or at < closes_at
        is_running = enforcement.ends_at is None or at < enforcement.ends_at
        if enforcement.pk not in acts and is_in_time and is_running:
            href = reverse("appeals:open_enforcement", args=[enforcement.pk])
            acts[enforcement.pk] = _act(_("Appeal"), href, is_post=True)
    return acts


def _act(label: str, href: str, *, is_post: bool = False) -> dict[str, Any]:
    return {"label": label, "href": href, "icon": "gavel", "is_post": is_post}


def violations_in_cases(_member: Any, ids: Sequence[UUID]) -> Mapping[UUID, bool]:
    """Return which violations have a case, whoever asks: what they rest on must stay."""
    found = Appeal.objects.filter(violation__in=ids).values_list("violation", flat=True)
    return {pk: True for pk in found if pk is not None}


def cases_of_violations(member: Membership, ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """Return {state, label, href, decided_at} of each violation's case, in one query."""
    if not member.can("cases.view"):
        return {}
    decided = Attempt.objects.filter(appeal=OuterRef("pk")).order_by("-number")
    found = Appeal.objects.filter(violation__in=ids).annotate(
        decided_at=Subquery(decided.values("decided_at")[:1])
    )
    return {
        appeal.violation_id: {
            "state": appeal.state,
            "label": appeal.get_state_display(),
            "href": appeal.get_absolute_url(),
            "decided_at": appeal.decided_at,
        }
        for appeal in found
        if appeal.violation_id is not None
    }
