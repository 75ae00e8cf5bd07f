"""Reading a mail that was kept: who says it is asked outside the scope, the rest inside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from stores.mailin import keys, passed, providers, trust
from stores.mailin.envelope import Mail, read_mail
from stores.mailin.providers import Confirmation
from stores.mailin.trust import Trust
from stores.models import Notice
from stores.services import forwardings, inbox, mail_flow, mail_routes, mail_tests, notices
from tenants import scope
from tenants.due import Work
from tenants.models import Agency, InboundEvent

# For so long keys that cannot be looked up are asked for again; then the mail is shown unproven.
ASKED_FOR: Final = timedelta(hours=6)
_ASKED_AGAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A mail with what was made of it; ``asks`` where it is a mailbox provider's question."""

    mail: Mail
    trust: Trust
    asks: Confirmation | None


def read_event(*, agency: Agency, work: Work) -> None:
    """Judge and take the mail of the event that ``work`` names; the DNS is asked without a scope.

    Where keys could not be looked up the work waits, ever longer, for ``ASKED_FOR`` in all.
    """
    event = InboundEvent.objects.filter(
        pk=UUID(work.subject), agency=agency, handled_at=None
    ).first()
    if event is None:
        with scope.agency(agency):
            work.finish()
        return
    raw = inbox.payload_of(event)
    judged = _judge(raw, agency, at=work.at)
    if judged.trust.again and work.at < event.received_at + ASKED_FOR:
        with scope.agency(agency):
            work.finish(again_at=_later(event, work.at))
        return
    incoming = notices.Incoming(raw, event.digest, event.store_id, event.received_at)
    with scope.agency(agency):
        _take(incoming, judged, at=work.at)
        inbox.close(event, at=work.at)
        work.finish()


def _judge(raw: bytes, agency: Agency, *, at: datetime) -> _Judged:
    mail = read_mail(raw)
    domains = settings.MARKETPLACE_MAIL_DOMAINS
    forwarders = mail_routes.forwarders_of(agency)
    is_ours = mail.from_address in forwarders or mail_routes.is_marketplaces(mail.from_address)
    asks = None if is_ours else providers.confirmation_in(mail)
    if asks is not None:
        return _Judged(mail, _of_provider(raw, mail, asks, at=at), asks)
    judged = trust.judge(
        raw,
        mail,
        resolver=keys.resolver(),
        marketplace_domains=domains,
        forwarders=forwarders,
        route_is_secret=True,
        now=at,
        sealers=providers.sealers(),
    )
    return _Judged(mail, judged, None)


def _of_provider(raw: bytes, mail: Mail, asks: Confirmation, *, at: datetime) -> Trust:
    """Judge a mail that asks for a provider: only the provider's own signature proves it."""
    if not asks.is_senders:
        return Trust("suspicious", ("provider_stranger",), mail.notices)
    judged = trust.judge_sender(raw, mail, resolver=keys.resolver(), now=at)
    if judged.level == "proven":
        return judged
    reasons = (reason for reason in judged.reasons if reason != "signature_missing")
    return Trust("suspicious", ("provider_unproven", *reasons), mail.notices, again=judged.again)


def _take(incoming: notices.Incoming, judged: _Judged, *, at: datetime) -> None:
    store_id, received_at = incoming.store_id, incoming.received_at
    if judged.asks is not None:
        forwardings.take(asked=judged.asks, judged=judged.trust, incoming=incoming, at=at)
        return
    test = mail_tests.take_back(
        subject=judged.mail.subject, store_id=store_id, received_at=received_at, at=at
    )
    if test is not None:
        return
    kept = notices.take_mail(incoming=incoming, judged=judged.trust, at=at)
    if judged.trust.acts and all(notice.reason != Notice.OTHER_STORE for notice in kept):
        mail_flow.heard(_stores_of(kept), at=at)
        mailboxes = passed.mailboxes_named(incoming.raw)
        forwardings.confirm(store_id=store_id, mailboxes=mailboxes, received_at=received_at, at=at)


def _stores_of(kept: list[Notice]) -> set[UUID]:
    return {notice.store_id for notice in kept if notice.store_id is not None}


def _later(event: InboundEvent, at: datetime) -> datetime:
    return at + max(_ASKED_AGAIN, at - event.received_at)
