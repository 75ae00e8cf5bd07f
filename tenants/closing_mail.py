"""The work that mails an agency's owners about its deletion: asked, confirmed, soon, done."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants import addresses
from tenants.due import Work
from tenants.models import Agency, AgencyDeletion, Domain, User
from tenants.services import closing
from tenants.tasks import due_task

_SUBJECTS: Final[dict[str, Promise | str]] = {
    "asked": _("%(by)s asks to delete %(agency)s"),
    "confirmed": _("%(agency)s is closed and will be deleted"),
    "soon": _("%(agency)s will be deleted in 7 days"),
    "called_off": _("The deletion of %(agency)s was called off"),
    "done": _("The agency at %(host)s was deleted"),
}


@due_task(
    closing.MAIL,
    words=_("Tell the owners of the deletion"),
    queue="notify",
    transactional=False,
    states=tuple(Agency.State),
)
def send_closing_mail(agency: Agency, work: Work) -> None:
    """Send one owner one mail; what was called off meanwhile is not announced any more."""
    deletion_id, user_id, event = work.subject.split(":")
    deletion = AgencyDeletion.objects.select_related("asked_by__user", "confirmed_by__user").get(
        pk=UUID(deletion_id)
    )
    is_over = deletion.ended_at is not None
    if is_over == (event in {"called_off", "done"}):
        _send(agency, deletion, User.objects.get(pk=UUID(user_id)), event)
    work.finish()


def _send(agency: Agency, deletion: AgencyDeletion, owner: User, event: str) -> None:
    with (
        translation.override(owner.language or settings.LANGUAGE_CODE),
        timezone.override(owner.zone),
    ):
        context = {
            "event": event,
            "agency": agency.name,
            "host": _host(agency),
            "by": str(deletion.asked_by),
            "second": str(deletion.confirmed_by or "Storewarden"),
            "confirm_by": deletion.confirm_by,
            "removed_at": deletion.removed_at if deletion.confirmed_at else None,
            "url": addresses.agency_url(agency.slug, "/settings/"),
            "support": settings.SUPPORT_ADDRESS,
        }
        send_mail(
            subject=" ".join((str(_SUBJECTS[event]) % context).split()),
            message=render_to_string("tenants/mail/closing.txt", context),
            from_email=None,
            recipient_list=[owner.email],
        )


def _host(agency: Agency) -> str:
    """Return the agency's host, or the last it had."""
    hosts = Domain.objects.filter(tenant=agency).filter(Q(is_primary=True) | ~Q(kept_until=None))
    newest = hosts.order_by("-is_primary", "-kept_until").first()
    return newest.domain if newest else ""
