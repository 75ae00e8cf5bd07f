"""Work that was set aside after it failed again and again, and trying it anew."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tenants import access, due
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError
from tenants.models import DueWork, Membership
from tenants.reasons import reason_words
from tenants.selectors import work as selectors
from tenants.services import work as services
from tenants.slots import Mark

_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class _Row:
    row: DueWork
    what: str
    name: str
    why: str
    tries: int


@requires("settings.agency")
@require_GET
def set_aside(request: MemberRequest) -> HttpResponse:
    aside = selectors.set_aside(request.agency.pk)
    page = Paginator(aside, _A_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": _rows(request.member, list(page)),
        "page": page,
        "now": timezone.now(),
    }
    return render(request, "tenants/set_aside.html", context)


def _rows(member: Membership, rows: Sequence[DueWork]) -> list[_Row]:
    names = _names(member, rows)
    return [
        _Row(
            row=row,
            what=services.words_of(row.kind),
            name=names.get((row.kind, row.subject), ""),
            why=reason_words(row.last_error),
            tries=max(row.attempts, row.started),
        )
        for row in rows
    ]


def _names(member: Membership, rows: Sequence[DueWork]) -> dict[tuple[str, str], str]:
    """Return what the rows are about, where their kinds can say; one query for each way to say."""
    asked: dict[Any, list[DueWork]] = defaultdict(list)
    for row in rows:
        kind = due.kinds().get(row.kind)
        if kind is not None and kind.names is not None:
            asked[kind.names].append(row)
    found: dict[tuple[str, str], str] = {}
    for names, of_it in asked.items():
        known = names(member, {row.subject for row in of_it})
        found |= {(row.kind, row.subject): known.get(row.subject, "") for row in of_it}
    return found


@requires("settings.agency")
@require_POST
def replay(request: MemberRequest, pk: str) -> HttpResponse:
    row = access.set_aside_for(request.member, pk)
    try:
        services.replay(agency=request.agency, row=row, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is tried again now."))
    return redirect("tenants:set_aside")


@requires("settings.agency")
@require_POST
def replay_all(request: MemberRequest) -> HttpResponse:
    replayed = services.replay(agency=request.agency, by=request.member, at=timezone.now())
    count = replayed.total()
    words = ngettext(
        "%(count)s piece of work is tried again now.",
        "%(count)s pieces of work are tried again now.",
        count,
    )
    messages.success(request, words % {"count": count})
    return redirect("tenants:set_aside")


def set_aside_mark(request: Any) -> Mark | None:
    """Say on the rail how much was set aside, to those who may do something about it."""
    member: Membership = request.member
    count = selectors.set_aside(member.agency_id).count() if member.can("settings.agency") else 0
    if not count:
        return None
    words = ngettext(
        "%(count)s piece of work was set aside", "%(count)s pieces of work were set aside", count
    )
    return Mark(count, "warn", words % {"count": count})
