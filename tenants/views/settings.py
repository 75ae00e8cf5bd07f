"""Settings: oneself, the agency, the review of appeals, keys of the API."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenants import access, slots
from tenants.access import ANY_MEMBER, MemberRequest, requires
from tenants.entrance import needs_proof
from tenants.errors import DomainError
from tenants.forms.people import AgencyForm, KeyForm, PersonForm, ReviewForm
from tenants.middleware import forget_agency
from tenants.models import Agency
from tenants.selectors import keys as key_selectors
from tenants.selectors import people, work
from tenants.services import keys
from tenants.services import people as services
from tenants.services.agencies import agency_host
from tenants.views.agency import danger


def _fresh_agency(request: MemberRequest) -> Agency:
    """Return the agency as it is now: the one on the request may be some seconds old."""
    agency: Agency = Agency.objects.get(pk=request.agency.pk)
    return agency


def _page(
    request: MemberRequest,
    *,
    person: PersonForm | None = None,
    agency: AgencyForm | None = None,
    status: int = 200,
) -> HttpResponse:
    member, user = request.member, request.member.user
    now = _fresh_agency(request)
    return render(
        request,
        "tenants/settings.html",
        {
            "person_form": person
            or PersonForm(
                initial={
                    "name": user.name,
                    "language": user.language,
                    "time_zone": user.time_zone,
                }
            ),
            "agency_form": agency or AgencyForm(initial={"name": now.name}),
            "review_form": ReviewForm(initial={"review_required": now.review_required}),
            "may_agency": member.can("settings.agency"),
            "address": agency_host(now.slug),
            **danger(member, at=timezone.now()),
            "may_review": member.can("settings.review"),
            "may_keys": member.can("apikeys.manage"),
            "set_aside": (
                work.set_aside(now.pk).count() if member.can("settings.agency") else None
            ),
            "keys": (list(key_selectors.keys_of(now.pk)) if member.can("apikeys.manage") else []),
            "panels": slots.panels("settings.panels", request, now),
            "now": timezone.now(),
        },
        status=status,
    )


@requires(ANY_MEMBER)
@require_GET
def settings(request: MemberRequest) -> HttpResponse:
    return _page(request)


@requires(ANY_MEMBER)
@require_POST
def change_person(request: MemberRequest) -> HttpResponse:
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _page(request, person=form, status=422)
    services.change_person(user=request.member.user, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("tenants:settings")


@requires("settings.agency")
@require_POST
def change_agency(request: MemberRequest) -> HttpResponse:
    form = AgencyForm(request.POST)
    if not form.is_valid():
        return _page(request, agency=form, status=422)
    agency = _fresh_agency(request)
    services.change_agency(
        agency=agency,
        name=form.cleaned_data["name"],
        review_required=agency.review_required,
        by=request.member,
        at=timezone.now(),
    )
    return _saved(request)


@requires("settings.review")
@require_POST
def change_review(request: MemberRequest) -> HttpResponse:
    form = ReviewForm(request.POST)
    form.full_clean()
    agency = _fresh_agency(request)
    services.change_agency(
        agency=agency,
        name=agency.name,
        review_required=form.cleaned_data["review_required"],
        by=request.member,
        at=timezone.now(),
    )
    return _saved(request)


def _saved(request: MemberRequest) -> HttpResponse:
    forget_agency(request.agency.slug)
    messages.success(request, _("Saved."))
    return redirect("tenants:settings")


@requires("apikeys.manage")
@never_cache
@require_http_methods(["GET", "POST"])
@needs_proof
def make_key(request: MemberRequest) -> HttpResponse:
    """Make a key and show its text, this once."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        at, by = timezone.now(), request.member
        reach = None if by.sees_all_stores else list(people.stores_in_reach(by))
        key, text = keys.make_key(
            agency=request.agency,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            by=by,
            at=at,
            store_ids=reach,
            expires_at=at + form.lifetime if form.lifetime else None,
        )
        return render(request, "tenants/key_made.html", {"key": key, "text_of_key": text})
    status = 422 if form.errors else 200
    return render(request, "tenants/make_key.html", {"form": form}, status=status)


@requires("apikeys.manage")
@require_POST
def revoke_key(request: MemberRequest, pk: str) -> HttpResponse:
    key = access.key_for(request.member, pk)
    try:
        keys.revoke_key(key=key, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The key is revoked."))
    return redirect("tenants:settings")
