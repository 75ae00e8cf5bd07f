"""Announcements and policy news of all stores: one list, read or unread by each member."""

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from stores.access import announcement_for, news_for
from stores.markets import MARKETS
from stores.models import Store
from stores.selectors import announcements as selectors
from stores.services import announcements as services
from stores.services import notices
from stores.views import paging
from stores.views.notices import TRUST_TONES
from tenants.access import MemberRequest, requires, uuid_or_404
from tenants.addresses import local_path

_A_PAGE: Final = 50
_MOST_PICKED: Final = 500
_SHOWN_STORES: Final = 3


@requires("stores.view")
@require_GET
def announcements_page(request: MemberRequest) -> HttpResponse:
    news = news_for(request.member)
    filters = _filters(request)
    is_unread = request.GET.get("show") == "unread"
    among = selectors.searched(
        news,
        marketplace=filters["marketplace"],
        market=filters["market"],
        words=filters["q"],
    )
    found = selectors.page_of(
        selectors.announcements(among, reader=request.member.pk),
        only_unread=is_unread,
        after=paging.place(request.GET.get("after", "")),
        limit=_A_PAGE + 1,
    )
    rows = found[:_A_PAGE]
    asked = {**filters, "show": "unread" if is_unread else ""}
    older = ""
    if len(found) > _A_PAGE:
        older = paging.query(asked, rows[-1].received_at, rows[-1].pk)
    stores = selectors.concerned_by(news, rows)
    places = selectors.markets_of(news)
    context = {
        "rows": [_row(row, stores[row.key]) for row in rows],
        "filters": asked,
        "tabs": [
            {
                "label": label,
                "href": "?" + urlencode({k: v for k, v in {**filters, "show": show}.items() if v}),
                "is_current": show == asked["show"],
            }
            for show, label in (("", _("All")), ("unread", _("Unread")))
        ],
        "marketplaces": [
            (code, Store.Marketplace(code).label) for code in sorted({place[0] for place in places})
        ],
        "markets": sorted(
            ((code, MARKETS.get(code, code)) for code in {place[1] for place in places}),
            key=lambda pair: str(pair[1]),
        ),
        "is_filtered": any(asked.values()),
        "older": older,
        "is_first": not request.GET.get("after"),
        "has_unread": any(not row.is_read for row in rows),
        "here": request.get_full_path(),
        "may_set": request.member.can("settings.mail"),
        "now": timezone.now(),
    }
    return render(request, "stores/announcements.html", context)


@requires("stores.view")
@require_GET
def announcement_page(request: MemberRequest, pk: str) -> HttpResponse:
    notice = announcement_for(request.member, pk)
    news = news_for(request.member)
    key = notice.topic or str(notice.pk)
    (row,) = selectors.page_of(
        selectors.announcements(
            news.filter(topic=notice.topic) if notice.topic else news.filter(pk=notice.pk),
            reader=request.member.pk,
        ),
        only_unread=False,
        after=None,
        limit=1,
    )
    context = {
        "notice": notice,
        "row": _row(row, selectors.concerned_by(news, [row])[key]),
        "words": notices.text_of(notice),
        "may_see_notice": request.member.can("notes.internal"),
        "now": timezone.now(),
    }
    return render(request, "stores/announcement.html", context)


@requires("stores.view")
@require_POST
def seen(request: MemberRequest, pk: str) -> HttpResponse:
    """Note that the member reads this announcement, or that it is to count as unread again."""
    notice = announcement_for(request.member, pk)
    keys = [notice.topic or str(notice.pk)]
    if request.POST.get("unread"):
        services.mark_unread(keys=keys, by=request.member)
        return redirect("stores:announcements")
    services.mark_read(keys=keys, by=request.member, at=timezone.now())
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    return redirect("stores:announcement", pk=notice.pk)


@requires("stores.view")
@require_POST
def read(request: MemberRequest) -> HttpResponse:
    """Mark the ticked announcements as read, or with ``all`` every one that the filters leave."""
    news = news_for(request.member)
    if request.POST.get("all"):
        filters = _filters(request)
        among = selectors.searched(
            news, marketplace=filters["marketplace"], market=filters["market"], words=filters["q"]
        )
        keys = selectors.unread_keys(among, reader=request.member.pk)
    else:
        picked = [uuid_or_404(pk) for pk in request.POST.getlist("pick")[:_MOST_PICKED]]
        keys = selectors.keys_of(news, picked)
    services.mark_read(keys=keys, by=request.member, at=timezone.now())
    messages.success(request, _("Marked as read."))
    return redirect(local_path(request.POST.get("next"), otherwise="/announcements/"))


def _filters(request: MemberRequest) -> dict[str, str]:
    asked = request.POST if request.method == "POST" else request.GET
    marketplace, market = asked.get("marketplace", ""), asked.get("market", "")
    return {
        "marketplace": marketplace if marketplace in Store.Marketplace.values else "",
        "market": market if market in MARKETS else "",
        "q": asked.get("q", "").replace("\x00", " ").strip()[:100],
    }


def _row(row: Any, stores: list[selectors.Concerned]) -> dict[str, Any]:
    return {
        "notice": row,
        "is_read": row.is_read,
        "title": row.subject or _("No subject"),
        "stores": stores[:_SHOWN_STORES],
        "more": max(0, len(stores) - _SHOWN_STORES),
        "all_stores": stores,
        "tone": TRUST_TONES[row.trust],
        "is_proven": row.trust == row.Trust.PROVEN,
    }
