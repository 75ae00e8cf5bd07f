"""Reading a mail that was kept: who says it is asked outside the scope, the rest inside."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from stores.mailin import keys, providers, trust
from stores.mailin.envelope import read_mail
from stores.services import inbox, mail_routes, notices
from tenants import scope
from tenants.due import Work
from tenants.models import Agency, InboundEvent

# For so long keys that cannot be looked up are asked for again; then the mail is shown unproven.
ASKED_FOR: Final = timedelta(hours=6)
_ASKED_AGAIN: Final = timedelta(minutes=1)


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
    mail = read_mail(raw)
    judged = trust.judge(
        raw,
        mail,
        resolver=keys.resolver(),
        marketplace_domains=settings.MARKETPLACE_MAIL_DOMAINS,
        forwarders=mail_routes.forwarders_of(agency),
        route_is_secret=True,
        now=work.at,
        sealers=providers.sealers(),
    )
    if judged.again and work.at < event.received_at + ASKED_FOR:
        with scope.agency(agency):
            work.finish(again_at=_later(event, work.at))
        return
    incoming = notices.Incoming(raw, event.digest, event.store_id, event.received_at)
    with scope.agency(agency):
        notices.take_mail(incoming=incoming, judged=judged, at=work.at)
        inbox.close(event, at=work.at)
        work.finish()


def _later(event: InboundEvent, at: datetime) -> datetime:
    return at + max(_ASKED_AGAIN, at - event.received_at)
