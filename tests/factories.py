"""Makers of saved, valid objects; a test states only what it is about."""

from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client as HttpClient

from tenants import schemas, scope, signals
from tenants.models import Agency, DueWork, Membership, Role, User
from tenants.services.agencies import agency_host, found_agency

PUBLIC_HOST = settings.PUBLIC_HOST
PASSWORD = "Correct-horse-7-battery"
_numbers = count(1)

# --- tenants -------------------------------------------------------------------------------------


def make_user(*, email: str = "", name: str = "", password: str = PASSWORD) -> User:
    number = next(_numbers)
    return User.objects.create_user(
        email or f"person-{number}@example.com", password, name=name or f"Person {number}"
    )


def make_agency(*, slug: str = "", name: str = "", at: datetime | None = None) -> Agency:
    """Return an agency whose schema stands, with an owner."""
    slug = slug or f"agency-{next(_numbers)}"
    at = at or datetime.now(UTC)
    with scope.public():
        owner = make_user(email=f"owner@{slug}.example.com", name=f"Owner of {slug}")
        agency = found_agency(name=name or slug.title(), slug=slug, owner=owner, at=at).agency
        schemas.make(agency, at=at)
    with scope.agency(agency):
        signals.agency_ready.send(sender=Agency, agency=agency, at=at)
    Agency.objects.filter(pk=agency.pk).update(state=Agency.State.READY)
    DueWork.objects.filter(agency=agency, kind="tenants.provision").delete()
    agency.state = Agency.State.READY
    return agency


def make_membership(
    role: str = "lead",
    *,
    agency: Agency | None = None,
    user: User | None = None,
    all_stores: bool | None = None,
) -> Membership:
    """Return a seat in ``agency``, by default the one in scope, with the role's usual reach."""
    place = scope.current()
    agency_id: UUID = agency.pk if agency else scope.current_id()
    assert agency or place, "Name an agency or enter its scope."
    found = Role.objects.get(agency_id=agency_id, code=role)
    reach = found.all_stores if all_stores is None else all_stores
    return Membership.objects.create(
        agency=agency or Agency.objects.get(pk=agency_id),
        user=user or make_user(),
        role=found,
        store_scope=Membership.StoreScope.ALL if reach else Membership.StoreScope.LISTED,
        joined_at=datetime.now(UTC),
    )


def signed_in_client(member: Membership) -> HttpClient:
    """Return a client with a session bound to the agency's host, as the handoff leaves it."""
    host = agency_host(member.agency.slug)
    session = SessionStore()
    session[SESSION_KEY] = str(member.user_id)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
    session["host"] = host
    session.save()
    client = HttpClient(headers={"host": host})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client
