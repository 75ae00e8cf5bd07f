"""A store's page, adding and changing stores, and readings that people take."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores import metrics
from stores.access import clients_for, groups_for, store_for, visible_stores
from stores.forms.readings import ReadingForm
from stores.forms.stores import StoreForm
from stores.models import Reading, Store
from stores.selectors import alerts, readings, sub_accounts
from stores.selectors import store as selectors
from stores.selectors.fleet import row_of
from stores.selectors.violations import enforcements_of_store
from stores.services import readings as reading_services
from stores.services import stores as services
from stores.views import history, shown
from stores.views.enforcements import rows_of
from stores.views.violations import with_rules
from tenants import slots
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_LISTED = 6
_ENFORCEMENTS = 20


@requires("stores.view")
@require_GET
def store_page(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    at = timezone.now()
    row = row_of(request.member, store, at=at)
    tiles = readings.tiles_of(store.pk, at=at)
    seats = sub_accounts.seats_of([store.pk], at=at)
    open_alerts = alerts.alerts_of(Store.objects.filter(pk=store.pk), show="open", at=at)
    enforcements = list(enforcements_of_store(store)[: _ENFORCEMENTS + 1])
    may = request.member.can
    context: dict[str, Any] = {
        "store": store,
        "row": row,
        "now": at,
        "facts": shown.key_facts(row, at=at, added=_added_facts(request, store)),
        "in_force": row.in_force,
        "alerts": [alerts.shown(alert) for alert in open_alerts[:_LISTED]],
        "panels": _panels("store.panels", request, store),
        "side_panels": _panels("store.side", request, store),
        "tiles": [shown.tile(tile, at=at) for tile in tiles],
        "unknown_count": sum(tile.state == "unknown" for tile in tiles),
        "fresh_count": sum(tile.state != "unknown" for tile in tiles),
        "violations": with_rules(selectors.violations_of(store.pk)[:_LISTED]),
        "enforcements": rows_of(enforcements[:_ENFORCEMENTS], request.member, at=at),
        "more_enforcements": len(enforcements) > _ENFORCEMENTS,
        "notices": selectors.notices_of(store.pk)[:_LISTED],
        "seats": seats[:_LISTED],
        "seat_count": len(seats),
        "marked_count": sum(seat.marks.count > 0 for seat in seats),
        "history": history.entries_of(store, request.member),
        "sync": shown.sync_of(store, row.freshness, at=at),
        "may_edit": may("stores.edit"),
        "may_connect": may("stores.connect"),
        "may_record": may("readings.record"),
        "may_record_violation": may("violations.record"),
        "may_see_notices": may("notes.internal"),
        "may_handle": may("alerts.handle"),
        "may_edit_seats": may("subaccounts.edit"),
        "may_set_mail": may("settings.mail"),
    }
    return render(request, "stores/store.html", context)


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def add_store(request: MemberRequest) -> HttpResponse:
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        try:
            store = services.create_store(**form.cleaned_data, by=request.member, at=timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(store)s was added.") % {"store": store})
            _warn_of_namesake(request, store)
            return redirect("stores:store", pk=store.pk)
    is_first = not visible_stores(request.member).exists()
    return render(request, "stores/add.html", {"form": form, "is_first": is_first})


@requires("stores.edit")
@require_http_methods(["GET", "POST"])
def edit_store(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    form = _form(request, initial=_values(store))
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        groups = values.pop("groups")
        values["time_zone"] = values["time_zone"] or store.time_zone
        try:
            services.edit_store(
                store=store, values=values, groups=groups, by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            _warn_of_namesake(request, store)
            return redirect("stores:store", pk=store.pk)
    return render(request, "stores/edit.html", {"form": form, "store": store})


@requires("stores.edit")
@require_POST
def archive_store(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    services.archive_store(store=store, by=request.member, at=timezone.now())
    messages.success(request, _("%(store)s was archived.") % {"store": store})
    return redirect("stores:fleet")


@requires("readings.record")
@require_http_methods(["GET", "POST"])
def record_reading(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    asked = request.GET.get("metric", "")
    form = ReadingForm(
        request.POST or None,
        store=store,
        initial={"metric": asked if asked in metrics.METRICS else None},
    )
    if request.method == "POST" and form.is_valid():
        at = timezone.now()
        clean = form.cleaned_data
        try:
            reading_services.record_reading(
                store=store,
                metric=clean["metric"],
                value=clean["value"],
                measured_at=clean["measured_at"] or at,
                note=clean["note"],
                source=Reading.Source.PERSON,
                by=request.member,
                at=at,
            )
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The reading was recorded."))
            return redirect("stores:store", pk=store.pk)
    return render(request, "stores/record_reading.html", {"form": form, "store": store})


def _panels(slot: str, request: MemberRequest, store: Store) -> list[str]:
    return [
        render_to_string(template, context, request)
        for template, context in slots.panels(slot, request, store)
    ]


def _added_facts(request: MemberRequest, store: Store) -> dict[str, str]:
    """Return what higher rooms add to the key facts, by the fact's key."""
    told = slots.panels("store.facts", request, store)
    return {key: words for _template, added in told for key, words in added.items()}


def _warn_of_namesake(request: MemberRequest, store: Store) -> None:
    """Tell of a store of the same name elsewhere, as lists show the name first."""
    found = selectors.namesakes(store) & visible_stores(request.member)
    if (other := found.first()) is not None:
        messages.warning(
            request,
            _("Another store has this name: %(marketplace)s %(market)s.")
            % {"marketplace": other.get_marketplace_display(), "market": other.market},
        )


def _values(store: Store) -> dict[str, Any]:
    return {
        "name": store.name,
        "marketplace": store.marketplace,
        "market": store.market,
        "seller_type": store.seller_type,
        "time_zone": store.time_zone,
        "external_id": store.external_id,
        "client": store.client_id,
        "owner": store.owner_id,
        "safety_stock": store.safety_stock,
        "groups": list(store.groupings.values_list("group", flat=True)),
    }


def _form(request: MemberRequest, **initial: Any) -> StoreForm:
    return StoreForm(
        request.POST or None,
        agency=request.agency,
        clients=clients_for(request.member),
        groups=groups_for(request.member),
        **initial,
    )
