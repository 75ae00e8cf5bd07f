"""Violations: listed, shown, recorded by a person, changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from stores import rules
from stores.access import store_for, violation_for, visible_stores
from stores.forms.violations import StoreChoiceForm, ViolationForm
from stores.models import Notice, Store, Violation
from stores.selectors import violations as selectors
from stores.services import notices
from stores.services import violations as services
from stores.services.notice_acts import facts_of
from stores.views import paging
from stores.views.enforcements import notice_asked, rows_of
from tenants import slots
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.templatetags import ui
from tenants.trail import reading
from tenants.trail.selectors import history_of

_A_PAGE = 50
_HISTORY_SHOWN = 20
_TONES = {"pending": "warn", "enforced": "bad", "reversed": "good", "lapsed": "good"}


@requires("cases.view")
@require_GET
def violations_page(request: MemberRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in Violation.State.values else ""
    is_unknown = request.GET.get("rule") == "unknown"
    asked = request.GET.get("store", "")
    store = store_for(request.member, asked) if asked else None
    found = selectors.page_of_violations(
        visible_stores(request.member),
        state=state,
        only_unknown=is_unknown,
        store_id=store.pk if store else None,
        after=paging.place(request.GET.get("after", "")),
        limit=_A_PAGE + 1,
    )
    shown = found[:_A_PAGE]
    filters = {
        "state": state,
        "rule": "unknown" if is_unknown else "",
        "store": str(store.pk) if store else "",
    }
    older = ""
    if len(found) > _A_PAGE:
        older = paging.query(filters, shown[-1].reported_at, shown[-1].pk)
    at = timezone.now()
    context = {
        "rows": with_rules(shown),
        "store": store,
        "state": state,
        "is_unknown": is_unknown,
        "tabs": [("", _("All")), *Violation.State.choices],
        "older": older,
        "is_first": not request.GET.get("after"),
        "now": at,
        "may_record": request.member.can("violations.record"),
    }
    return render(request, "stores/violations.html", context)


def with_rules(violations: Iterable[Violation]) -> list[dict[str, Any]]:
    """Return each violation with what its rule is called, or that none knows it.

    Their stores are at hand.
    """
    return [
        {"violation": one, "rule": rules.label_of(one), "unknown": rules.unknown_of(one)}
        for one in violations
    ]


@requires("cases.view")
@require_GET
def violation_page(request: MemberRequest, pk: str) -> HttpResponse:
    violation = violation_for(request.member, pk)
    at = timezone.now()
    is_inside = request.member.can("notes.internal")
    panels, acts = (
        [
            render_to_string(template, context, request)
            for template, context in slots.panels(slot, request, violation)
        ]
        for slot in ("violation.panels", "violation.acts")
    )
    context = {
        "violation": violation,
        "store": violation.store,
        "rule": rules.label_of(violation),
        "unknown": rules.unknown_of(violation),
        "facts": _facts(violation),
        "enforcements": rows_of(selectors.enforcements_of(violation), request.member, at=at),
        "notice": selectors.notice_of(violation) if is_inside else None,
        "panels": panels,
        "acts": acts,
        "history": _history(violation) if is_inside else [],
        "tone": _TONES.get(violation.state, "none"),
        "now": at,
        "is_inside": is_inside,
        "may_record": request.member.can("violations.record"),
    }
    return render(request, "stores/violation.html", context)


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def record(request: MemberRequest) -> HttpResponse:
    """Record a violation by hand or from a notice that waits; what may be a repeat is asked."""
    notice = notice_asked(request)
    store = _store(request, notice)
    if store is None:
        return _choose_store(request, notice)
    at = timezone.now()
    told = notices.violation_told(notice, store) if notice else None
    form = ViolationForm(
        request.POST or None,
        store=store,
        rules=rules.rules_of(store, at=at),
        facts=facts_of(told) if told else {"reported_at": at},
    )
    repeat: Repeat | None = None
    if request.method == "POST" and form.is_valid():
        repeat = _repeat(store, form.cleaned_data)
        choice = request.POST.get("choice", "")
        if repeat is None or choice in {f"same-{repeat.pk}", f"other-{repeat.pk}"}:
            answer = _recorded(request, store, form, notice, same=choice.startswith("same-"))
            if answer is not None:
                return answer
    context = {
        "form": form,
        "store": store,
        "notice": notice,
        "words": notices.text_of(notice) if notice else "",
        "repeat": repeat,
        "now": at,
    }
    return render(request, "stores/violation_new.html", context)


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def edit(request: MemberRequest, pk: str) -> HttpResponse:
    violation = violation_for(request.member, pk)
    at = timezone.now()
    form = ViolationForm(
        request.POST or None,
        store=violation.store,
        rules=rules.rules_of(violation.store, at=at),
        violation=violation,
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                services.change_violation(
                    violation=violation, facts=form.cleaned_data, at=at, by=request.member
                )
        except (DomainError, IntegrityError) as refusal:
            form.add_error(None, _words(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("stores:violation", pk=violation.pk)
    context = {"form": form, "store": violation.store, "violation": violation}
    return render(request, "stores/violation_edit.html", context)


# -- recording --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repeat:
    """A violation that the one in the form may be, for certain where the reference is the same."""

    violation: Violation
    is_certain: bool

    @property
    def pk(self) -> UUID:
        return self.violation.pk


def _store(request: MemberRequest, notice: Notice | None) -> Store | None:
    asked = request.GET.get("store", "")
    if asked:
        return store_for(request.member, asked)
    if notice is None or _names_another(notice):
        return None
    return notice.store


def _names_another(notice: Notice) -> bool:
    """Tell whether a waiting notice names another store than the one it came to."""
    return notice.state == Notice.State.TRIAGE and notice.reason == Notice.OTHER_STORE


def _choose_store(request: MemberRequest, notice: Notice | None) -> HttpResponse:
    """Ask for the store; of a notice that names another than its own, that one is proposed."""
    stores = visible_stores(request.member)
    is_another = notice is not None and _names_another(notice)
    meant = notices.store_named(notice) if notice is not None and is_another else None
    form = StoreChoiceForm(stores=stores, must_choose=is_another, initial={"store": meant})
    context = {
        "form": form,
        "notice": notice,
        "is_another": is_another,
        "has_stores": stores.exists(),
    }
    return render(request, "stores/violation_store.html", context)


def _repeat(store: Store, facts: dict[str, Any]) -> Repeat | None:
    known = selectors.of_reference(store, facts["reference"] or "")
    if known is not None:
        return Repeat(known, is_certain=True)
    if facts["reference"]:
        return None
    like = services.like_violation(
        Violation(
            store=store,
            rule=facts["rule"],
            subject=facts["subject"],
            reported_at=facts["reported_at"],
        )
    )
    return Repeat(like, is_certain=False) if like else None


def _recorded(
    request: MemberRequest,
    store: Store,
    form: ViolationForm,
    notice: Notice | None,
    *,
    same: bool,
) -> HttpResponse | None:
    """Write what the form says and answer, or None where it was refused, which the form tells."""
    at, by, facts = timezone.now(), request.member, dict(form.cleaned_data)
    repeat = _repeat(store, facts)
    try:
        with transaction.atomic():
            if same and repeat is not None and not repeat.is_certain:
                kept = services.Kept(violation=repeat.violation, is_new=False)
            else:
                kept = services.record_violation(
                    store=store, facts=facts, source="person", at=at, by=by, notice=notice
                )
            if notice is not None:
                notices.act_by_hand(
                    notice=notice, violation=kept.violation, is_new=kept.is_new, by=by, at=at
                )
    except (DomainError, IntegrityError) as refusal:
        form.add_error(None, _words(refusal))
        return None
    messages.success(request, _("Recorded.") if kept.is_new else _("Brought up to date."))
    return redirect("stores:violation", pk=kept.violation.pk)


def _words(refusal: Exception) -> str:
    if isinstance(refusal, DomainError):
        return str(refusal)
    return _("Somebody has just recorded a violation of this reference. Look at it first.")


def _history(violation: Violation) -> list[dict[str, Any]]:
    events = history_of(violation.pk)[:_HISTORY_SHOWN]
    return reading.entries(events, of=violation.pk, zone=violation.store.time_zone)


def _facts(violation: Violation) -> list[dict[str, Any]]:
    zone = violation.store.time_zone
    if violation.points is not None:
        points, note = ui.signed(violation.points), ""
    else:
        points, note = _("unknown"), _("the marketplace has not said")
        if violation.points_low is not None and violation.points_high is not None:
            note = _("between %(low)s and %(high)s") % {
                "low": violation.points_low,
                "high": violation.points_high,
            }
    tone = _TONES.get(violation.state, "")
    state = violation.get_state_display()
    return [
        {"label": _("Points"), "hero": points, "value": "", "note": note},
        {"label": _("State"), "value": state, "tone": tone},
        {"label": _("Reported"), "value": ui.moment_in(violation.reported_at, zone)},
        {"label": _("Points taken at"), "value": _when(violation.enforced_at, zone)},
        {"label": _("Correct by"), "value": _when(violation.correct_by, zone)},
        {"label": _("Appeal by"), "value": _when(violation.appeal_by, zone)},
    ]


def _when(moment: Any, zone: str) -> str:
    return ui.moment_in(moment, zone) if moment else ui.DASH
