"""The addresses that notices are sent to, who may forward to them, and what has come in."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from stores.models import Store
from stores.services import inbox
from tenants import scope
from tenants.errors import DomainError
from tenants.models import Agency, InboundEvent, MailRoute, Membership
from tenants.trail import services as trail

READ_NOTICE: Final = "stores.read_notice"
MOST_FORWARDERS: Final = 50
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that passes for another
_LENGTH: Final = 14
_CHANNEL: Final = "mail"


class ForwarderUnusable(DomainError):
    code: ClassVar[str] = "forwarder_unusable"


def address_of(route: MailRoute) -> str:
    return f"{route.local_part}@{settings.MAILIN_DOMAIN}"


def ensure_routes(store_ids: Iterable[UUID | None]) -> None:
    """Give each store of the agency in scope an address, and with None the agency itself."""
    agency_id = scope.current_id()
    for store_id in store_ids:
        MailRoute.objects.get_or_create(
            agency_id=agency_id,
            store_id=store_id,
            defaults={"local_part": "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))},
        )


def route_of(recipient: str) -> MailRoute | None:
    """Return the live route of a mail address, or None where it leads nowhere."""
    local_part, _at, domain = recipient.strip().lower().rpartition("@")
    if domain != settings.MAILIN_DOMAIN.lower():
        return None
    local_part = local_part.partition("+")[0]
    if not local_part or "\x00" in local_part:
        return None
    return MailRoute.objects.select_related("agency").filter(pk=local_part, is_live=True).first()


def forwarders_of(agency: Agency) -> frozenset[str]:
    """Return the addresses that the agency confirmed to forward notices."""
    lists = MailRoute.objects.filter(agency=agency).values_list("forwarders", flat=True)
    return frozenset(address for addresses in lists for address in addresses)


@transaction.atomic
def add_forwarder(*, address: str, by: Membership, at: datetime) -> str:
    """Let ``address`` forward notices to every address of the agency; return it as kept.

    Raises:
        ForwarderUnusable: if it is no mail address, is of a marketplace, or the list is full.
    """
    address = address.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise ForwarderUnusable(_("This is no e-mail address.")) from error
    if is_marketplaces(address):
        raise ForwarderUnusable(
            _("The marketplace needs no entry here: its own mails prove themselves.")
        )
    route = _agency_route()
    if address in route.forwarders:
        return address
    if len(route.forwarders) >= MOST_FORWARDERS:
        raise ForwarderUnusable(
            _("There are at most %(most)s forwarding addresses.") % {"most": MOST_FORWARDERS}
        )
    route.forwarders = sorted([*route.forwarders, address])
    route.save(update_fields=["forwarders"])
    _note("mail.forwarder_added", address, by=by, at=at)
    return address


@transaction.atomic
def remove_forwarder(*, address: str, by: Membership, at: datetime) -> None:
    """Take a forwarding address off the list; what it has brought stays."""
    route = _agency_route()
    if address not in route.forwarders:
        return
    route.forwarders = [each for each in route.forwarders if each != address]
    route.save(update_fields=["forwarders"])
    _note("mail.forwarder_removed", address, by=by, at=at)


def keep_mail(*, route: MailRoute, raw: bytes, at: datetime) -> InboundEvent:
    """Keep a mail as it came and ask for it to be read, both or neither; return its row.

    The same mail to the same address is kept once, however often it is sent.
    """
    event, _created = inbox.keep(
        agency=route.agency,
        store_id=route.store_id,
        channel=_CHANNEL,
        recipient=address_of(route),
        digest=hashlib.sha256(raw).hexdigest(),
        raw=raw,
        kind=READ_NOTICE,
        at=at,
    )
    return event


def _agency_route() -> MailRoute:
    ensure_routes([None])
    return MailRoute.objects.select_for_update().get(agency_id=scope.current_id(), store_id=None)


def is_marketplaces(address: str) -> bool:
    """Tell whether a mail address is of a domain that a marketplace writes from."""
    domain = address.rpartition("@")[2].lower()
    tops = [top.lower() for top in settings.MARKETPLACE_MAIL_DOMAINS]
    return any(domain == top or domain.endswith(f".{top}") for top in tops)


def _note(action: str, address: str, *, by: Membership, at: datetime) -> None:
    agency = Agency.objects.get(pk=scope.current_id())
    trail.record(action=action, by=by, subject=agency, at=at, changes={"address": address})


def route_of_store(store: Store) -> MailRoute | None:
    return MailRoute.objects.filter(agency_id=store.agency_id, store_id=store.pk).first()
