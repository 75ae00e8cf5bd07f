"""Bringing in a file of any kind: read, mapped, previewed, written whole or not, taken back."""

import csv
import io
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores import tables
from stores.access import import_for, imports_for, store_for, visible_stores
from stores.forms.imports import ConfirmForm, ImportForm, MappingForm
from stores.models import Import, ImportRow
from stores.selectors import imports as selectors
from stores.services import imports as services
from stores.services.imports.base import Kind
from stores.views.import_words import cells_shown, counts, lands_at, row_words
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.models import Membership

_SHOWN: Final = 50
_SHOWN_ERRORS: Final = 100
_MENDED: Final = 5_000  # rows to mend that are downloaded at once
_LISTED: Final = 8


def kinds_for(member: Membership) -> list[Kind]:
    """Return the kinds of files whose rows a member may record.

    Raises:
        PermissionDenied: if there is none.
    """
    kinds = [kind for kind in services.KINDS.values() if member.can(kind.capability)]
    if not kinds:
        raise PermissionDenied
    return kinds


def _import_for(member: Membership, pk: str) -> Import:
    """Return a file that the member reaches and may still record."""
    kinds = kinds_for(member)
    kept = import_for(member, pk)
    if services.KINDS[kept.kind] not in kinds:
        raise PermissionDenied
    return kept


@requires("readings.record")
@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    kinds = kinds_for(request.member)
    asked, kind = request.GET.get("store", ""), request.GET.get("kind", "")
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        stores=visible_stores(request.member),
        kinds=kinds,
        initial={
            "store": store_for(request.member, asked).pk if asked else None,
            "kind": kind if kind in {each.code for each in kinds} else "",
        },
    )
    status = 200
    if request.method == "POST":
        kept = _brought(request, form, kinds) if form.is_valid() else None
        if kept is not None:
            return redirect("stores:import", pk=kept.pk)
        status = 422
    listed = imports_for(request.member).order_by("-made_at", "-id")[:_LISTED]
    rows = [{"kept": kept, "kind": services.KINDS[kept.kind].label} for kept in listed]
    context = {"form": form, "imports": rows, "now": timezone.now()}
    return render(request, "stores/import_new.html", context, status=status)


def _brought(request: MemberRequest, form: ImportForm, kinds: list[Kind]) -> Import | None:
    try:
        return services.bring(
            file=form.file,
            file_name=form.file_name,
            kind=form.cleaned_data["kind"],
            among=[kind.code for kind in kinds],
            store=form.cleaned_data["store"],
            stores=visible_stores(request.member),
            by=request.member,
            at=timezone.now(),
        )
    except DomainError as refusal:
        form.refuse(refusal)
        return None


@requires("readings.record")
@require_http_methods(["GET", "POST"])
def import_page(request: MemberRequest, pk: str) -> HttpResponse:
    kept = _import_for(request.member, pk)
    if kept.state != Import.State.PREVIEW:
        return _followed(request, kept)
    if request.headers.get("HX-Request"):
        return _anew()  # it is checked, or was refused while its page followed it
    kind = services.KINDS[kept.kind]
    first = selectors.examples(kept)
    examples = services.cells_of(first) if first else []
    form = MappingForm(request.POST or None, kept=kept, kind=kind, examples=examples)
    if request.method == "POST" and form.is_valid():
        try:
            services.remap(
                kept=kept,
                columns=form.columns,
                dates=form.cleaned_data["dates"],
                decimals=form.cleaned_data["decimals"],
                stores=visible_stores(request.member),
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("stores:import", pk=kept.pk)
    return render(request, "stores/import.html", _preview(kept, kind, form))


def _preview(kept: Import, kind: Kind, form: MappingForm) -> dict[str, Any]:
    missing = services.missing(kept)
    told = counts(kept)
    errors = _errors(selectors.wrong_rows(kept, most=_SHOWN_ERRORS), kept)
    shown = [name for name in kind.shown if name in kept.mapping["columns"] or name == "rule"]
    rows = [] if missing else selectors.first_rows(kept, most=_SHOWN)
    return {
        "kept": kept,
        "kind": kind.label,
        "form": form,
        "choice": ConfirmForm(),
        "missing": [str(kind.fields[name].label) for name in missing],
        "is_ready": not missing and not told["wrong"] and kept.rows > 0,
        "errors": errors[:_SHOWN_ERRORS],
        "more_errors": max(0, told["wrong"] - _SHOWN_ERRORS),
        "columns": [str(kind.fields[name].label) for name in shown],
        "of_a_store": kind.of_a_store,
        "is_rated": kind.is_rated,
        "rows": [_row(row, shown) for row in rows],
        "more_rows": max(0, kept.rows - told["wrong"] - len(rows)) if rows else 0,
        **told,
    }


def _errors(rows: list[ImportRow], kept: Import) -> list[str]:
    return [str(error) for row in rows for error in services.troubles_of(row, kept)]


def _row(row: ImportRow, shown: list[str]) -> dict[str, Any]:
    what, tone = row_words(row.what)
    return {
        "line": row.line,
        "store": row.store,
        "what": what,
        "tone": tone,
        "like": row.is_like,
        "cells": cells_shown(row, shown),
    }


@requires("readings.record")
@require_POST
def confirm(request: MemberRequest, pk: str) -> HttpResponse:
    kept = _import_for(request.member, pk)
    stores, form = visible_stores(request.member), ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what becomes of the rows like one that is known."))
        return redirect("stores:import", pk=kept.pk)
    likes = form.cleaned_data["likes"]
    try:
        services.confirm(
            kept=kept, stores=stores, by=request.member, at=timezone.now(), likes=likes
        )
        if kept.state == Import.State.DONE:
            messages.success(request, _("Imported."))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("stores:import", pk=kept.pk)


@requires("readings.record")
@require_POST
def discard(request: MemberRequest, pk: str) -> HttpResponse:
    kept = _import_for(request.member, pk)
    try:
        services.discard(kept=kept, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("stores:import", pk=kept.pk)
    messages.success(request, _("Discarded. Nothing was written."))
    return redirect("stores:import_new")


@requires("readings.record")
@require_POST
def undo(request: MemberRequest, pk: str) -> HttpResponse:
    kept = _import_for(request.member, pk)
    stores = visible_stores(request.member)
    try:
        services.undo(kept=kept, stores=stores, by=request.member, at=timezone.now())
        messages.success(request, _("Taken back."))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("stores:import", pk=kept.pk)


@requires("readings.record")
@require_GET
def errors(request: MemberRequest, pk: str) -> HttpResponse:
    """Return the rows that need mending as CSV, such that no spreadsheet runs what they hold."""
    kept = _import_for(request.member, pk)
    if kept.state != Import.State.PREVIEW:
        return redirect("stores:import", pk=kept.pk)
    answer = HttpResponse(_csv(kept), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="rows-to-mend.csv"'
    return answer


def _followed(request: MemberRequest, kept: Import) -> HttpResponse:
    waits = {Import.State.WRITING, Import.State.CHECKING}
    if request.headers.get("HX-Request") and kept.state not in waits:
        return _anew()
    kind = services.KINDS[kept.kind]
    context = {"kept": kept, "kind": kind.label, "lands_at": lands_at(kept), **counts(kept)}
    return render(request, "stores/import_done.html", context)


def _anew() -> HttpResponse:
    """Have a page that follows an import loaded anew."""
    return HttpResponse(headers={"HX-Refresh": "true"})


def _csv(kept: Import) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Line"), _("Problem"), *map(tables.neutralise, kept.headers)])
    for row in selectors.wrong_rows(kept, most=_MENDED):
        problems = " ".join(str(error) for error in services.troubles_of(row, kept))
        cells = [str(row.line), problems, *services.cells_of(row)]
        writer.writerow([tables.neutralise(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")
