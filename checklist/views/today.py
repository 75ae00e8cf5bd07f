"""Today, one check, its answers, and a store's rounds."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from appeals.models import Remediation
from checklist import access
from checklist.forms import AssignForm, TickForm
from checklist.models import Round, Tick
from checklist.selectors import checks, today
from checklist.selectors.checks import Check
from checklist.selectors.mine import has_work
from checklist.services import remedies, rounds, ticks
from checklist.services.ticks import Answer
from scoring.selectors.ratings import rating_of
from stores.access import store_for, visible_stores
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.models import Membership
from tenants.trail import reading
from tenants.trail.selectors import history_with

ROUNDS_A_PAGE = 50
HISTORY_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Switches:
    """How the member looks at Today: kept in the address, and sent along with each answer."""

    who: str  # "mine", "all", or "" where she has not said
    by_item: bool
    page: int

    @classmethod
    def of(cls, request: MemberRequest) -> "Switches":
        sent = request.POST if request.method == "POST" else request.GET
        who = sent.get("who", "")
        page = sent.get("page", "")
        return cls(
            who=who if who in {"mine", "all"} else "",
            by_item=sent.get("by") == "item",
            page=int(page) if page.isdecimal() and len(page) < 6 else 1,  # noqa: PLR2004
        )

    def query(self, **changes: Any) -> str:
        """Return the address's query of this look, with ``changes`` to "who", "by", "page"."""
        values = {
            "who": self.who,
            "by": "item" if self.by_item else "",
            "page": self.page if self.page > 1 else "",
        } | changes
        return urlencode({name: value for name, value in values.items() if value})


def _only_mine(request: MemberRequest, switches: Switches, at: datetime) -> bool:
    """Tell whether to show the member's own checks: unless she says, where there are any."""
    # Who may not tick has no work of her own to look at.
    if switches.who == "all" or not request.member.can("checks.tick"):
        return False
    seen = access.visible_rounds(request.member)
    return switches.who == "mine" or has_work(seen, request.member, at=at)


@requires("checks.view")
@require_GET
def today_page(request: MemberRequest) -> HttpResponse:
    switches = Switches.of(request)
    at = timezone.now()
    only_mine = _only_mine(request, switches, at)
    shown = today.today(
        rounds=access.visible_rounds(request.member),
        stores=visible_stores(request.member),
        member=request.member,
        only_mine=only_mine,
        by_item=switches.by_item,
        page=switches.page,
        at=at,
    )
    context = {
        "today": shown,
        "only_mine": only_mine,
        "who_query": switches.query(who="all" if only_mine else "mine", page=""),
        "now": at,
    }
    return render(request, "checklist/today.html", {**_frame(request, switches), **context})


@requires("checks.view")
@require_GET
def check_page(request: MemberRequest, pk: str, item_pk: str) -> HttpResponse:
    round_ = access.round_for(request.member, pk)
    check = checks.check_of(round_, access.item_for(round_, item_pk), at=timezone.now())
    template = "checklist/_detail.html" if _is_htmx(request) else "checklist/check.html"
    return render(request, template, _detail(request, check, _blank(check)))


@requires("checks.tick")
@require_POST
def tick(request: MemberRequest, pk: str, item_pk: str) -> HttpResponse:
    round_ = access.round_for(request.member, pk)
    item = access.item_for(round_, item_pk)
    at = timezone.now()
    form = TickForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            given = ticks.tick_item(
                round_=round_,
                item=item,
                answer=form.answer,
                by=request.member,
                at=at,
                replaces=form.cleaned_data["replaces"],
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            said = _("Saved.")
            if form.cleaned_data["remedy"] and given.result == Tick.Result.FAIL:
                said = _remedy(request, given, at)
            round_.refresh_from_db()
            return _after(request, checks.check_of(round_, item, at=at), said)
    check = checks.check_of(round_, item, at=at)
    return _refused(request, check, form)


@requires("checks.tick")
@require_POST
def tick_agreed(request: MemberRequest) -> HttpResponse:
    """Pass several checks that data vouches for; what changed meanwhile is left and counted."""
    at = timezone.now()
    passed = left = 0
    for sent in request.POST.getlist("check")[: today.MOST_AT_ONCE]:
        pk, _space, item_pk = sent.partition(" ")
        round_ = access.round_for(request.member, pk)
        item = access.item_for(round_, item_pk)
        if not checks.check_of(round_, item, at=at).is_agreed:
            left += 1
            continue
        try:
            ticks.tick_item(
                round_=round_, item=item, answer=Answer(Tick.Result.PASS), by=request.member, at=at
            )
        except DomainError:
            left += 1
        else:
            passed += 1
    if passed:
        said = ngettext("%(count)s check passed.", "%(count)s checks passed.", passed)
        messages.success(request, said % {"count": passed})
    if left:
        said = ngettext(
            "%(count)s was left: the data or its answer has changed.",
            "%(count)s were left: the data or their answers have changed.",
            left,
        )
        messages.warning(request, said % {"count": left})
    return _back(request)


@requires("checks.tick")
@require_POST
def undo(request: MemberRequest, pk: str) -> HttpResponse:
    found = access.tick_for(request.member, pk)
    at = timezone.now()
    try:
        ticks.undo_tick(tick=found, by=request.member, at=at)
    except DomainError as refusal:
        said = str(refusal)
    else:
        said = _("Taken back. The item is open again.")
    round_ = access.round_for(request.member, found.round_id)
    item = access.item_for(round_, found.item_id)
    return _after(request, checks.check_of(round_, item, at=at), said)


@requires("remediations.work")
@require_POST
def remedy(request: MemberRequest, pk: str) -> HttpResponse:
    found = access.tick_for(request.member, pk)
    at = timezone.now()
    said = _remedy(request, found, at)
    round_ = access.round_for(request.member, found.round_id)
    item = access.item_for(round_, found.item_id)
    return _after(request, checks.check_of(round_, item, at=at), said)


@requires("checks.view")
@require_GET
def photo(request: MemberRequest, pk: str) -> HttpResponse:
    """Hand out a photo as a file to keep: it is never shown as a page of this host."""
    found = access.tick_for(request.member, pk)
    name = found.photo.name or ""
    if not name or not found.photo.storage.exists(name):
        raise Http404
    suffix = name.rsplit(".", 1)[-1]
    with found.photo.open("rb") as kept:
        content = kept.read()
    response = HttpResponse(content, content_type=f"image/{'jpeg' if suffix == 'jpg' else suffix}")
    response["Content-Disposition"] = f'attachment; filename="check-{found.pk}.{suffix}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response


@requires("checks.view")
@require_GET
def round_page(request: MemberRequest, pk: str) -> HttpResponse:
    round_ = access.round_for(request.member, pk)
    sees_notes = request.member.can("notes.internal")
    context: dict[str, Any] = {
        "round": round_,
        "answers": checks.answers(round_),
        "sees_notes": sees_notes,
        "sees_work": request.member.can("cases.view"),
        "history": _history(round_) if sees_notes else [],
        "now": timezone.now(),
    }
    if request.member.can("checks.assign"):
        context["assign"] = AssignForm(agency_id=request.agency.pk)
    return render(request, "checklist/round.html", context)


def _history(round_: Round) -> list[dict[str, Any]]:
    events = history_with(round_.pk, Tick.objects.filter(round=round_).values_list("pk", flat=True))
    zone = round_.store.time_zone
    return reading.entries(events[:HISTORY_SHOWN], of=round_.pk, zone=zone)


@requires("checks.assign")
@require_POST
def assign(request: MemberRequest, pk: str) -> HttpResponse:
    round_ = access.round_for(request.member, pk)
    form = AssignForm(request.POST, agency_id=request.agency.pk)
    if not form.is_valid():
        messages.error(request, _("Choose a member who may tick checks."))
        return redirect("checklist:round", pk=round_.pk)
    member: Membership = form.cleaned_data["member"]
    try:
        rounds.assign_round(round_=round_, member=member, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Now it is %(name)s’s work.") % {"name": str(member)})
    return redirect("checklist:round", pk=round_.pk)


@requires("checks.view")
@require_GET
def store_rounds(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    found = checks.history(Round.objects.filter(store=store))
    page = Paginator(found, ROUNDS_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "checklist/store_rounds.html",
        {"store": store, "page": page, "now": timezone.now()},
    )


def _remedy(request: MemberRequest, failed: Tick, at: datetime) -> str:
    """Open the work on a failed check, where the member may; return what to tell her."""
    if not request.member.can("remediations.work"):
        return _("Saved.")
    try:
        remedies.open_remediation(tick=failed, by=request.member, at=at)
    except DomainError as refusal:
        return str(refusal)
    return _("A remediation is open for it.")


def _frame(request: MemberRequest, switches: Switches) -> dict[str, Any]:
    return {
        "switches": switches,
        "query": switches.query(),
        "pages_query": switches.query(page=""),
        "by_query": switches.query(by="" if switches.by_item else "item", page=""),
        "may_tick": request.member.can("checks.tick"),
        "may_remedy": request.member.can("remediations.work"),
        "may_edit": request.member.can("checks.edit"),
    }


def _blank(check: Check) -> TickForm:
    standing = check.tick or check.reopened
    known = next((part.fact for part in check.evidence.fresh if part.fact), None)
    initial: dict[str, Any] = {"replaces": check.tick.pk if check.tick else None, "remedy": True}
    if check.item.needs_value and known is not None:
        initial["value"] = f"{known.value.normalize():f}"
    elif standing is not None and standing.value is not None:
        initial["value"] = f"{standing.value.normalize():f}"
    return TickForm(initial=initial)


def _detail(request: MemberRequest, check: Check, form: TickForm) -> dict[str, Any]:
    return {
        "check": check,
        "form": form,
        "past": checks.last_rounds(check.round, check.item),
        "work": _work_on(request, check),
        "sees_notes": request.member.can("notes.internal"),
        "now": check.at,
        **_frame(request, Switches.of(request)),
    }


def _work_on(request: MemberRequest, check: Check) -> Remediation | None:
    """Return the open work that a failed check led to, as far as the member may see it."""
    if check.tick is None or not request.member.can("cases.view"):
        return None
    return checks.work_on([check.tick]).get(check.tick.pk)


def _after(request: MemberRequest, check: Check, said: str) -> HttpResponse:
    """Answer with the changed row, or the changed detail and its row; without htmx, go back."""
    if not _is_htmx(request):
        messages.info(request, said)
        return _back(request)
    switches = Switches.of(request)
    tally = today.tally_of(
        rounds=access.visible_rounds(request.member),
        member=request.member,
        only_mine=_only_mine(request, switches, check.at),
        at=check.at,
    )
    is_detail = request.POST.get("from") == "detail"
    context = _row(request, check)
    if is_detail:
        context = _detail(request, context["check"], _blank(check))
    template = "checklist/_answered_detail.html" if is_detail else "checklist/_answered_row.html"
    response = render(request, template, {**context, "tally": tally})
    trigger: dict[str, Any] = {} if is_detail else {f"ticked-{check.key}": {}}
    if is_detail:
        trigger["note"] = {"text": said, "tone": "good"}
    response["HX-Trigger"] = json.dumps(trigger)
    return response


def _back(request: MemberRequest) -> HttpResponse:
    query = Switches.of(request).query()
    return redirect(f"{reverse('checklist:today')}{'?' if query else ''}{query}")


def _refused(request: MemberRequest, check: Check, form: TickForm) -> HttpResponse:
    """Show what is wrong where it was typed; what was typed stays."""
    if not _is_htmx(request):
        return render(request, "checklist/check.html", _detail(request, check, form))
    if request.POST.get("from") == "detail":
        return render(request, "checklist/_detail.html", _detail(request, check, form))
    errors = [str(error) for listed in form.errors.values() for error in listed]
    return render(
        request, "checklist/_row.html", {**_row(request, check), "refusal": " ".join(errors)}
    )


def _row(request: MemberRequest, check: Check) -> dict[str, Any]:
    rated = replace(check, rating=rating_of(check.round.store))
    return {"check": rated, "now": check.at, **_frame(request, Switches.of(request))}


def _is_htmx(request: MemberRequest) -> bool:
    return bool(getattr(request, "htmx", False))
