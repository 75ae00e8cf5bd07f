"""Founding an agency, and giving it another address."""

import re
import secrets
from datetime import datetime, timedelta
from typing import ClassVar, Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from tenants import due, scope
from tenants.addresses import SESSION_HOST
from tenants.capabilities import GIVEN_ROLES
from tenants.errors import DomainError
from tenants.models import AccountEvent, Agency, Domain, Membership, Role, User
from tenants.selectors.preparing import PROVISION
from tenants.trail import services as trail

SWEEP: Final = "tenants.sweep"
_SWEPT_AFTER: Final = timedelta(hours=1)
ADDRESS_KEPT: Final = timedelta(days=90)
_MOST_ADDRESSES: Final = 5  # an agency's former ones, which nobody else can take meanwhile
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])")
# Hosts that are ours or may become so, and names that would pass for the service's own.
RESERVED = frozenset(
    {
        *("www", "api", "admin", "app", "apps", "mail", "in", "smtp", "mx", "static", "media"),
        *("assets", "cdn", "hooks", "oauth", "sandbox", "public", "private", "status", "health"),
        *("help", "docs", "support", "account", "accounts", "login", "signup", "auth", "sso"),
        *("billing", "blog", "about", "root", "system", "internal", "test", "staging", "dev"),
        *("demo", "localhost", "security", "abuse", "postmaster", "webmaster", "storewarden"),
    }
)


class AddressTaken(DomainError):
    code: ClassVar[str] = "address_taken"


class AddressUnusable(DomainError):
    code: ClassVar[str] = "address_unusable"


class AddressUnchanged(DomainError):
    code: ClassVar[str] = "address_unchanged"


class TooManyAddresses(DomainError):
    code: ClassVar[str] = "too_many_addresses"


class NotReady(DomainError):
    code: ClassVar[str] = "agency_not_ready"


def domain_of(slug: str) -> str:
    """Return the host of an agency's pages without its port, as ``Domain`` keeps it."""
    return agency_host(slug).split(":")[0]


def agency_host(slug: str) -> str:
    """Return the host of an agency's pages, with the port where the public host has one."""
    return f"{slug}.{settings.PUBLIC_HOST}"


def found_agency(*, name: str, slug: str, owner: User, at: datetime) -> Membership:
    """Write an agency with its roles and owner, and ask for its schema; return the owner's seat.

    Raises:
        AddressUnusable: if ``slug`` is not 3 to 40 of a-z, 0-9 and inner hyphens, or is reserved,
            as is what browsers show in other letters (xn--).
        AddressTaken: if another agency has it.
    """
    _refuse_unusable(slug)
    try:
        with transaction.atomic():
            agency = Agency.objects.create(
                name=name, slug=slug, schema_name=f"a_{secrets.token_hex(8)}", created_at=at
            )
            _take_host(agency, slug, at=at)
    except IntegrityError as error:
        raise AddressTaken(_("Another agency has this address already.")) from error
    roles = {
        code: Role(
            agency=agency, code=code, name=name, capabilities=sorted(held), all_stores=all_stores
        )
        for code, name, held, all_stores in GIVEN_ROLES
    }
    Role.objects.bulk_create(roles.values())
    member = Membership.objects.create(
        agency=agency,
        user=owner,
        role=roles["owner"],
        store_scope=Membership.StoreScope.ALL,
        joined_at=at,
    )
    AccountEvent.objects.create(
        user=owner, kind="agency.founded", at=at, detail={"agency": str(agency.pk)}
    )
    due.add(kind=PROVISION, agency=agency, at=at)
    due.add(kind=SWEEP, agency=agency, at=at + _SWEPT_AFTER)
    return member


def try_again(*, agency: Agency, at: datetime) -> None:
    """Ask anew for an agency's schema; where its work waits or was set aside, it is due at once."""
    if agency.state == Agency.State.PROVISIONING:
        due.add(kind=PROVISION, agency=agency, at=at)


@transaction.atomic
def change_address(
    *, agency: Agency, slug: str, by: Membership | None, at: datetime, via: str = "page"
) -> None:
    """Move an agency to the host of ``slug``; its old one leads there for 90 days.

    Sessions on the old host end. A former address of its own can be taken again.

    Raises:
        AddressUnusable, AddressTaken: as founding does; a former address of another agency, or
            one it gave up less than 90 days ago, is taken.
        AddressUnchanged: if it is the one the agency has.
        TooManyAddresses: if it keeps five former ones already.
        NotReady: if the agency is being prepared, suspended or closed.
    """
    _refuse_unusable(slug)
    with scope.public():  # an address is the service's to give
        agency = Agency.objects.select_for_update().get(pk=agency.pk)
        if agency.state != Agency.State.READY:
            raise NotReady(_("The agency is being prepared, suspended or closed."))
        former = agency.slug
        if slug == former:
            raise AddressUnchanged(_("This is the agency's address already."))
        kept = agency.domains.filter(is_primary=False, kept_until__gt=at)
        if kept.exclude(domain=domain_of(slug)).count() >= _MOST_ADDRESSES:
            raise TooManyAddresses(
                _("The agency keeps five former addresses already. The oldest becomes free later.")
            )
        give_up_host(agency, at=at)
        try:
            with transaction.atomic():
                Agency.objects.filter(pk=agency.pk).update(slug=slug)
                _take_host(agency, slug, at=at)
        except IntegrityError as error:
            raise AddressTaken(_("Another agency has this address already.")) from error
        end_sessions_at(agency, agency_host(former))
    agency.slug = slug
    with scope.agency(agency):
        trail.record(
            action="agency.moved",
            by=by,
            subject=agency,
            at=at,
            changes={"address": [former, slug]},
            via=via,
        )


def give_up_host(agency: Agency, *, at: datetime) -> None:
    """Let go of an agency's host: for 90 days nobody else can take it."""
    agency.domains.filter(is_primary=True).update(is_primary=False, kept_until=at + ADDRESS_KEPT)


def end_sessions_at(agency: Agency, host: str) -> None:
    """End the sessions that an agency's members, present and past, have on ``host``."""
    keys = UserSession.objects.filter(user__memberships__agency=agency).values_list(
        "session_key", flat=True
    )
    for session in Session.objects.filter(session_key__in=set(keys)):
        if session.get_decoded().get(SESSION_HOST) == host:
            UserSession.objects.filter(session_key=session.session_key).delete()
            session.delete()


def _refuse_unusable(slug: str) -> None:
    if not _SLUG.fullmatch(slug) or slug[2:4] == "--":
        raise AddressUnusable(
            _("An address has 3 to 40 small letters, digits and hyphens, and is no reserved word.")
        )
    if slug in RESERVED:
        raise AddressUnusable(
            _("“%(slug)s” is a reserved word. Take another address.") % {"slug": slug}
        )


def _take_host(agency: Agency, slug: str, *, at: datetime) -> None:
    """Make the host of ``slug`` the agency's own; one given up by another long ago is free."""
    host = Domain.objects.filter(domain=domain_of(slug))
    host.filter(is_primary=False).filter(Q(tenant=agency) | Q(kept_until__lte=at)).delete()
    Domain.objects.create(tenant=agency, domain=domain_of(slug), is_primary=True)
