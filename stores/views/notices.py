"""Notices: listed, read as plain text, undone, set aside."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from stores.access import notice_for, notices_for, store_for
from stores.mailin.words import explain
from stores.models import Enforcement, Notice, Violation
from stores.panels import store_panel
from stores.selectors import notices as selectors
from stores.selectors.violations import enforcements_recorded_from, recorded_from
from stores.services import notices as services
from stores.views import paging
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.trail import reading
from tenants.trail.selectors import history_of

_A_PAGE = 50
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
        "now": timezone.now(),
        "may_set": request.member.can("settings.mail"),
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
def set_aside(request: MemberRequest, pk: str) -> HttpResponse:
    notice = notice_for(request.member, pk)
    try:
        services.set_aside(notice=notice, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Set aside. It stays in the list."))
    return redirect("stores:notice", pk=notice.pk)


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
    words = {
        "violation_recorded": _("Recorded a violation"),
        "violation_changed": _("Brought a violation up to date"),
        "violation_known": _("Told of a violation that is known already"),
        services.ENFORCEMENT_RECORDED: _("Recorded an enforcement"),
    }
    if done["did"] == "rating_seen":
        measures = {
            "rating": _("The marketplace showed a rating of %(value)s"),
            "points_deducted": _("The marketplace showed %(value)s points deducted"),
        }
        text = measures[done["measure"]] % {"value": done["value"]}
    elif done["did"] == "outcome_told":
        text = (
            _("Told that an appeal was granted")
            if done["outcome"] == "granted"
            else _("Told that an appeal was refused")
        )
    else:
        text = words[done["did"]]
    return {
        "text": text,
        "violation": violation,
        "enforcement": enforcement,
        "reference": done.get("reference", ""),
    }
