"""Setting up a mailbox's forwarding: the steps, what its provider wrote, and a test mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from stores import forwarding_steps
from stores.access import store_for
from stores.forms.mail import MailTestForm
from stores.mailin import providers
from stores.mailin.words import explain
from stores.models import Forwarding, Store
from stores.selectors import forwardings as selectors
from stores.selectors.forwardings import MailTestState
from stores.selectors.notices import addresses
from stores.services import forwardings, mail_routes, mail_tests
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_LOOKS_FOR: Final = timedelta(minutes=30)  # a page that is left open asks no longer than that
_NO_CHANGE: Final = 204
_STOP: Final = 286  # htmx takes the answer and asks no more


@requires("settings.mail")
@require_GET
def forwarding_page(request: MemberRequest) -> HttpResponse:
    return _page(request, _store_asked(request, request.GET), MailTestForm())


@requires("settings.mail")
@require_GET
def forwarding_live(request: MemberRequest) -> HttpResponse:
    """Answer with what has changed since the page was shown, or that nothing has."""
    at = timezone.now()
    since = _moment(request.GET.get("since", ""), at)
    context = _live(request, _store_asked(request, request.GET), since=since, at=at)
    if at - since >= _LOOKS_FOR:
        context["looks"] = ""
        return render(request, "stores/_forwarding_live.html", context, status=_STOP)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=_NO_CHANGE)
    return render(request, "stores/_forwarding_live.html", context)


@requires("settings.mail")
@require_POST
def send_test(request: MemberRequest) -> HttpResponse:
    store = _store_asked(request, request.POST)
    form = MailTestForm(request.POST)
    if form.is_valid():
        try:
            mail_tests.ask(
                store=store,
                mailbox=form.cleaned_data["mailbox"],
                by=request.member,
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error("mailbox", str(refusal))
        else:
            messages.success(request, _("The test mail is on its way."))
            return redirect(_address("forwarding", store, provider=_provider(request.POST)))
    return _page(request, store, form, status=422)


def _page(
    request: MemberRequest, store: Store | None, form: MailTestForm, *, status: int = 200
) -> HttpResponse:
    at = timezone.now()
    provider = _provider(request.POST or request.GET)
    context = {
        **_live(request, store, since=at, at=at),
        "address": _address_of(request, store),
        "steps": forwarding_steps.STEPS[provider],
        "provider": provider,
        "tabs": [
            (name, _address("forwarding", store, provider=code), code == provider)
            for code, name in forwarding_steps.tabs()
        ],
        "form": form,
        "sender": settings.DEFAULT_FROM_EMAIL,
    }
    return render(request, "stores/forwarding.html", context, status=status)


def _live(
    request: MemberRequest, store: Store | None, *, since: datetime, at: datetime
) -> dict[str, Any]:
    """Return what changes while somebody sets a forwarding up."""
    store_id = store.pk if store else None
    rows = selectors.forwardings_to(store_id, at=at)
    tests = selectors.tests_to(store_id, at=at)
    secrets = forwardings.secrets_for(rows, by=request.member, at=at)
    seen = _digest(rows, tests)
    looks = _address("forwarding_live", store, since=str(int(since.timestamp())), seen=seen)
    return {
        "store": store,
        "rows": [
            {
                "row": row,
                "provider": providers.name_of(row.provider) or _("Another provider"),
                "secret": secrets.get(row.pk),
                "reasons": [explain(code) for code in row.reasons],
                "may_read": row.notice is not None and request.member.can("notes.internal"),
            }
            for row in rows
        ],
        "tests": tests,
        "seen": seen,
        "looks": looks,
        "now": at,
    }


def _digest(rows: Sequence[Forwarding], tests: Sequence[MailTestState]) -> str:
    """Return what differs as soon as anything that is shown does; it tells nothing of it."""
    shown = [(row.pk, row.state, row.asked_at) for row in rows]
    stand = [(one.test.pk, one.state, one.test.problem) for one in tests]
    return sha256(repr((shown, stand)).encode()).hexdigest()[:16]


def _store_asked(request: MemberRequest, values: Any) -> Store | None:
    """Return the store whose address is meant, or None for the agency's own."""
    asked = values.get("store", "")
    return store_for(request.member, asked) if asked else None


def _provider(values: Any) -> str:
    asked = str(values.get("provider", ""))
    return asked if asked in forwarding_steps.STEPS else next(iter(forwarding_steps.STEPS))


def _address_of(request: HttpRequest, store: Store | None) -> str:
    mail_routes.ensure_routes([store.pk if store else None])
    found = addresses(request.agency.pk, [store] if store else [])  # type: ignore[attr-defined] # set by the host's middleware
    return found[-1].address


def _address(name: str, store: Store | None, **query: str) -> str:
    asked = {"store": str(store.pk)} if store else {}
    return f"{reverse(f'stores:{name}')}?{urlencode(asked | query)}"


def _moment(text: str, at: datetime) -> datetime:
    """Return a moment of the last half hour that ``text`` names in seconds, else now."""
    try:
        moment = datetime.fromtimestamp(int(text), tz=at.tzinfo)
    except (ValueError, OverflowError, OSError):
        return at
    return min(moment, at)
