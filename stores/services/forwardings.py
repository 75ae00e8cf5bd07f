"""Mailboxes that forward to us: asked for by their providers, confirmed by mail that arrives."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from stores.mailin import providers
from stores.mailin.providers import Confirmation
from stores.mailin.trust import Trust
from stores.models import Forwarding
from stores.selectors.forwardings import to_address
from stores.services import mail_flow, notices
from stores.services.notices import Incoming
from tenants import due, sealing
from tenants.models import Membership
from tenants.trail import services as trail

FORGET: Final = "stores.forget_code"
KEPT_FOR: Final = timedelta(days=7)
MOST_SUSPICIOUS: Final = 20  # kept for one address; a flood of forgeries must not fill the page
_TABLE: Final = "stores_forwarding"
_VIA: Final = "task"


@dataclass(frozen=True, slots=True)
class Secret:
    """What confirms a forwarding; for the eyes of who keeps the mail settings alone."""

    code: str = field(repr=False)
    link: str = field(repr=False)


@transaction.atomic
def take(*, asked: Confirmation, judged: Trust, incoming: Incoming, at: datetime) -> Forwarding:
    """Keep what a provider's mail asks, with its code and link sealed for a week.

    One that is not proven to be the provider's is kept as a suspicious notice, and of it neither
    code nor link. A mailbox that asks again waits again.
    """
    if judged.level != "proven":
        return _take_suspicious(asked, judged, incoming, at=at)
    row = _row(incoming.store_id, asked.provider, asked.mailbox[:254])
    row.state, row.confirmed_at = Forwarding.State.WAITING, None
    row.reasons, row.shown_to = list(judged.reasons), []
    row.code, row.link = _seal(row, "code", asked.code), _seal(row, "link", asked.link)
    row.asked_at = incoming.received_at
    row.expires_at = incoming.received_at + KEPT_FOR
    row.save()
    due.add(kind=FORGET, subject=row.pk, at=row.expires_at, instead=True)
    _note("mail.forwarding_asked", row, at=at)
    return row


def _take_suspicious(
    asked: Confirmation, judged: Trust, incoming: Incoming, *, at: datetime
) -> Forwarding:
    kept = notices.take_mail(incoming=incoming, judged=replace(judged, level="suspicious"), at=at)
    row = Forwarding.objects.create(
        store_id=incoming.store_id,
        provider=asked.provider,
        state=Forwarding.State.SUSPICIOUS,
        reasons=list(judged.reasons),
        notice=kept[0] if kept else None,
        asked_at=incoming.received_at,
        expires_at=incoming.received_at + KEPT_FOR,
    )
    of_address = Forwarding.objects.filter(
        to_address(incoming.store_id), state=Forwarding.State.SUSPICIOUS
    )
    kept_ids = list(of_address.order_by("-asked_at", "-pk").values("pk")[:MOST_SUSPICIOUS])
    of_address.exclude(pk__in=[one["pk"] for one in kept_ids]).delete()
    _note("mail.forwarding_suspected", row, at=at)
    return row


@transaction.atomic
def confirm(
    *, store_id: UUID | None, mailboxes: Collection[str], received_at: datetime, at: datetime
) -> None:
    """Mark as confirmed what waits for a mail of one of ``mailboxes`` to come to an address.

    Whose mailbox could not be read from its provider's mail, any mail to the address confirms.
    """
    waiting = Forwarding.objects.select_for_update().filter(
        Q(mailbox__in=mailboxes) | Q(mailbox=""),
        to_address(store_id),
        state=Forwarding.State.WAITING,
        asked_at__lte=received_at,
    )
    for row in waiting:
        _confirm(row, received_at, at=at)


@transaction.atomic
def confirm_tested(
    *, store_id: UUID | None, mailbox: str, received_at: datetime, at: datetime
) -> None:
    """Mark as confirmed that ``mailbox`` forwards to an address: a test mail to it came there."""
    known = _rows().filter(to_address(store_id), mailbox=mailbox)
    rows = list(known) or [
        # No provider has asked: the test itself is all there is.
        Forwarding(
            store_id=store_id,
            provider=providers.provider_of(mailbox),
            mailbox=mailbox,
            asked_at=received_at,
            expires_at=received_at,
        )
    ]
    for row in rows:
        if row.confirmed_at is None:
            _confirm(row, received_at, at=at)


def _row(store_id: UUID | None, provider: str, mailbox: str) -> Forwarding:
    """Return what is known of a mailbox and an address, locked; or a new row, not yet saved."""
    known = _rows().filter(to_address(store_id), provider=provider, mailbox=mailbox).first()
    return known or Forwarding(store_id=store_id, provider=provider, mailbox=mailbox)


def _rows() -> QuerySet[Forwarding]:
    rows = Forwarding.objects.select_for_update(of=("self",))
    return rows.exclude(state=Forwarding.State.SUSPICIOUS)


def _confirm(row: Forwarding, received_at: datetime, *, at: datetime) -> None:
    row.state, row.confirmed_at = Forwarding.State.CONFIRMED, received_at
    row.code = row.link = ""
    row.save()
    _note("mail.forwarding_confirmed", row, at=at)
    if row.store_id is not None:
        mail_flow.heard([row.store_id], at=at)


@transaction.atomic
def secrets_for(rows: Iterable[Forwarding], *, by: Membership, at: datetime) -> dict[UUID, Secret]:
    """Return the codes and links of those of ``rows`` that wait, for a member to read.

    Who has read which is kept in the audit trail, once a member and code.
    """
    found = {}
    for row in rows:
        waits = row.state == Forwarding.State.WAITING and row.expires_at > at
        if not waits or not (row.code or row.link):
            continue
        found[row.pk] = Secret(_unseal(row, "code"), _unseal(row, "link"))
        if str(by.pk) not in row.shown_to:
            row.shown_to = [*row.shown_to, str(by.pk)]
            row.save(update_fields=["shown_to"])
            _note("mail.code_shown", row, by=by, at=at, via="page")
    return found


def forget(*, forwarding_id: UUID, at: datetime) -> datetime | None:
    """Drop code and link of a forwarding when their week is over; return when, if it is not."""
    row = Forwarding.objects.filter(pk=forwarding_id).first()
    if row is None or not (row.code or row.link):
        return None
    if row.expires_at > at:
        return row.expires_at
    row.code = row.link = ""
    row.save(update_fields=["code", "link"])
    return None


def _seal(row: Forwarding, column: str, text: str) -> str:
    return sealing.seal(text, table=_TABLE, column=column, row=row.pk) if text else ""


def _unseal(row: Forwarding, column: str) -> str:
    value = getattr(row, column)
    return sealing.unseal(value, table=_TABLE, column=column, row=row.pk) if value else ""


def _note(
    action: str,
    row: Forwarding,
    *,
    at: datetime,
    by: Membership | None = None,
    via: str = _VIA,
) -> None:
    trail.record(
        action=action,
        by=by,
        subject=row,
        at=at,
        store_id=row.store_id,
        changes={"provider": providers.name_of(row.provider) or row.provider},
        via=via,
    )
