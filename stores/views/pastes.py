"""Pasting what a seller centre shows: looked over first, then written."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from stores.access import store_for, visible_stores
from stores.forms.pastes import PasteForm
from stores.mailin.parsers import (
    AppealFinding,
    CorrectionFinding,
    Finding,
    MilestoneFinding,
    ViolationFinding,
)
from stores.mailin.words import explain
from stores.models import Enforcement, Notice
from stores.services import pastes
from stores.services.pastes import Paste, Piece, Plan
from stores.views.notices import act_words
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.templatetags import ui

_OF_TIMES = ("zone_assumed", "time_not_stated", "counted_from_notice", "taken_from_arrival")


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def paste(request: MemberRequest) -> HttpResponse:
    asked = request.GET.get("store", "")
    stores = visible_stores(request.member)
    form = PasteForm(
        request.POST if request.method == "POST" else None,
        stores=stores,
        initial={"store": store_for(request.member, asked).pk if asked else None},
    )
    plan: Plan | None = None
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            at, clean = timezone.now(), form.cleaned_data
            given = Paste(clean["text"], clean["store"], stores)
            if request.POST.get("step") == "save" and clean["nonce"]:
                try:
                    written = pastes.write(
                        given, nonce=clean["nonce"], seen=clean["seen"], by=request.member, at=at
                    )
                except DomainError as refusal:
                    form.add_error(None, str(refusal))
                else:
                    return _answered(request, written)
            plan = pastes.look_over(given, by=request.member, at=at)
            form.looked_over(plan.seen)
            status = 422 if form.errors else 200
    context = {
        "form": form,
        "plan": plan,
        "rows": [_row(piece) for piece in plan.pieces] if plan else [],
        "written": sum(piece.is_written for piece in plan.pieces) if plan else 0,
    }
    return render(request, "stores/paste.html", context, status=status)


def _answered(request: MemberRequest, written: list[Notice]) -> HttpResponse:
    count = len(written)
    messages.success(
        request,
        ngettext("%(count)s notice written.", "%(count)s notices written.", count)
        % {"count": count},
    )
    if count == 1:
        return redirect("stores:notice", pk=written[0].pk)
    return redirect("stores:notices")


def _row(piece: Piece) -> dict[str, Any]:
    notice = piece.notice
    zone = notice.store.time_zone if notice.store else ""
    return {
        "title": notice.subject or _("No title"),
        "sent_at": notice.sent_at,
        "zone": zone,
        "store": notice.store.name if notice.store else "",
        "kind": notice.get_kind_display() if notice.kind else "",
        "is_written": piece.is_written,
        "is_known": piece.is_known,
        "why": explain(notice.reason) if notice.reason else "",
        "acts": [act_words(done) for done in notice.did]
        if notice.did
        else ([_("Kept to be read")] if piece.is_written else []),
        "facts": [fact for finding in piece.findings for fact in _facts(finding, zone)]
        if piece.is_written
        else [],
    }


def _times(finding: ViolationFinding, zone: str) -> list[str]:
    """Return when a violation was reported, its deadlines, and what of them is assumed."""
    told = (
        (_("Reported"), finding.reported_at),
        (_("Points taken at"), finding.enforced_at),
        (_("Correct by"), finding.correct_by),
        (_("Appeal by"), finding.appeal_by),
        (_("Points return"), finding.expires_at),
    )
    times = [f"{label}: {ui.moment_in(moment, zone)}" for label, moment in told if moment]
    return [*times, *_assumed(finding)]


def _assumed(finding: ViolationFinding) -> list[str]:
    """Return in words what of a violation's times the notice does not say itself."""
    codes = (problem.partition(":")[0] for problem in finding.problems)
    return [explain(code) for code in dict.fromkeys(codes) if code in _OF_TIMES]


def _facts(finding: Finding, zone: str) -> list[str]:
    """Return what a finding states, for a person to compare with the text."""
    match finding:
        case ViolationFinding():
            points = [] if finding.points is None else [ui.signed(finding.points)]
            reference = finding.reference or _("no reference")
            return [reference, finding.rule_text or finding.rule, *points, *_times(finding, zone)]
        case MilestoneFinding():
            return [
                " – ".join(
                    [
                        str(Enforcement.Kind(told.kind).label),
                        ui.moment_in(told.starts_at, zone),
                        *([ui.moment_in(told.ends_at, zone)] if told.ends_at else []),
                    ]
                )
                for told in finding.enforcements
            ]
        case AppealFinding() | CorrectionFinding():
            return [finding.reference]
    return []
