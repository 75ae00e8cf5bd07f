"""Decides by host whose pages these are, and opens the agency's scope around the request."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import get_user
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import set_urlconf
from django.utils import timezone, translation

from tenants import addresses, answers, entrance, scope
from tenants.models import Agency, Domain, Membership, User
from tenants.services.agencies import domain_of

GetResponse = Callable[[HttpRequest], HttpResponse]

MOST_BODY_BYTES: Final = 25 * 1024 * 1024
_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}")
_ANY_HOST: Final = frozenset({"/healthz", "/readyz", "/metrics"})


# What is left to do for a member of an agency that waits for its deletion.
_WHILE_CLOSING: Final = frozenset({"/settings/deletion/call-off/", "/sign-out/", "/language/"})


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Cached in place of an agency for a host that leads nowhere."""


def forget_agency(*slugs: str) -> None:
    """Let this process look the hosts up anew; others do within ``HOST_CACHE_SECONDS``."""
    caches["hosts"].delete_many(domain_of(slug) for slug in slugs)


def _agency_at(host: str) -> Agency | None:
    if not _HOST.fullmatch(host):
        return None
    known = caches["hosts"]  # of this process: a look-up asks no other server
    found = known.get(host)
    if found is None:
        hosts = Domain.objects.filter(Q(is_primary=True) | Q(kept_until__gt=Now()))
        domain = hosts.select_related("tenant").filter(domain=host).first()
        found = domain.tenant if domain else _Unknown()
        known.set(host, found, settings.HOST_CACHE_SECONDS)
    return None if isinstance(found, _Unknown) else found


class HostMiddleware:
    """First of all: public host, agency host, or a plain 404 without template and session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with scope.public():  # an agency's scope is entered once it is known who asks
            return self._serve(request)

    def _serve(self, request: HttpRequest) -> HttpResponse:
        host = request.META.get("HTTP_HOST", "").lower()
        bare_host = host.rsplit(":", 1)[0] if ":" in host else host
        agency, urlconf = None, settings.PUBLIC_SCHEMA_URLCONF
        if request.path in _ANY_HOST:
            request.META["HTTP_HOST"] = settings.PUBLIC_HOST  # what was sent may be no host at all
        elif bare_host != settings.PUBLIC_HOST.split(":")[0]:
            agency, urlconf = _agency_at(bare_host), settings.ROOT_URLCONF
            if agency is None or _is_shut(agency, request):
                return answers.nothing_here()
            if bare_host != domain_of(agency.slug):
                return answers.moved(request, agency)
        request.urlconf = urlconf
        set_urlconf(urlconf)
        request.agency = agency  # type: ignore[attr-defined]
        if _is_too_large(request):
            return answers.too_large(request)
        return self.get_response(request)


def _is_shut(agency: Agency, request: HttpRequest) -> bool:
    """Tell whether nobody is answered: members of a suspended agency, who hold a session, are."""
    if agency.state == Agency.State.SUSPENDED:
        shows_key = request.path.startswith("/api/v1/") and "Authorization" in request.headers
        return not shows_key and settings.SESSION_COOKIE_NAME not in request.COOKIES
    return bool(agency.state == Agency.State.DELETED)


def answer_inside(agency: Agency, request: HttpRequest, get_response: GetResponse) -> HttpResponse:
    """Answer in the agency's scope: in one transaction, which an answer of 5xx rolls back."""
    _ = request.body  # read whole before the transaction opens: a slow sender holds no lock
    with scope.agency(agency):
        response = get_response(request)
        if response.status_code >= 500:  # noqa: PLR2004 - HTTP's own line
            transaction.set_rollback(True)
    return response


def _is_too_large(request: HttpRequest) -> bool:
    length: Any = request.META.get("CONTENT_LENGTH") or 0
    return not str(length).isdigit() or int(length) > MOST_BODY_BYTES


# On an agency's host without a seat: the door itself, and what browsers fetch and report unasked.
_WITHOUT_A_SEAT: Final = ("/handoff/", "/csp-report/", "/static/", "/api/", "/favicon.ico")


class MemberMiddleware:
    """Last before the view: on an agency's host only its active members come any further.

    Sets ``request.member``: the active membership on an agency's host, else None.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _refuse_foreign_session(request)
        agency: Agency | None = request.agency  # type: ignore[attr-defined]
        request.member = None  # type: ignore[attr-defined]
        if agency is None:
            return self._answer(request)
        if agency.state == Agency.State.PROVISIONING:
            return _wait_for(agency, request)
        if request.path.startswith(_WITHOUT_A_SEAT):
            return self._answer(request)
        user = get_user(request)
        is_suspended = agency.state == Agency.State.SUSPENDED
        if not isinstance(user, User):
            return answers.nothing_here() if is_suspended else _ask_who(agency, request)
        member = _seat(agency, user)
        if member is None:
            if is_suspended:
                return answers.nothing_here()
            raise Http404
        request.member = member  # type: ignore[attr-defined]
        return self._answer_member(request, member, agency)

    def _answer_member(
        self, request: HttpRequest, member: Membership, known: Agency
    ) -> HttpResponse:
        """Answer by the agency as it is now: what is known of it by host may be seconds old."""
        agency = member.agency
        request.agency = agency  # type: ignore[attr-defined]
        if agency.state == Agency.State.DELETED:
            return answers.nothing_here()
        if agency.slug != known.slug:
            return answers.moved(request, agency)
        if agency.state != Agency.State.READY and not _is_open_while_closing(agency, request):
            with _read_as(member.user):
                return answers.closed(request, agency, member)
        return answer_inside(agency, request, self._answer)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        """Go on in the reader's own language and time zone."""
        user = get_user(request) if SESSION_KEY in request.session else None
        if not isinstance(user, User):
            return self.get_response(request)
        with _read_as(user):
            return self.get_response(request)


def _read_as(user: User) -> AbstractContextManager[None]:
    """Go over to a person's own language and, while the context lasts, to her time zone."""
    if user.language:
        # Not restored: LocaleMiddleware names it in the answer and sets it anew each time.
        translation.activate(user.language)
    return timezone.override(user.zone)


def _is_open_while_closing(agency: Agency, request: HttpRequest) -> bool:
    """Tell whether a member of an agency that waits for its deletion comes through."""
    is_closing = agency.state == Agency.State.CLOSING
    return bool(is_closing) and request.path in _WHILE_CLOSING


def _refuse_foreign_session(request: HttpRequest) -> None:
    """End a signed-in session that is shown on another host than it was made for."""
    session = request.session
    if SESSION_KEY not in session:
        return
    if session.get(addresses.SESSION_HOST) != request.get_host().lower():
        session.flush()
        request.user = AnonymousUser()
        request._cached_user = request.user  # type: ignore[attr-defined] # noqa: SLF001 - get_user's


def _seat(agency: Agency, user: User) -> Membership | None:
    member = (
        Membership.objects.select_related("role", "agency")
        .filter(agency_id=agency.pk, user_id=user.pk, is_active=True)
        .first()
    )
    if member is not None:
        member.user = user
    return member


def _wait_for(agency: Agency, request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"} or request.path.startswith(_WITHOUT_A_SEAT):
        raise Http404
    return redirect(addresses.public_url(f"/agencies/{agency.slug}/preparing/"))


def _ask_who(agency: Agency, request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        shown = request.htmx.current_url_abs_path  # type: ignore[attr-defined]
        return entrance.to_public(request, agency, next_path=addresses.local_path(shown))
    if request.method not in {"GET", "HEAD"}:
        raise PermissionDenied
    path = addresses.local_path(request.get_full_path())
    return entrance.to_public(request, agency, next_path=path)
