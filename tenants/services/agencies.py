"""Founding an agency."""

import re
import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tenants import due
from tenants.capabilities import GIVEN_ROLES
from tenants.errors import DomainError
from tenants.models import AccountEvent, Agency, Domain, Membership, Role, User

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
    if not _SLUG.fullmatch(slug) or slug in RESERVED or slug[2:4] == "--":
        raise AddressUnusable(
            _("An address has 3 to 40 small letters, digits and hyphens, and is no reserved word.")
        )
    try:
        with transaction.atomic():
            agency = Agency.objects.create(
                name=name, slug=slug, schema_name=f"a_{secrets.token_hex(8)}", created_at=at
            )
            Domain.objects.create(
                tenant=agency, domain=agency_host(slug).split(":")[0], is_primary=True
            )
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
    due.add(kind="tenants.provision", agency=agency, at=at)
    return member
