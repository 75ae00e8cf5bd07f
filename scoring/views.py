from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.desks import DESKS
from scoring.forms import AdjustForm, PlatformRatingForm, SinceForm
from scoring.models import LedgerEntry
from scoring.selectors.changes import changes_of
from scoring.services import ledger, observations, rating
from stores.access import clients_for, groups_for, store_for, visible_stores
from stores.markets import MARKETS
from stores.models import Store
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError


@requires("ratings.view")
@require_GET
def rulebooks(request: MemberRequest) -> HttpResponse:
    shown = [(book, *_ground(book)) for book in _books()]
    shown.sort(key=lambda row: (str(row[1]), str(row[2]), -row[0].effective_from.timestamp()))
    return render(request, "scoring/rulebooks.html", {"books": shown})


@requires("ratings.view")
@require_GET
def rulebook(request: MemberRequest, name: str) -> HttpResponse:
    book = next((book for book in _books() if book.name == name), None)
    if book is None:
        raise Http404
    market, seller_type = _ground(book)
    context = {"book": book, "market": market, "seller_type": seller_type}
    return render(request, "scoring/rulebook.html", context)


def _books() -> list[Rulebook]:
    return [book for library in books.shelf().libraries.values() for book in library.books]


def _ground(book: Rulebook) -> tuple[str, str]:
    """Return the names of the market and the kind of seller that the book governs."""
    return str(MARKETS[book.market]), str(Store.SellerType(book.seller_type).label)


@requires("ratings.adjust")
def adjust(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    form = AdjustForm(request.POST or None, store=store)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        kind = form.cleaned_data["kind"]
        try:
            ledger.write_entry(
                store=store,
                kind=kind,
                points=form.cleaned_data["points"],
                counts_as=LedgerEntry.CountsAs.NONE if kind == LedgerEntry.Kind.ADJUSTMENT else "",
                occurred_at=form.cleaned_data["occurred_at"],
                note=form.cleaned_data["note"],
                at=at,
                by=request.member,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            rating.rate(store=store, at=at)
            messages.success(request, _("The entry was written."))
            return redirect("stores:store", pk=store.pk)
    return render(request, "scoring/adjust.html", {"store": store, "form": form})


@requires("readings.record")
def platform_rating(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    form = PlatformRatingForm(request.POST or None, store=store)
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        try:
            observations.record_platform_rating(
                store=store,
                value=form.cleaned_data["value"],
                measure=form.cleaned_data["measure"],
                observed_at=form.cleaned_data["observed_at"],
                source="person",
                at=at,
                by=request.member,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Recorded what the marketplace shows."))
            return redirect("stores:store", pk=store.pk)
    return render(request, "scoring/platform_rating.html", {"store": store, "form": form})


@requires("ratings.view")
@require_GET
def changes(request: MemberRequest) -> HttpResponse:
    """Show which stores' ratings changed since a moment, and by what, worst first."""
    at = timezone.now()
    form = SinceForm(request.GET, now=at, zone=timezone.get_current_timezone())
    since = form.moment()
    clients, groups = clients_for(request.member), groups_for(request.member)
    client, group = _chosen(request, "client"), _chosen(request, "group")
    stores = visible_stores(request.member).select_related("client")
    if client:
        stores = stores.filter(client=client)
    if group:
        stores = stores.filter(groupings__group=group)
    context = {
        "found": changes_of(list(stores), since=since, at=at),
        "form": form,
        "since": since,
        "periods": _periods(request, form),
        "clients": clients,
        "groups": groups,
        "client": client,
        "group": group,
        "desks": DESKS,
        "current": "scoring:changes",
    }
    return render(request, "scoring/changes.html", context)


def _chosen(request: MemberRequest, name: str) -> UUID | None:
    """Return the id that a filter asks for; None where it is none."""
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _periods(request: MemberRequest, form: SinceForm) -> list[dict[str, Any]]:
    asked = form.cleaned_data.get("days") or 1
    is_exact = bool(form.cleaned_data.get("since"))
    kept = {name: request.GET.get(name, "") for name in ("client", "group")}
    return [
        {
            "label": label,
            "href": "?" + urlencode({k: v for k, v in kept.items() if v} | {"days": days}),
            "is_current": days == asked and not is_exact,
        }
        for days, label in form.fields["days"].choices  # type: ignore[attr-defined]
    ]
