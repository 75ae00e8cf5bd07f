"""The board of cases, one case, and each step of its attempts."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from appeals import access, core
from appeals.forms import (
    DraftForm,
    EvidenceForm,
    FileForm,
    OutcomeForm,
    OwnerForm,
    ReturnForm,
)
from appeals.models import Appeal, Attempt, Evidence, Remediation
from appeals.playbooks import play_for
from appeals.selectors import cases as selectors
from appeals.selectors import remediations, stake
from appeals.selectors.acts import acts_of
from appeals.services import cases, corrections, evidence, outcomes
from appeals.views import shown
from stores.access import uuid_or_404, visible_stores
from stores.models import Store
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_A_PAGE = 50
_STATES = {*Appeal.State.values, "open", "decided"}


@requires("cases.view")
@require_GET
def cases_page(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    stores = visible_stores(request.member)
    sees_drafts = access.sees_drafts(request.member)
    appeals = access.visible_appeals(request.member)
    asked = request.GET.get("store", "")
    if asked:
        stores = stores.filter(pk=uuid_or_404(asked))
        appeals = appeals.filter(store__in=stores)
    state = request.GET.get("state", "")
    state = state if state in _STATES else ""
    if not sees_drafts and state in {"drafting", "in_review", "ready"}:
        state = "open"
    context: dict[str, Any] = {
        "now": at,
        "state": state,
        "store": asked,
        "stores": visible_stores(request.member).order_by("name", "id"),
        "states": _state_choices(sees_drafts=sees_drafts),
        "closing": selectors.closing_without_case(stores, at=at),
        "may_open": request.member.can("appeals.draft"),
    }
    if state:
        found = selectors.listed(selectors.in_state(appeals, state))
        page = Paginator(found.order_by("-changed_at", "-id"), _A_PAGE).get_page(
            request.GET.get("page")
        )
        context |= {
            "page": page,
            "cards": selectors.cards(page.object_list, sees_drafts=sees_drafts),
            "query": urlencode({"state": state, **({"store": asked} if asked else {})}),
        }
    else:
        lanes = selectors.lanes(appeals, sees_drafts=sees_drafts)
        context |= {
            "lanes": lanes,
            "open_count": sum(len(lane) for key, _label, lane in lanes if key != "decided"),
            "has_cases": any(lane for _key, _label, lane in lanes),
        }
    return render(request, "appeals/cases.html", context)


@requires("cases.view")
@require_GET
def case_page(request: MemberRequest, pk: str) -> HttpResponse:
    return _page(request, access.appeal_for(request.member, pk))


@requires("appeals.draft")
@require_POST
def open_violation(request: MemberRequest, pk: str) -> HttpResponse:
    violation = access.violation_for(request.member, pk)
    return _open(request, violation=violation)


@requires("appeals.draft")
@require_POST
def open_enforcement(request: MemberRequest, pk: str) -> HttpResponse:
    enforcement = access.enforcement_for(request.member, pk)
    return _open(request, enforcement=enforcement)


@requires("violations.record")
@require_POST
def correct(request: MemberRequest, pk: str) -> HttpResponse:
    """Note that a pending violation was corrected in time."""
    violation = access.violation_for(request.member, pk)
    try:
        corrections.correct_violation(violation=violation, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Corrected: no points will be taken for it."))
    return redirect("stores:violation", pk=violation.pk)


@requires("appeals.draft")
@require_POST
def save_draft(request: MemberRequest, pk: str) -> HttpResponse:
    """Save the text, and with "ask" pressed hand it to review."""
    attempt = access.attempt_for(request.member, pk)
    form = DraftForm(request.POST)
    if form.is_valid():
        at = timezone.now()
        try:
            cases.save_draft(attempt=attempt, **form.cleaned_data, by=request.member, at=at)
            if "ask" in request.POST:
                cases.request_review(attempt=attempt, by=request.member, at=at)
        except DomainError as refusal:
            # The next press is meant to replace what stands, which the page now shows beside it.
            sent = request.POST.copy()
            sent["revision"] = str(attempt.revision)
            form = DraftForm(sent)
            form.add_error(None, str(refusal))
        else:
            said = _("Handed to review.") if "ask" in request.POST else _("Saved.")
            messages.success(request, said)
            return redirect(attempt.appeal)
    return _page(request, access.appeal_for(request.member, attempt.appeal_id), draft=form)


@requires("appeals.draft")
@require_POST
def request_review(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    return _act(
        request,
        attempt,
        lambda at: cases.request_review(attempt=attempt, by=request.member, at=at),
        _("Handed to review."),
    )


@requires("appeals.review")
@require_POST
def return_attempt(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _ask_again(request, attempt, "return", form)
    reason = form.cleaned_data["reason"]
    return _act(
        request,
        attempt,
        lambda at: cases.return_attempt(attempt=attempt, reason=reason, by=request.member, at=at),
        _("Returned to its drafter."),
    )


@requires("appeals.review")
@require_POST
def approve(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    return _act(
        request,
        attempt,
        lambda at: cases.approve_attempt(attempt=attempt, by=request.member, at=at),
        _("Approved: it is ready to file."),
    )


@requires("appeals.file")
@require_POST
def file_attempt(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    form = FileForm(request.POST)
    if not form.is_valid():
        return _ask_again(request, attempt, "file", form)
    return _act(
        request,
        attempt,
        lambda at: cases.file_attempt(
            attempt=attempt,
            by=request.member,
            at=at,
            review_required=request.agency.review_required,
            filing_reference=form.cleaned_data["filing_reference"],
        ),
        _("Filed. When the marketplace decides, its notice settles the case, or you do."),
    )


@requires("appeals.draft")
@require_POST
def withdraw(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    return _act(
        request,
        attempt,
        lambda at: cases.withdraw_attempt(attempt=attempt, by=request.member, at=at),
        _("Withdrawn. It does not count as an attempt."),
    )


@requires("appeals.file")
@require_POST
def outcome(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    decision = request.POST.get("outcome", "")
    if decision not in outcomes.OUTCOMES:
        messages.error(request, _("An appeal is granted or refused."))
        return redirect("appeals:case", pk=attempt.appeal_id)
    form = _outcome_form(decision, attempt.appeal.store, request.POST)
    if not form.is_valid():
        return _ask_again(request, attempt, decision, form)
    try:
        outcomes.record_outcome(
            attempt=attempt, **form.cleaned_data, by=request.member, at=timezone.now()
        )
    except outcomes.OutcomeUnusable as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _ask_again(request, attempt, decision, form)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        gives_back = decision == Attempt.State.GRANTED and attempt.appeal.violation_id
        messages.success(
            request,
            _("Granted: the points are given back and the rating follows.")
            if gives_back
            else _("Recorded."),
        )
    return redirect("appeals:case", pk=attempt.appeal_id)


@requires("appeals.draft")
@require_POST
def assign(request: MemberRequest, pk: str) -> HttpResponse:
    appeal = access.appeal_for(request.member, pk)
    form = OwnerForm(request.POST, agency_id=request.agency.pk, capability="appeals.draft")
    if form.is_valid():
        owner = form.cleaned_data["owner"]
        cases.assign_appeal(appeal=appeal, owner=owner, by=request.member, at=timezone.now())
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Choose a member who may draft appeals."))
    return redirect(appeal)


@requires("appeals.draft")
@require_POST
def add_evidence(request: MemberRequest, pk: str) -> HttpResponse:
    attempt = access.attempt_for(request.member, pk)
    form = EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            evidence.add_evidence(
                attempt=attempt, **form.cleaned_data, by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Added."))
            return redirect(attempt.appeal)
    return _page(request, access.appeal_for(request.member, attempt.appeal_id), document=form)


@requires("appeals.draft")
@require_POST
def remove_evidence(request: MemberRequest, pk: str) -> HttpResponse:
    found = access.evidence_for(request.member, pk)
    return _act(
        request,
        found.attempt,
        lambda at: evidence.remove_evidence(evidence=found, by=request.member, at=at),
        _("Taken out."),
    )


@requires("cases.view")
@require_GET
def evidence_file(request: MemberRequest, pk: str) -> HttpResponse:
    """Hand out a document as a file to keep: it is never shown as a page of this host."""
    found = access.evidence_for(request.member, pk)
    is_file = found.kind == Evidence.Kind.FILE and found.file.name
    if not is_file or not found.file.storage.exists(str(found.file.name)):
        raise Http404
    with found.file.open("rb") as kept:
        content = kept.read()
    content_type = core.CONTENT_TYPES.get(found.suffix, "application/octet-stream")
    response = HttpResponse(content, content_type=content_type)
    name = f"evidence-{found.pk}.{found.suffix}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response


def _open(request: MemberRequest, **subject: Any) -> HttpResponse:
    try:
        appeal = cases.open_appeal(**subject, by=request.member, at=timezone.now())
    except cases.AppealOpenAlready:
        return redirect(Appeal.objects.get(**subject))
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("appeals:cases")
    messages.success(request, _("The case is open. Write its grounds and add what proves them."))
    return redirect(appeal)


def _act(
    request: MemberRequest, attempt: Attempt, act: Callable[[Any], object], said: str
) -> HttpResponse:
    """Do what a button asked for, say how it went, and go back to the case."""
    try:
        act(timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("appeals:case", pk=attempt.appeal_id)


def _ask_again(
    request: MemberRequest, attempt: Attempt, dialog: str, form: forms.Form
) -> HttpResponse:
    """Show the case with the dialog that was sent, what was typed in it, and what is wrong."""
    appeal = access.appeal_for(request.member, attempt.appeal_id)
    return _page(request, appeal, asked={dialog: form})


def _outcome_form(decision: str, store: Store, data: QueryDict | None = None) -> OutcomeForm:
    """Return the form of a dialog; both stand on one page, so their ids differ."""
    form = OutcomeForm(data, store=store, initial={"outcome": decision}, auto_id=f"{decision}_%s")
    if decision == Attempt.State.REFUSED:
        del form.fields["points_back"]
    return form


def _page(
    request: MemberRequest,
    appeal: Appeal,
    *,
    draft: DraftForm | None = None,
    document: EvidenceForm | None = None,
    asked: dict[str, forms.Form] | None = None,
) -> HttpResponse:
    """Answer with the case; ``asked`` is the dialog to open again, with its form."""
    at = timezone.now()
    member = request.member
    case = selectors.case_of(appeal, sees_drafts=access.sees_drafts(member), at=at)
    acts = acts_of(case, member, review_required=request.agency.review_required)
    violation = appeal.violation
    if violation is not None:
        violation.store = appeal.store
    attempt = case.attempt
    initial = {
        "channel": attempt.channel,
        "grounds": attempt.grounds,
        "revision": attempt.revision,
    }
    typed = draft.data.get("grounds", "") if draft is not None else attempt.grounds
    context: dict[str, Any] = {
        "case": case,
        "appeal": appeal,
        "attempt": attempt,
        "store": appeal.store,
        "violation": violation,
        "now": at,
        "acts": acts,
        "windows": shown.windows(case),
        "steps": shown.steps(case),
        "quotes": shown.quotes(case),
        "says_note": shown.says_note(case),
        "limits": shown.limits(typed),
        "people": shown.people(case) if case.sees_drafts else (),
        "stake": stake.stake_of(violation, is_decided=appeal.state in selectors.DECIDED, at=at)
        if violation is not None
        else None,
        "timeline": selectors.timeline(case),
        "documents": play_for(violation.rule).documents if violation is not None else (),
        "draft": (draft or DraftForm(initial=initial)) if acts.draft else None,
        "was_changed": draft is not None and bool(draft.errors) and acts.draft,
        "document": (document or EvidenceForm()) if acts.draft else None,
        "opened": "".join(asked or {}),
        "return_form": (asked or {}).get("return") or ReturnForm(),
        "file_form": (asked or {}).get("file") or FileForm(),
        "remediations": remediations.of_origin(Remediation.Origin.VIOLATION, violation.pk)
        if violation is not None
        else (),
        "may_remedy": member.can("remediations.work"),
        "may_draft": member.can("appeals.draft"),
    }
    if acts.decide:
        for decision in outcomes.OUTCOMES:
            again = (asked or {}).get(decision)
            context[f"{decision}_form"] = again or _outcome_form(decision, appeal.store)
    if member.can("appeals.draft"):
        context["owner_form"] = OwnerForm(
            initial={"owner": appeal.owner_id},
            agency_id=request.agency.pk,
            capability="appeals.draft",
        )
    return render(request, "appeals/case.html", context)


def _state_choices(*, sees_drafts: bool) -> list[tuple[str, str]]:
    choices = [("open", _("Open")), *(Appeal.State.choices if sees_drafts else [])]
    if not sees_drafts:
        kept = (Appeal.State.FILED, *selectors.DECIDED)
        choices += [(state.value, str(state.label)) for state in kept]
    return [("", _("Board")), *((key, str(label)) for key, label in choices)]
