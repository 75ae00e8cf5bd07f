"""Work on causes: the list, one piece of work, and opening it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from appeals import access
from appeals.forms import AssignForm, EndForm, RemediationForm, StepForm
from appeals.models import Remediation
from appeals.playbooks import play_for
from appeals.selectors import remediations as selectors
from appeals.selectors import rules
from appeals.services import remediations as services
from stores.access import store_for, uuid_or_404, visible_stores
from stores.models import Store, Violation
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_A_PAGE = 50


@requires("cases.view")
@require_GET
def remediations_page(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    visible = access.visible_remediations(request.member)
    state = request.GET.get("state", "")
    state = state if state in Remediation.State.values else Remediation.State.OPEN
    asked = request.GET.get("store", "")
    is_mine = request.GET.get("who") == "mine"
    found = selectors.listed(
        visible,
        state=state,
        store_id=uuid_or_404(asked) if asked else None,
        owner=request.member if is_mine else None,
    )
    page = Paginator(found, _A_PAGE).get_page(request.GET.get("page"))
    kept = {"store": asked, "who": "mine" if is_mine else "", "state": state}
    context = {
        "page": page,
        "counts": selectors.counts(visible, member=request.member, at=at),
        "state": state,
        "states": Remediation.State.choices,
        "store": asked,
        "stores": visible_stores(request.member).order_by("name", "id"),
        "is_mine": is_mine,
        "may_work": request.member.can("remediations.work"),
        "query": urlencode({name: value for name, value in kept.items() if value}),
        "now": at,
    }
    return render(request, "appeals/remediations.html", context)


@requires("cases.view")
@require_GET
def remediation_page(request: MemberRequest, pk: str) -> HttpResponse:
    remediation = access.remediation_for(request.member, pk)
    may, is_open = request.member.can, remediation.state == Remediation.State.OPEN
    sees_notes = access.sees_drafts(request.member)
    steps = list(remediation.steps.select_related("done_by__user"))
    context: dict[str, Any] = {
        "remediation": remediation,
        "store": remediation.store,
        "steps": steps,
        "open_steps": sum(step.done_at is None for step in steps),
        "done_steps": sum(step.done_at is not None for step in steps),
        "origin": _origin(request, remediation),
        "timeline": selectors.timeline(remediation, sees_names=sees_notes),
        "sees_notes": sees_notes,
        "may_work": may("remediations.work") and is_open,
        "may_reopen": may("remediations.work") and not is_open,
        "step_form": StepForm(),
        "done_form": EndForm(auto_id="done_%s"),
        "drop_form": EndForm(auto_id="drop_%s"),
        "now": timezone.now(),
    }
    if may("remediations.assign") and is_open:
        context["assign_form"] = AssignForm(
            initial={"owner": remediation.owner_id, "due_at": remediation.due_at},
            agency_id=request.agency.pk,
            store=remediation.store,
        )
    return render(request, "appeals/remediation.html", context)


@requires("remediations.work")
@require_http_methods(["GET", "POST"])
def open_for_violation(request: MemberRequest, pk: str) -> HttpResponse:
    """Open the work on a violation's cause, its play's steps filled in."""
    violation = access.violation_for(request.member, pk)
    name = rules.name_of(violation)
    title = _("%(violation)s at %(store)s") % {"violation": name, "store": violation.store.name}
    steps = "\n".join(str(step) for step in play_for(violation.rule).steps)
    return _open(
        request,
        violation.store,
        initial={"title": title[: services.TITLE_LENGTH], "steps": steps},
        origin_kind=Remediation.Origin.VIOLATION,
        origin_id=violation.pk,
        origin_text=f"{violation} · {name}"[: services.TEXT_LENGTH],
    )


@requires("remediations.work")
@require_http_methods(["GET", "POST"])
def open_for_store(request: MemberRequest, pk: str) -> HttpResponse:
    return _open(request, store_for(request.member, pk), initial={})


@requires("remediations.assign")
@require_POST
def assign(request: MemberRequest, pk: str) -> HttpResponse:
    remediation = access.remediation_for(request.member, pk)
    form = AssignForm(request.POST, agency_id=request.agency.pk, store=remediation.store)
    if not form.is_valid():
        messages.error(request, _("Choose a member who may do it, and a moment."))
        return redirect(remediation)
    return _act(
        request,
        remediation.pk,
        lambda at: services.assign_remediation(
            remediation=remediation, **form.cleaned_data, by=request.member, at=at
        ),
    )


@requires("remediations.work")
@require_POST
def add_step(request: MemberRequest, pk: str) -> HttpResponse:
    remediation = access.remediation_for(request.member, pk)
    form = StepForm(request.POST)
    text = form.cleaned_data["text"] if form.is_valid() else ""
    return _act(
        request,
        remediation.pk,
        lambda at: services.add_step(remediation=remediation, text=text, by=request.member, at=at),
    )


@requires("remediations.work")
@require_POST
def tick_step(request: MemberRequest, pk: str) -> HttpResponse:
    step = access.step_for(request.member, pk)
    is_done = request.POST.get("done") == "1"
    return _act(
        request,
        step.remediation_id,
        lambda at: services.tick_step(step=step, is_done=is_done, by=request.member, at=at),
    )


@requires("remediations.work")
@require_POST
def complete(request: MemberRequest, pk: str) -> HttpResponse:
    remediation = access.remediation_for(request.member, pk)
    words = _end_words(request)
    return _act(
        request,
        remediation.pk,
        lambda at: services.complete_remediation(
            remediation=remediation, by=request.member, at=at, outcome=words
        ),
    )


@requires("remediations.work")
@require_POST
def drop(request: MemberRequest, pk: str) -> HttpResponse:
    remediation = access.remediation_for(request.member, pk)
    words = _end_words(request)
    return _act(
        request,
        remediation.pk,
        lambda at: services.drop_remediation(
            remediation=remediation, reason=words, by=request.member, at=at
        ),
    )


@requires("remediations.work")
@require_POST
def reopen(request: MemberRequest, pk: str) -> HttpResponse:
    remediation = access.remediation_for(request.member, pk)
    return _act(
        request,
        remediation.pk,
        lambda at: services.reopen_remediation(remediation=remediation, by=request.member, at=at),
    )


def _open(
    request: MemberRequest, store: Store, *, initial: dict[str, Any], **origin: Any
) -> HttpResponse:
    if request.method == "GET" and origin and (known := _open_one(origin["origin_id"])):
        return redirect(known)
    form = RemediationForm(
        request.POST or None,
        initial=initial | {"owner": store.owner_id},
        agency_id=request.agency.pk,
        store=store,
    )
    if not request.member.can("remediations.assign"):
        # Who may not assign opens work for herself.
        form.fields.pop("owner")
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            remediation = services.open_remediation(
                store=store,
                title=data["title"],
                detail=data["detail"],
                owner=data.get("owner", request.member),
                due_at=data["due_at"],
                steps=form.step_lines,
                by=request.member,
                at=timezone.now(),
                **origin,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The remediation is open."))
            return redirect(remediation)
    context = {"form": form, "store": store, "origin_text": origin.get("origin_text", "")}
    return render(request, "appeals/open_remediation.html", context)


def _open_one(violation_id: UUID) -> Remediation | None:
    found = selectors.of_origin(Remediation.Origin.VIOLATION, violation_id)
    return found.filter(state=Remediation.State.OPEN).first()


def _act(request: MemberRequest, pk: UUID, act: Callable[[Any], object]) -> HttpResponse:
    try:
        act(timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Saved."))
    return redirect("appeals:remediation", pk=pk)


def _end_words(request: MemberRequest) -> str:
    form = EndForm(request.POST)
    return str(form.cleaned_data["words"]) if form.is_valid() else ""


def _origin(request: MemberRequest, remediation: Remediation) -> Violation | None:
    """Return the violation that the work came from, where there is one."""
    if remediation.origin_kind != Remediation.Origin.VIOLATION or not remediation.origin_id:
        return None
    return (
        Violation.objects.filter(pk=remediation.origin_id, store__in=visible_stores(request.member))
        .select_related("store")
        .first()
    )
