"""Notices: listed, read as plain text, undone, set aside."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores.access import (
    notice_for,
    notices_for,
    store_for,
    taught_form_for,
    taught_forms_for,
    violation_for,
    visible_stores,
)
from stores.forms.notices import CLASSIFIED, ClassifyForm
from stores.mailin.words import explain
from stores.metrics import METRICS
from stores.models import Enforcement, Notice, TaughtForm, Violation
from stores.panels import store_panel
from stores.selectors import notices as selectors
from stores.selectors.violations import enforcements_recorded_from, recorded_from
from stores.services import notices as services
from stores.services import teaching
from stores.views import paging
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.trail import reading
from tenants.trail.selectors import history_of

_A_PAGE = 50
_SHARE_OF = timedelta(days=30)
_OUTCOMES = {
    "granted": gettext_lazy("Told that an appeal was granted"),
    "refused": gettext_lazy("Told that an appeal was refused"),
    "accepted": gettext_lazy("Told that a correction was accepted"),
    "rejected": gettext_lazy("Told that a correction was rejected"),
}
TRUST_TONES = {"proven": "good", "unverified": "warn", "suspicious": "bad"}


@requires("notes.internal")
@require_GET
def notices_page(request: MemberRequest) -> HttpResponse:
    asked = request.GET.get("store", "")
    store = store_for(request.member, asked) if asked else None
    state = _one_of(request.GET.get("state", ""), Notice.State.values)
    trust = _one_of(request.GET.get("trust", ""), Notice.Trust.values)
    seen = notices_for(request.member)
    kind = _one_of(request.GET.get("kind", ""), Notice.Kind.values)
    found = selectors.page_of_notices(
        seen,
        state=state,
        trust=trust,
        kind=kind,
        store_id=store.pk if store else None,
        after=paging.place(request.GET.get("after", "")),
        limit=_A_PAGE + 1,
    )
    rows = found[:_A_PAGE]
    filters = {
        "state": state,
        "trust": trust,
        "kind": kind,
        "store": str(store.pk) if store else "",
    }
    older = ""
    if len(found) > _A_PAGE:
        older = paging.query(filters, rows[-1].received_at, rows[-1].pk)
    context = {
        "rows": [_row(notice) for notice in rows],
        "states": [("", _("All")), *Notice.State.choices],
        "trusts": Notice.Trust.choices,
        "kinds": Notice.Kind.choices,
        "filters": filters,
        "is_filtered": bool(state or trust or kind),
        "mail": store_panel(request, store) if store and not rows else None,
        "store": store,
        "older": older,
        "is_first": not request.GET.get("after"),
        "waiting": selectors.waiting_count(seen),
        "share": selectors.share_read(seen, since=timezone.now() - _SHARE_OF),
        "share_days": _SHARE_OF.days,
        "now": timezone.now(),
        "may_set": request.member.can("settings.mail"),
        "may_record": request.member.can("violations.record"),
    }
    return render(request, "stores/notices.html", context)


@requires("notes.internal")
@require_GET
def notice_page(request: MemberRequest, pk: str) -> HttpResponse:
    notice = notice_for(request.member, pk)
    may = request.member.can("violations.record")
    context = {
        "notice": notice,
        "row": _row(notice),
        "words": services.text_of(notice),
        "reasons": [explain(code) for code in notice.trust_reasons],
        "did": _did(notice),
        "history": reading.entries(history_of(notice.pk)[:20], of=notice.pk),
        "may_undo": may
        and notice.state == Notice.State.ACTED
        and not services.is_mended_elsewhere(notice),
        "may_record_enforcement": may
        and notice.state == Notice.State.TRIAGE
        and notice.store_id is not None
        and notice.kind == Notice.Kind.MILESTONE,
        "may_settle": may and notice.state == Notice.State.TRIAGE,
        "known": services.maybe_known(notice),
        "kinds": [(kind.value, kind.label) for kind in CLASSIFIED],
        "now": timezone.now(),
    }
    return render(request, "stores/notice.html", context)


@requires("violations.record")
@require_POST
def undo(request: MemberRequest, pk: str) -> HttpResponse:
    notice = notice_for(request.member, pk)
    try:
        services.undo(notice=notice, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Undone. The rating is as if the notice had not come."))
    return redirect("stores:notice", pk=notice.pk)


@requires("violations.record")
@require_POST
def is_known(request: MemberRequest, pk: str, violation: str) -> HttpResponse:
    """Say that a waiting notice without a reference repeats a violation that is known."""
    notice = notice_for(request.member, pk)
    meant = violation_for(request.member, violation)
    if notice.state == Notice.State.TRIAGE and meant not in services.maybe_known(notice):
        raise Http404
    at = timezone.now()
    try:
        services.act_by_hand(notice=notice, violation=meant, is_new=False, by=request.member, at=at)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Noted: it tells of a violation that is known already."))
    return redirect("stores:notice", pk=notice.pk)


@requires("violations.record")
@require_POST
def set_aside(request: MemberRequest, pk: str) -> HttpResponse:
    notice = notice_for(request.member, pk)
    try:
        services.set_aside(notice=notice, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Set aside. It stays in the list."))
    return redirect("stores:notice", pk=notice.pk)


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def classify(request: MemberRequest, pk: str, kind: str) -> HttpResponse:
    """Say what a waiting notice is; the like is recognised from then on."""
    notice = notice_for(request.member, pk)
    if kind not in CLASSIFIED:
        raise Http404
    form = ClassifyForm(
        request.POST if request.method == "POST" else None,
        kind=kind,
        stores=visible_stores(request.member).order_by("name"),
        store=notice.store,
    )
    if request.method == "POST" and form.is_valid():
        store = form.cleaned_data.get("store") or notice.store
        at = timezone.now()
        told_at = min(notice.sent_at or notice.received_at, at)
        try:
            services.classify(
                notice=notice,
                store=store,
                kind=kind,
                finding=form.finding(told_at=told_at),
                facts=form.facts(),
                by=request.member,
                at=at,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Noted. The like is recognised from now on."))
            return redirect("stores:notice", pk=notice.pk)
    context = {
        "form": form,
        "notice": notice,
        "title": notice.subject or _("No subject"),
        "kind": Notice.Kind(kind).label,
        "words": services.text_of(notice),
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "stores/classify.html", context, status=status)


@requires("notes.internal")
@require_GET
def taught_page(request: MemberRequest) -> HttpResponse:
    """List what was taught, newest first, with how often it was recognised since."""
    forms = list(
        taught_forms_for(request.member)
        .select_related("taught_by__user")
        .annotate(count=Count("recognised"))[:_A_PAGE]
    )
    context = {
        "rows": [{"form": form, "fills": _fills(form)} for form in forms],
        "may_forget": request.member.can("violations.record"),
        "now": timezone.now(),
    }
    return render(request, "stores/taught.html", context)


def _fills(form: TaughtForm) -> str:
    """Return the words behind which facts are read, or why none are."""
    if form.missing:
        return _("Only its kind: not every fact stands beyond doubt.")
    labels = [fill["label"] for fill in form.fills.values() if fill["label"]]
    return ", ".join(dict.fromkeys(labels))


@requires("violations.record")
@require_POST
def forget(request: MemberRequest, form: str) -> HttpResponse:
    taught = taught_form_for(request.member, form)
    teaching.forget(form=taught, by=request.member, at=timezone.now())
    messages.success(request, _("Forgotten. Such notices wait for a person again."))
    return redirect("stores:taught")


def _one_of(value: str, allowed: list[str]) -> str:
    return value if value in allowed else ""


def _row(notice: Notice) -> dict[str, Any]:
    is_waiting = notice.state == Notice.State.TRIAGE
    return {
        "notice": notice,
        "tone": TRUST_TONES[notice.trust],
        "why": explain(notice.reason) if notice.reason and is_waiting else "",
        "title": notice.subject or _("No subject"),
    }


def _did(notice: Notice) -> list[dict[str, Any]]:
    """Return what acting on a notice did, in words, each with the violation it is about."""
    found: dict[str, Violation] = {}
    enforced: dict[str, Enforcement] = {}
    if notice.did:
        found = {str(row.pk): row for row in recorded_from(notice)}
        enforced = {str(row.pk): row for row in enforcements_recorded_from(notice)}
    return [
        _act(done, found.get(done.get("id", "")), enforced.get(done.get("id", "")))
        for done in notice.did
    ]


def _act(
    done: dict[str, Any], violation: Violation | None, enforcement: Enforcement | None
) -> dict[str, Any]:
    return {
        "text": act_words(done),
        "violation": violation,
        "enforcement": enforcement,
        "reference": done.get("reference", ""),
    }


def act_words(done: dict[str, Any]) -> str:
    """Return what was done, in words."""
    words = {
        "violation_recorded": _("Recorded a violation"),
        "violation_changed": _("Brought a violation up to date"),
        "violation_known": _("Told of a violation that is known already"),
        services.ENFORCEMENT_RECORDED: _("Recorded an enforcement"),
        "enforcement_told": _("Recorded an enforcement"),
        "enforcement_known": _("Told of an enforcement that is known already"),
        "counted": _("Counted open violations: %(value)s") % {"value": done.get("value")},
    }
    if done["did"] == "rating_seen":
        measures = {
            "rating": _("The marketplace showed a rating of %(value)s"),
            "points_deducted": _("The marketplace showed %(value)s points deducted"),
        }
        return measures[done["measure"]] % {"value": done["value"]}
    if done["did"] == "reading_recorded":
        label = METRICS[done["metric"]].label
        return _("Recorded “%(label)s”: %(value)s") % {"label": label, "value": done["value"]}
    return str(_OUTCOMES.get(done.get("outcome", "")) or words[done["did"]])
