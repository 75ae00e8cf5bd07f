"""Pages of the public host: what this is, my agencies, founding one, entering one."""

from datetime import timedelta

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from tenants import addresses, answers, scope
from tenants.access import is_open
from tenants.accounts import recently_signed_in
from tenants.errors import DomainError
from tenants.forms.agencies import FoundAgencyForm
from tenants.middleware import forget_agency
from tenants.models import Agency, Membership, User
from tenants.selectors import people
from tenants.selectors.preparing import preparing_trouble
from tenants.services import agencies, handoffs

_NONCE_HASH_CHARACTERS = 64


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@is_open("the first page says what this is, to anybody")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "tenants/home.html")


@is_open("lists only the signed-in person's own agencies")
@require_GET
@login_required
def my_agencies(request: HttpRequest) -> HttpResponse:
    person, at = _person(request), timezone.now()
    seats = [
        {"member": seat, "url": addresses.agency_url(seat.agency.slug)}
        for seat in people.seats_of(person)
    ]
    return render(
        request,
        "tenants/agencies.html",
        {"seats": seats, "invitations": people.invitations_for(person, at=at)},
    )


@is_open("whoever has signed in may found an agency, and becomes its owner")
@require_http_methods(["GET", "POST"])
@login_required
def found(request: HttpRequest) -> HttpResponse:
    form = FoundAgencyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            seat = agencies.found_agency(
                name=form.cleaned_data["name"],
                slug=form.cleaned_data["slug"],
                owner=_person(request),
                at=timezone.now(),
            )
        except DomainError as refusal:
            form.add_error("slug", str(refusal))
        else:
            return redirect("tenants:preparing", slug=seat.agency.slug)
    status = 422 if form.errors else 200
    return render(
        request,
        "tenants/found.html",
        {"form": form, "public_host": settings.PUBLIC_HOST},
        status=status,
    )


def _my_seat(request: HttpRequest, slug: str) -> Membership:
    seat = people.seat_at(_person(request), slug)
    if seat is None:
        raise Http404
    return seat


@is_open("shows only the signed-in person's own agency")
@never_cache
@require_GET
@login_required
def preparing(request: HttpRequest, slug: str) -> HttpResponse:
    """Wait for the agency's schema; asks again every second and moves on by itself."""
    agency = _my_seat(request, slug).agency
    if agency.state == Agency.State.READY:
        forget_agency(slug)
        target = addresses.agency_url(slug)
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(target)
        return HttpResponseRedirect(target)
    if agency.state != Agency.State.PROVISIONING:
        return answers.closed(request, agency)
    asked = timezone.now()
    trouble = preparing_trouble(agency.pk)
    context = {
        "agency_name": agency.name,
        "url": reverse("tenants:preparing", args=[slug]),
        "again_url": reverse("tenants:prepare_again", args=[slug]),
        "is_slow": (asked - agency.created_at).total_seconds() > 20,  # noqa: PLR2004 - a page's word
        "trouble": trouble,
        "wait": max(trouble.again_at - asked, timedelta()) if trouble else None,
        "support": settings.SUPPORT_ADDRESS,
        "address": addresses.agency_url(slug),
    }
    is_fragment = bool(request.htmx)  # type: ignore[attr-defined]
    template = "tenants/_preparing.html" if is_fragment else "tenants/preparing.html"
    return render(request, template, context)


@is_open("asks again only for the signed-in person's own agency")
@require_POST
@login_required
def prepare_again(request: HttpRequest, slug: str) -> HttpResponse:
    """Let an agency be prepared once more, at once, after it has failed."""
    agencies.try_again(agency=_my_seat(request, slug).agency, at=timezone.now())
    return redirect("tenants:preparing", slug=slug)


@is_open("gives a pass only to the signed-in person, for an agency she has a seat in")
@never_cache
@require_GET
@login_required
def enter(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand the signed-in person over to an agency's host that has asked who she is."""
    agency = _my_seat(request, slug).agency
    if agency.state == Agency.State.PROVISIONING:
        return redirect("tenants:preparing", slug=slug)
    if agency.state == Agency.State.SUSPENDED:
        return answers.closed(request, agency)
    next_path = addresses.local_path(request.GET.get("next", "/"))
    nonce_hash = request.GET.get("nonce", "")
    kind = request.GET.get("kind", handoffs.ENTER)
    if len(nonce_hash) != _NONCE_HASH_CHARACTERS or kind not in handoffs.KINDS:
        return HttpResponseRedirect(addresses.agency_url(slug, next_path))
    if kind == handoffs.REAUTH and not recently_signed_in(request):
        raise ReauthenticationRequired
    token = handoffs.issue(
        user=_person(request), agency=agency, nonce_hash=nonce_hash, kind=kind, at=timezone.now()
    )
    return HttpResponseRedirect(addresses.handoff_url(slug, token=token, next_path=next_path))


@is_open("everybody may choose a language")
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the reader's language: in a cookie, and with her account when she has signed in."""
    code = request.POST.get("language", "")
    response = HttpResponseRedirect(addresses.local_path(request.POST.get("next")))
    if code not in dict(settings.LANGUAGES):
        messages.error(request, _("This language is not there yet."))
        return response
    if isinstance(request.user, User):
        with scope.public():
            User.objects.filter(pk=request.user.pk).update(language=code)
    translation.activate(code)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response
