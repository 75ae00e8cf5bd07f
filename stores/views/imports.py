"""Bringing in a file of violations: read, mapped, previewed, written whole or not at all."""

import csv
import io
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores import rules, tables
from stores.access import import_for, store_for, visible_stores
from stores.forms.imports import ImportForm, MappingForm
from stores.models import Import, Violation
from stores.selectors.imports import imports_of
from stores.services import imports as services
from stores.services.imports import FIELDS, Plan, PlannedRow
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_SHOWN = 50
_SHOWN_ERRORS = 100
_LISTED = 8


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    asked = request.GET.get("store", "")
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        stores=visible_stores(request.member),
        initial={"store": store_for(request.member, asked).pk if asked else None},
    )
    status = 200
    if request.method == "POST":
        if form.is_valid() and form.table is not None:
            kept = services.make_import(
                table=form.table,
                file_name=form.file_name,
                store=form.cleaned_data["store"],
                by=request.member,
                at=timezone.now(),
            )
            return redirect("stores:import", pk=kept.pk)
        status = 422
    context = {"form": form, "imports": imports_of(request.member)[:_LISTED], "now": timezone.now()}
    return render(request, "stores/import_new.html", context, status=status)


@requires("violations.record")
@require_http_methods(["GET", "POST"])
def import_page(request: MemberRequest, pk: str) -> HttpResponse:
    kept = import_for(request.member, pk)
    if kept.state != Import.State.PREVIEW:
        return _followed(request, kept)
    if request.headers.get("HX-Request"):
        return _anew()  # it was refused while its page followed it
    table = services.table_of(kept)
    form = MappingForm(request.POST or None, table=table, mapping=kept.mapping)
    if request.method == "POST" and form.is_valid():
        try:
            services.remap(kept=kept, columns=form.columns, dates=form.cleaned_data["dates"])
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("stores:import", pk=kept.pk)
    at = timezone.now()
    plan = services.plan(kept, table=table, stores=visible_stores(request.member), at=at)
    context = {
        "kept": kept,
        "table": table,
        "form": form,
        "plan": plan,
        "refused": kept.mapping.get("refused", ""),
        "missing": [str(FIELDS[name][0]) for name in plan.missing],
        "errors": [str(error) for error in plan.errors[:_SHOWN_ERRORS]],
        "more_errors": max(0, plan.error_count - _SHOWN_ERRORS),
        "rows": [_row(row) for row in plan.rows[:_SHOWN]],
        "more_rows": max(0, len(plan.rows) - _SHOWN),
        "new": plan.count("new"),
        "updates": plan.count("update"),
        "skipped": plan.count("same") + plan.count("repeated"),
    }
    return render(request, "stores/import.html", context)


@requires("violations.record")
@require_POST
def confirm(request: MemberRequest, pk: str) -> HttpResponse:
    kept = import_for(request.member, pk)
    at, stores = timezone.now(), visible_stores(request.member)
    try:
        if kept.rows > services.AT_ONCE:
            services.ask_to_write(kept=kept, at=at)
        else:
            services.write(kept=kept, stores=stores, by=request.member, at=at)
            messages.success(request, _("Imported."))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("stores:import", pk=kept.pk)


@requires("violations.record")
@require_POST
def discard(request: MemberRequest, pk: str) -> HttpResponse:
    kept = import_for(request.member, pk)
    try:
        services.discard(kept=kept, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("stores:import", pk=kept.pk)
    messages.success(request, _("Discarded. Nothing was written."))
    return redirect("stores:import_new")


@requires("violations.record")
@require_GET
def errors(request: MemberRequest, pk: str) -> HttpResponse:
    """Return the rows that need mending as CSV, such that no spreadsheet runs what they hold."""
    kept = import_for(request.member, pk)
    if kept.state != Import.State.PREVIEW:
        return redirect("stores:import", pk=kept.pk)
    table = services.table_of(kept)
    at = timezone.now()
    plan = services.plan(kept, table=table, stores=visible_stores(request.member), at=at)
    answer = HttpResponse(_csv(table, plan), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="rows-to-mend.csv"'
    return answer


def _followed(request: MemberRequest, kept: Import) -> HttpResponse:
    if request.headers.get("HX-Request") and kept.state != Import.State.WRITING:
        return _anew()
    context = {"kept": kept, "counts": _counts(kept)}
    return render(request, "stores/import_done.html", context)


def _anew() -> HttpResponse:
    """Have a page that follows an import loaded anew."""
    return HttpResponse(headers={"HX-Refresh": "true"})


def _csv(table: tables.Table, plan: Plan) -> bytes:
    cells = {row.line: row.cells for row in table.rows}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Line"), _("Problem"), *map(tables.neutralise, table.headers)])
    found: dict[int, list[str]] = {}
    for error in plan.errors:
        found.setdefault(error.line, []).append(str(error))
    for line, problems in found.items():
        row = [str(line), " ".join(problems), *cells.get(line, ())]
        writer.writerow([tables.neutralise(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _row(row: PlannedRow) -> dict[str, Any]:
    words = {
        "new": _("new"),
        "update": _("brings up to date"),
        "same": _("known, nothing new"),
        "repeated": _("repeated in the file"),
    }
    tones = {"new": "good", "update": "act"}
    facts = row.facts
    code = facts.get("rule", "")
    return {
        "line": row.line,
        "store": row.store,
        "what": words[row.what],
        "tone": tones.get(row.what, "none"),
        "like": row.like,
        "reference": facts.get("reference", ""),
        "rule": row.rule_text or code,
        "is_other": bool(row.rule_text) and code == rules.OTHER,
        "subject": facts.get("subject", ""),
        "points": facts.get("points"),
        "state": _state(facts.get("state", "")),
        "reported_at": facts["reported_at"],
        "appeal_by": facts.get("appeal_by"),
    }


def _state(code: str) -> str:
    return str(Violation.State(code).label) if code else ""


def _counts(kept: Import) -> dict[str, int]:
    result: dict[str, int] = kept.mapping.get("result", {})
    return {
        "new": result.get("new", 0),
        "updates": result.get("update", 0),
        "skipped": result.get("same", 0) + result.get("repeated", 0),
    }
