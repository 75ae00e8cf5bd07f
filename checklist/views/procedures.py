"""Settings: what is checked, when, and by whom."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from checklist import access
from checklist.forms import ItemForm, ProcedureForm, ScheduleForm
from checklist.models import Procedure, ProcedureItem, Schedule
from checklist.selectors import schedules
from checklist.selectors.evidence import limit_line
from checklist.services import procedures as services
from stores.access import visible_stores
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.trail import reading
from tenants.trail.selectors import history_with

_HISTORY_SHOWN = 20


@requires("checks.view")
@require_GET
def procedures(request: MemberRequest) -> HttpResponse:
    return render(
        request,
        "checklist/procedures.html",
        {
            "procedures": schedules.procedures(),
            "may_edit": request.member.can("checks.edit"),
        },
    )


@requires("checks.view")
@require_GET
def procedure(request: MemberRequest, pk: str) -> HttpResponse:
    found = access.procedure_for(request.member, pk)
    sees_history = request.member.can("notes.internal")
    return render(
        request,
        "checklist/procedure.html",
        {
            "procedure": found,
            "items": [
                (item, [limit_line(limit) for limit in item.limits.all()])
                for item in schedules.items_in_force(found)
            ],
            "schedules": schedules.schedules_of(found),
            "sees_history": sees_history,
            "history": _history(found) if sees_history else [],
            "may_edit": request.member.can("checks.edit"),
            "may_assign": request.member.can("checks.assign"),
        },
    )


def _history(found: Procedure) -> list[dict[str, Any]]:
    """Return who changed a procedure, its items, also those of before, and its schedules."""
    events = history_with(
        found.pk,
        found.items.values_list("pk", flat=True),
        found.schedules.values_list("pk", flat=True),
    )
    return reading.entries(events[:_HISTORY_SHOWN], of=found.pk)


@requires("checks.edit")
def add_procedure(request: MemberRequest) -> HttpResponse:
    form = ProcedureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_procedure(
                name=form.cleaned_data["name"],
                name_zh=form.cleaned_data["name_zh"],
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("checklist:procedure", pk=made.pk)
    del form.fields["is_active"]
    return render(request, "checklist/procedure_form.html", {"form": form})


@requires("checks.edit")
def edit_procedure(request: MemberRequest, pk: str) -> HttpResponse:
    found = access.procedure_for(request.member, pk)
    initial = {"name": found.name, "name_zh": found.name_zh, "is_active": found.is_active}
    form = ProcedureForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.change_procedure(
            procedure=found, **form.cleaned_data, by=request.member, at=timezone.now()
        )
        messages.success(request, _("Saved."))
        return redirect("checklist:procedure", pk=found.pk)
    return render(request, "checklist/procedure_form.html", {"form": form, "procedure": found})


@requires("checks.edit")
def add_item(request: MemberRequest, pk: str) -> HttpResponse:
    return _item(request, access.procedure_for(request.member, pk), None)


@requires("checks.edit")
def edit_item(request: MemberRequest, pk: str, item_pk: str) -> HttpResponse:
    found = access.procedure_for(request.member, pk)
    return _item(request, found, access.item_in_force_for(found, item_pk))


@requires("checks.edit")
@require_POST
def move_item(request: MemberRequest, pk: str, item_pk: str) -> HttpResponse:
    found = access.procedure_for(request.member, pk)
    item = access.item_in_force_for(found, item_pk)
    up = request.POST.get("to") == "up"
    services.move_item(item=item, up=up, by=request.member, at=timezone.now())
    return redirect("checklist:procedure", pk=found.pk)


@requires("checks.edit")
@require_POST
def retire_item(request: MemberRequest, pk: str, item_pk: str) -> HttpResponse:
    found = access.procedure_for(request.member, pk)
    item = access.item_in_force_for(found, item_pk)
    services.retire_item(item=item, by=request.member, at=timezone.now())
    messages.success(request, _("“%(item)s” is left out of the next rounds.") % {"item": str(item)})
    return redirect("checklist:procedure", pk=found.pk)


@requires("checks.assign")
def add_schedule(request: MemberRequest, pk: str) -> HttpResponse:
    return _schedule(request, access.procedure_for(request.member, pk), None)


@requires("checks.assign")
def edit_schedule(request: MemberRequest, pk: str, schedule_pk: str) -> HttpResponse:
    found = access.procedure_for(request.member, pk)
    return _schedule(request, found, access.schedule_for(found, schedule_pk))


def _item(request: MemberRequest, found: Procedure, item: ProcedureItem | None) -> HttpResponse:
    form = ItemForm(request.POST or None, item=item)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        try:
            if item is None:
                services.add_item(procedure=found, text=form.text, by=request.member, at=at)
            else:
                services.change_item(item=item, text=form.text, by=request.member, at=at)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved. Rounds that open from now on ask it."))
            return redirect("checklist:procedure", pk=found.pk)
    context = {"procedure": found, "item": item, "form": form}
    return render(request, "checklist/item_form.html", context)


def _schedule(request: MemberRequest, found: Procedure, schedule: Schedule | None) -> HttpResponse:
    form = ScheduleForm(
        request.POST or None,
        agency_id=request.agency.pk,
        stores=visible_stores(request.member),
        schedule=schedule,
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.save_schedule(
                procedure=found,
                plan=form.plan,
                schedule=schedule,
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved. What is due now has been opened."))
            return redirect("checklist:procedure", pk=found.pk)
    context = {"procedure": found, "schedule": schedule, "form": form}
    return render(request, "checklist/schedule_form.html", context)
