"""The drift desk: where the marketplace's numbers differ from ours, why, and what mends it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from scoring.core.standing import Judged
from scoring.core.values import Measure, is_known
from scoring.desks import DESKS
from scoring.forms import CauseForm
from scoring.models import LedgerEntry
from scoring.selectors import drift as selectors
from scoring.selectors import reconciliation
from scoring.selectors.causes import Cause, causes_of, window
from scoring.selectors.gaps import Reader
from scoring.selectors.rules import rules_of
from scoring.services import drift as services
from scoring.services import reconciliation as reconciliation_services
from scoring.views.of_whom import of_whom
from stores.access import notices_for, store_for
from stores.models import Notice, Reading, Store, Violation
from tenants.access import MemberRequest, requires, uuid_or_404
from tenants.errors import DomainError
from tenants.templatetags import ui

_OBSERVATIONS: Final = 14
_SETTLED_FOR: Final = timedelta(days=90)


@requires("ratings.view")
@require_GET
def fleet_drift(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    whom = of_whom(request)
    stores = whom.stores
    context = {
        **whom.context,
        "desks": DESKS,
        "rows": selectors.drifting(stores, at=at),
        "unconfirmed": selectors.unconfirmed(stores, at=at),
        "waiting": selectors.waiting_for_points(stores, at=at, viewer=request.member),
        "loose": _loose(request, stores),
        "may_record": request.member.can("readings.record"),
        "now": at,
    }
    return render(request, "scoring/drift.html", context)


@requires("ratings.view")
@require_GET
def store_drift(request: MemberRequest, pk: str) -> HttpResponse:
    return _store_page(request, store_for(request.member, pk))


@requires("violations.record")
@require_POST
def act(request: MemberRequest, pk: str) -> HttpResponse:
    """Do what one cause proposes, once the member has said so."""
    store, at = store_for(request.member, pk), timezone.now()
    reader = Reader(store, at)
    key, token = request.POST.get("cause", ""), request.POST.get("token", "")
    cause = next((each for each in causes_of(reader, request.member) if each.key == key), None)
    if cause is None:
        messages.error(
            request, _("This is not proposed any more: the store's rows have changed since.")
        )
        return redirect("scoring:store_drift", pk=store.pk)
    if not request.member.can(cause.needs):
        raise PermissionDenied
    form = CauseForm(request.POST, store=store, cause=cause, rules=rules_of(store, at))
    if form.is_valid():
        try:
            left = services.act_on_cause(
                store=store,
                cause=cause,
                token=token,
                values=form.cleaned_data,
                at=at,
                by=request.member,
                viewer=request.member,
            )
        except services.ProposalUnusable as refusal:
            form.add_error(refusal.field, str(refusal))
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("scoring:store_drift", pk=store.pk)
        else:
            messages.success(request, _done(left))
            return redirect("scoring:store_drift", pk=store.pk)
    return _store_page(request, store, refused=(cause.key, form))


@requires("violations.record")
@require_POST
def same(request: MemberRequest, pk: str) -> HttpResponse:
    """Say that a notice tells of a violation that is recorded."""
    store = store_for(request.member, pk)
    notice = _row_of(store, Notice, request.POST.get("notice"), request)
    violation = _row_of(store, Violation, request.POST.get("violation"), request)
    try:
        reconciliation_services.say_same(
            notice=notice, violation=violation, by=request.member, at=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The two are one now."))
    return redirect("scoring:store_drift", pk=store.pk)


@requires("violations.record")
@require_POST
def explain(request: MemberRequest, pk: str) -> HttpResponse:
    """Say why a notice has no record, or a record no notice."""
    store = store_for(request.member, pk)
    name, _colon, row_pk = request.POST.get("row", "").partition(":")
    model = {"notice": Notice, "violation": Violation, "ledgerentry": LedgerEntry}.get(name)
    if model is None:
        raise Http404
    row: Any = _row_of(store, model, row_pk, request)
    try:
        reconciliation_services.explain(
            store=store,
            row=row,
            reason=request.POST.get("reason", ""),
            by=request.member,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Explained."))
    return redirect("scoring:store_drift", pk=store.pk)


# -- the store's page -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shown:
    """A cause with the dialog that asks before it is acted on."""

    cause: Cause
    dialog: str  # its key; "" where there is nothing to do, or the member may not
    fields: str  # safe HTML
    is_likely: bool


def _store_page(
    request: MemberRequest, store: Store, *, refused: tuple[str, CauseForm] | None = None
) -> HttpResponse:
    at = timezone.now()
    reader = Reader(store, at)
    causes = causes_of(reader, request.member)
    is_inside = request.member.can("notes.internal")
    loose = reconciliation.read(store) if is_inside else None
    shown = [
        _shown(request, store, place, cause, refused, at) for place, cause in enumerate(causes)
    ]
    opened = next((each.dialog for each in shown if refused and each.cause.key == refused[0]), "")
    context = {
        "store": store,
        "gap": reader.gap,
        "window": window(reader.gap, store.time_zone) if reader.gap else "",
        "drifts": _with_sources(reader),
        "facts": _facts(reader, at),
        "causes": shown,
        "opened": opened,
        "waiting": selectors.waiting_for_points([store], at=at, viewer=request.member),
        "settled": selectors.settled_checks(store, since=_SETTLED_FOR, at=at)[:10],
        "loose": loose,
        "may_write": request.member.can("violations.record"),
        "may_record": request.member.can("readings.record"),
        "now": at,
    }
    return render(request, "scoring/store_drift.html", context)


def _with_sources(reader: Reader) -> list[tuple[Judged, str]]:
    """Return the newest drifts with the words for where each platform rating was seen."""
    words = dict(Reading.Source.choices)
    newest = list(reversed(reader.drifts))[:_OBSERVATIONS]
    told = selectors.sources_of([judged.observation.id for judged in newest])
    return [
        (judged, str(words.get(source, source)))
        for judged in newest
        for source in [told.get(judged.observation.id, "")]
    ]


def _shown(
    request: MemberRequest,
    store: Store,
    place: int,
    cause: Cause,
    refused: tuple[str, CauseForm] | None,
    at: datetime,
) -> _Shown:
    may = (
        bool(cause.verb)
        and request.member.can(cause.needs)
        and request.member.can("violations.record")
    )
    fields = ""
    if may:
        form = CauseForm(
            store=store, cause=cause, rules=rules_of(store, at), auto_id=f"cause-{place}-%s"
        )
        if refused and refused[0] == cause.key:
            form = refused[1]
        fields = render_to_string(
            "scoring/_cause_fields.html", {"form": form, "cause": cause}, request
        )
    is_likely = place == 0 and cause.after == 0 and cause.is_backed
    return _Shown(cause, f"cause-{place}" if may else "", fields, is_likely)


def _facts(reader: Reader, at: datetime) -> list[dict[str, Any]]:
    """Return what the head of the page says about the newest platform rating."""
    newest = reader.drifts[-1] if reader.drifts else None
    if newest is None:
        return [{"label": _("Marketplace shows"), "value": ui.DASH, "note": _("never seen")}]
    zone, gap = reader.store.time_zone, reader.gap
    facts: list[dict[str, Any]] = [
        {
            "label": _("Drift"),
            "hero": ui.signed(newest.drift) if newest.drift else "0",
            "value": "",
            "tone": "warn" if gap else "",
            "note": _("the marketplace's number less ours"),
        },
        {
            "label": _("Marketplace shows"),
            "value": newest.observation.value,
            "note": _seen(reader, newest, at),
        },
        {"label": _("Ours at that moment"), "value": newest.ours},
    ]
    if gap is not None:
        facts.append(
            {
                "label": _("Differs since"),
                "value": ui.moment_in(gap.opened_by, zone),
                "note": _("agreed last on %(moment)s")
                % {"moment": ui.moment_in(gap.opened_after, zone)}
                if gap.opened_after
                else "",
            }
        )
        facts.append({"label": _("Seen since then"), "value": gap.count})
    return facts


def _seen(reader: Reader, newest: Judged, at: datetime) -> str:
    """Say when the newest judged platform rating was seen, and that a later one is not judged."""
    age = ui.ago(newest.observation.observed_at, at)
    if newest.observation.measure is Measure.POINTS_DEDUCTED:
        age = f"{_('points deducted')}, {age}"
    later = (
        each
        for each in reader.ledger.observations
        if newest.observation.observed_at < each.observed_at <= at
    )
    if any(is_known(each, at) for each in later):
        return _("%(age)s; what was seen since was of a closed store") % {"age": age}
    return age


def _done(left: int | None) -> str:
    if left is None:
        return _("Done. The drift is not judged now.")
    if left == 0:
        return _("Done. The marketplace's number and ours agree.")
    return _("Done. The drift is %(drift)s now.") % {"drift": ui.signed(left)}


def _loose(request: MemberRequest, stores: Any) -> reconciliation.Reconciliation | None:
    if not request.member.can("notes.internal"):
        return None
    return reconciliation.reconciliation_of(list(stores))


def _row_of(store: Store, model: Any, pk: str | None, request: MemberRequest) -> Any:
    """Return a row of this very store; else a 404."""
    found = model.objects.filter(store=store, pk=uuid_or_404(pk))
    if model is Notice:
        found = notices_for(request.member).filter(store=store, pk=uuid_or_404(pk))
    row = found.select_related("store").first()
    if row is None:
        raise Http404
    return row
