"""Links for stores' owners, on the agency's side: made for many stores at once, and followed up."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from stores import problems
from stores.access import clients_for, picked_stores, uuid_or_404, visible_stores
from stores.forms.consents import COPY, ConsentForm, contact_of
from stores.marketplaces.registry import MARKETPLACES
from stores.models import Store
from stores.selectors import consents as selectors
from stores.services import consent_mail
from stores.services import consents as services
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.models import ConsentLink

_A_PAGE: Final = 50
_TONES: Final = {
    "sent": "none",
    "opened": "act",
    "connected": "good",
    "refused": "bad",
    "revoked": "none",
    "expired": "warn",
}


@requires("stores.connect")
@require_GET
def consents_page(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    stores = visible_stores(request.member)
    if asked := request.GET.get("client", ""):
        stores = stores.filter(client=uuid_or_404(asked))
    rows = selectors.rows(stores, at=at)
    state = request.GET.get("state", "")
    state = state if state in selectors.STATES else ""
    words = request.GET.get("q", "").strip()[:100]
    shown = [
        row
        for row in rows
        if (not state or row.state == state) and words.lower() in row.store.name.lower()
    ]
    page = Paginator(shown, _A_PAGE).get_page(request.GET.get("page"))
    filters = {"state": state, "client": asked, "q": words}
    context = {
        "rows": [_shown(row) for row in page],
        "page": page,
        "tabs": _tabs(rows, filters),
        "filters": filters,
        "query": urlencode({name: value for name, value in filters.items() if value}),
        "is_filtered": any(filters.values()),
        "has_any": bool(rows),
        "clients": clients_for(request.member),
        "now": at,
    }
    return render(request, "stores/consents.html", context)


@requires("stores.connect")
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """Make links for the picked stores; those to be copied are shown once, on the answer."""
    is_sent = request.POST.get("step") == "make"
    picked = request.POST.getlist("pick") or request.GET.getlist("pick")
    stores, left_out = _askable(list(picked_stores(request.member, picked)))
    form = ConsentForm(request.POST if is_sent else None, stores=stores)
    if is_sent and stores and form.is_valid():
        try:
            return _make(request, stores, form)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
    context = {
        "form": form,
        "stores": [{"store": store, "contact": contact_of(store)} for store in stores],
        "left_out": left_out,
    }
    status = 422 if form.errors else 200
    return render(request, "stores/consent_new.html", context, status=status)


@requires("stores.connect")
@require_POST
def revoke(request: MemberRequest) -> HttpResponse:
    """Take the open links of the picked stores back."""
    stores = picked_stores(request.member, request.POST.getlist("pick"))
    count = services.revoke(stores=stores, by=request.member, at=timezone.now())
    said = ngettext("%(count)s link taken back.", "%(count)s links taken back.", count)
    messages.success(request, said % {"count": count})
    return redirect("stores:consents")


def _make(request: MemberRequest, stores: Sequence[Store], form: ConsentForm) -> HttpResponse:
    at = timezone.now()
    if form.cleaned_data["way"] == COPY:
        made = services.make_links(stores=stores, by=request.member, at=at)
        links = [{"store": each.store, "address": consent_mail.address_of(each)} for each in made]
        return render(request, "stores/consents_made.html", {"links": links})
    to = {store.pk: services.To(form.email_of(store), form.language_of(store)) for store in stores}
    mails = services.mail_links(stores=stores, to=to, by=request.member, at=at)
    said = ngettext("%(count)s mail is on its way.", "%(count)s mails are on their way.", mails)
    messages.success(request, said % {"count": mails})
    return redirect("stores:consents")


def _askable(stores: Sequence[Store]) -> tuple[list[Store], list[Store]]:
    """Return those of ``stores`` that a link can be made for, and the others."""
    connected = selectors.connected_among([store.pk for store in stores])
    can = [
        store
        for store in stores
        if store.pk not in connected and MARKETPLACES[store.marketplace].can_connect
    ]
    return can, [store for store in stores if store not in can]


def _tabs(rows: Sequence[selectors.Row], filters: dict[str, str]) -> list[dict[str, Any]]:
    labels = {
        "": _("All"),
        **dict(ConsentLink.State.choices),
        selectors.EXPIRED: _("Expired"),
    }
    return [
        {
            "label": label,
            "count": sum(not state or row.state == state for row in rows),
            "href": "?" + urlencode({k: v for k, v in (filters | {"state": state}).items() if v}),
            "is_current": state == filters["state"],
        }
        for state, label in labels.items()
    ]


def _shown(row: selectors.Row) -> dict[str, Any]:
    link = row.link
    is_expired = row.state == selectors.EXPIRED
    way = _("mailed to %(email)s") % {"email": link.email} if link.email else _("to be copied")
    if link.email and link.mailed_at is None and row.is_open:
        way = _("is being mailed to %(email)s") % {"email": link.email}
    return {
        "store": row.store,
        "link": link,
        "word": _("Expired") if is_expired else link.get_state_display(),
        "tone": _TONES[row.state],
        "since": row.since,
        "way": way,
        "problem": problems.text(link.problem) if row.is_open else "",
        "is_open": row.is_open,
        "is_done": row.state == ConsentLink.State.CONNECTED,
    }
