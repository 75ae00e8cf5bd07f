"""The work that mails an invitation: its link exists in the mail and nowhere else."""

from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants import addresses, scope
from tenants.due import Work
from tenants.models import Agency, Invitation
from tenants.services import people
from tenants.tasks import due_task


@due_task(
    people.MAIL_KIND,
    words=gettext_lazy("Mail an invitation"),
    queue="notify",
    transactional=False,
    seconds=30,
)
def send_invitation(agency: Agency, work: Work) -> None:
    """Send the link in a mail; sent again after a failure, the newest mail's link counts."""
    with scope.agency(agency):
        renewed = people.renew_token(invitation_id=UUID(work.subject), at=work.at)
    if renewed is not None:
        _send(*renewed)
    with scope.agency(agency):
        work.finish()


def _send(invitation: Invitation, token: str) -> None:
    by = invitation.invited_by.user
    with translation.override(by.language or settings.LANGUAGE_CODE):
        context = {
            "agency": invitation.agency.name,
            "by": str(by),
            "role": str(invitation.role),
            "url": addresses.public_url(f"/join/{token}/"),
            "days": people.INVITATION_LIFETIME.days,
        }
        send_mail(
            subject=" ".join(
                (_("%(by)s invites you to %(agency)s on Storewarden") % context).split()
            ),
            message=render_to_string("tenants/mail/invitation.txt", context),
            from_email=None,
            recipient_list=[invitation.email],
        )
