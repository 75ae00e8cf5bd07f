"""Connecting a store from the browser: out to the marketplace, and back on the public host."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from stores.access import store_for
from stores.marketplaces.registry import MARKETPLACES
from stores.models import Store
from stores.selectors.freshness import freshness_of
from stores.selectors.store import connection_of
from stores.services import connections, syncing
from stores.views import consent, shown
from tenants import addresses
from tenants.access import MemberRequest, is_open, requires
from tenants.errors import DomainError
from tenants.models import User


@requires("stores.connect")
@require_http_methods(["GET", "POST"])
def connect(request: MemberRequest, pk: str) -> HttpResponse:
    """Say what will be asked for, then send the member to the marketplace's own page."""
    store = store_for(request.member, pk)
    if request.method == "POST":
        try:
            address = connections.begin(store=store, by=request.member, at=timezone.now())
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return redirect("stores:store", pk=store.pk)
        return redirect(address)
    can_connect = MARKETPLACES[store.marketplace].can_connect
    connection = connection_of(store)
    context = {
        "store": store,
        "can_connect": can_connect,
        "connection": connection if connection and connection.is_live else None,
    }
    return render(request, "stores/connect.html", context)


@is_open("the marketplace sends the seller back here; a single-use pass names agency and store")
@never_cache
@require_GET
def callback(request: HttpRequest, marketplace: str) -> HttpResponse:
    """Take the seller back from the consent page, and go on to where she set out."""
    token, code = request.GET.get("state", ""), request.GET.get("code", "")
    link = request.COOKIES.get(consent.COOKIE, "")
    if marketplace not in Store.Marketplace.values:
        raise Http404
    user = request.user if isinstance(request.user, User) else None
    try:
        back = connections.come_back(
            marketplace=marketplace,
            token=token,
            code=code,
            user=user,
            at=timezone.now(),
            link=link,
        )
    except connections.StateUnusable as refusal:
        context = {"refusal": refusal, "is_member": user is not None}
        return render(request, "stores/oauth_refused.html", context, status=400)
    if back.by_link:
        answer = redirect("consent", token=link)
        answer.delete_cookie(consent.COOKIE)
        return answer
    return redirect(addresses.agency_url(back.agency.slug, f"/stores/{back.store_id}/"))


@requires("stores.connect")
@require_http_methods(["GET", "POST"])
def choose_shop(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    if request.method == "POST":
        chosen = request.POST.get("shop", "")[:64]
        try:
            connections.choose_shop(
                store=store, shop_id=chosen, by=request.member, at=timezone.now()
            )
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return redirect("stores:store", pk=store.pk)
    offers = connections.offers_of(store)
    if not offers:
        return redirect("stores:store", pk=store.pk)
    return render(request, "stores/choose_shop.html", {"store": store, "offers": offers})


@requires("stores.connect")
@require_POST
def disconnect(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    connections.disconnect(store=store, by=request.member, at=timezone.now())
    messages.success(request, _("Disconnected. What was fetched stays."))
    return redirect("stores:store", pk=store.pk)


@requires("readings.record")
@require_POST
def sync_now(request: MemberRequest, pk: str) -> HttpResponse:
    store = store_for(request.member, pk)
    if connections.is_live(store):
        syncing.ask_for_sync(store=store, by=request.member, at=timezone.now())
        messages.success(request, _("Asked for. This page follows it."))
    else:
        messages.error(request, _("This store is not connected, so there is nothing to fetch."))
    back = "stores:syncs" if request.POST.get("back") == "syncs" else "stores:store"
    return redirect(back, pk=store.pk)


@requires("stores.view")
@require_GET
def progress(request: MemberRequest, pk: str) -> HttpResponse:
    """Answer the box that polls while a store connects, is fetched first, or is fetched anew.

    ``of`` is what it showed before. When a store has come to know its first orders its page is
    shown anew; what a later sync brought is offered, as somebody may be at work on the page.
    """
    store = store_for(request.member, pk)
    at = timezone.now()
    sync = shown.sync_of(store, freshness_of([store.pk], at=at)[store.pk], at=at)
    goes_on = {"connecting", "first"}
    if request.GET.get("of") == "syncing":
        goes_on |= {"syncing", "settled"}
    if sync.state not in goes_on:
        return HttpResponseClientRefresh()
    return render(request, "stores/_sync.html", {"store": store, "sync": sync, "is_over": True})
