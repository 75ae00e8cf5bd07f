"""The set-up page: what each store still needs, and where to do it."""

from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from stores.access import clients_for, groups_for, uuid_or_404, visible_stores
from stores.models import Connection, Store
from stores.selectors import consents, setup
from stores.selectors.setup import Row, Step
from tenants.access import MemberRequest, requires
from tenants.templatetags.ui import ago

_A_PAGE: Final = 50
_SET_UP: Final = "done"


@requires("stores.edit")
@require_GET
def setup_page(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    stores = visible_stores(request.member).order_by("name", "pk")
    client, group = (request.GET.get(name, "") for name in ("client", "group"))
    if client:
        stores = stores.filter(client=uuid_or_404(client))
    if group:
        stores = stores.filter(groupings__group=uuid_or_404(group))
    words = request.GET.get("q", "").strip()[:100]
    rows = [
        row
        for row in setup.setup_rows(request.member, stores, at=at)
        if words.lower() in f"{row.store.name} {row.store.external_id}".lower()
    ]
    show = request.GET.get("show", "")
    show = show if show in {*Step, _SET_UP} else ""
    shown = [row for row in rows if _fits(row, show)]
    page = Paginator(shown, _A_PAGE).get_page(request.GET.get("page"))
    filters = {"show": show, "client": client, "group": group, "q": words}
    context = {
        "rows": [_shown(request, row, at=at) for row in page],
        "page": page,
        "tabs": _tabs(rows, filters),
        "filters": filters,
        "query": urlencode({name: value for name, value in filters.items() if value}),
        "is_filtered": any(filters.values()),
        "total": len(rows),
        "done": sum(len(row.needs & row.done) for row in rows),
        "needed": sum(len(row.needs) for row in rows),
        "set_up": sum(row.is_set_up for row in rows),
        "clients": clients_for(request.member),
        "groups": groups_for(request.member),
        "may_connect": request.member.can("stores.connect"),
        "may_set_mail": request.member.can("settings.mail"),
        "may_record": request.member.can("violations.record"),
        "now": at,
    }
    return render(request, "stores/setup.html", context)


def _fits(row: Row, show: str) -> bool:
    if show == _SET_UP:
        return row.is_set_up
    return not show or show in row.missing


def _tabs(rows: list[Row], filters: dict[str, str]) -> list[dict[str, Any]]:
    counts = setup.missing_counts(rows)
    tabs = [
        ("", _("All"), len(rows)),
        (Step.CONNECTED, _("Not connected"), counts[Step.CONNECTED]),
        (Step.MAIL, _("No mail"), counts[Step.MAIL]),
        (Step.RATING, _("Rating unknown"), counts[Step.RATING]),
        (Step.TEAM, _("No team"), counts[Step.TEAM]),
        (Step.FIRST_ROUND, _("No round yet"), counts[Step.FIRST_ROUND]),
        (_SET_UP, _("Set up"), sum(row.is_set_up for row in rows)),
    ]
    return [
        {
            "label": label,
            "count": count,
            "href": "?" + urlencode({k: v for k, v in (filters | {"show": key}).items() if v}),
            "is_current": key == filters["show"],
        }
        for key, label, count in tabs
    ]


def _shown(request: MemberRequest, row: Row, *, at: Any) -> dict[str, Any]:
    return {
        "store": row.store,
        "is_set_up": row.is_set_up,
        "steps": [
            {
                "code": step.value,
                "is_needed": step in row.needs,
                "is_done": step in row.done,
                **_SAID[step](request, row, at),
            }
            for step in Step
        ],
    }


# What a step's cell says: {"label", "note", "href", "do"}; "do" is the next act, where there is one


def _connected(request: MemberRequest, row: Row, at: Any) -> dict[str, str]:
    store = row.store
    if Step.CONNECTED not in row.needs:
        return {"label": _("Connected"), "note": _("Kept by hand: there is no way to connect it.")}
    link = row.link
    note = ""
    if Step.CONNECTED not in row.done:
        states = {**dict(Connection.State.choices), "": ""}
        note = str(states.get(row.connection, ""))
        if link is not None and consents.state_of(link, at=at) in link.OPEN:
            note = _("Link to the owner: %(state)s") % {"state": link.get_state_display()}
    do = _("Connect, or send a link") if request.member.can("stores.connect") else ""
    return {
        "label": _("Connected"),
        "note": note,
        "href": reverse("stores:connect", args=[store.pk]),
        "do": do,
    }


def _mail(request: MemberRequest, row: Row, at: Any) -> dict[str, str]:
    is_quiet, may_set = row.mail.is_quiet, request.member.can("settings.mail")
    words = {"label": _("Mail flows"), "note": "", "do": _("Forward its notices")}
    if is_quiet:
        since = _("No mail, last %(age)s")
        words |= {"note": since % {"age": ago(row.mail.since, at)}, "do": _("Look why none comes")}
    return {**words, "href": reverse("stores:mail_settings") if may_set else _of(row.store)}


def _rating(_request: MemberRequest, row: Row, _at: Any) -> dict[str, str]:
    return {
        "label": _("Rating known"),
        "note": "",
        "href": row.hrefs.get(Step.RATING, ""),
        "do": _("Say where it stands"),
    }


def _team(_request: MemberRequest, row: Row, _at: Any) -> dict[str, str]:
    note = ""
    if row.team:
        more = len(row.team) - 1
        note = str(row.team[0])
        if more:
            words = ngettext("%(name)s and %(count)s more", "%(name)s and %(count)s more", more)
            note = words % {"name": note, "count": more}
    return {
        "label": _("Team assigned"),
        "note": note,
        "href": f"{reverse('stores:assign')}?pick={row.store.pk}",
        "do": _("Assign people"),
    }


def _first_round(_request: MemberRequest, row: Row, _at: Any) -> dict[str, str]:
    return {
        "label": _("First round done"),
        "note": "",
        "href": row.hrefs.get(Step.FIRST_ROUND, ""),
        "do": _("Do its first checks"),
    }


def _of(store: Store) -> str:
    return reverse("stores:store", args=[store.pk])


_SAID: Final = {
    Step.CONNECTED: _connected,
    Step.MAIL: _mail,
    Step.RATING: _rating,
    Step.TEAM: _team,
    Step.FIRST_ROUND: _first_round,
}
