"""Enforcements: what the marketplace did besides points, recorded and mended by a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from stores import rules
from stores.access import enforcement_for, notice_for, store_for
from stores.forms.enforcements import EnforcementForm
from stores.mailin.parsers import EnforcementHint
from stores.models import Enforcement, Notice, Store
from stores.selectors import violations as selectors
from stores.services import notices
from stores.services import violations as services
from tenants import slots
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import reading
from tenants.trail.selectors import history_of

_VIOLATIONS_OFFERED = 50
_HISTORY_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """An enforcement in a list: how it stands, and what rooms above let one do about it."""

    enforcement: Enforcement
    word: str
    tone: str
    acts: list[Mapping[str, Any]]

    @property
    def is_lasting(self) -> bool:
        return self.enforcement.kind != Enforcement.Kind.WARNING


def rows_of(enforcements: Iterable[Enforcement], member: Membership, *, at: datetime) -> list[Row]:
    """Return a row for each enforcement, in a fixed number of queries."""
    found = list(enforcements)
    filled = slots.columns("enforcement.acts", member, [one.pk for one in found]) if found else {}
    return [
        Row(one, *_standing(one, at), [acts[one.pk] for acts in filled.values() if one.pk in acts])
        for one in found
    ]


def _standing(enforcement: Enforcement, at: datetime) -> tuple[str, str]:
    if enforcement.starts_at > at:
        return _("To come"), "warn"
    if enforcement.ends_at is not None and enforcement.ends_at <= at:
        return _("Ended"), "none"
    if enforcement.kind == Enforcement.Kind.WARNING:
        return "", "none"
    return _("In force"), "bad"


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def record(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    at = timezone.now()
    asked = _uuid(request.GET.get("violation", ""))
    notice = notice_asked(request)
    if notice is not None and notice.store_id not in {None, store.pk}:
        raise Http404
    told = notices.enforcement_told(notice, store) if notice else None
    initial = {"starts_at": at, "violation": asked, **_initial(told)}
    form = _form(request, store, initial, others=told.kinds[1:] if told else ())
    if request.method == "POST" and form.is_valid():
        try:
            _record(request, store, form.cleaned_data, notice, told, at=at)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Recorded."))
            return redirect("stores:store", pk=store.pk)
    context = {
        "form": form,
        "store": store,
        "notice": notice,
        "words": notices.text_of(notice) if notice else "",
    }
    return render(request, "stores/enforcement.html", context)


def notice_asked(request: MemberRequest) -> Notice | None:
    """Return the notice that a form is to be filled from, if the address names one."""
    asked = request.GET.get("notice", "")
    if not asked:
        return None
    if not request.member.can("notes.internal"):
        raise Http404
    return notice_for(request.member, asked)


def _initial(told: EnforcementHint | None) -> dict[str, Any]:
    if told is None:
        return {}
    found = {
        "kind": next(iter(told.kinds), None),
        "also": list(told.kinds[1:]) or None,
        "starts_at": told.starts_at,
        "ends_at": told.ends_at,
    }
    return {name: value for name, value in found.items() if value is not None}


def _record(
    request: MemberRequest,
    store: Store,
    clean: dict[str, Any],
    notice: Notice | None,
    told: EnforcementHint | None,
    *,
    at: datetime,
) -> None:
    kinds = dict.fromkeys([clean.pop("kind"), *clean.pop("also", ())])
    by = request.member
    if notice is not None:
        reference = told.reference if told else ""
        notices.record_enforcements(
            notice=notice, store=store, kinds=kinds, facts=clean, reference=reference, by=by, at=at
        )
        return
    for kind in kinds:
        services.record_enforcement(store=store, kind=kind, **clean, source="person", at=at, by=by)


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, pk: str) -> HttpResponse:
    enforcement = enforcement_for(request.member, pk)
    store, at = enforcement.store, timezone.now()
    initial = {
        "kind": enforcement.kind,
        "starts_at": enforcement.starts_at,
        "ends_at": enforcement.ends_at,
        "violation": enforcement.violation_id,
    }
    form = _form(request, store, initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_enforcement(
                enforcement=enforcement, **form.cleaned_data, at=at, by=request.member
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:store", pk=store.pk)
    (row,) = rows_of([enforcement], request.member, at=at)
    context = {
        "form": form,
        "store": store,
        "row": row,
        "may_end": row.is_lasting and _is_running(enforcement, at),
        "history": _history(enforcement) if request.member.can("notes.internal") else [],
    }
    return render(request, "stores/enforcement.html", context)


@requires("violations.record")
@require_POST
def end(request: MemberRequest, pk: str) -> HttpResponse:
    """Note that the marketplace has lifted an enforcement now."""
    enforcement = enforcement_for(request.member, pk)
    at = timezone.now()
    if _is_running(enforcement, at):
        services.end_enforcement(enforcement=enforcement, ends_at=at, at=at, by=request.member)
        messages.success(request, _("Ended."))
    else:
        messages.error(request, _("This enforcement is not in force."))
    return redirect("stores:store", pk=enforcement.store_id)


def _is_running(enforcement: Enforcement, at: datetime) -> bool:
    has_ended = enforcement.ends_at is not None and enforcement.ends_at <= at
    return enforcement.starts_at <= at and not has_ended


def _history(enforcement: Enforcement) -> list[dict[str, Any]]:
    events = history_of(enforcement.pk)[:_HISTORY_SHOWN]
    return reading.entries(events, of=enforcement.pk, zone=enforcement.store.time_zone)


def _form(
    request: MemberRequest,
    store: Store,
    initial: Mapping[str, Any],
    *,
    others: Sequence[str] = (),
) -> EnforcementForm:
    violations = selectors.newest_of(
        store, limit=_VIOLATIONS_OFFERED, also=initial.get("violation")
    )
    return EnforcementForm(
        request.POST or None,
        store=store,
        violations=violations,
        rules={one.pk: rules.label_of(one) for one in violations},
        others=others,
        initial=initial,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
