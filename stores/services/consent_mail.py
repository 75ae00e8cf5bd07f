"""Mails stores' owners the links by which they connect them; a link exists in its mail alone."""

from collections.abc import Sequence
from uuid import UUID

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from stores.services import consents
from stores.services.consents import Made
from tenants import addresses, scope
from tenants.due import Work
from tenants.models import Agency


def send(*, agency: Agency, work: Work) -> None:
    """Send the links of one mail; sent again after a failure, the newest mail's links count."""
    mailing = UUID(work.subject)
    with scope.agency(agency):
        made = consents.renew_tokens(mailing=mailing, at=work.at)
    if made:
        _send(agency, made)
    with scope.agency(agency):
        if made:
            consents.note_mailed(mailing=mailing, at=work.at)
        work.finish()


def address_of(made: Made) -> str:
    return addresses.public_url(f"/consent/{made.token}/")


def _send(agency: Agency, made: Sequence[Made]) -> None:
    first = made[0].link
    with translation.override(first.language):
        subject = _subject(agency, made)
        context = {
            "agency": agency.name,
            "links": [
                {
                    "store": each.store.name,
                    "marketplace": each.store.get_marketplace_display(),
                    "market": each.store.market,
                    "url": address_of(each),
                }
                for each in made
            ],
            "days": consents.LIFETIME.days,
        }
        send_mail(
            subject=" ".join(subject.split()),
            message=render_to_string("stores/mail/consent.txt", context),
            from_email=None,
            recipient_list=[first.email],
        )


def _subject(agency: Agency, made: Sequence[Made]) -> str:
    if len(made) == 1:
        words = _("%(agency)s asks to read your store %(store)s")
        return words % {"agency": agency.name, "store": made[0].store.name}
    words = _("%(agency)s asks to read %(count)s of your stores")
    return words % {"agency": agency.name, "count": len(made)}
